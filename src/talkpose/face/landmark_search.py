"""Where a detector's landmarks lie on a face mesh: found on renderings, averaged over people."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from scipy import ndimage
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree

from talkpose.face.camera import Camera, project, transform
from talkpose.face.landmarks import Detector
from talkpose.face.light import irradiance, vertex_normals
from talkpose.face.raster import interpolate, rasterise

IBUG_FROM_MEDIAPIPE = (
    127, 234, 93, 132, 58, 172, 150, 176, 152, 400, 379, 397, 288, 361, 323, 454, 356,  # jaw
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300,  # brows
    168, 197, 5, 4, 98, 97, 2, 326, 327,  # nose
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,  # eyes
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181,  # outer lips
    78, 82, 13, 312, 308, 317, 14, 87,  # inner lips
)  # fmt: skip
"""The MediaPipe point nearest in meaning to each of the 68."""

LAMP = (-0.05, 0.25, -0.1)
"""First-band light of the renderings: from above and in front."""

REPEATS = 3
"""Frames of one still picture that a tracking detector sees; the last one counts."""


class Sitter(NamedTuple):
    """One head to be rendered: vertices (V, 3), albedo (V, 3), pose (6,)."""

    shape: np.ndarray
    albedo: np.ndarray
    pose: np.ndarray


def picture(sitter: Sitter, triangles: np.ndarray, size: int) -> np.ndarray:
    """Rendering (size, size, 3) uint8 of a head on grey."""
    world = transform(sitter.shape, sitter.pose)
    gamma = np.zeros((3, 9), np.float32)
    gamma[:, 1:4] = LAMP
    light = irradiance(vertex_normals(world[None], triangles), gamma.reshape(1, 27))
    fragments = rasterise(project(Camera(size), world)[None].astype(np.float32), triangles, size)
    colour = interpolate(fragments, triangles, (sitter.albedo[None] * light).astype(np.float32))[0]
    image = np.where(fragments.triangle[0, ..., None] >= 0, colour, 0.55)
    return (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)


def locate(
    points: np.ndarray, projected: np.ndarray, triangles: np.ndarray, allowed: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """The allowed triangle seen at each image point, or at the nearest pixel that sees one.

    points (N, 2) px; projected (V, 3) u, v, depth; allowed (F,) bool. A detector's point may lie just
    outside: beside the face's outline, on the eyeball or between the lips; the nearest visible skin, up to 3%
    of the size away, is what it means. Returns triangle (N,) int32, -1 where none, and barycentrics (N, 3).
    """
    seen = rasterise(projected[None].astype(np.float32), triangles, size).triangle[0]
    good = (seen >= 0) & allowed[seen]
    distance, (row, column) = ndimage.distance_transform_edt(~good, return_indices=True)
    x, y = np.clip(points.astype(int), 0, size - 1).T
    near_row, near_column = row[y, x], column[y, x]
    triangle = np.where(distance[y, x] <= 0.03 * size, seen[near_row, near_column], -1).astype(np.int32)
    moved = np.stack([near_column, near_row], 1) + 0.5
    p = np.where(good[y, x, None], points, moved)
    corners = projected[triangles[triangle]].astype(np.float64)
    a, b, c = (corners[:, k, :2] for k in range(3))
    weights = np.stack([_cross(b - p, c - p), _cross(c - p, a - p), _cross(a - p, b - p)], 1)
    # The pixel's centre lies in the triangle, the point itself may lie just beside it.
    weights = np.maximum(weights / _cross(b - a, c - a)[:, None], 0) / corners[:, :, 2]
    weights /= np.maximum(weights.sum(1, keepdims=True), 1e-12)
    return triangle, np.where(triangle[:, None] >= 0, weights, 0).astype(np.float32)


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def find_once(
    detector: Detector, sitter: Sitter, triangles: np.ndarray, allowed: np.ndarray, size: int = 512
) -> tuple[np.ndarray, np.ndarray] | None:
    """Triangle (N,) and barycentrics (N, 3) of a detector's points on one rendering; None without a face."""
    detection = detector.detect(np.stack([picture(sitter, triangles, size)] * REPEATS))
    points = detection.points[-1]
    if np.isnan(points).any():
        return None
    projected = project(Camera(size), transform(sitter.shape, sitter.pose))
    return locate(points, projected, triangles, allowed, size)


def find_averaged(
    detector: Detector,
    sitters: Iterable[Sitter],
    triangles: np.ndarray,
    allowed: np.ndarray,
    canonical: np.ndarray,
    mirrored: Callable[[np.ndarray], np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray, int]:
    """A detector's points on the mesh, averaged over renderings of many heads.

    Every point is carried to the surface of `canonical` (V, 3), a mean head with its mouth open so that the
    lips lie apart; there the median is taken, made symmetric where `mirrored` maps points (N, 3) to the other
    side, and set on the nearest allowed triangle. Returns triangle (N,), barycentrics (N, 3), heads found.
    """
    carried = []
    for sitter in sitters:
        found = find_once(detector, sitter, triangles, allowed)
        if found is not None:
            at = np.einsum("nkc,nk->nc", canonical[triangles[found[0]]], found[1])
            at[found[0] < 0] = np.nan
            carried.append(at)
    if not carried:
        return np.full(detector.n_points, -1, np.int32), np.zeros((detector.n_points, 3), np.float32), 0
    points = np.nanmedian(np.stack(carried), axis=0)
    if mirrored is not None:
        other = mirrored(points)
        _, twin = linear_sum_assignment(np.linalg.norm(points[:, None] - other[None], axis=2))
        points = (points + other[twin]) / 2
    triangle, barycentric = nearest_on_mesh(points, canonical, triangles, allowed)
    return triangle, barycentric, len(carried)


def nearest_on_mesh(
    points: np.ndarray, vertices: np.ndarray, triangles: np.ndarray, allowed: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Triangle (N,) and barycentrics (N, 3) of the place on allowed triangles that is nearest to each point.

    Ericson, Real-Time Collision Detection (2005), 5.1.5, over the 64 triangles whose centres are nearest.
    """
    index = np.flatnonzero(allowed)
    corners = vertices[triangles[index]].astype(np.float64)
    _, near = cKDTree(corners.mean(1)).query(points, k=min(64, len(index)))
    near = np.asarray(near).reshape(len(points), -1)
    a, b, c = (corners[near, k] for k in range(3))
    p = points[:, None]
    candidates = [_inside(p, a, b, c)]
    eye = np.eye(3)
    for i, j, start, end in ((0, 1, a, b), (1, 2, b, c), (2, 0, c, a)):
        t = ((p - start) * (end - start)).sum(2) / np.maximum(((end - start) ** 2).sum(2), 1e-18)
        t = np.clip(t, 0, 1)[..., None]
        candidates.append((1 - t) * eye[i] + t * eye[j])
    weights = np.stack(candidates, 2)  # (N, near, 4, 3)
    on = (
        weights[..., :1] * a[:, :, None]
        + weights[..., 1:2] * b[:, :, None]
        + weights[..., 2:] * c[:, :, None]
    )
    distance = np.linalg.norm(on - p[:, :, None], axis=3).reshape(len(points), -1)
    best = np.nanargmin(distance, axis=1)
    row = np.arange(len(points))
    return index[near[row, best // 4]].astype(np.int32), weights[row, best // 4, best % 4].astype(np.float32)


def _inside(p: np.ndarray, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Barycentrics of p's foot in the triangle's plane; nan where it falls outside."""
    ab, ac, ap = b - a, c - a, p - a
    d00, d01, d11 = (ab * ab).sum(2), (ab * ac).sum(2), (ac * ac).sum(2)
    d20, d21 = (ap * ab).sum(2), (ap * ac).sum(2)
    det = np.maximum(d00 * d11 - d01**2, 1e-18)
    v, w = (d11 * d20 - d01 * d21) / det, (d00 * d21 - d01 * d20) / det
    weights = np.stack([1 - v - w, v, w], 2)
    return np.where((weights >= 0).all(2, keepdims=True), weights, np.nan)
