"""Key frames of a pose sequence: where the head turns back (section 3.3.2).

The paper takes "the frames with largest head orientation in one axis in a short period of time"; upstream
takes the local extrema of roll after a Hanning window of 7, then thins them in a loop that need not end. Here
the thinning asks for extrema ever further apart, of which there are at last at most two.
"""

import numpy as np

from talkpose.errors import UserError


def smooth_hanning(values: np.ndarray, window: int) -> np.ndarray:
    """Moving average of a sequence (T,) with a Hanning window of `window` frames; the ends are held."""
    values = np.asarray(values, np.float64)
    half = window // 2
    if half == 0 or len(values) == 0:
        return values.copy()
    # np.hanning's own ends are zero, so a window of 7 frames needs 9 points
    kernel = np.hanning(2 * half + 3)[1:-1]
    return np.convolve(np.pad(values, half, mode="edge"), kernel / kernel.sum(), mode="valid")


def _turns(angle: np.ndarray, apart: int) -> np.ndarray:
    """Local maxima, each at least `apart` frames from the next, and likewise minima, in order."""
    from scipy.signal import find_peaks  # takes half a second, which most steps need not spend

    return np.union1d(find_peaks(angle, distance=apart)[0], find_peaks(-angle, distance=apart)[0])


def _merge(keys: np.ndarray, strength: np.ndarray, last: int, min_gap: int) -> np.ndarray:
    """Of keys closer than `min_gap` keep the strongest; none may come that close to either end."""
    kept: list[int] = []
    for key in keys[(keys >= min_gap) & (keys <= last - min_gap)]:
        if kept and key - kept[-1] < min_gap:
            if strength[key] > strength[kept[-1]]:
                kept[-1] = int(key)
        else:
            kept.append(int(key))
    return np.array(kept, np.int64)


def key_frames(angle: np.ndarray, smooth: int = 7, key_ratio: float = 0.1, min_gap: int = 3) -> np.ndarray:
    """Key frames of one head angle over time.

    angle: (T,) radians; smooth: Hanning window in frames; key_ratio: at most this share of the frames are
    keys (but never fewer than the two ends); min_gap: keys closer than this are merged, the one further from
    the mean angle stays. Returns (K,) int64, increasing, with frames 0 and T - 1. Raises UserError for an
    empty or broken sequence.
    """
    angle = np.asarray(angle, np.float64)
    if angle.ndim != 1 or len(angle) == 0 or not np.isfinite(angle).all():
        broken = int((~np.isfinite(angle)).sum())
        raise UserError(
            f"key frames: the head angle has shape {angle.shape} and {broken} values that are not finite; "
            "give one finite angle a frame, at least one frame"
        )
    last = len(angle) - 1
    ends = np.unique([0, last])
    allowed = max(int(key_ratio * len(angle)) - len(ends), 0)
    smoothed = smooth_hanning(angle, smooth)
    strength = np.abs(smoothed - smoothed.mean())
    inner = np.array([], np.int64)
    for apart in range(1, last + 1):
        inner = _merge(_turns(smoothed, apart), strength, last, min_gap)
        if len(inner) <= allowed:
            break
    if len(inner) > allowed:  # the highest and the lowest are left
        inner = np.sort(inner[np.argsort(-strength[inner], kind="stable")[:allowed]])
    return np.union1d(ends, inner)
