"""Counts of answers to the numbers that the paper prints, each with an interval.

Pure functions, the same for quoted counts and for real answers. The intervals take answers as independent;
where one participant gives many, they are too narrow, and resampling participants is the remedy.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from talkpose.errors import UserError


class Share(NamedTuple):
    """A share of answers in percent, with its 95% interval."""

    votes: int
    n: int
    percent: float
    low: float
    high: float


class Score(NamedTuple):
    """A mean score with its 95% interval."""

    n: int
    mean: float
    low: float
    high: float


def wilson(count: int, n: int, level: float = 0.95) -> Share:
    """Share of `count` in `n` answers with Wilson's score interval (Wilson 1927), in percent.

    Raises UserError unless 0 <= count <= n and n > 0.
    """
    _check(count, n)
    z = float(stats.norm.isf((1 - level) / 2))
    p, shrink = count / n, 1 + z**2 / n
    centre, half = (p + z**2 / (2 * n)) / shrink, z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / shrink
    # At 0 and at n an end is exact; arithmetic leaves it a rounding error beside it.
    low, high = 0.0 if count == 0 else centre - half, 1.0 if count == n else centre + half
    return Share(count, n, 100 * p, 100 * float(low), 100 * float(high))


def exact(count: int, n: int, level: float = 0.95) -> Share:
    """Share of `count` in `n` answers with the exact interval of Clopper and Pearson (1934), in percent.

    Raises UserError unless 0 <= count <= n and n > 0.
    """
    _check(count, n)
    tail = (1 - level) / 2
    low = 0.0 if count == 0 else float(stats.beta.ppf(tail, count, n - count + 1))
    high = 1.0 if count == n else float(stats.beta.isf(tail, count + 1, n - count))
    return Share(count, n, 100 * count / n, 100 * low, 100 * high)


def best_of(counts: Mapping[str, int]) -> dict[str, Share]:
    """Table 1: of every option, the share of votes for "the best", with Wilson's interval.

    `counts`: votes by option; every vote names one option.
    """
    n = sum(counts.values())
    return {option: wilson(count, n) for option, count in counts.items()}


def select_all(counts: Mapping[str, int], participants: int) -> dict[str, Share]:
    """Appendix B: of every option, the share of participants that chose it, with the exact interval.

    `counts`: participants by option; one may choose several options or none.
    """
    return {option: exact(count, participants) for option, count in counts.items()}


def mean_score(votes: Mapping[int, int], level: float = 0.95) -> Score:
    """Section 4.4: mean of the scores, with Student's interval (nan for one vote alone).

    `votes`: how often each score was given. Raises UserError where there is no vote.
    """
    scores, times = np.array(list(votes), float), np.array(list(votes.values()), float)
    n = int(times.sum())
    _check(0, n)
    mean = float(scores @ times) / n
    if n == 1:
        return Score(1, mean, float("nan"), float("nan"))
    error = np.sqrt(((scores - mean) ** 2 @ times) / (n - 1) / n)
    half = float(stats.t.isf((1 - level) / 2, n - 1) * error)
    return Score(n, mean, mean - half, mean + half)


def share_of_scores(votes: Mapping[int, int], scores: Sequence[int]) -> Share:
    """Section 4.4: share of votes that are one of `scores`, with Wilson's interval."""
    return wilson(sum(votes.get(score, 0) for score in scores), sum(votes.values()))


def recover_count(percent: float, n: int, decimals: int) -> int:
    """Count behind a percentage that is printed with so many decimals.

    Raises UserError where no count, or more than one, of `n` answers prints so.
    """
    near = range(int(percent * n / 100) - 1, int(percent * n / 100) + 3)
    unit = 0.5 * 10**-decimals + 1e-9
    found = [count for count in near if 0 <= count <= n and abs(100 * count / n - percent) <= unit]
    if len(found) != 1:
        raise UserError(
            f"{percent}% of {n} answers: {len(found)} counts print so with {decimals} decimals; "
            "give the number of answers that the percentage was taken of"
        )
    return found[0]


def _check(count: int, n: int) -> None:
    if not 0 <= count <= n or n == 0:
        raise UserError(f"{count} of {n} answers is no share; give 0 <= count <= n and at least one answer")
