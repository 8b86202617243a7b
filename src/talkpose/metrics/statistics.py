"""Intervals over clips, by person where clips share one."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from scipy import stats

from talkpose.seeds import numpy_rng

CHUNK = 4_000_000
"""Draws held at a time."""


def bootstrap_intervals(
    values: np.ndarray,
    samples: int,
    seed: int,
    *axes: str,
    groups: Sequence[str] | np.ndarray | None = None,
    level: float = 0.95,
) -> np.ndarray | None:
    """Bootstrap intervals of the means of several columns that share their clips.

    Parameters: `values` (n, k) one row a clip, finite; `samples` resamples; `seed` and `axes` name the draw
    (the same names give the same interval, whatever else was drawn before); `groups` (n,) who is seen: whole
    persons are drawn, because one person's clips are alike. Returns (2, k) low and high, or None for fewer
    than 2 persons: one tells nothing about others.

    The interval is the percentile one, widened as Student's t is against the normal (Hesterberg 2015, "What
    teachers should know about the bootstrap", expanded percentile interval). All columns share their draws,
    so that differences of columns have intervals too. With 2 or 3 persons it is the range of their values,
    which covers the truth less often than `level` says: read n.
    """
    values = np.asarray(values, np.float64)
    codes = (
        np.arange(len(values)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    )
    count = int(codes.max()) + 1 if len(codes) else 0
    if count < 2:
        return None
    if not values.shape[1]:  # nobody has a value
        return np.empty((2, 0))
    sums = np.column_stack([np.bincount(codes, column, count) for column in values.T])
    sizes = np.bincount(codes, minlength=count).astype(np.float64)
    drawn = _times_drawn(count, samples, seed, *axes)
    means = np.empty((samples, values.shape[1]))
    for rows in _spans(samples, count):
        times = drawn[rows].astype(np.float64)
        means[rows] = (times @ sums) / (times @ sizes)[:, None]
    tail = stats.norm.cdf(np.sqrt(count / (count - 1)) * stats.t.ppf((1 - level) / 2, count - 1))
    return np.quantile(means, [tail, 1 - tail], axis=0)


@lru_cache(maxsize=2)
def _times_drawn(count: int, samples: int, seed: int, *axes: str) -> np.ndarray:
    """(samples, count) how often each person is drawn; kept, because many tables share their clips."""
    rng = numpy_rng(seed, "bootstrap", *axes)
    found = np.empty((samples, count), np.uint16)  # far more than anyone is drawn by chance
    for rows in _spans(samples, count):
        length = rows.stop - rows.start
        draws = rng.integers(0, count, (length, count), dtype=np.int32)
        draws += np.arange(length, dtype=np.int32)[:, None] * count
        found[rows] = np.bincount(draws.ravel(), minlength=length * count).reshape(length, count)
    return found


def _spans(samples: int, count: int) -> Iterator[slice]:
    step = max(1, CHUNK // count)
    return (slice(start, min(start + step, samples)) for start in range(0, samples, step))


def bootstrap_interval(
    values: np.ndarray,
    samples: int,
    seed: int,
    *axes: str,
    groups: Sequence[str] | np.ndarray | None = None,
    level: float = 0.95,
) -> tuple[float, float] | None:
    """`bootstrap_intervals` of one column: values (n,), one a clip; returns (low, high) or None."""
    column = np.asarray(values, np.float64)[:, None]
    found = bootstrap_intervals(column, samples, seed, *axes, groups=groups, level=level)
    return None if found is None else (float(found[0, 0]), float(found[1, 0]))
