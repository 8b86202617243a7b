"""The workflow's step that trains an in-process baseline on the general corpus."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from talkpose.clips.listing import read_list
from talkpose.config import RunConfig
from talkpose.errors import UserError
from talkpose.files import sha256, write_json
from talkpose.layout import RunLayout
from talkpose.methods.discovery import Found, folder_hash, get_baseline
from talkpose.methods.footage import load_footage
from talkpose.methods.receipts import clips_of, weights_beside
from talkpose.methods.retrained import Retrained, TrainingClip, TrainingClips
from talkpose.methods.runners import build, general_receipt
from talkpose.methods.training import Session
from talkpose.progress import progress
from talkpose.seeds import derive_seed


def fit(layout: RunLayout, name: str) -> None:
    """Train a baseline; resumes from its checkpoint.

    Anything that it raises stops the run: a baseline of this harness that cannot be trained is a mistake to
    mend, unlike a program of others that fails alone.
    """
    config = layout.load_config()
    torch.set_num_threads(config.general_threads)
    found = get_baseline(name, config)
    clips = general_clips(layout, config)
    with progress(f"{name}, general", 1) as bar:

        def show(phase: str, done: int, total: int) -> None:
            bar.total = total
            bar.update(done, phase)

        fit_baseline(found, config, clips, general_receipt(layout, name), show)


def fit_baseline(
    found: Found,
    config: RunConfig,
    clips: TrainingClips,
    receipt: Path,
    show: Callable[[str, int, int], None] | None = None,
    pace: Mapping[str, int] | None = None,
) -> None:
    """Train on `clips`; write weights, curves and, last, the receipt.

    `show` hears (phase, steps done, steps) after every step; `pace`: `log_every` and `checkpoint_every`, by
    default the baseline's settings of these names.
    """
    method = build(found, config)
    if not isinstance(method, Retrained):
        raise UserError(f"{found.folder}: nothing to train; its `Method` is no Retrained")
    weights, checkpoint = weights_beside(receipt), receipt.with_suffix(".checkpoint")
    receipt.parent.mkdir(parents=True, exist_ok=True)

    session = Session(
        config.device,
        config.precision,
        derive_seed(config.seed, "baseline", found.manifest.name),
        checkpoint,
        identity(found, config, method, clips),
        show,
        **(_pace(method) if pace is None else pace),
    )
    method.fit(clips, session)
    method.save(weights)
    parameters = sum(p.numel() for network in method.networks.values() for p in network.parameters())
    write_json(weights.with_suffix(".json"), {"curves": session.curves})
    write_json(
        receipt,
        {
            "weights": weights.name,
            "sha256": sha256(weights),
            "parameters": parameters,
            "clips": len(clips),
            "settings": method.settings.model_dump(mode="json"),
        },
    )
    session.finish()


def _pace(method: Retrained) -> dict[str, int]:
    """`log_every` and `checkpoint_every`, where the baseline's settings have them."""
    names = ("log_every", "checkpoint_every")
    return {name: getattr(method.settings, name) for name in names if hasattr(method.settings, name)}


def identity(found: Found, config: RunConfig, method: Retrained, clips: TrainingClips) -> list[str]:
    """What a checkpoint must have been made with to be gone on from."""
    return [
        found.manifest.name,
        folder_hash(found.folder),
        method.settings.model_dump_json(),
        f"{config.clips.size} {config.seed} {config.precision}",
        *clips.names,
    ]


def general_clips(layout: RunLayout, config: RunConfig) -> TrainingClips:
    """The general corpora's usable clips, named <corpus>/<clip>, with their words where they have any."""
    words = {
        f"{corpus}/{source.clip}": source.word or None
        for corpus in config.corpora_with("general")
        for sources in read_list(layout.clip_list(corpus)).values()
        for source in sources
    }

    def load(name: str) -> TrainingClip:
        corpus, clip = name.split("/")
        return TrainingClip(name, load_footage(layout, corpus, clip), words[name])

    return TrainingClips([f"{corpus}/{clip}" for corpus, clip in clips_of(layout, config, "general")], load)


def describe(found: Found, config: RunConfig) -> dict[str, Any]:
    """Settings of an in-process baseline as they would be used; UserError where they are wrong."""
    return build(found, config).settings.model_dump(mode="json")
