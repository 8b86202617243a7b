"""Landmark distance (LMD) of the mouth, protocol `full-v1-<detector>`: centred, per point.

    LMD = 1/T sum_t 1/P sum_p || (g_tp - mean_p g_t) - (r_tp - mean_p r_t) ||_2

over the P mouth landmarks of Chen et al. 2018 (dlib's 48-67; for MediaPipe its 40 lip points). Lower is
better. Pixels are those of a frame of 128 pixels, the size of the public ATVG code, whatever the run's size
is; the companion `lmd-normalised` divides by the real frame's inter-ocular distance instead, and so depends
on no size at all. Unlike the ATVG code, which sums over points, this is the mean a point (so are the values
that papers print).
"""

from collections.abc import Sequence

import numpy as np

from talkpose.errors import UserError
from talkpose.metrics.base import Protocol, check_series
from talkpose.metrics.psnr import compute as mean_over_frames

FRAME = 128
"""Side in pixels of the frame in whose pixels LMD is given."""

MOUTH: dict[str, tuple[int, ...]] = {
    "dlib": tuple(range(48, 68)),
    "mediapipe": (
        *(61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409),  # outer
        *(78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312, 311, 310, 415),  # inner
    ),
}
"""Mouth landmarks by detector."""

EYES: dict[str, tuple[int, int]] = {"dlib": (36, 45), "mediapipe": (33, 263)}
"""Outer eye corners by detector; their distance is the inter-ocular distance."""


def protocols(kind: str) -> tuple[Protocol, Protocol]:
    """Protocols of `lmd` and `lmd-normalised` with this detector."""
    points = f"{len(MOUTH[kind])} mouth points of {kind}, centred a frame, mean distance a point"
    return (
        Protocol(
            metric="lmd",
            id=f"full-v1-{kind}",
            title="LMD",
            unit=f"px at {FRAME}",
            direction="lower",
            decimals=2,
            definition=f"{points}; pixels of a {FRAME}-pixel frame; mean over frames where both show a face",
        ),
        Protocol(
            metric="lmd-normalised",
            id=f"full-v1-{kind}",
            title="LMD / eye distance",
            unit="%",
            direction="lower",
            decimals=2,
            definition=f"{points}, in percent of the real frame's distance between outer eye corners",
        ),
    )


def update(
    generated: np.ndarray, real: np.ndarray, kind: str, size: int, normalised: bool = False
) -> np.ndarray:
    """LMD of each frame of a batch.

    Parameters: `generated`, `real` (T, N, 2) landmarks in pixels of a `size`-pixel frame, nan where no face
    was found; `kind` mediapipe or dlib. Returns float64 (T,), nan where either has no face: in pixels of a
    128-pixel frame, or with `normalised` in percent of the inter-ocular distance. Raises UserError on
    unequal shapes or unknown kind.
    """
    if kind not in MOUTH:
        raise UserError(f"lmd: no mouth landmarks are defined for `{kind}`; use one of {', '.join(MOUTH)}")
    check_series(generated, real, "lmd")
    points = list(MOUTH[kind])
    g, r = (np.asarray(p, np.float64)[:, points] for p in (generated, real))
    g, r = (p - p.mean(axis=1, keepdims=True) for p in (g, r))
    distance = np.linalg.norm(g - r, axis=-1).mean(axis=1)
    if not normalised:
        return distance * (FRAME / size)
    left, right = EYES[kind]
    eyes = np.linalg.norm(np.asarray(real[:, left], np.float64) - real[:, right], axis=-1)
    return 100 * distance / eyes


def compute(parts: Sequence[np.ndarray]) -> tuple[float, int]:
    """Mean over the frames where both show a face, and how many there are; (nan, 0) where there are none."""
    return mean_over_frames(parts)
