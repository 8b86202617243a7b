"""Pose and the fixed perspective camera: from model space to pixels.

Model space: x to the viewer's right, y up, the face looks along +z; one unit is a decimetre. The camera
stands on the z axis and looks along -z, with the focal length and distance of Deep3DFaceRecon (1015 px at 224
px, 10 units). Pixels are continuous: (0, 0) is the corner of the top-left pixel, its centre (0.5, 0.5); u to
the right, v down.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

DISTANCE: Final = 10.0
"""Camera's distance from the origin of world space, model units."""

FOCAL_OVER_SIZE: Final = 1015.0 / 224.0
"""Focal length over image size; a field of view of 12.59 degrees."""


@dataclass(frozen=True)
class Camera:
    """The camera for square images of `size` pixels; the principal point is the centre."""

    size: int

    @property
    def focal(self) -> float:
        """Focal length in pixels."""
        return FOCAL_OVER_SIZE * self.size

    @property
    def distance(self) -> float:
        """Distance from the origin in model units."""
        return DISTANCE


def _floating(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values)
    return values if values.dtype in (np.float32, np.float64) else values.astype(np.float64)


def rotation_matrix(angles: np.ndarray) -> np.ndarray:
    """Rotation R = Rz @ Ry @ Rx for column vectors.

    angles: (..., 3) pitch, yaw, roll in radians. Returns (..., 3, 3) of the same floating type. Positive
    pitch turns +y towards +z (the face looks down), positive yaw turns the face to the viewer's right,
    positive roll is counter-clockwise on the screen.
    """
    angles = _floating(angles)
    cx, cy, cz = np.moveaxis(np.cos(angles), -1, 0)
    sx, sy, sz = np.moveaxis(np.sin(angles), -1, 0)
    rows = [
        [cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx],
        [sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx],
        [-sy, cy * sx, cy * cx],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def angles_from_matrix(rotation: np.ndarray) -> np.ndarray:
    """Inverse of `rotation_matrix`: (..., 3, 3) to (..., 3) pitch, yaw, roll with yaw in [-pi/2, pi/2].

    At yaw = +-pi/2 (gimbal lock) roll is taken as 0.
    """
    rotation = _floating(rotation)
    cos_yaw = np.hypot(rotation[..., 0, 0], rotation[..., 1, 0])
    locked = cos_yaw < 1e-6
    yaw = np.arctan2(-rotation[..., 2, 0], cos_yaw)
    pitch = np.where(
        locked,
        np.arctan2(-rotation[..., 1, 2], rotation[..., 1, 1]),
        np.arctan2(rotation[..., 2, 1], rotation[..., 2, 2]),
    )
    roll = np.where(locked, 0.0, np.arctan2(rotation[..., 1, 0], rotation[..., 0, 0]))
    return np.stack([pitch, yaw, roll], axis=-1).astype(rotation.dtype, copy=False)


def transform(vertices: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """Model to world space: R v + t.

    vertices: (..., V, 3) model units; pose: (..., 6) pitch, yaw, roll [rad], tx, ty, tz [model units];
    leading dimensions broadcast. Returns (..., V, 3).
    """
    pose = _floating(pose)
    rotation = rotation_matrix(pose[..., :3])
    return vertices @ np.swapaxes(rotation, -1, -2) + pose[..., None, 3:]


def project(camera: Camera, world: np.ndarray) -> np.ndarray:
    """World space (..., V, 3) to [u, v, depth] (..., V, 3): pixels, pixels, model units before the camera.

    A point at or behind the camera has depth <= 0 and no meaningful u, v (the rasteriser drops its
    triangles).
    """
    world = _floating(world)
    depth = camera.distance - world[..., 2]
    scale = camera.focal / np.where(depth > 0, depth, np.finfo(depth.dtype).tiny ** 0.25)
    half = camera.size / 2
    out = np.empty(np.broadcast_shapes(world.shape), world.dtype)
    out[..., 0] = half + scale * world[..., 0]
    out[..., 1] = half - scale * world[..., 1]
    out[..., 2] = depth
    return out
