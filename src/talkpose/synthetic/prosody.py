"""Loudness and pitch of speech, one value a video frame."""

from typing import NamedTuple

import numpy as np

from talkpose.synthetic.contract import FPS, SAMPLE_RATE

HOP = SAMPLE_RATE // FPS
WINDOW = 1024
LOWEST, HIGHEST = 70.0, 400.0
"""Range of pitch that is looked for, Hz."""
FLOOR = 40.0
"""Depth under the loudest frame at which a sound counts as silence, dB."""
VOICED = 0.5
"""Least height of the autocorrelation's peak over its value at 0."""


class Prosody(NamedTuple):
    """Both (T,) float64."""

    energy: np.ndarray
    """in [0, 1]: 0 is silence, 1 the loudest frame; linear in decibels"""
    pitch: np.ndarray
    """log2 of the fundamental over its median (octaves), interpolated where there is no voice"""


def prosody(audio: np.ndarray, count: int) -> Prosody:
    """Energy and pitch at the centres (t + 0.5) / 25 s of `count` frames of 16 kHz sound (N,)."""
    half = WINDOW // 2
    padded = np.zeros(count * HOP + 2 * half)
    used = min(len(audio), count * HOP)
    padded[half : half + used] = audio[:used]
    centres = np.arange(count) * HOP + HOP // 2
    frames = padded[centres[:, None] + np.arange(WINDOW)] * np.hanning(WINDOW)
    power = np.abs(np.fft.rfft(frames, 2 * WINDOW)) ** 2
    correlation = np.fft.irfft(power)[:, :WINDOW]
    level = 10 * np.log10(correlation[:, 0] + 1e-12)
    energy = np.clip((level - level.max()) / FLOOR + 1, 0, 1)
    # The window's own autocorrelation falls with the lag and would favour high pitches.
    taper = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(WINDOW), 2 * WINDOW)) ** 2)[:WINDOW]
    low, high = int(SAMPLE_RATE / HIGHEST), int(SAMPLE_RATE / LOWEST) + 1
    shape = correlation[:, low:high] / taper[low:high]
    shape /= np.maximum(correlation[:, :1] / taper[0], 1e-12)
    # The first lag that nearly reaches the highest peak: its multiples are as high.
    first = np.argmax(shape >= 0.9 * shape.max(1, keepdims=True), axis=1)
    nearby = np.clip(first[:, None] + np.arange(12), 0, shape.shape[1] - 1)
    lag = np.take_along_axis(nearby, np.take_along_axis(shape, nearby, 1).argmax(1)[:, None], 1)[:, 0]
    height = np.take_along_axis(shape, lag[:, None], 1)[:, 0]
    voiced = (height > VOICED) & (energy > 0.4)
    if not voiced.any():
        return Prosody(energy, np.zeros(count))
    pitch = np.log2(SAMPLE_RATE / (lag + low))
    pitch -= np.median(pitch[voiced])
    pitch = np.clip(pitch, -0.8, 0.8)
    times = np.arange(count)
    return Prosody(energy, np.interp(times, times[voiced], pitch[voiced]))
