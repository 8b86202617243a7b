"""All pose metrics of one video: HS in every variant, and how the head moves."""

from collections.abc import Collection, Iterator

import numpy as np

from talkpose.config import MetricsConfig
from talkpose.metrics import hs, pose_dynamics
from talkpose.metrics.base import Protocol

Measured = Iterator[tuple[Protocol, float, int]]

POSE_METRICS = frozenset({"hs", "hs-generated", "pose-dynamics", "pose-dynamics-generated"})
"""Names that need poses."""


def pose_metrics(
    poses: np.ndarray, reference: np.ndarray, config: MetricsConfig, generated: bool = False
) -> Measured:
    """(protocol, value, frames) of the pose metrics that `config.names` holds.

    Parameters: `poses` (T, 3 or more) Euler angles in radians of the generated video, tracked in its frames
    or, with `generated`, as the method gave them; `reference` (N, 3 or more) those of the person's held-out
    frames.
    """
    suffix = "-generated" if generated else ""
    if f"hs{suffix}" in config.names:
        angles, real = hs.update(poses), hs.update(reference)
        for variant in chosen(config.hs_variants, config.hs_bins):
            yield hs.variant_protocol(f"hs{suffix}", variant), *hs.compute([angles], [real], variant)
    if f"pose-dynamics{suffix}" in config.names:
        degrees, real = pose_dynamics.update(poses), pose_dynamics.update(reference)
        for protocol, measure in zip(pose_dynamics.protocols(generated), pose_dynamics.MEASURES, strict=True):
            yield protocol, *pose_dynamics.compute(degrees, real, measure)


def chosen(names: Collection[str], bins: int) -> list[hs.Variant]:
    """The main variant and those named, in the order of hs.variants."""
    return [variant for name, variant in hs.variants(bins).items() if name == hs.MAIN or name in names]
