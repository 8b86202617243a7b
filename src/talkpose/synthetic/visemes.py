"""From timed phonemes to the weights of face units, with coarticulation.

Each sound pulls on each articulator with a dominance that falls exponentially with the distance in time
(Cohen & Massaro, Modeling coarticulation in synthetic visual speech, 1993), so that vowels show through
consonants that do not care and lips round before a rounded vowel. What must happen (lips closed for m, b, p;
lip to teeth for f, v) is a window of its own that overrides the rest. Frame t shows the mouth at its middle,
(t + 0.5) / 25 s.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from talkpose.face.model import FaceModel
from talkpose.synthetic.contract import FPS, SAMPLE_RATE, Span
from talkpose.synthetic.viseme_table import ARTICULATORS, BILABIALS, LABIODENTALS, TONGUE, sounds, viseme

SPREAD = np.array([0.020, 0.045, 0.040, 0.030, 0.022, 0.022])
"""Seconds over which the dominance on each articulator falls to 1/e: lips round early, the jaw is quick."""
UNSTRESSED, SECONDARY = 0.85, 0.92
CARELESS = {True: 0.6, False: 0.08}
"""Dominance of a vowel, or a consonant, on an articulator that it has no target for"""
LEAST_HOLD = 0.056
"""Shortest closed phase, seconds: longer than a video frame, so that a picture shows each closure."""
RAMP = 0.032
"""Seconds in which the lips close and open"""
TO_UNITS: dict[str, dict[str, float]] = {
    "jaw": {"jawOpen": 1.0},
    "round": {"mouthPucker": 1.0},
    "funnel": {"mouthFunnel": 1.0},
    "spread": {"mouthStretch": 0.55, "mouthSmile": 0.25, "mouthDimple": 0.25},
    "lower": {"mouthLowerDown": 1.0},
    "upper": {"mouthUpperUp": 1.0},
}


class _Sounds(NamedTuple):
    """Sounds in time, S of them; a diphthong is two."""

    label: list[str]
    start: np.ndarray
    end: np.ndarray
    target: np.ndarray
    """(S, A)"""
    weight: np.ndarray
    """(S, A) dominance at the sound itself"""


def face_units(
    model: FaceModel, phonemes: Sequence[Span], audio: np.ndarray, count: int, articulation: float = 1.0
) -> np.ndarray:
    """Weights (count, n_units) float32 in [0, 1] of the face units that speech moves.

    audio: (N,) at 16 kHz, whose loudness opens vowels wider; articulation: personal factor, 1 is usual.
    """
    spoken = _sounds(phonemes, audio, articulation)
    times = (np.arange(count) + 0.5) / FPS
    positions = _positions(spoken, times)
    closed = _window(spoken, times, BILABIALS)
    tucked = _window(spoken, times, LABIODENTALS) * (1 - closed)
    free = (1 - closed)[:, None]
    weights = np.zeros((count, len(model.units)))

    def add(name: str, value: np.ndarray) -> None:
        sides = (name,) if name in model.units else (f"{name}Left", f"{name}Right")
        for side in sides:
            weights[:, model.units.index(side)] += value

    jaw = positions[:, 0] * (1 - 0.5 * closed) * (1 - 0.4 * tucked)
    positions = positions * free
    positions[:, 0] = jaw
    positions[:, 4] *= 1 - tucked
    for k, articulator in enumerate(ARTICULATORS):
        for name, share in TO_UNITS[articulator].items():
            add(name, share * positions[:, k])
    # cc0's mouthClose undoes what jawOpen does to the lips, weight for weight.
    add("mouthClose", jaw * closed)
    add("mouthPress", 0.35 * closed)
    add("mouthRollLower", 0.55 * tucked)
    for sound, amount in TONGUE.items():
        add("tongueOut", amount * _window(spoken, times, sound) * (1 - closed))
    return np.clip(weights, 0, 1).astype(np.float32)


def _sounds(phonemes: Sequence[Span], audio: np.ndarray, articulation: float) -> _Sounds:
    levels = _levels(phonemes, audio)
    labels, starts, ends, targets, weights = [], [], [], [], []
    for span, level in zip(phonemes, levels, strict=True):
        parts = sounds(span.label) or ("?" if span.label else "_")
        edges = np.linspace(span.start, span.end, len(parts) + 1)
        stress = 1.0 if "'" in span.label else SECONDARY if "," in span.label else UNSTRESSED
        for part, start, end in zip(parts, edges[:-1], edges[1:], strict=True):
            row, hold = np.zeros(len(ARTICULATORS)), np.ones(len(ARTICULATORS))
            if part != "_":
                shape = viseme(part)
                hold[:] = CARELESS[shape.vowel]
                size = articulation * (stress * level if shape.vowel else 1.0)
                for name, value in shape.targets.items():
                    k = ARTICULATORS.index(name)
                    row[k], hold[k] = size * value, shape.hold
            labels.append(part)
            starts.append(start)
            ends.append(end)
            targets.append(row)
            weights.append(hold)
    return _Sounds(labels, np.array(starts), np.array(ends), np.array(targets), np.array(weights))


def _levels(phonemes: Sequence[Span], audio: np.ndarray) -> np.ndarray:
    """Factor around 1 for each phoneme's loudness against the median of the louder half."""
    power = np.concatenate([[0.0], np.cumsum(np.square(audio, dtype=np.float64))])
    edges = np.array([[span.start, max(span.end, span.start + 0.005)] for span in phonemes])
    index = np.clip((edges * SAMPLE_RATE).astype(int), 0, len(audio))
    rms = np.sqrt((power[index[:, 1]] - power[index[:, 0]]) / np.maximum(index[:, 1] - index[:, 0], 1))
    usual = np.median(rms[rms >= np.median(rms)]) + 1e-9
    return np.clip((rms / usual) ** 0.6, 0.5, 1.25)


def _positions(spoken: _Sounds, times: np.ndarray) -> np.ndarray:
    """Articulators (T, A): means of the targets, weighted by dominance."""
    centre, half = (spoken.start + spoken.end) / 2, (spoken.end - spoken.start) / 2
    silent = np.array([label == "_" for label in spoken.label])
    plateau = half * np.where(silent, 0.9, 0.4)
    away = np.maximum(np.abs(times[:, None] - centre) - plateau, 0)
    dominance = spoken.weight * np.exp(-away[:, :, None] / SPREAD) + 1e-12
    return (dominance * spoken.target).sum(1) / dominance.sum(1)


def _window(spoken: _Sounds, times: np.ndarray, wanted: str) -> np.ndarray:
    """(T,) in [0, 1]: 1 while one of the `wanted` sounds lasts, smoothly 0 away from it."""
    chosen = np.array([label in wanted for label in spoken.label])
    if not chosen.any():
        return np.zeros(len(times))
    start, end = spoken.start[chosen], spoken.end[chosen]
    lack = np.maximum(LEAST_HOLD - (end - start), 0)
    # A stop is closed before its burst, so a short one begins earlier.
    start, end = start - 0.8 * lack, end + 0.2 * lack
    away = np.maximum(np.maximum(start - times[:, None], times[:, None] - end), 0)
    near = np.clip(1 - away / RAMP, 0, 1).max(1)
    return near * near * (3 - 2 * near)
