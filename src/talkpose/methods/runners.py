"""Runs a baseline of any kind on one (target, sound)."""

from pathlib import Path
from typing import Protocol

import numpy as np

from talkpose.config import RunConfig
from talkpose.errors import ClipError, UserError
from talkpose.layout import OWN, RunLayout
from talkpose.methods.contract import Generated, Target
from talkpose.methods.discovery import Found, import_method
from talkpose.methods.external import CommandRunner
from talkpose.methods.finished import FramesRunner
from talkpose.methods.footage import cut
from talkpose.methods.manifest import Command, Frames
from talkpose.methods.outcome import ItemRefused
from talkpose.methods.receipts import weights_beside
from talkpose.methods.retrained import Baseline, Retrained
from talkpose.methods.settings import external_settings, in_process_settings
from talkpose.methods.specs import baseline_spec
from talkpose.seeds import derive_seed


class Runner(Protocol):
    """Makes one video."""

    def make(self, target: Target, audio: np.ndarray, audio_id: str) -> Generated:
        """Frames for a sound; raises NotAttempted, MethodFailed or ItemRefused."""
        ...


class InProcessRunner:
    """A baseline's own class, weights loaded."""

    def __init__(self, method: Baseline):
        self.method = method

    def make(self, target: Target, audio: np.ndarray, audio_id: str) -> Generated:
        """A ClipError of the method sets this item aside; any other exception is the method's failure."""
        try:
            return self.method.generate(target, audio, audio_id == OWN)
        except ClipError as error:
            raise ItemRefused(str(error)) from error


def build(found: Found, config: RunConfig) -> Baseline:
    """An in-process baseline with its settings, not trained; UserError where module or settings are wrong."""
    kind = import_method(found)
    if not issubclass(kind, Baseline):
        raise UserError(
            f"{found.folder}: `Method` is no talkpose.methods.retrained.Baseline; subclass it, or Retrained"
        )
    trained = getattr(found.manifest.run, "trained", False)
    if issubclass(kind, Retrained) != trained:
        raise UserError(
            f"{found.folder}: `run.trained` is {str(trained).lower()}, but `Method` is "
            f"{'a' if not trained else 'no'} Retrained; make them agree"
        )
    settings = in_process_settings(kind.settings_type, found.manifest, config)
    seed = derive_seed(config.seed, "baseline", found.manifest.name)
    return kind(baseline_spec(found.manifest), settings, config, seed)


def make_runner(layout: RunLayout, config: RunConfig, found: Found) -> Runner:
    """The baseline, ready; NotAttempted where the user has not given what it needs."""
    run, name = found.manifest.run, found.manifest.name
    if isinstance(run, Command):
        work, logs = layout.root / "work" / name, layout.root / "logs" / "baselines" / name
        return CommandRunner(found, run, external_settings(found.manifest, config), config, work, logs)
    if isinstance(run, Frames):
        return FramesRunner(found, run, external_settings(found.manifest, config), config)
    method = build(found, config)
    if isinstance(method, Retrained):
        method.load(weights_beside(general_receipt(layout, name)))
    return InProcessRunner(method)


def general_receipt(layout: RunLayout, name: str) -> Path:
    """Receipt of a baseline's training on the general corpus."""
    return layout.model("baseline", "general", name)


def seen_by(needs: str, target: Target) -> Target:
    """What a baseline may see of a target: nothing held out, and one frame alone where it needs an image."""
    train = cut(target.train, 0, 1) if needs == "image" else target.train
    return Target(target.person, train, None)
