"""M-LMD and F-LMD, protocol `eat-v1-<detector>`: mouth and face landmark distance of newer papers.

    1/T sum_t 1/P sum_p || (g_tp - mean_p g_t) - (r_tp - mean_p r_t) ||_2

over the mouth's points (dlib's 48-67) and over all points of the face (dlib's 68), each set centred on its
own mean, no scale and no rotation, as the public script of EAT does (yuangan/evaluation_eat, test_lmd.py).
Where the two videos differ in length, that script samples the longer one at as many evenly spaced frames.
Lower is better; pixels of a frame of 128, as LMD's here. F-LMD also holds head turns, M-LMD hardly.
"""

from collections.abc import Sequence

import numpy as np

from talkpose.errors import UserError
from talkpose.metrics.base import Protocol
from talkpose.metrics.lmd import FRAME, MOUTH, distances
from talkpose.metrics.psnr import compute as mean_over_frames

POINTS = {"dlib": 68, "mediapipe": 468}


def protocols(kind: str) -> tuple[Protocol, Protocol]:
    """Protocols of `m-lmd` and `f-lmd` with this detector."""
    mouth, face = (
        Protocol(
            metric=f"{part[0]}-lmd",
            id=f"eat-v1-{kind}",
            title=f"{part[0].upper()}-LMD",
            unit=f"px at {FRAME}",
            direction="lower",
            decimals=2,
            definition=f"{count} {part} points of {kind}, each set centred on its mean, mean distance a "
            f"point; "
            f"pixels of a {FRAME}-pixel frame; a longer video is sampled evenly; mean over frames where both "
            "show a face",
        )
        for part, count in (("mouth", len(MOUTH[kind])), ("face", POINTS[kind]))
    )
    return mouth, face


def resample(points: np.ndarray, count: int) -> np.ndarray:
    """`count` evenly spaced frames of (T, N, 2), the first and the last among them."""
    if len(points) == count:
        return points
    return points[np.linspace(0, len(points) - 1, count).round().astype(int)]


def update(generated: np.ndarray, real: np.ndarray, kind: str, size: int, part: str) -> np.ndarray:
    """M-LMD (`part` mouth) or F-LMD (face) of each frame of two whole videos: float64 (T,), nan without a
    face.

    Parameters: `generated` (T, N, 2), `real` (S, N, 2) in pixels of a `size`-pixel frame; the longer is
    sampled at as many frames as the shorter has. Raises UserError for another set of points.
    """
    if kind not in POINTS or {generated.shape[1:], real.shape[1:]} != {(POINTS[kind], 2)}:
        raise UserError(
            f"{part[0]}-lmd: points of shape {generated.shape} and {real.shape} are not {kind}'s; "
            "give (T, N, 2) of dlib (68) or mediapipe (468)"
        )
    count = min(len(generated), len(real))
    points = MOUTH[kind] if part == "mouth" else range(POINTS[kind])
    return distances(resample(generated, count), resample(real, count), points).mean(axis=1) * (FRAME / size)


def compute(parts: Sequence[np.ndarray]) -> tuple[float, int]:
    """Mean over the frames where both show a face, and how many there are; (nan, 0) where there are none."""
    return mean_over_frames(parts)
