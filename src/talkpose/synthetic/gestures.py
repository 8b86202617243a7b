"""What a face does besides speaking: blinks, eye movements, brows that follow the pitch, a slight smile."""

from typing import NamedTuple

import numpy as np

from talkpose.face.model import FaceModel
from talkpose.seeds import numpy_rng
from talkpose.synthetic.contract import FPS
from talkpose.synthetic.headmotion import driving_signals
from talkpose.synthetic.prosody import Prosody

REFRACTORY = 0.8
"""Least time between blinks, seconds"""
BLINK = ((-0.06, 0.0), (-0.015, 1.0), (0.02, 1.0), (0.09, 0.0))
"""A blink: seconds from its middle, closure"""
FULL_GAZE = np.deg2rad([25.0, 30.0])
"""Turn of the eyes (pitch, yaw) at weight 1 of the units"""


class GestureStyle(NamedTuple):
    """Habits of a person's face."""

    blink_rate: float
    """a second"""
    gaze_spread: float
    """standard deviation of where the eyes look, radians"""
    fixation: float
    """mean time between eye movements, seconds"""
    brows: float
    """weight of the brows at a strong pitch accent"""
    smile: float
    """weight that is always there"""
    articulation: float
    """factor on the mouth's movements"""


def sample_gestures(seed: int, *axes: str) -> GestureStyle:
    """Habits for the named draw."""
    rng = numpy_rng(seed, *axes, "gesture-style")
    return GestureStyle(
        blink_rate=float(rng.uniform(0.2, 0.45)),
        gaze_spread=float(np.deg2rad(rng.uniform(1.5, 4.5))),
        fixation=float(rng.uniform(0.8, 2.0)),
        brows=float(rng.uniform(0.1, 0.5)),
        smile=float(rng.uniform(0.0, 0.15)),
        articulation=float(rng.uniform(0.85, 1.15)),
    )


def gestures(
    model: FaceModel,
    style: GestureStyle,
    sound: Prosody,
    pose: np.ndarray,
    seed: int,
    *axes: str,
) -> np.ndarray:
    """Weights (T, n_units) float32 in [0, 1] for a head with `pose` (T, 6); the eyes half make up for it."""
    count = len(pose)
    weights = np.zeros((count, len(model.units)))
    times = (np.arange(count) + 0.5) / FPS
    rng = numpy_rng(seed, *axes, "gestures")

    def put(name: str, value: np.ndarray | float) -> None:
        sides = (name,) if name in model.units else (f"{name}Left", f"{name}Right")
        for side in sides:
            weights[:, model.units.index(side)] = value

    middles = blink_times(rng, count / FPS, style.blink_rate)
    moments, closure = zip(*BLINK, strict=True)
    shut = np.zeros(count)
    for middle in middles:
        shut = np.maximum(shut, np.interp(times - middle, moments, closure))
    put("eyeBlink", shut)

    gaze = _fixations(rng, times, style) - 0.5 * pose[:, :2]
    pitch, yaw = (gaze / FULL_GAZE).T
    put("eyeLookDown", np.maximum(pitch, 0))
    put("eyeLookUp", np.maximum(-pitch, 0))
    # The person's left is at +x, where a positive yaw looks.
    put("eyeLookOutLeft", np.maximum(yaw, 0))
    put("eyeLookInRight", np.maximum(yaw, 0))
    put("eyeLookInLeft", np.maximum(-yaw, 0))
    put("eyeLookOutRight", np.maximum(-yaw, 0))

    accent = np.clip((driving_signals(sound)[:, 1] - 0.8) / 1.2, 0, 1)
    put("browInnerUp", style.brows * accent)
    put("browOuterUp", 0.7 * style.brows * accent)
    put("mouthSmile", style.smile)
    put("cheekSquint", 0.5 * style.smile)
    return np.clip(weights, 0, 1).astype(np.float32)


def blink_times(rng: np.random.Generator, seconds: float, rate: float) -> np.ndarray:
    """Middles of blinks: a Poisson process with a refractory time, `rate` a second on average."""
    waits = rng.exponential(max(1 / rate - REFRACTORY, 0.1), int(seconds * rate * 2) + 10) + REFRACTORY
    middles = np.cumsum(waits) - rng.uniform(0, 1 / rate)
    return middles[middles < seconds + 0.1]


def _fixations(rng: np.random.Generator, times: np.ndarray, style: GestureStyle) -> np.ndarray:
    """Where the eyes look, pitch and yaw (T, 2) in radians: still, then a jump of two frames."""
    number = int(times[-1] / style.fixation * 3) + 10
    starts = np.cumsum(rng.gamma(3, style.fixation / 3, number))
    goals = rng.normal(0, style.gaze_spread, (number + 1, 2)) * (0.6, 1.0)
    series = goals[np.searchsorted(starts, times)]
    series[1:] = 0.3 * series[:-1] + 0.7 * series[1:]
    return series
