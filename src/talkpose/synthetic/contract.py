"""What the parts of the embedded world hand to each other."""

from typing import Final, Literal, NamedTuple

import numpy as np

FPS: Final = 25
SAMPLE_RATE: Final = 16000

PIVOT: Final = np.array([0.0, -0.45, -0.2])
"""Point of the model (decimetres) about which a head turns on its neck."""

Presents: Final = ("female", "male")
"""How a synthetic person looks and sounds: hair and beard, pitch of the voice."""
Presentation = Literal["female", "male"]


class Span(NamedTuple):
    """A phoneme or a word in time."""

    label: str
    """eSpeak NG's phoneme mnemonic, or the word in lower case; "" is silence"""
    start: float
    """seconds from the first sample"""
    end: float


class Performance(NamedTuple):
    """What a person does in T frames at 25 fps."""

    audio: np.ndarray
    """(640 T,) float32 in [-1, 1], 16 kHz mono"""
    expression: np.ndarray
    """(T, 64) float32: face-unit weights @ model.unit_to_expression"""
    pose: np.ndarray
    """(T, 6) float32 pitch, yaw, roll [rad] and translation [dm] as the camera sees them, turned about PIVOT;
    translation is an offset from the person's framing (`Look.framing`)"""
    phonemes: list[Span]
    words: list[Span]
    facts: dict[str, float]
    """What is known of it, such as the share of the head motion that the sound drives"""
