"""Head motion with a personal style, a known share of which the sound drives.

angle = rest + range * (sqrt(coupling) driven + sqrt(1 - coupling) own). `driven` is a causal linear filter of
the speech's energy and pitch, `own` a stationary band-limited random process; both have unit variance and no
correlation over the performance, so `coupling` is exactly the share of the variance that the sound explains.
"""

from typing import NamedTuple

import numpy as np

from talkpose.face.camera import rotation_matrix
from talkpose.seeds import numpy_rng
from talkpose.synthetic.contract import FPS, PIVOT
from talkpose.synthetic.prosody import Prosody, prosody

LAG = 0.13
"""Time constant of the two-pole filter from sound to head, seconds: the head follows within 0.3 s."""
SETTLE = 500
"""Frames that a random process is longer than what is used: its period never shows."""
LIMIT = 2.5
"""Standard deviations at which the own motion levels off"""
SWAY = np.array([0.020, 0.012, 0.025])
"""Standard deviation of the neck's own shift, decimetres"""


class MotionStyle(NamedTuple):
    """How a person moves the head."""

    rest: tuple[float, float, float]
    """usual pitch, yaw, roll, radians"""
    range: tuple[float, float, float]
    """standard deviation of pitch, yaw, roll, radians"""
    rate: float
    """middle frequency of the own motion, Hz"""
    coupling: float
    """share in [0, 1] of the angles' variance that the sound drives"""
    drive: tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
    """weights of energy and pitch for each of pitch, yaw, roll"""


def sample_style(seed: int, *axes: str) -> MotionStyle:
    """Style for the named draw."""
    rng = numpy_rng(seed, *axes, "motion-style")
    spread = np.deg2rad(rng.uniform((1.6, 2.2, 1.2), (3.8, 4.8, 2.8)))
    rest = np.deg2rad(rng.uniform((-5, -7, -4), (5, 7, 4)))
    angle = rng.uniform(0, 2 * np.pi, 3)
    pitch, yaw, roll = ((float(a), float(b)) for a, b in zip(np.cos(angle), np.sin(angle), strict=True))
    return MotionStyle(
        rest=(float(rest[0]), float(rest[1]), float(rest[2])),
        range=(float(spread[0]), float(spread[1]), float(spread[2])),
        rate=float(rng.uniform(0.25, 0.55)),
        coupling=float(rng.uniform(0.1, 0.75)),
        drive=(pitch, yaw, roll),
    )


def head_motion(style: MotionStyle, audio: np.ndarray, count: int, seed: int, *axes: str) -> np.ndarray:
    """Pose (count, 6) float32 for 16 kHz sound (N,): pitch, yaw, roll and the translation about PIVOT."""
    rng = numpy_rng(seed, *axes, "head-motion")
    noise = rng.standard_normal((count + SETTLE, 6))
    own = own_motion(noise, style.rate)[:count]
    driven = _unit(driving_signals(prosody(audio, count)) @ np.asarray(style.drive).T)
    free = _unit(own[:, :3])
    free = _unit(free - driven * (free * driven).mean(0))
    mixed = np.sqrt(style.coupling) * driven + np.sqrt(1 - style.coupling) * free
    angles = np.asarray(style.rest) + np.asarray(style.range) * mixed
    shift = SWAY * own[:, 3:]
    turned = PIVOT - rotation_matrix(angles) @ PIVOT
    return np.concatenate([angles, shift + turned], axis=1).astype(np.float32)


def driving_signals(sound: Prosody) -> np.ndarray:
    """Energy and pitch (T, 2) as the head follows them: low-passed by two poles, zero mean, unit variance."""
    steps = np.arange(FPS * 2) / FPS
    kernel = steps / LAG * np.exp(-steps / LAG)
    kernel /= kernel.sum()
    signals = np.stack([sound.energy, sound.pitch], 1)
    padded = np.concatenate([np.repeat(signals[:1], len(kernel) - 1, 0), signals])
    return _unit(np.stack([np.convolve(column, kernel, "valid") for column in padded.T], 1))


def own_motion(noise: np.ndarray, rate: float) -> np.ndarray:
    """White noise (N, C) to a smooth stationary process around `rate` Hz, variance a little under 1."""
    frequency = np.fft.rfftfreq(len(noise), 1 / FPS)
    with np.errstate(divide="ignore"):
        octaves = np.log2(frequency / rate)
    gain = np.where(frequency > 0, np.exp(-0.5 * (octaves / 0.7) ** 2), 0.0)
    smooth = np.fft.irfft(np.fft.rfft(noise, axis=0) * gain[:, None], len(noise), axis=0)
    smooth /= np.sqrt((gain**2).sum() * 2 / len(noise))
    return LIMIT * np.tanh(smooth / LIMIT)


def _unit(columns: np.ndarray) -> np.ndarray:
    """Columns with zero mean and unit variance; a constant one becomes 0."""
    centred = columns - columns.mean(0)
    spread = centred.std(0)
    return np.where(spread > 1e-9, centred / np.maximum(spread, 1e-9), 0.0)
