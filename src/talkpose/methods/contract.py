"""The contract between the harness and anything that turns (target, sound) into frames."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from talkpose.face.track import Track
from talkpose.methods.specs import MethodSpec


@dataclass(frozen=True)
class Footage:
    """A stretch of one person's normalised video: frames (T, S, S, 3) uint8, track and sound (640 T,)."""

    frames: np.ndarray
    track: Track
    audio: np.ndarray


@dataclass(frozen=True)
class Target:
    """The person to animate. A method may look at `train` (image methods: at its first frame only).

    `held_out` is the real continuation, there for controls and diagnostics alone.
    """

    person: str
    train: Footage
    held_out: Footage | None = None


@dataclass(frozen=True)
class Generated:
    """What a method made: frames (T, S, S, 3) uint8, and what it knows about them."""

    frames: np.ndarray
    rendered: np.ndarray | None = None
    """Frames before refinement, like `frames`."""
    coefficients: np.ndarray | None = None
    """(T, 257) as generated."""
    sources: np.ndarray | None = None
    """(T,) index of the training frame behind each frame; None where the background is no training frame."""
    masks: dict[str, np.ndarray] = field(default_factory=dict)
    """Named regions, (T, S, S) bool."""
    facts: dict[str, float] = field(default_factory=dict)
    """Numbers worth logging, such as the mean attention."""


class Method(Protocol):
    """Anything that turns (target, sound) into frames at 25 fps."""

    spec: MethodSpec

    def generate(self, target: Target, audio: np.ndarray, is_own: bool) -> Generated:
        """Frames for `audio` (16 kHz mono, float32): len(audio) // 640 of them.

        `is_own` says that the sound is the target's own held-out sound (controls that copy need it).
        """
        ...
