"""Voices that differ from person to person in accent, pitch, rate and formants."""

from typing import NamedTuple

from talkpose.seeds import numpy_rng
from talkpose.synthetic.contract import Presentation

LANGUAGES = ("en", "en-us", "en-gb-x-rp")
"""British, American and received pronunciation, as eSpeak NG's voice files are called."""
VARIANTS: dict[Presentation, tuple[str, ...]] = {
    "female": ("f1", "f4"),
    "male": ("m1", "m2", "m3", "m4", "m6", "m7", "m8"),
}
"""Variants without breath: eSpeak NG's breath gives other bytes from process to process."""


class Voice(NamedTuple):
    """How a person sounds."""

    language: str = "en-us"
    variant: str = "m3"
    """eSpeak NG's voice variant: its own formants, pitch and breath"""
    pitch: int = 50
    """0-99 on eSpeak NG's scale, 50 is the variant's own"""
    range: int = 50
    """0-99: how far the pitch moves, 50 is usual"""
    rate: int = 160
    """words a minute"""
    formants: float = 1.0
    """factor on all formants (and the pitch): a shorter throat is above 1"""


def sample_voice(seed: int, *axes: str, presents: Presentation) -> Voice:
    """Voice for the named draw."""
    rng = numpy_rng(seed, *axes, "voice")
    variants = VARIANTS[presents]
    return Voice(
        language=LANGUAGES[rng.integers(len(LANGUAGES))],
        variant=variants[rng.integers(len(variants))],
        pitch=int(rng.integers(30, 66)),
        range=int(rng.integers(35, 80)),
        rate=int(rng.integers(135, 171)),
        formants=float(rng.uniform(0.94, 1.07)),
    )
