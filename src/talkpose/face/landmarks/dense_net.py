"""The network behind the detector `dense`: what MediaPipe's points lack to be the face model's own.

A picture of the face, turned and scaled so that MediaPipe's outer eye corners lie in one place, and the
points themselves go in; offsets of all points come out, in a basis of principal components.
"""

from typing import Final, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from talkpose.face.camera import Camera, angles_from_matrix, rotation_matrix

SIDE: Final = 96
"""Side of the picture in pixels."""

EYES: Final = 34.0
"""Distance of the outer eye corners in it."""

PLACE: Final = np.array([0.5, 0.38])
"""Where their middle lies, of the side."""

CORNERS: Final = (33, 263)

POINTS_KEPT, OFFSETS_KEPT = 40, 60
"""Principal components of the points that go in and of the offsets that come out."""

POSE_SCALE: Final = 5.0
"""Degrees that its answer counts as 1."""


def eye_frame(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turn and scale (T, 2, 2), middle (T, 2) of the outer eye corners of points (T, 468, 2).

    `(points - middle) @ turn.T` has the eyes level and a distance of 1 apart.
    """
    right, left = (points[:, k].astype(np.float64) for k in CORNERS)
    across = left - right
    x, y = (across / (across**2).sum(1, keepdims=True)).T
    return np.stack([np.stack([x, y], 1), np.stack([-y, x], 1)], 1), (right + left) / 2


def picture_matrix(turn: np.ndarray, middle: np.ndarray, side: int = SIDE) -> np.ndarray:
    """Affine map (2, 3) from the frame to the network's picture for one frame's (2, 2) and (2,)."""
    scaled = EYES * turn
    return np.column_stack([scaled, PLACE * SIDE + (side - SIDE) / 2 - scaled @ middle])


def seen_pose(angles: np.ndarray, turn: np.ndarray, middle: np.ndarray, camera: Camera) -> np.ndarray:
    """Pose (T, 3) that the network's picture shows of heads turned by `angles` (T, 3), radians.

    Rotation by the ray to the eyes, in place of the camera's axis, and with the eyes level: the same face
    has nearly the same in a corner of the picture, or in a crop of it, whose camera is nearer.
    """
    shown = angles_from_matrix(np.swapaxes(_towards(middle, camera), 1, 2) @ rotation_matrix(angles))
    shown[:, 2] += _tilt(turn)
    return shown


def camera_pose(shown: np.ndarray, turn: np.ndarray, middle: np.ndarray, camera: Camera) -> np.ndarray:
    """The inverse of `seen_pose`: angles (T, 3) in radians as the camera has them."""
    level = shown.copy()
    level[:, 2] -= _tilt(turn)
    return angles_from_matrix(_towards(middle, camera) @ rotation_matrix(level))


def _tilt(turn: np.ndarray) -> np.ndarray:
    """By how much the eyes' line falls to the right (T,), radians; it rises with the head's roll."""
    return np.arctan2(turn[:, 0, 1], turn[:, 0, 0])


def _towards(middle: np.ndarray, camera: Camera) -> np.ndarray:
    """Rotations (T, 3, 3) of heads that look into the camera from where it sees `middle` (T, 2)."""
    across, down = ((middle - camera.size / 2) / camera.focal).T
    angles = np.zeros((len(middle), 3))
    angles[:, 1] = -np.arctan(across)
    angles[:, 0] = -np.arctan(down / np.hypot(1, across))
    return rotation_matrix(angles)


class _Block(nn.Module):
    """Two convolutions and a way past them."""

    def __init__(self, inside: int, outside: int, stride: int):
        super().__init__()
        self.first = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(outside)
        self.second = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(outside)
        self.past: nn.Module = nn.Identity()
        if stride > 1 or inside != outside:
            self.past = nn.Sequential(
                nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.first_norm(self.first(x)))
        return functional.relu(self.second_norm(self.second(y)) + self.past(x))


class DenseNet(nn.Module):
    """Offsets of 468 points in units of the eyes' distance, and the head's pose by the picture alone."""

    points_mean: Tensor
    points_basis: Tensor
    offsets_mean: Tensor
    offsets_basis: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("points_mean", torch.zeros(936))
        self.register_buffer("points_basis", torch.zeros(POINTS_KEPT, 936))  # whitens
        self.register_buffer("offsets_mean", torch.zeros(936))
        self.register_buffer("offsets_basis", torch.zeros(OFFSETS_KEPT, 936))  # colours
        self.seen = nn.Sequential(
            nn.Conv2d(3, 16, 5, 2, 2, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            _Block(16, 32, 2), _Block(32, 32, 1), _Block(32, 64, 2), _Block(64, 64, 1), _Block(64, 96, 2),
        )  # fmt: skip
        wide = 96 * (SIDE // 16) ** 2
        self.joined = nn.Linear(wide + POINTS_KEPT, 256)
        self.out = nn.Linear(256, OFFSETS_KEPT)
        self.straight = nn.Linear(POINTS_KEPT, OFFSETS_KEPT)
        self.pose = nn.Sequential(nn.Linear(wide, 96), nn.ReLU(), nn.Dropout(0.3), nn.Linear(96, 3))
        with torch.no_grad():
            self.out.weight *= 0.1
            for parameter in (self.out.bias, *self.straight.parameters()):
                parameter.zero_()

    def whiten(self, points: Tensor) -> Tensor:
        """Components (B, POINTS_KEPT) of points (B, 468, 2) in the frame of the eyes."""
        return (points.flatten(1) - self.points_mean) @ self.points_basis.T

    def mend(self, pictures: Tensor, components: Tensor) -> Tensor:
        """Offsets (B, 468, 2) of pictures (B, 3, SIDE, SIDE) in [0, 1] and what `whiten` gives."""
        return self._offsets(self._see(pictures), components)

    def tell(self, pictures: Tensor) -> Tensor:
        """Pose (B, 3) in POSE_SCALE degrees, as `seen_pose` defines it, of pictures (B, 3, SIDE, SIDE).

        The mean of what it reads from each and from its mirror image.
        """
        both = self.pose(self._see(torch.cat([pictures, pictures.flip(3)])))
        plain, mirrored = both.chunk(2)
        return cast(Tensor, (plain + mirrored * both.new_tensor([1, -1, -1])) / 2)

    def forward(self, pictures: Tensor, components: Tensor) -> tuple[Tensor, Tensor]:
        """Both, for training."""
        seen = self._see(pictures)
        return self._offsets(seen, components), self.pose(seen)

    def _see(self, pictures: Tensor) -> Tensor:
        return cast(Tensor, self.seen(pictures * 2 - 1)).flatten(1)

    def _offsets(self, seen: Tensor, components: Tensor) -> Tensor:
        joined = functional.relu(self.joined(torch.cat([seen, components], 1)))
        joined = functional.dropout(joined, 0.3, self.training)
        offsets = (self.out(joined) + self.straight(components)) @ self.offsets_basis + self.offsets_mean
        return offsets.view(-1, 468, 2)
