"""The workflow's trainings of stage 2: general, and fine-tuning to persons."""

import numpy as np
import torch

from talkpose.clips.store import read_frames
from talkpose.config import RunConfig
from talkpose.files import sha256, write_json, write_text
from talkpose.layout import BASE, RunLayout
from talkpose.methods.footage import usable_clips
from talkpose.methods.receipts import clips_of, weights_beside
from talkpose.methods.variants import variant
from talkpose.progress import progress
from talkpose.refine.data import ClipPairs
from talkpose.refine.identity import make_identity_feature
from talkpose.refine.train import finetune, train_general
from talkpose.seeds import derive_seed


def load_pairs(
    layout: RunLayout, config: RunConfig, corpus: str, clip: str, length: str = BASE
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
        for gap in config.compose.training_gaps
    ]


def train(layout: RunLayout, name: str = BASE) -> None:
    """Train the general refiner of a variant; resumes from its checkpoint."""
    config = variant(name).apply(layout.load_config())
    torch.set_num_threads(config.general_threads)
    clips = clips_of(layout, config, "general")
    samples = [pair for corpus, clip in clips for pair in load_pairs(layout, config, corpus, clip)]
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
    write_json(
        receipt, {"weights": weights.name, "sha256": sha256(weights), "clips": [clip for _, clip in clips]}
    )


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
    with progress(f"stage 2, {person}", config.refine.personal_steps) as bar:
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
