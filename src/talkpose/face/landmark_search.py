"""Where MediaPipe's 468 points and the 68 iBUG points lie on a face mesh, found on a rendering of its mean."""

import numpy as np

from talkpose.face.camera import Camera, project, transform
from talkpose.face.landmarks import make_detector
from talkpose.face.light import irradiance, vertex_normals
from talkpose.face.raster import Fragments, interpolate, rasterise

IBUG_FROM_MEDIAPIPE = (
    127, 234, 93, 132, 58, 172, 150, 176, 152, 400, 379, 397, 288, 361, 323, 454, 356,  # jaw
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300,  # brows
    168, 197, 5, 4, 75, 97, 2, 326, 305,  # nose
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,  # eyes
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181,  # outer lips
    78, 82, 13, 312, 308, 317, 14, 87,  # inner lips
)  # fmt: skip
"""The MediaPipe point nearest in meaning to each of the 68."""


def picture(
    shape: np.ndarray, triangles: np.ndarray, albedo: np.ndarray, size: int, pose: np.ndarray | None = None
) -> tuple[np.ndarray, Fragments]:
    """Mean-lit rendering (size, size, 3) uint8 on grey, and what each pixel sees."""
    world = transform(shape, np.zeros(6) if pose is None else pose)
    gamma = np.zeros((3, 9), np.float32)
    gamma[:, 1:4] = [-0.05, 0.25, -0.1]
    light = irradiance(vertex_normals(world[None], triangles), gamma.reshape(1, 27))
    fragments = rasterise(project(Camera(size), world)[None], triangles, size)
    colour = interpolate(fragments, triangles, albedo[None] * light)[0]
    image = np.where(fragments.triangle[0, ..., None] >= 0, colour, 0.55)
    return (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8), fragments


def locate(
    points: np.ndarray, projected: np.ndarray, triangles: np.ndarray, allowed: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest allowed triangle over each image point, with barycentrics; -1 where none lies under it.

    points: (N, 2) px; projected: (V, 3) u, v, depth; allowed: (F,) bool. Perspective-correct barycentrics.
    """
    corners = projected[triangles[allowed]]
    index = np.flatnonzero(allowed)
    a, b, c = (corners[:, k, :2] for k in range(3))
    area = _cross(b - a, c - a)
    front = area < -1e-9  # v runs down: front faces turn clockwise on the screen
    triangle = np.full(len(points), -1, np.int32)
    barycentric = np.zeros((len(points), 3), np.float32)
    for n, p in enumerate(points):
        w = np.stack([_cross(b - p, c - p), _cross(c - p, a - p), _cross(a - p, b - p)], 1)
        w = w / np.where(front, area, 1)[:, None]
        hit = np.flatnonzero(front & (w >= -1e-6).all(1))
        if len(hit):
            over = np.maximum(w[hit], 0) / corners[hit, :, 2]
            depth = 1 / over.sum(1)
            best = depth.argmin()
            triangle[n] = index[hit[best]]
            barycentric[n] = over[best] * depth[best]
    return triangle, barycentric / np.maximum(barycentric.sum(1, keepdims=True), 1e-9)


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def find_mediapipe(
    shape: np.ndarray, triangles: np.ndarray, albedo: np.ndarray, allowed: np.ndarray, size: int = 512
) -> tuple[np.ndarray, np.ndarray] | None:
    """Triangle (468,) and barycentrics (468, 3) of MediaPipe's points on a frontal rendering of `shape`.

    None where MediaPipe finds no face on it.
    """
    image, _ = picture(shape, triangles, albedo, size)
    detection = make_detector("mediapipe").detect(np.stack([image] * 3))
    if detection.n_faces[-1] < 1:
        return None
    return locate(detection.points[-1], project(Camera(size), shape), triangles, allowed)
