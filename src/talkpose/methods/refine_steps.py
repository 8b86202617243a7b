"""The workflow's steps of stage 2: rendered pairs, general training, fine-tuning."""

import logging

import numpy as np
import torch

from talkpose.clips.store import read_frames, write_lossless
from talkpose.config import RunConfig
from talkpose.files import read_json, sha256, write_json, write_npz
from talkpose.layout import RunLayout
from talkpose.methods.footage import cut, load_footage, train_frames, usable_clips
from talkpose.methods.receipts import clips_of, person_corpus, skipped, weights_beside
from talkpose.methods.rendering import PersonRenderer
from talkpose.progress import progress
from talkpose.refine.data import ClipPairs
from talkpose.refine.identity import describe_clip, make_identity_feature
from talkpose.refine.train import finetune, train_general
from talkpose.seeds import derive_seed

LOG = logging.getLogger(__name__)


def pairs(layout: RunLayout, corpus: str, shard: str) -> None:
    """Render every clip of a shard over backgrounds of its own; describe who its real frames show."""
    config = layout.load_config()
    general = config.corpora[corpus].role == "general"
    feature = make_identity_feature(config.refine)
    clips = usable_clips(layout, corpus, shard)
    receipt: dict[str, dict] = {}
    with progress(f"render {corpus}", len(clips)) as bar:
        for done, clip in enumerate(clips):
            footage = load_footage(layout, corpus, clip)
            if not general:
                footage = cut(footage, 0, train_frames(config))
            scheme = config.compose.albedo_general if general else config.compose.albedo
            renderer = PersonRenderer.learn(config, footage, scheme)
            identity = describe_clip(
                feature, footage.frames, footage.track.landmarks, config.refine.identity_every
            )
            folder = layout.pairs(corpus, clip)
            hashes = {}
            for gap in config.compose.training_gaps:
                path = folder / f"rendered-{gap}.mkv"
                write_lossless(path, renderer.training_pairs(footage, gap), title=clip, synthetic=True)
                hashes[path.name] = sha256(path)
            write_npz(folder / "faces.npz", identity=identity, landmarks=footage.track.landmarks)
            receipt[clip] = {"frames": len(footage.frames), "sha256": hashes}
            bar.update(done + 1)
    write_json(layout.pairs_shard(corpus, shard), {"feature": feature.name, "clips": receipt})


def load_pairs(layout: RunLayout, config: RunConfig, corpus: str, clip: str) -> list[ClipPairs]:
    """The pairs of one clip as stage 2 trains on them, once for each gap between frame and background."""
    folder = layout.pairs(corpus, clip)
    with np.load(folder / "faces.npz", allow_pickle=False) as data:
        identity, landmarks = data["identity"], data["landmarks"]
    real = read_frames(layout.clip_folder(corpus, clip) / "frames.mkv", 0, len(identity))
    return [
        ClipPairs(
            f"{clip}, gap {gap}", read_frames(folder / f"rendered-{gap}.mkv"), real, identity, landmarks
        )
        for gap in config.compose.training_gaps
    ]


def train(layout: RunLayout) -> None:
    """Train the general refiner; resumes from its checkpoint."""
    config = layout.load_config()
    torch.set_num_threads(config.general_threads)
    clips = clips_of(layout, config, "general")
    samples = [pair for corpus, clip in clips for pair in load_pairs(layout, config, corpus, clip)]
    receipt = layout.model("refine", "general")
    weights = weights_beside(receipt)
    with progress("stage 2, general", config.refine.general_steps) as bar:
        train_general(
            samples,
            config.refine,
            derive_seed(config.seed, "refine", "general"),
            config.device,
            config.precision,
            weights,
            receipt.with_suffix(".checkpoint"),
            lambda step, _: bar.update(step),
            _facts(config),
        )
    write_json(
        receipt, {"weights": weights.name, "sha256": sha256(weights), "clips": [clip for _, clip in clips]}
    )


def personalise(layout: RunLayout, person: str) -> None:
    """Fine-tune the general refiner to a person; resumes from its checkpoint."""
    config = layout.load_config()
    receipt = layout.model("refine", f"person/{person}")
    corpus, shard = person_corpus(layout, config, person)
    if person not in read_json(layout.pairs_shard(corpus, shard))["clips"]:
        write_json(receipt, skipped(person))
        return
    torch.set_num_threads(config.threads)
    weights = weights_beside(receipt)
    with progress(f"stage 2, {person}", config.refine.personal_steps) as bar:
        finetune(
            load_pairs(layout, config, corpus, person),
            weights_beside(layout.model("refine", "general")),
            config.refine,
            derive_seed(config.seed, "refine", person),
            config.device,
            config.precision,
            weights,
            receipt.with_suffix(".checkpoint"),
            lambda step, _: bar.update(step),
            {**_facts(config), "person": person},
        )
    write_json(receipt, {"weights": weights.name, "sha256": sha256(weights), "clips": [person]})


def _facts(config: RunConfig) -> dict[str, str]:
    return {
        "identity_feature": make_identity_feature(config.refine).name,
        "spatial_feature": config.refine.spatial_feature,
    }
