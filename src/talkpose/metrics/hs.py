"""Head-pose similarity HS (Eq. 6) in named variants of what the paper leaves open.

    HS = 1 - W1(P_real, P_gen),   W1 normalised to [0, 1]

The paper names neither bins, range, cost nor normaliser, so each choice is a protocol of its own:

    pooled-20-linear    per axis, 20 bins over both videos' range, cost |i - j|; the mean over pitch, yaw,
    roll
    pooled-20-squared   the same with cost |i - j|^2
    fixed-45-linear     per axis, 30 bins over +-45 degrees
    fixed-90-linear     per axis, 36 bins over +-90 degrees
    fixed-180-linear    per axis, 36 bins over +-180 degrees
    joint-10-linear     one histogram of 10x10x10 bins over both videos' ranges, Euclidean cost between bins
    joint-45-squared    one histogram of 15x15x15 bins over +-45 degrees, squared Euclidean cost

Every cost is divided by its largest, as POT's own example does, so W1 is in [0, 1]; angles beyond a fixed
range count in its last bin. In [0, 1], higher is better, no unit. HS knows nothing of temporal order, and
some variants are high for anybody's head: read it beside the controls (`hs_variants`) and `pose_dynamics`.

Two sources of the generated pose: `hs` tracks it again in the finished frames, `hs-generated` takes what the
method says it generated. The reference is the person's own held-out frames, for `hs-train` the training
frames.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from talkpose.errors import UserError
from talkpose.metrics.base import Protocol

BINS = 20


class Variant(NamedTuple):
    """One reading of Eq. 6."""

    bins: int
    """bins an axis"""
    limit: float | None
    """degrees either side of zero that the bins cover; None: the range of both videos together"""
    power: int
    """of the distance between bins: 1 linear, 2 squared"""
    joint: bool = False
    """one histogram of three dimensions, rather than the mean over three of one"""

    @property
    def id(self) -> str:
        """Identifier of the protocol."""
        kind = "joint" if self.joint else "pooled" if self.limit is None else "fixed"
        number = self.bins if self.limit is None else round(self.limit)
        return f"{kind}-{number}-{'linear' if self.power == 1 else 'squared'}"

    @property
    def definition(self) -> str:
        """The choice in words."""
        axes = " for all axes together" if self.joint else " an axis"
        size = f"{self.bins}^3" if self.joint else f"{self.bins}"
        over = "both videos' range" if self.limit is None else f"±{self.limit:.0f}°"
        cost = "linear" if self.power == 1 else "squared"
        return f"{size} bins{axes} over {over}, {cost} cost over its maximum" + (
            "" if self.joint else ", mean of 3 axes"
        )


def variants(bins: int = BINS) -> dict[str, Variant]:
    """Variants by the name that the configuration gives them; `bins` is that of the pooled ones."""
    return {
        "pooled-linear": Variant(bins, None, 1),
        "pooled-squared": Variant(bins, None, 2),
        "fixed-45-linear": Variant(30, 45, 1),
        "fixed-90-linear": Variant(36, 90, 1),
        "fixed-180-linear": Variant(36, 180, 1),
        "joint-10-linear": Variant(10, None, 1, joint=True),
        "joint-45-squared": Variant(15, 45, 2, joint=True),
    }


MAIN: Final = "pooled-linear"
"""The variant of Table `hs`; the others show what the choice does."""


METRICS: Final = ("hs", "hs-generated")
"""HS of poses tracked in the finished frames, and of poses as generated."""


def protocols(bins: int = BINS) -> tuple[Protocol, Protocol]:
    """Protocols of `hs` in the main variant and of its companion `hs-train` (against training poses)."""
    variant = variants(bins)[MAIN]
    return (
        variant_protocol("hs", variant),
        Protocol(
            metric="hs-train",
            id=variant.id,
            title="HS (training poses)",
            unit="",
            direction="none",
            decimals=3,
            definition=f"{variant.definition}; reference: the frames that the person's model was trained on",
        ),
    )


def variant_protocol(metric: str, variant: Variant) -> Protocol:
    """Protocol of a variant for `hs` (poses tracked in the frames) or `hs-generated` (poses as generated)."""
    generated = metric == "hs-generated"
    source = "poses as the method generated them" if generated else "poses tracked in the finished frames"
    return Protocol(
        metric=metric,
        id=variant.id,
        title="HS (generated poses)" if generated else "HS",
        unit="",
        direction="higher",
        decimals=3,
        definition=f"{variant.definition}; {source}; reference: the person's own held-out frames, which no "
        "method has seen",
    )


def update(poses: np.ndarray) -> np.ndarray:
    """Angles (T, 3) float64 of poses (T, 3 or more), pitch, yaw and roll first; rows with nan are dropped."""
    if poses.ndim != 2 or poses.shape[1] < 3:
        raise UserError(f"hs: poses of shape {poses.shape}; give (T, 3): pitch, yaw, roll")
    angles = np.asarray(poses[:, :3], np.float64)
    return angles[~np.isnan(angles).any(axis=1)]


def axis_distances(generated: np.ndarray, real: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Normalised W1 in [0, 1] of each axis, float64 (3,), between angles (T, 3) and (N, 3), main variant.

    An axis on which neither video moves and both agree has distance 0.
    """
    return _axis_distances(generated, real, Variant(bins, None, 1))


def distance(generated: np.ndarray, real: np.ndarray, variant: Variant) -> float:
    """Normalised W1 in [0, 1] between angles (T, 3) and (N, 3) in radians, T and N at least 1."""
    if variant.joint:
        return _joint_distance(generated, real, variant)
    return float(_axis_distances(generated, real, variant).mean())


def _range(generated: np.ndarray, real: np.ndarray, variant: Variant) -> tuple[np.ndarray, np.ndarray]:
    """Least and largest angle (3,) that the bins cover."""
    if variant.limit is not None:
        limit = np.full(3, np.radians(variant.limit))
        return -limit, limit
    pooled = np.concatenate([generated, real])
    return pooled.min(axis=0), pooled.max(axis=0)


def _axis_distances(generated: np.ndarray, real: np.ndarray, variant: Variant) -> np.ndarray:
    import ot  # loading POT takes a second: not where no pose is measured

    distances = np.zeros(3)
    places = np.arange(variant.bins) / (variant.bins - 1)
    for axis, (low, high) in enumerate(zip(*_range(generated, real, variant), strict=True)):
        if high - low <= 1e-12:
            continue
        edges = np.linspace(low, high, variant.bins + 1)
        p, q = (np.histogram(np.clip(a[:, axis], low, high), edges)[0] / len(a) for a in (generated, real))
        # for p=2, POT gives the cost itself, not its root
        distances[axis] = ot.wasserstein_1d(places, places, p, q, p=variant.power)
    return np.clip(distances, 0, 1)


def _joint_distance(generated: np.ndarray, real: np.ndarray, variant: Variant) -> float:
    import ot

    low, high = _range(generated, real, variant)
    width = np.where(high - low > 1e-12, high - low, 1.0)
    (cells_g, p), (cells_r, q) = (
        np.unique(
            np.clip((a - low) / width * variant.bins, 0, variant.bins - 1).astype(np.int64),
            axis=0,
            return_counts=True,
        )
        for a in (generated, real)
    )
    places_g, places_r = (cells.astype(np.float64) for cells in (cells_g, cells_r))
    cost = ot.dist(places_g, places_r, "sqeuclidean") / (3 * (variant.bins - 1) ** 2)
    if variant.power == 1:
        cost = np.sqrt(cost)
    return float(np.clip(ot.emd2(p / p.sum(), q / q.sum(), cost, numItermax=1_000_000), 0, 1))


def compute(
    generated: Sequence[np.ndarray], real: Sequence[np.ndarray], bins: int | Variant = BINS
) -> tuple[float, int]:
    """HS of all batches and the number of generated frames; (nan, 0) where either has no pose at all.

    `bins`: a variant, or the number of bins of the main one.
    """
    g, r = (np.concatenate([np.empty((0, 3)), *parts]) for parts in (generated, real))
    if not len(g) or not len(r):
        return float("nan"), 0
    variant = bins if isinstance(bins, Variant) else Variant(bins, None, 1)
    return 1 - distance(g, r, variant), len(g)
