"""How the lips stand, in eight numbers: what landmarks tell of speech, freed from pose and person."""

from typing import NamedTuple

import numpy as np

from talkpose.face.observed import lip_points
from talkpose.methods.aligned import LIPS, crop_matrix, join, pose_matrix
from talkpose.methods.contract import Footage

CODES = 8
"""Principal components of the lips' landmarks that are kept."""


class LipBasis(NamedTuple):
    """Principal directions of the lips' motion."""

    directions: np.ndarray
    """(8, 2 P), orthonormal"""
    scale: float
    """standard deviation along the first"""

    def codes(self, motion: np.ndarray) -> np.ndarray:
        """(T, 2 P) -> (T, 8) float32, the first with a standard deviation near 1; nan stays nan."""
        return (motion @ self.directions.T / self.scale).astype(np.float32)


def faces_seen(footage: Footage) -> np.ndarray:
    """(T,) bool: frames with a face and all of its landmarks."""
    return np.asarray(footage.track.valid & np.isfinite(footage.track.landmarks).all((1, 2)))


def lip_motion(footage: Footage) -> np.ndarray:
    """Lip points brought to the pose of the clip's middle face, less their mean: (T, 2 P), nan where unseen.

    The unit is the side of the window `LIPS`, so that neither the frame's size nor the distance counts.
    """
    points, frames = footage.track.landmarks, np.flatnonzero(faces_seen(footage))
    lips = list(lip_points(points.shape[1]))
    out = np.full((len(points), len(lips), 2), np.nan)
    if len(frames):
        middle = points[frames[len(frames) // 2]]
        place = crop_matrix(middle, LIPS, 1)
        for t in frames:
            matrix = join(place, pose_matrix(points[t], middle))
            out[t] = points[t, lips] @ matrix[:, :2].T + matrix[:, 2]
        out -= out[frames].mean(0)
    return out.reshape(len(points), -1)


def lip_basis(motions: list[np.ndarray]) -> LipBasis:
    """Principal directions of motions (T, 2 P); frames without a face are left out."""
    rows = np.concatenate(motions)
    rows = rows[np.isfinite(rows).all(1)]
    _, values, directions = np.linalg.svd(rows - rows.mean(0), full_matrices=False)
    return LipBasis(directions[:CODES], max(float(values[0] / np.sqrt(len(rows))), 1e-6))
