"""Landmarks of ATVG: 68 points of the tracked 3D face, as speech (frontal, PCA) and as seen (posed, cropped).

The points are those of the harness's track at the face model: neutral face of the person + what the
expression moves. Without pose they are frontal, which the paper gets by a similarity to a template; with the
pose of the target's frame they are where a picture of that frame would show them.
"""

import numpy as np
import torch
from torch import Tensor, nn

from talkpose.face.camera import Camera, project, transform
from talkpose.face.coefficients import EXPRESSION, IDENTITY
from talkpose.face.model import FaceModel
from talkpose.face.observed import at_points

N_POINTS = 68
MOUTH = slice(48, 68)
FLAT = 3 * N_POINTS


class Points:
    """The face model at its 68 points."""

    def __init__(self, model: FaceModel):
        bases = (model.mean_shape, model.identity_basis, model.expression_basis)
        # a point that a model lacks (none of the built-in ones does) would shift all that follow
        assert (model.landmarks68.triangle >= 0).all()
        self.mean, self.identity, self.expression = (at_points(model, model.landmarks68, b) for b in bases)

    def neutral(self, coefficients: np.ndarray) -> np.ndarray:
        """The persons' faces at rest (T, 68, 3), decimetres, of coefficients (T, 257)."""
        return self.mean + np.einsum("lcn,tn->tlc", self.identity, coefficients[:, IDENTITY])

    def moved(self, coefficients: np.ndarray) -> np.ndarray:
        """What the expression adds, (T, 68, 3)."""
        return np.einsum("lcn,tn->tlc", self.expression, coefficients[:, EXPRESSION])


def seen_from(frontal: np.ndarray, pose: np.ndarray, frame: int, matrix: np.ndarray, crop: int) -> np.ndarray:
    """Frontal points (T, 68, 3) at one pose (6,), in a crop's coordinates in [-1, 1]: (T, 136) float32.

    frame: side of the frame in pixels; matrix: frame to crop (2, 3), OpenCV's pixel centres; crop: its side.
    """
    poses = np.repeat(pose[None].astype(np.float64), len(frontal), 0)
    points = project(Camera(frame), transform(frontal, poses))[..., :2] - 0.5  # centres at whole numbers
    placed = points @ matrix[:, :2].T + matrix[:, 2]
    return (((placed + 0.5) / crop * 2 - 1).reshape(len(frontal), -1)).astype(np.float32)


class Components(nn.Module):
    """Principal components of flattened landmarks, as weights; scores are over the first one's spread."""

    mean: Tensor
    axes: Tensor
    spread: Tensor

    def __init__(self, count: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(FLAT))
        self.register_buffer("axes", torch.zeros(count, FLAT))
        self.register_buffer("spread", torch.ones(()))

    def fit(self, rows: np.ndarray) -> None:
        """Fit to (N, 68, 3); with fewer rows than components the last ones stay zero."""
        flat = rows.reshape(len(rows), -1).astype(np.float64)
        mean = flat.mean(0)
        _, values, axes = np.linalg.svd(flat - mean, full_matrices=False)
        count = min(len(self.axes), len(axes))
        # the sign of an axis is free: make its largest entry positive
        largest = np.abs(axes[:count]).argmax(1)
        axes = axes[:count] * np.sign(axes[np.arange(count), largest])[:, None]
        self.mean.copy_(torch.from_numpy(mean))
        self.axes.zero_()
        self.axes[:count] = torch.from_numpy(axes).to(self.axes)
        self.spread.fill_(max(float(values[0]) / np.sqrt(len(flat)), 1e-6))

    def scores(self, rows: np.ndarray) -> Tensor:
        """(N, 68, 3) -> (N, count) float32."""
        flat = torch.from_numpy(rows.reshape(len(rows), -1).astype(np.float32)).to(self.mean)
        return (flat - self.mean) @ self.axes.T / self.spread

    def points(self, scores: Tensor) -> np.ndarray:
        """Inverse of `scores` within the components: (N, count) -> (N, 68, 3)."""
        flat = scores * self.spread @ self.axes + self.mean
        return flat.detach().cpu().numpy().reshape(-1, N_POINTS, 3).astype(np.float64)
