"""Intervals over clips."""

import numpy as np

from talkpose.seeds import numpy_rng


def bootstrap_interval(
    values: np.ndarray, samples: int, seed: int, *axes: str, level: float = 0.95
) -> tuple[float, float] | None:
    """Percentile bootstrap interval of the mean over clips.

    Parameters: `values` (n,) one value a clip; `samples` resamples; `seed` and `axes` name the draw (the
    same names give the same interval, whatever else was drawn before). Returns (low, high), or None for
    fewer than 2 clips: one clip tells nothing about others. With very few clips the interval is too narrow,
    and n says so.
    """
    values = np.asarray(values, np.float64)
    if values.size < 2:
        return None
    draws = numpy_rng(seed, "bootstrap", *axes).integers(0, values.size, (samples, values.size))
    low, high = np.quantile(values[draws].mean(axis=1), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
