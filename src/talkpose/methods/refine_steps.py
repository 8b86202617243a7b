"""The workflow's trainings of stage 2: general, and fine-tuning to persons."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch

from talkpose.clips.store import read_frames
from talkpose.config import RunConfig
from talkpose.errors import UserError
from talkpose.files import read_json, sha256, write_json, write_text
from talkpose.layout import BASE, RunLayout
from talkpose.methods.footage import usable_clips
from talkpose.methods.receipts import shards_of, weights_beside
from talkpose.methods.variants import variant
from talkpose.progress import progress
from talkpose.refine.finetune import finetune
from talkpose.refine.identity import make_identity_feature
from talkpose.refine.pairs import ClipPairs, StoredPairs
from talkpose.refine.train import train_general
from talkpose.seeds import derive_seed


def load_pairs(
    layout: RunLayout,
    config: RunConfig,
    corpus: str,
    clip: str,
    length: str = BASE,
    gaps: Sequence[int] | None = None,
) -> list[ClipPairs]:
    """The pairs of one clip as stage 2 trains on them, once for each gap between frame and background."""
    folder = layout.pairs(corpus, clip, length)
    with np.load(folder / "faces.npz", allow_pickle=False) as data:
        identity, landmarks = data["identity"], data["landmarks"]
    real = read_frames(layout.clip_folder(corpus, clip) / "frames.mkv", 0, len(identity))
    return [
        ClipPairs(
            f"{clip}, gap {gap}", read_frames(folder / f"rendered-{gap}.mkv"), real, identity, landmarks
        )
        for gap in (config.compose.training_gaps if gaps is None else gaps)
    ]


def stored_pairs(
    layout: RunLayout, config: RunConfig, corpus: str, clip: str, hashes: dict[str, str]
) -> list[StoredPairs]:
    """What `load_pairs` gives, with the pictures left on disk; `hashes` of the rendered files by name."""
    with np.load(layout.pairs(corpus, clip, BASE) / "faces.npz", allow_pickle=False) as data:
        identity = data["identity"]

    def load(gap: int) -> ClipPairs:
        return load_pairs(layout, config, corpus, clip, gaps=[gap])[0]

    return [
        StoredPairs(
            name=f"{clip}, gap {gap}",
            frames=len(identity),
            size=config.clips.size,
            identity=identity,
            landmarked=True,
            recorded=hashes[f"rendered-{gap}.mkv"],
            load=partial(load, gap),
        )
        for gap in config.compose.training_gaps
    ]


def general_samples(layout: RunLayout, config: RunConfig) -> tuple[list[str], list[ClipPairs | StoredPairs]]:
    """Clips that the general mapping learns from, and their pairs; UserError where the share holds none."""
    clips: list[str] = []
    samples: list[ClipPairs | StoredPairs] = []
    for corpus in config.corpora_with("general"):
        for shard in shards_of(layout, corpus):
            for clip, known in read_json(layout.pairs_shard(corpus, shard, BASE))["clips"].items():
                clips.append(clip)
                if config.refine.clips_in_memory is None:
                    samples += load_pairs(layout, config, corpus, clip)
                else:
                    samples += stored_pairs(layout, config, corpus, clip, known["sha256"])
    if not clips:
        raise UserError(
            f"no usable clip for stage 2 in the corpora with role `general`: {layout.quarantine} tells of "
            "those that were set aside, and refine.general_share takes a part of the rest"
        )
    return clips, samples


def train(layout: RunLayout, name: str = BASE) -> None:
    """Train the general refiner of a variant; resumes from its checkpoint."""
    config = variant(name).apply(layout.load_config())
    torch.set_num_threads(config.general_threads)
    clips, samples = general_samples(layout, config)
    receipt = layout.model("refine", "general", name)
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
    write_json(receipt, {"weights": weights.name, "sha256": sha256(weights), "clips": clips})


def personalise_shard(layout: RunLayout, name: str, corpus: str, shard: str) -> None:
    """Fine-tune a variant to every usable person of a shard."""
    persons = usable_clips(layout, corpus, shard)
    for person in persons:
        personalise(layout, corpus, person, name)
    write_text(layout.models_shard("refine", name, corpus, shard), "".join(f"{p}\n" for p in persons))


def personalise(layout: RunLayout, corpus: str, person: str, name: str = BASE) -> None:
    """Fine-tune the general refiner to a person; resumes from its checkpoint."""
    of = variant(name)
    config = of.apply(layout.load_config())
    receipt = layout.model("refine", f"person/{person}", name)
    torch.set_num_threads(config.threads)
    weights = weights_beside(receipt)
    steps = config.refine.personal_steps * config.refine.personal_members
    with progress(f"stage 2, {person}", steps) as bar:
        finetune(
            load_pairs(layout, config, corpus, person, of.length),
            weights_beside(layout.model("refine", "general", of.general)),
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
