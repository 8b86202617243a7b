"""Paired tests of one method against another on the same clips, and Holm's correction over many."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from scipy import stats

from talkpose.seeds import numpy_rng

EXACT: Final = 14
"""Persons up to which every pattern of signs is tried: 16,384 of them."""

SAMPLED: Final = 2000
"""Persons up to which patterns of signs are sampled; above, the sum's normal limit is used."""

PATTERNS: Final = 10_000


class Paired(NamedTuple):
    """Difference of two methods on the same clips."""

    n: int
    """clips"""
    persons: int
    """units whose signs are flipped"""
    difference: float
    """mean over clips of a - b"""
    permutation: float
    """two-sided p of the sign-flip test"""
    wilcoxon: float
    """two-sided p of the signed-rank test over persons' mean differences"""
    least: float
    """smallest p that the sign-flip test can give with so few persons"""


def paired_test(
    a: np.ndarray, b: np.ndarray, groups: Sequence[str] | np.ndarray | None, seed: int, *axes: str
) -> Paired:
    """Test whether method `a` differs from method `b`.

    Parameters: `a`, `b` (n,) values of the same clips; `groups` (n,) who is seen, whose differences change
    sign together (None: every clip stands alone); `seed`, `axes` name the draw of sign patterns where they
    are sampled. The null hypothesis is that a person's differences could as well have the other sign.
    Returns p = 1 where both agree on every clip. Raises ValueError for columns of other lengths or none.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.shape != b.shape or a.ndim != 1 or not len(a):
        raise ValueError(f"paired values of shapes {a.shape} and {b.shape}; give two (n,) with n > 0")
    difference = a - b
    codes = np.arange(len(a)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    sums, sizes = np.bincount(codes, difference), np.bincount(codes)
    count = len(sums)
    least = 2.0 ** (1 - count) if count <= EXACT else 1 / (PATTERNS + 1) if count <= SAMPLED else 0.0
    return Paired(
        len(a),
        count,
        float(difference.mean()),
        _sign_flip(sums, seed, *axes),
        _signed_rank(sums / sizes),
        least,
    )


def _sign_flip(sums: np.ndarray, seed: int, *axes: str) -> float:
    observed, count = abs(sums.sum()), len(sums)
    if not np.any(sums):
        return 1.0
    slack = 1e-12 * np.abs(sums).sum()  # sums of the same numbers in another order are as extreme
    if count <= EXACT:
        return _every_sign(sums)
    if count > SAMPLED:
        return float(2 * stats.norm.sf(observed / np.sqrt(np.sum(sums**2))))
    extreme = np.sum(np.abs(_signs(count, seed, *axes) @ sums) >= observed - slack)
    return float((1 + extreme) / (1 + PATTERNS))


@lru_cache(maxsize=1)
def _signs(count: int, seed: int, *axes: str) -> np.ndarray:
    """(PATTERNS, count) of 1 and -1; kept, because a table's columns and methods share their clips."""
    drawn = numpy_rng(seed, "sign-flip", *axes).integers(0, 2, (PATTERNS, count), dtype=np.int8)
    return 1.0 - 2.0 * drawn


def _every_sign(values: np.ndarray) -> float:
    """Share of all patterns of signs whose sum is as far from 0 as that of `values`."""
    slack = 1e-12 * np.abs(values).sum()
    patterns = (np.arange(2 ** len(values))[:, None] >> np.arange(len(values))) & 1
    return float(np.mean(np.abs((1 - 2 * patterns) @ values) >= abs(values.sum()) - slack))


def _signed_rank(values: np.ndarray) -> float:
    """Wilcoxon's p without the zeros: exact for few values, ties or not; SciPy's for many."""
    values = values[values != 0]
    if not len(values):
        return 1.0
    if len(values) <= EXACT:
        return _every_sign(np.sign(values) * stats.rankdata(np.abs(values)))
    return float(stats.wilcoxon(values).pvalue)


def holm(p: Sequence[float] | np.ndarray) -> np.ndarray:
    """Holm's step-down correction of p values (m,): chance of any false alarm in m tests stays below p."""
    p = np.asarray(p, np.float64)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p)))), 1)
    return adjusted
