"""What the mouth does for each sound of English, as positions of a few articulators."""

import re
from typing import Final, NamedTuple

ARTICULATORS: Final = ("jaw", "round", "funnel", "spread", "lower", "upper")
"""jaw opens; lips push forward narrowly (round) or widely (funnel), draw apart (spread); lower lip falls,
upper lip rises. In [0, 1]."""


class Viseme(NamedTuple):
    """Target of one sound."""

    vowel: bool
    targets: dict[str, float]
    """articulator to position; a vowel's others go to 0, a consonant's follow its neighbours"""
    hold: float = 1.0
    """how firmly the sound insists on its targets"""


VOWELS: Final[dict[str, dict[str, float]]] = {
    "a": {"jaw": 0.42, "spread": 0.35, "lower": 0.25, "upper": 0.15},
    "A": {"jaw": 0.45, "lower": 0.10},
    "0": {"jaw": 0.37, "funnel": 0.25},
    "O": {"jaw": 0.32, "funnel": 0.45, "round": 0.30},
    "o": {"jaw": 0.30, "funnel": 0.35, "round": 0.35},
    "V": {"jaw": 0.33, "lower": 0.12},
    "U": {"jaw": 0.20, "funnel": 0.20, "round": 0.55},
    "u": {"jaw": 0.13, "funnel": 0.15, "round": 0.85},
    "I": {"jaw": 0.20, "spread": 0.35, "lower": 0.25, "upper": 0.10},
    "i": {"jaw": 0.17, "spread": 0.60, "lower": 0.30, "upper": 0.15},
    "E": {"jaw": 0.27, "spread": 0.40, "lower": 0.25, "upper": 0.15},
    "e": {"jaw": 0.24, "spread": 0.40, "lower": 0.25, "upper": 0.15},
    "3": {"jaw": 0.25, "funnel": 0.25, "round": 0.10},
    "@": {"jaw": 0.22, "lower": 0.10},
}
CONSONANTS: Final[dict[str, tuple[dict[str, float], float]]] = {
    "m": ({"jaw": 0.10}, 0.8),
    "b": ({"jaw": 0.10}, 0.8),
    "p": ({"jaw": 0.10}, 0.8),
    "f": ({"jaw": 0.07, "upper": 0.20, "funnel": 0.0}, 1.2),
    "v": ({"jaw": 0.07, "upper": 0.20, "funnel": 0.0}, 1.0),
    "T": ({"jaw": 0.12, "lower": 0.20, "upper": 0.10}, 1.0),
    "D": ({"jaw": 0.12, "lower": 0.20, "upper": 0.10}, 0.7),
    "t": ({"jaw": 0.08, "lower": 0.15}, 1.0),
    "d": ({"jaw": 0.08, "lower": 0.15}, 1.0),
    "n": ({"jaw": 0.09, "lower": 0.12}, 1.0),
    "l": ({"jaw": 0.15, "lower": 0.12}, 1.0),
    "s": ({"jaw": 0.04, "spread": 0.30, "lower": 0.30, "upper": 0.15}, 1.2),
    "z": ({"jaw": 0.04, "spread": 0.30, "lower": 0.30, "upper": 0.15}, 1.0),
    "S": ({"jaw": 0.05, "funnel": 0.60, "lower": 0.20}, 1.2),
    "Z": ({"jaw": 0.05, "funnel": 0.60, "lower": 0.20}, 1.2),
    "k": ({"jaw": 0.10}, 0.8),
    "g": ({"jaw": 0.10}, 0.8),
    "N": ({"jaw": 0.10}, 0.8),
    "h": ({"jaw": 0.10}, 0.8),
    "x": ({"jaw": 0.10}, 0.8),
    "?": ({}, 0.1),
    "r": ({"jaw": 0.12, "funnel": 0.35, "round": 0.20}, 1.0),
    "w": ({"jaw": 0.06, "funnel": 0.10, "round": 0.90}, 1.2),
    "j": ({"jaw": 0.08, "spread": 0.35}, 0.6),
}
BILABIALS: Final = "mbp"
LABIODENTALS: Final = "fv"
TONGUE: Final = {"T": 0.35, "D": 0.30, "l": 0.12}
"""How far the tongue shows"""

_MARKS = re.compile(r"[',;#:^_|-]|(?<=.)[2-9]")
"""Stress, length and eSpeak NG's marks of variants (@2, t#, r-): they say nothing of the lips."""


def sounds(label: str) -> str:
    """Sounds of a mnemonic, one character each: "'aU" -> "aU", "tS" -> "tS"; "" for silence."""
    plain = "j" if label == ";" else _MARKS.sub("", label)
    plain = plain.replace("L", "l").replace("R", "r")
    return "".join(sound for sound in plain if sound in VOWELS or sound in CONSONANTS)


def viseme(sound: str) -> Viseme:
    """Target of one sound of `sounds`."""
    if sound in VOWELS:
        return Viseme(True, VOWELS[sound])
    targets, hold = CONSONANTS[sound]
    return Viseme(False, targets, hold)
