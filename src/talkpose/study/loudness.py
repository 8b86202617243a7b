"""Loudness of a sound after ITU-R BS.1770-4 and EBU R 128: K-weighted, gated, in LUFS."""

import numpy as np
from scipy.signal import lfilter

from talkpose.clips.store import SAMPLE_RATE

PEAK = 0.89
"""Largest sample that a levelled sound may have: 1 dB of room for the lossy codec."""


def loudness(audio: np.ndarray, rate: int = SAMPLE_RATE) -> float:
    """Integrated loudness in LUFS of mono sound (n,) in [-1, 1]; -inf for silence or less than 0.4 s."""
    weighted = lfilter(*_high_pass(rate), lfilter(*_shelf(rate), np.asarray(audio, np.float64)))
    block, step = round(0.4 * rate), round(0.1 * rate)
    if len(weighted) < block:
        return -np.inf
    power = np.lib.stride_tricks.sliding_window_view(weighted**2, block)[::step].mean(1)
    loud = power[_lufs(power) > -70]
    if not len(loud):
        return -np.inf
    loud = loud[_lufs(loud) > _lufs(loud.mean()) - 10]
    return float(_lufs(loud.mean()))


def gain_to(audio: np.ndarray, target: float) -> float:
    """Factor that brings a sound to `target` LUFS; 1 for silence."""
    measured = loudness(audio)
    return 1.0 if np.isneginf(measured) else float(10 ** ((target - measured) / 20))


def highest_target(audio: np.ndarray) -> float:
    """Loudest target in LUFS at which no sample exceeds PEAK; +inf for silence."""
    peak = float(np.abs(audio).max(initial=0))
    return np.inf if peak == 0 else loudness(audio) + 20 * np.log10(PEAK / peak)


def _lufs(power: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return -0.691 + 10 * np.log10(power)


def _shelf(rate: int) -> tuple[list[float], list[float]]:
    """BS.1770's first stage (the head), from its analogue form for any sample rate."""
    k, q = np.tan(np.pi * 1681.974450955533 / rate), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    norm = 1 + k / q + k * k
    return (
        [
            (high + band * k / q + k * k) / norm,
            2 * (k * k - high) / norm,
            (high - band * k / q + k * k) / norm,
        ],
        [1.0, 2 * (k * k - 1) / norm, (1 - k / q + k * k) / norm],
    )


def _high_pass(rate: int) -> tuple[list[float], list[float]]:
    """BS.1770's second stage."""
    k, q = np.tan(np.pi * 38.13547087602444 / rate), 0.5003270373238773
    norm = 1 + k / q + k * k
    return [1.0, -2.0, 1.0], [1.0, 2 * (k * k - 1) / norm, (1 - k / q + k * k) / norm]
