"""Mouth correlation, protocol `full-v1-<detector>`: does the generated mouth open when the real one does?

    r = Pearson correlation over frames of o_gen and o_real,   o = inner-lip gap / inter-ocular distance

In [-1, 1], higher is better. A series that does not move (standard deviation below 0.1% of the inter-ocular
distance, a tenth of what the detector scatters) says nothing about the sound: r = 0. Companions: the lag
within +-12 frames at which r is highest (positive: the generated mouth is late), and r there. Not in the
paper; it is the objective counterpart of the lip synchronization that Table 1 asks people about.
"""

from collections.abc import Sequence

import numpy as np

from talkpose.metrics.base import Protocol, check_series

STILL = 1e-3
"""Standard deviation of mouth opening below which a mouth counts as not moving."""

MIN_FRAMES = 10
"""Fewer common frames than this give no correlation."""


def protocols(kind: str, lag: int) -> tuple[Protocol, Protocol, Protocol]:
    """Protocols of `mouth`, `mouth-lag` and `mouth-best` with this detector and largest lag."""
    what = f"mouth opening (inner-lip gap over eye distance) by {kind}, Pearson over frames"
    identifier, with_lag = f"full-v1-{kind}", f"full-v1-{kind}-lag{lag}"
    return (
        Protocol(
            metric="mouth",
            id=identifier,
            title="Mouth r",
            unit="",
            direction="higher",
            decimals=2,
            definition=f"{what}, no lag; 0 where a mouth does not move",
        ),
        Protocol(
            metric="mouth-lag",
            id=with_lag,
            title="Best lag",
            unit="frames",
            direction="none",
            decimals=0,
            definition=f"{what}; lag within ±{lag} frames where it is highest, positive: generated is late",
        ),
        Protocol(
            metric="mouth-best",
            id=with_lag,
            title="r at best lag",
            unit="",
            direction="none",
            decimals=2,
            definition=f"{what}, at the best lag within ±{lag} frames",
        ),
    )


def update(generated: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Pairs (T, 2) float64 of a batch of mouth openings (T,) and (T,); frames without a face stay as nan."""
    check_series(generated, real, "mouth")
    return np.stack([generated, real], axis=1).astype(np.float64)


def correlation(generated: np.ndarray, real: np.ndarray) -> tuple[float, int]:
    """Pearson r of two openings (T,) over frames where both are known, and how many those are.

    0 where either does not move; nan where fewer than 10 frames are known.
    """
    both = ~(np.isnan(generated) | np.isnan(real))
    g, r = generated[both], real[both]
    if len(g) < MIN_FRAMES:
        return float("nan"), len(g)
    if min(g.std(), r.std()) < STILL:
        return 0.0, len(g)
    return float(np.corrcoef(g, r)[0, 1]), len(g)


def lagged(generated: np.ndarray, real: np.ndarray, lag: int) -> tuple[float, int]:
    """Correlation of generated(t + lag) with real(t) over the frames that both have."""
    if lag >= 0:
        return correlation(generated[lag:], real[: len(real) - lag])
    return correlation(generated[:lag], real[-lag:])


def compute(parts: Sequence[np.ndarray], max_lag: int = 0) -> tuple[float, int, int, float]:
    """(r without lag, frames used, best lag in frames, r at the best lag) of all batches.

    The search leaves out lags that leave fewer than 10 common frames; ties go to the smallest lag.
    """
    pairs = np.concatenate([np.empty((0, 2)), *parts])
    generated, real = pairs[:, 0], pairs[:, 1]
    value, frames = correlation(generated, real)
    best_lag, best = 0, value
    for lag in sorted(range(-max_lag, max_lag + 1), key=abs):
        if len(pairs) - abs(lag) < MIN_FRAMES:
            continue
        at_lag, _ = lagged(generated, real, lag)
        if at_lag > best:
            best_lag, best = lag, at_lag
    return value, frames, best_lag, best
