"""Offset between mouth and sound of one clip, by held-out prediction of the mouth from the sound.

Cross-correlating loudness and mouth opening gives noise on short clips. Instead, for every shift of the
sound, a ridge regression learns the mouth opening from the MFCC around each frame, and the shift is best at
which it predicts frames that it has not seen. Windows of three frames (120 ms) are used rather than the
seven of stage 1: a wide window holds the right sound at seven shifts in a row, which hides the peak.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import ndtr

from talkpose.errors import UserError
from talkpose.seeds import numpy_rng
from talkpose.speech.mfcc import HOPS_PER_FRAME, LENGTH, SAMPLES_PER_FRAME, mfcc

CONTEXT = 1  # video frames on each side of the middle one
FOLDS = 5  # contiguous blocks, each predicted from the others
GAP = 8  # frames left out between what is fitted and what is predicted: mouths move slowly
RIDGE = 1.0  # penalty a frame, for standardised features
MIN_FRAMES = 40  # with less nothing can be said
BLOCK = 25  # frames drawn together in the bootstrap
DRAWS = 200
SYLLABLE = 8  # frames that count as one independent sample at best: short clips hide their slowness
PLATEAU = 0.75  # the peak is the centre of what rises above this share of it


class SyncEstimate(NamedTuple):
    """Where the sound fits the mouth best."""

    offset_frames: int
    """video frames by which the sound is late (positive: sound later than mouth)"""
    correlation: float
    """held-out Pearson r between predicted and real mouth opening at the best single shift"""
    confidence: float
    """in [0, 1]: share of bootstrap draws within one frame of the estimate, times the probability that the
    correlation is no accident (Bonferroni over the shifts, autocorrelation taken into account); 0 where the
    best shift lies at the end of the range or the clip is too short"""
    curve: np.ndarray
    """(2 m + 1,) float32, r at shifts -m..m; nan where the clip is too short"""


def estimate_offset(mouth_opening: np.ndarray, audio: np.ndarray, max_frames: int = 12) -> SyncEstimate:
    """Offset between mouth opening (T,) (nan where unknown) and 16 kHz sound (about 640 T,) at 25 fps.

    Every shift is judged on the same frames: those at least max_frames from both ends. UserError where the
    sound is shorter than the mouth by more than a second.
    """
    n_frames, n_shifts = len(mouth_opening), 2 * max_frames + 1
    if len(audio) < (n_frames - 25) * SAMPLES_PER_FRAME:
        raise UserError(
            f"{n_frames} frames but only {len(audio)} samples of sound; give sound for the whole clip"
        )
    middle = np.arange(max_frames, n_frames - max_frames)
    used = middle[np.isfinite(mouth_opening[middle])]
    if len(used) < MIN_FRAMES or np.ptp(mouth_opening[used]) < 1e-6:
        return SyncEstimate(0, 0.0, 0.0, np.full(n_shifts, np.nan, np.float32))
    features = _features(audio, n_frames)
    target = mouth_opening[used].astype(np.float64)
    predicted = np.stack(
        [_held_out(features[used + shift], target) for shift in range(-max_frames, max_frames + 1)]
    )
    curve = _correlations(predicted, target)
    peak = _plateau_centre(curve)
    confidence = 0.0
    if 0 < int(np.argmax(curve)) < n_shifts - 1:
        best = int(np.argmax(curve))
        confidence = _stability(predicted, target, peak) * _significance(
            predicted[best], target, curve[best], n_shifts
        )
    return SyncEstimate(
        round(peak) - max_frames, float(curve.max()), float(confidence), curve.astype(np.float32)
    )


def correct_offset(n_frames: int, audio: np.ndarray, offset: int) -> tuple[slice, np.ndarray]:
    """Frames to keep and the sound that belongs to them, once the sound is moved `offset` frames earlier.

    Both are trimmed to what they share: n_frames - |offset| frames and 640 samples for each.
    """
    kept = n_frames - abs(offset)
    if kept < 1:
        raise UserError(
            f"an offset of {offset} frames leaves nothing of {n_frames} frames; give a longer clip"
        )
    first_frame, first_sound = max(-offset, 0), max(offset, 0)
    sound = audio[first_sound * SAMPLES_PER_FRAME :][: kept * SAMPLES_PER_FRAME]
    sound = np.pad(sound, (0, kept * SAMPLES_PER_FRAME - len(sound)))
    return slice(first_frame, first_frame + kept), sound


def _features(audio: np.ndarray, n_frames: int) -> np.ndarray:
    """Standardised MFCC and log energy of the three frames around each video frame, (T, 156)."""
    whole = np.zeros(n_frames * SAMPLES_PER_FRAME, np.float32)
    whole[: min(len(audio), len(whole))] = audio[: len(whole)]
    around = CONTEXT * SAMPLES_PER_FRAME
    rows = mfcc(np.pad(whole, (around, around + LENGTH)))
    span = (2 * CONTEXT + 1) * HOPS_PER_FRAME
    index = np.arange(n_frames)[:, None] * HOPS_PER_FRAME + np.arange(span)
    features = rows[index].reshape(n_frames, -1)
    return (features - features.mean(0)) / (features.std(0) + 1e-6)


def _held_out(features: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Prediction of each block of the target (n,) by a ridge regression fitted to the other blocks."""
    n = len(target)
    edges = np.linspace(0, n, FOLDS + 1).astype(int)
    gap = min(GAP, n // 10)
    predicted = np.empty(n)
    for start, stop in zip(edges[:-1], edges[1:], strict=True):
        fit = np.r_[0 : max(start - gap, 0), min(stop + gap, n) : n]
        centre, level = features[fit].mean(0), target[fit].mean()
        x = features[fit] - centre
        gram = x.T @ x
        gram[np.diag_indices_from(gram)] += RIDGE * len(fit)
        weights = cho_solve(cho_factor(gram), x.T @ (target[fit] - level))
        predicted[start:stop] = (features[start:stop] - centre) @ weights + level
    return predicted


def _correlations(predicted: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Pearson r of each row (..., S, n) with the target (..., n)."""
    p = predicted - predicted.mean(-1, keepdims=True)
    t = (target - target.mean(-1, keepdims=True))[..., None, :]
    scale = np.linalg.norm(p, axis=-1) * np.linalg.norm(t, axis=-1)
    return (p * t).sum(-1) / np.maximum(scale, 1e-12)


def _plateau_centre(curve: np.ndarray) -> float:
    """Centre of mass of the part of the curve around its peak that is above PLATEAU of it."""
    best = int(np.argmax(curve))
    if curve[best] <= 0:
        return float(best)
    above = curve - PLATEAU * curve[best]
    low, high = best, best
    while low > 0 and above[low - 1] > 0:
        low -= 1
    while high < len(curve) - 1 and above[high + 1] > 0:
        high += 1
    part = above[low : high + 1]
    return float((np.arange(low, high + 1) * part).sum() / part.sum())


def _stability(predicted: np.ndarray, target: np.ndarray, peak: float) -> float:
    """Share of block bootstrap draws whose peak lies within one frame of `peak`."""
    rng = numpy_rng(0, "sync", "bootstrap")
    n = len(target)
    starts = rng.integers(0, n - BLOCK + 1, (DRAWS, -(-n // BLOCK)))
    near = 0
    for row in starts:
        index = (row[:, None] + np.arange(BLOCK)).ravel()
        near += abs(_plateau_centre(_correlations(predicted[:, index], target[index])) - peak) <= 1
    return near / DRAWS


def _significance(predicted: np.ndarray, target: np.ndarray, r: float, n_shifts: int) -> float:
    """1 - the Bonferroni-corrected p value of r > 0, with Bartlett's effective number of samples."""
    n = len(target)
    lags = min(n // 4, 100)
    product = _autocorrelation(predicted, lags) * _autocorrelation(target, lags)
    effective = n / max(1 + 2 * float(np.maximum(product, 0).sum()), SYLLABLE)
    if effective <= 4 or r <= 0:
        return 0.0
    p = float(ndtr(-np.arctanh(min(r, 0.999)) * np.sqrt(effective - 3)))
    return max(0.0, 1 - n_shifts * p)


def _autocorrelation(series: np.ndarray, lags: int) -> np.ndarray:
    """Autocorrelation at lags 1..lags."""
    x = series - series.mean()
    full = np.array([np.dot(x[: len(x) - k], x[k:]) for k in range(1, lags + 1)])
    return full / max(float(np.dot(x, x)), 1e-12)
