"""Head-pose similarity HS (Eq. 6), protocol `pooled-20-linear`.

    HS = 1 - 1/3 sum over pitch, yaw, roll of W1(P_real, P_gen)

The paper leaves bins, range, cost and normaliser open. Here each axis has 20 equal bins from the least to
the largest angle of both videos together; the cost of moving mass is linear in the distance between bins,
divided by the largest (19 bins), so that W1 is in [0, 1]. In [0, 1], higher is better, no unit (degrees or
radians give the same). HS knows nothing of temporal order, and it is high for other people's heads too:
read it beside the controls.
"""

from collections.abc import Sequence

import numpy as np
import ot

from talkpose.errors import UserError
from talkpose.metrics.base import Protocol

BINS = 20


def protocols(bins: int = BINS) -> tuple[Protocol, Protocol]:
    """Protocols of `hs` (against held-out poses) and its companion `hs-train` (against training poses)."""
    shape = f"{bins} bins an axis over both videos' range, linear cost over its maximum, mean of 3 axes"
    return (
        Protocol(
            metric="hs",
            id=f"pooled-{bins}-linear",
            title="HS",
            unit="",
            direction="higher",
            decimals=3,
            definition=f"{shape}; reference: the person's own held-out frames, which no method has seen",
        ),
        Protocol(
            metric="hs-train",
            id=f"pooled-{bins}-linear",
            title="HS (training poses)",
            unit="",
            direction="none",
            decimals=3,
            definition=f"{shape}; reference: the frames that the person's model was trained on",
        ),
    )


def update(poses: np.ndarray) -> np.ndarray:
    """Angles (T, 3) float64 of poses (T, 3 or more), pitch, yaw and roll first; rows with nan are dropped."""
    if poses.ndim != 2 or poses.shape[1] < 3:
        raise UserError(f"hs: poses of shape {poses.shape}; give (T, 3): pitch, yaw, roll")
    angles = np.asarray(poses[:, :3], np.float64)
    return angles[~np.isnan(angles).any(axis=1)]


def axis_distances(generated: np.ndarray, real: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Normalised W1 in [0, 1] of each axis, float64 (3,), between angles (T, 3) and (N, 3).

    An axis on which neither video moves and both agree has distance 0.
    """
    distances = np.zeros(3)
    places = np.arange(bins) / (bins - 1)
    for axis in range(3):
        pooled = np.concatenate([generated[:, axis], real[:, axis]])
        low, high = pooled.min(), pooled.max()
        if high - low <= 1e-12:
            continue
        edges = np.linspace(low, high, bins + 1)
        p, q = (np.histogram(a[:, axis], edges)[0] / len(a) for a in (generated, real))
        distances[axis] = ot.wasserstein_1d(places, places, p, q, p=1)
    return np.clip(distances, 0, 1)


def compute(
    generated: Sequence[np.ndarray], real: Sequence[np.ndarray], bins: int = BINS
) -> tuple[float, int]:
    """HS of all batches, and the number of generated frames; (nan, 0) where either has no pose at all."""
    g, r = (np.concatenate([np.empty((0, 3)), *parts]) for parts in (generated, real))
    if not len(g) or not len(r):
        return float("nan"), 0
    return float(1 - axis_distances(g, r, bins).mean()), len(g)
