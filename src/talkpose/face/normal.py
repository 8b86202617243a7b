"""Residuals of landmarks under the perspective camera, and their Gauss-Newton normal equations, frame by
frame.
"""

import math

import numpy as np
from numba import njit

from talkpose.face.camera import Camera, angles_from_matrix, rotation_matrix
from talkpose.face.observed import Observed

POSE = 6
"""Pose comes first among a frame's unknowns."""


def initial_pose(shape: np.ndarray, points: np.ndarray, weights: np.ndarray, camera: Camera) -> np.ndarray:
    """Pose (T, 6) by scaled orthography: weighted least squares for an affine map, then the nearest rotation.

    shape: (L, 3) model points; points: (T, L, 2) pixels; weights: (L,).
    """
    root = np.sqrt(weights)[:, None]
    design = np.concatenate([shape, np.ones((len(shape), 1))], 1)
    affine = np.linalg.pinv(design * root) @ (points * root)
    across, up = affine[:, :3, 0], -affine[:, :3, 1]
    scale = (np.linalg.norm(across, axis=1) + np.linalg.norm(up, axis=1)) / 2
    rows = np.stack([across, up, np.cross(across, up) / scale[:, None]], 1) / scale[:, None, None]
    u, _, vt = np.linalg.svd(rows)
    u[..., -1] *= np.linalg.det(u @ vt)[:, None]
    depth = camera.focal / scale
    half = camera.size / 2
    shift = np.stack([affine[:, 3, 0] - half, half - affine[:, 3, 1]], 1) / scale[:, None]
    return np.concatenate([angles_from_matrix(u @ vt), shift, (camera.distance - depth)[:, None]], 1)


def rotation_axes(angles: np.ndarray) -> np.ndarray:
    """World axes (T, 3 angles, 3) about which pitch, yaw and roll of R = Rz Ry Rx turn the head."""
    sy, cy = np.sin(angles[:, 1]), np.cos(angles[:, 1])
    sz, cz = np.sin(angles[:, 2]), np.cos(angles[:, 2])
    zero, one = np.zeros_like(sy), np.ones_like(sy)
    pitch = np.stack([cz * cy, sz * cy, -sy], -1)
    yaw = np.stack([-sz, cz, zero], -1)
    return np.stack([pitch, yaw, np.stack([zero, zero, one], -1)], 1)


class Landmarks:
    """The data term: T frames of detected points against the model's, in units of `sigma` pixels.

    A point's loss is Cauchy's, w/2 r^2 log(1 + e^2/r^2), with r = `robust`, so that points that the model
    cannot follow lose their pull; a gap's is quadratic. Frames that are not `valid` weigh nothing.
    """

    def __init__(
        self,
        observed: Observed,
        points: np.ndarray,
        valid: np.ndarray,
        camera: Camera,
        sigma: float,
        robust: float = 5.0,
        angles: np.ndarray | None = None,
        angle_sigma: float = 1.0,
    ):
        """angles: (T, 3) radians that another witness of the head's turn tells, nan where it says nothing;
        angle_sigma: what it may err by.
        """
        self.observed, self.camera = observed, camera
        self.sigma, self.robust = float(sigma), float(robust)
        self.valid = np.ascontiguousarray(valid)
        self.points = np.nan_to_num(points[:, observed.which].astype(np.float64))
        told = np.full((len(points), 3), np.nan) if angles is None else angles
        known = np.isfinite(told) & valid[:, None]
        self.angles = np.where(known, told, 0.0)
        self.angle_weight = np.where(known, angle_sigma**-2, 0.0)

    def take(self, frames: np.ndarray) -> "Landmarks":
        """The same for some of the frames."""
        part = object.__new__(Landmarks)
        part.__dict__.update(self.__dict__)
        part.points, part.valid = self.points[frames], self.valid[frames]
        part.angles, part.angle_weight = self.angles[frames], self.angle_weight[frames]
        return part

    def normal(
        self, shape: np.ndarray, pose: np.ndarray, basis: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Hessian (T, 6 + N, 6 + N), gradient (T, 6 + N) and cost (T,) at shape (T, L, 3), pose (T, 6).

        basis: (L, 3, N) float32, derivative of the points by the unknowns that follow the pose.
        """
        turned, rotation, shift = self._state(shape, pose)
        hessian, gradient, cost = _normal(
            turned, rotation, shift, rotation_axes(pose[:, :3]), basis, *self._terms()
        )
        apart = pose[:, :3] - self.angles
        np.einsum("tii->ti", hessian)[:, :3] += self.angle_weight
        gradient[:, :3] += self.angle_weight * apart
        return hessian, gradient, cost + self._angle_cost(pose)

    def cost(self, shape: np.ndarray, pose: np.ndarray) -> np.ndarray:
        """The loss a frame, (T,)."""
        turned, _, shift = self._state(shape, pose)
        return _cost(turned, shift, *self._terms()) + self._angle_cost(pose)

    def _angle_cost(self, pose: np.ndarray) -> np.ndarray:
        return 0.5 * (self.angle_weight * (pose[:, :3] - self.angles) ** 2).sum(1)

    def _state(self, shape: np.ndarray, pose: np.ndarray) -> tuple[np.ndarray, ...]:
        rotation = rotation_matrix(pose[:, :3])
        return shape @ np.swapaxes(rotation, 1, 2), rotation, np.ascontiguousarray(pose[:, 3:])

    def _terms(self) -> tuple:
        o, camera = self.observed, self.camera
        numbers = np.array([camera.focal, camera.size / 2, camera.distance, self.sigma, self.robust])
        return self.points, self.valid, o.weights, o.gaps, o.gap_weights, numbers


@njit(cache=True, nogil=True)
def _project(turned, shift, points, numbers, residual):
    """Residuals (2 L) in sigmas of one frame; turned: (L, 3) = R v."""
    focal, half, distance, sigma = numbers[0], numbers[1], numbers[2], numbers[3]
    for i in range(turned.shape[0]):
        scale = focal / (distance - turned[i, 2] - shift[2])
        residual[2 * i] = (half + scale * (turned[i, 0] + shift[0]) - points[i, 0]) / sigma
        residual[2 * i + 1] = (half - scale * (turned[i, 1] + shift[1]) - points[i, 1]) / sigma


@njit(cache=True, nogil=True)
def _cost(turned, shift, points, valid, weights, gaps, gap_weights, numbers):
    frames, count = turned.shape[0], turned.shape[1]
    squared = numbers[4] ** 2
    residual = np.empty(2 * count)
    cost = np.zeros(frames)
    for t in range(frames):
        if not valid[t]:
            continue
        _project(turned[t], shift[t], points[t], numbers, residual)
        for i in range(count):
            error = residual[2 * i] ** 2 + residual[2 * i + 1] ** 2
            cost[t] += 0.5 * weights[i] * squared * math.log1p(error / squared)
        for p in range(gaps.shape[0]):
            for k in range(2):
                cost[t] += (
                    0.5 * gap_weights[p] * (residual[2 * gaps[p, 0] + k] - residual[2 * gaps[p, 1] + k]) ** 2
                )
    return cost


@njit(cache=True, nogil=True)
def _normal(turned, rotation, shift, axes, basis, points, valid, weights, gaps, gap_weights, numbers):
    frames, count, wide = turned.shape[0], turned.shape[1], basis.shape[2]
    focal, distance, sigma = numbers[0], numbers[2], numbers[3]
    squared = numbers[4] ** 2
    n, pairs = 6 + wide, gaps.shape[0]
    rows = np.empty((2 * (count + pairs), n), np.float32)
    right = np.empty(2 * (count + pairs), np.float32)
    residual = np.empty(2 * count)
    hessian = np.zeros((frames, n, n), np.float32)
    gradient = np.zeros((frames, n), np.float32)
    cost = np.zeros(frames)
    for t in range(frames):
        if not valid[t]:
            continue
        _project(turned[t], shift[t], points[t], numbers, residual)
        for i in range(count):
            x, y, z = turned[t, i, 0], turned[t, i, 1], turned[t, i, 2]
            inverse = 1.0 / (distance - z - shift[t, 2])
            scale = focal * inverse / sigma
            across, up = (x + shift[t, 0]) * inverse, (y + shift[t, 1]) * inverse
            for k in range(3):
                ax, ay, az = axes[t, k, 0], axes[t, k, 1], axes[t, k, 2]
                dx, dy, dz = ay * z - az * y, az * x - ax * z, ax * y - ay * x
                rows[2 * i, k] = scale * (dx + across * dz)
                rows[2 * i + 1, k] = -scale * (dy + up * dz)
            rows[2 * i, 3], rows[2 * i, 4], rows[2 * i, 5] = scale, 0.0, scale * across
            rows[2 * i + 1, 3], rows[2 * i + 1, 4], rows[2 * i + 1, 5] = 0.0, -scale, -scale * up
            for k in range(2):
                first = scale * (rotation[t, 0, 0] + across * rotation[t, 2, 0])
                second = scale * (rotation[t, 0, 1] + across * rotation[t, 2, 1])
                third = scale * (rotation[t, 0, 2] + across * rotation[t, 2, 2])
                if k == 1:
                    first = -scale * (rotation[t, 1, 0] + up * rotation[t, 2, 0])
                    second = -scale * (rotation[t, 1, 1] + up * rotation[t, 2, 1])
                    third = -scale * (rotation[t, 1, 2] + up * rotation[t, 2, 2])
                a, b, c = np.float32(first), np.float32(second), np.float32(third)
                row = rows[2 * i + k]
                for j in range(wide):
                    row[6 + j] = a * basis[i, 0, j] + b * basis[i, 1, j] + c * basis[i, 2, j]
        for p in range(pairs):
            root = np.float32(math.sqrt(gap_weights[p]))
            for k in range(2):
                one, two, out = 2 * gaps[p, 0] + k, 2 * gaps[p, 1] + k, 2 * (count + p) + k
                for j in range(n):
                    rows[out, j] = root * (rows[one, j] - rows[two, j])
                right[out] = root * (residual[one] - residual[two])
                cost[t] += 0.5 * right[out] ** 2
        for i in range(count):
            error = residual[2 * i] ** 2 + residual[2 * i + 1] ** 2
            cost[t] += 0.5 * weights[i] * squared * math.log1p(error / squared)
            root = np.float32(math.sqrt(weights[i] / (1.0 + error / squared)))
            for k in range(2):
                right[2 * i + k] = root * residual[2 * i + k]
                for j in range(n):
                    rows[2 * i + k, j] *= root
        hessian[t] = np.dot(rows.T, rows)
        gradient[t] = np.dot(rows.T, right)
    return hessian, gradient, cost
