"""Bootstrap over participants and groups at once: votes of one participant, and of one group, are alike."""

from collections.abc import Callable

import numpy as np

from talkpose.seeds import numpy_rng

CHUNK = 64
"""Resamples held at a time."""


def cluster_draws(
    participants: int, groups: int, samples: int, seed: int, *axes: str
) -> tuple[np.ndarray, ...]:
    """How often each participant (samples, P) and each group (samples, G) is drawn, with replacement.

    Both are drawn independently, the pigeonhole bootstrap of crossed factors (Owen 2007). It errs on the wide
    side: where votes are independent after all, by up to the square root of 3.
    """
    rng = numpy_rng(seed, "study", "bootstrap", *axes)
    return (
        rng.multinomial(participants, np.full(participants, 1 / participants), samples).astype(np.float64),
        rng.multinomial(groups, np.full(groups, 1 / groups), samples).astype(np.float64),
    )


def cluster_sums(values: np.ndarray, draws: tuple[np.ndarray, ...]) -> np.ndarray:
    """Sums over drawn participants and groups of values (P, G, K): (samples, K)."""
    people, groups = draws
    p, g, k = values.shape
    out = np.empty((len(people), k))
    for start in range(0, len(people), CHUNK):
        part = slice(start, start + CHUNK)
        drawn = (people[part] @ values.reshape(p, g * k)).reshape(-1, g, k)
        out[part] = np.einsum("sg,sgk->sk", groups[part], drawn)
    return out


def cluster_interval(
    values: np.ndarray,
    statistic: Callable[[np.ndarray], np.ndarray],
    samples: int,
    seed: int,
    *axes: str,
    level: float = 0.95,
) -> np.ndarray | None:
    """Percentile interval (2, M) of a statistic of sums, over participants and groups drawn together.

    values: (P, G, K) counts; statistic: sums (S, K) -> (S, M), nan where a draw allows none. Returns None
    for fewer than 2 participants: one tells nothing of others. With one group alone only people are drawn.
    """
    people, groups, _ = values.shape
    if people < 2:
        return None
    drawn = cluster_draws(people, groups, samples, seed, *axes)
    found = statistic(cluster_sums(values, drawn))
    return np.nanquantile(found, [(1 - level) / 2, (1 + level) / 2], axis=0)


def shares(sums: np.ndarray) -> np.ndarray:
    """Percent of each column (S, K) in its row; nan where a row is empty."""
    total = sums.sum(axis=1, keepdims=True)
    return 100 * np.divide(sums, total, out=np.full_like(sums, np.nan), where=total > 0)
