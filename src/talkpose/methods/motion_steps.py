"""The workflow's steps of stage 1: general training and fine-tuning, each with its check that it listens."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from talkpose.config import RunConfig
from talkpose.errors import UserError
from talkpose.face.coefficients import EXPRESSION, IDENTITY, POSE
from talkpose.face.landmarks import mouth_opening
from talkpose.face.model import load_face_model
from talkpose.face.observed import kind_of
from talkpose.files import sha256, write_json, write_text
from talkpose.layout import BASE, RunLayout
from talkpose.methods.contract import Footage
from talkpose.methods.footage import cut, load_sound_and_track, usable_clips
from talkpose.methods.receipts import clips_of, weights_beside
from talkpose.methods.variants import variant
from talkpose.motion.check import check_listening, mouth_opening_of
from talkpose.motion.data import MotionClip
from talkpose.motion.network import MotionNetwork
from talkpose.motion.train import finetune, train_general
from talkpose.progress import progress
from talkpose.seeds import derive_seed


def motion_clip(name: str, footage: Footage) -> MotionClip:
    """A stretch of a clip as stage 1 sees it."""
    coefficients = footage.track.coefficients
    return MotionClip(
        name, footage.audio, coefficients[:, EXPRESSION], coefficients[:, POSE], footage.track.valid
    )


def train(layout: RunLayout, name: str = BASE) -> None:
    """Train the general mapping of a variant; resumes from its checkpoint."""
    config = variant(name).apply(layout.load_config())
    torch.set_num_threads(config.threads)
    footage = {
        clip: load_sound_and_track(layout, corpus, clip)
        for corpus, clip in clips_of(layout, config, "general")
    }
    receipt = layout.model("motion", "general", name)
    weights = weights_beside(receipt)
    with progress("stage 1, general", config.motion.general_steps) as bar:
        network = train_general(
            [motion_clip(name, part) for name, part in footage.items()],
            config.motion,
            derive_seed(config.seed, "motion", "general"),
            config.device,
            config.precision,
            weights,
            receipt.with_suffix(".checkpoint"),
            lambda step, _: bar.update(step),
        )
    _finish(config, receipt, weights, network, footage)


def personalise_shard(layout: RunLayout, name: str, corpus: str, shard: str) -> None:
    """Fine-tune a variant to every usable person of a shard."""
    persons = usable_clips(layout, corpus, shard)
    for person in persons:
        personalise(layout, corpus, person, name)
    write_text(layout.models_shard("motion", name, corpus, shard), "".join(f"{p}\n" for p in persons))


def personalise(layout: RunLayout, corpus: str, person: str, name: str = BASE) -> None:
    """Fine-tune the general mapping to a person; resumes from its checkpoint."""
    of = variant(name)
    config = of.apply(layout.load_config())
    receipt = layout.model("motion", f"person/{person}", name)
    torch.set_num_threads(config.threads)
    whole, n = load_sound_and_track(layout, corpus, person), of.train_frames(config)
    known, held_out = cut(whole, 0, n), cut(whole, config.held_out_start)
    weights = weights_beside(receipt)
    with progress(f"stage 1, {person}", config.motion.personal_steps) as bar:
        network = finetune(
            motion_clip(person, known),
            weights_beside(layout.model("motion", "general", of.general)),
            config.motion,
            derive_seed(config.seed, "motion", person),
            config.device,
            config.precision,
            weights,
            receipt.with_suffix(".checkpoint"),
            lambda step, _: bar.update(step),
            [motion_clip(person, held_out)] if len(held_out.frames) > 1 else [],
        )
    half = n // 2
    _finish(
        config,
        receipt,
        weights,
        network,
        {"first half": cut(known, 0, half), "second half": cut(known, half)},
    )


def _finish(
    config: RunConfig, receipt: Path, weights: Path, network: MotionNetwork, footage: dict[str, Footage]
) -> None:
    """Check that the mouth depends on the sound and write the receipt that says so; failing stops nothing."""
    write_json(
        receipt,
        {"weights": weights.name, "sha256": sha256(weights), **listening(config, network, footage)},
    )


def listening(config: RunConfig, network: MotionNetwork, footage: dict[str, Footage]) -> dict[str, Any]:
    """Numbers of the check for collapse: key `listens`, and what it found."""
    model = load_face_model(config.face.model, config.face.model_path)
    first = next(iter(footage.values()))
    opening = mouth_opening_of(model, first.track.coefficients[0, IDENTITY])
    spread = np.mean(
        [
            np.nanstd(mouth_opening(part.track.landmarks, kind_of(part.track.landmarks.shape[1])))
            for part in footage.values()
        ]
    )
    sounds = {name: part.audio for name, part in footage.items()}
    try:
        found = check_listening(network, sounds, opening, float(spread), config.device)
    except UserError as error:
        return {"listens": "not checked", "listening_reason": str(error)}
    if not found["passed"]:
        print(f"WARNING: this network does not listen: {found['reason']}")
    return {
        "listens": "yes" if found["passed"] else "NO",
        "listening_reason": found["reason"],
        "listening_spread_ratio": round(found["spread_ratio"], 4),
        "listening_least_difference": round(min(found["difference"].values()), 4),
    }
