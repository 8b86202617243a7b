"""Mel-frequency cepstral coefficients and the windows of them that stage 1 reads (section 3.2).

The paper names MFCC only; the numbers are those of its public code: `python_speech_features.mfcc` with a step
of 10 ms and its defaults, coefficient 0 dropped, 28 steps (280 ms, seven video frames) around every frame.
"""

from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.fft import dct, rfft

from talkpose.errors import UserError

SAMPLE_RATE = 16_000
SAMPLES_PER_FRAME = 640
"""Samples in one video frame at 25 fps."""
HOP = 160
HOPS_PER_FRAME = SAMPLES_PER_FRAME // HOP
LENGTH = 400
"""Samples in one analysis frame (25 ms, rectangular window)."""
FFT = 512
FILTERS = 26
CEPSTRA = 13
LIFTER = 22
PRE_EMPHASIS = 0.97
CONTEXT = 3
"""Video frames on each side of the middle one in a window."""
WINDOW = (2 * CONTEXT + 1) * HOPS_PER_FRAME
COEFFICIENTS = CEPSTRA - 1
PADDING = CONTEXT * SAMPLES_PER_FRAME


@cache
def mel_filters(filters: int = FILTERS, low_hz: float = 0.0, high_hz: float = SAMPLE_RATE / 2) -> np.ndarray:
    """Triangular filters over the power spectrum, (filters, 257): corners equally spaced on the mel scale."""
    bottom, top = (2595 * np.log10(1 + hz / 700) for hz in (low_hz, high_hz))
    corners = 700 * (10 ** (np.linspace(bottom, top, filters + 2) / 2595) - 1)
    bins = np.floor((FFT + 1) * corners / SAMPLE_RATE)
    low, middle, high = bins[:-2, None], bins[1:-1, None], bins[2:, None]
    k = np.arange(FFT // 2 + 1)[None]
    rising = (k - low) / (middle - low)
    falling = (high - k) / (high - middle)
    return np.where((k >= low) & (k < middle), rising, np.where((k >= middle) & (k < high), falling, 0.0))


def mfcc(
    audio: np.ndarray, filters: int = FILTERS, low_hz: float = 0.0, high_hz: float = SAMPLE_RATE / 2
) -> np.ndarray:
    """MFCC of 16 kHz mono sound; the bank of at least 13 `filters` spans [low_hz, high_hz].

    Parameters
    ----------
    audio : (N,), real, N >= 1. The scale does not matter much: it moves coefficient 0 (the log energy) alone.

    Returns
    -------
    (M, 13) float64, one row every 10 ms, M = 1 + max(0, ceil((N - 400) / 160)); column 0 is the log energy.

    Raises
    ------
    UserError: the sound is empty or has more than one channel.
    """
    if audio.ndim != 1 or not audio.size:
        raise UserError(
            f"MFCC needs mono sound, got shape {audio.shape}; mix to one channel, at least one sample"
        )
    signal = audio.astype(np.float64)
    signal[1:] = signal[1:] - PRE_EMPHASIS * signal[:-1]
    rows = 1 + max(0, -(-(len(signal) - LENGTH) // HOP))
    padded = np.zeros((rows - 1) * HOP + LENGTH)
    padded[: len(signal)] = signal
    frames = sliding_window_view(padded, LENGTH)[::HOP]
    power = np.abs(rfft(frames, FFT)) ** 2 / FFT
    tiny = np.finfo(float).eps
    energy = power.sum(axis=1)
    bands = power @ mel_filters(filters, low_hz, high_hz).T
    cepstra = dct(np.log(np.where(bands == 0, tiny, bands)), type=2, axis=1, norm="ortho")[:, :CEPSTRA]
    cepstra *= 1 + LIFTER / 2 * np.sin(np.pi * np.arange(CEPSTRA) / LIFTER)
    cepstra[:, 0] = np.log(np.where(energy == 0, tiny, energy))
    return cepstra


def windows(mfcc12: np.ndarray, n_frames: int) -> np.ndarray:
    """Windows of 28 MFCC steps, one a video frame: (M, C) -> (n_frames, 28, C), a copy.

    `mfcc12` belongs to sound padded with three video frames on both sides, so that row 4 t starts at video
    frame t - 3 and window t holds rows 4 t to 4 t + 27.

    Raises
    ------
    UserError: fewer than 4 n_frames + 24 rows.
    """
    needed = HOPS_PER_FRAME * (n_frames - 1) + WINDOW
    if n_frames < 1 or len(mfcc12) < needed:
        raise UserError(
            f"{n_frames} video frames need {needed} MFCC rows of padded sound, got {len(mfcc12)}; "
            "give longer sound"
        )
    view = sliding_window_view(mfcc12[:needed], WINDOW, axis=0)[::HOPS_PER_FRAME]
    return np.ascontiguousarray(np.swapaxes(view, 1, 2))


def speech_rows(audio: np.ndarray) -> np.ndarray:
    """MFCC 1..12 that the windows of T = N // 640 whole video frames span: (N,) -> (4 T + 24, 12) float32.

    Zeros are put around the sound: 1920 samples (three frames) in front, 2160 behind. The public code puts
    1920 behind and so loses the last frame; the windows that both have are equal.

    Raises
    ------
    UserError: the sound is shorter than one video frame, or not mono.
    """
    n_frames = len(audio) // SAMPLES_PER_FRAME
    if audio.ndim != 1 or n_frames < 1:
        raise UserError(
            f"speech needs mono sound of at least {SAMPLES_PER_FRAME} samples (one frame), "
            f"got shape {audio.shape}; give a longer recording"
        )
    behind = PADDING + LENGTH - HOP
    padded = np.pad(audio[: n_frames * SAMPLES_PER_FRAME], (PADDING, behind))
    return mfcc(padded)[:, 1:].astype(np.float32)


def speech_windows(audio: np.ndarray) -> np.ndarray:
    """Windows of MFCC 1..12 for every whole video frame of the sound: (N,) -> (N // 640, 28, 12) float32.

    Raises
    ------
    UserError: the sound is shorter than one video frame, or not mono.
    """
    return windows(speech_rows(audio), len(audio) // SAMPLES_PER_FRAME)


def context_windows(
    audio: np.ndarray,
    before: int,
    length: int,
    filters: int = FILTERS,
    low_hz: float = 0.0,
    high_hz: float = SAMPLE_RATE / 2,
) -> np.ndarray:
    """Windows of other systems: for every whole frame t, `length` MFCC rows 1..12 from row 4 t - `before` on.

    (N,) -> (N // 640, length, 12) float32; zeros stand around the sound. `filters` and its span as in `mfcc`.

    Raises
    ------
    UserError: the sound is shorter than one video frame, or not mono.
    """
    n_frames = len(audio) // SAMPLES_PER_FRAME
    if audio.ndim != 1 or n_frames < 1:
        raise UserError(
            f"speech needs mono sound of at least {SAMPLES_PER_FRAME} samples (one frame), "
            f"got shape {audio.shape}; give a longer recording"
        )
    needed = HOPS_PER_FRAME * (n_frames - 1) + length
    padded = np.zeros((needed - 1) * HOP + LENGTH)
    sound = audio[: n_frames * SAMPLES_PER_FRAME][: max(len(padded) - before * HOP, 0)]
    padded[before * HOP : before * HOP + len(sound)] = sound
    rows = mfcc(padded, filters, low_hz, high_hz)[:, 1:].astype(np.float32)
    view = sliding_window_view(rows[:needed], length, axis=0)[::HOPS_PER_FRAME]
    return np.ascontiguousarray(np.swapaxes(view, 1, 2))
