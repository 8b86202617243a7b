"""A made face model and moving head, with known coefficients, for the tests of the reconstruction."""

import numpy as np

from talkpose.face.camera import Camera, project, rotation_matrix, transform
from talkpose.face.coefficients import EXPRESSION, IDENTITY, LIGHT, POSE, TEXTURE
from talkpose.face.light import irradiance, vertex_normals
from talkpose.face.model import Correspondence, FaceModel, correspondence_points
from talkpose.face.observed import EYES, LIPS_INNER, LIPS_OUTER
from talkpose.face.raster import interpolate, rasterise


def made_model(rows: int = 28, n_units: int = 12) -> FaceModel:
    """Half an ellipsoid with smooth random bases; lips and eyes of its landmarks lie about where a face has
    them.
    """
    rng = np.random.default_rng(7)
    across, up = np.meshgrid(np.linspace(-1, 1, rows), np.linspace(-1, 1, rows))
    x, y = across.ravel(), up.ravel()
    x, y = x * np.sqrt(1 - y * y / 2), y * np.sqrt(1 - x * x / 2)  # square to disc
    z = np.sqrt(np.maximum(0, 1 - x * x - y * y)) + 0.35 * np.exp(-((x / 0.2) ** 2 + (y / 0.3) ** 2))
    mean = np.stack([0.75 * x, 1.0 * y, 0.8 * z], 1)
    corner = np.arange(rows * rows).reshape(rows, rows)
    a, b, c, d = (
        part.ravel() for part in (corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1])
    )
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)

    def smooth(columns: int, scale: float) -> np.ndarray:
        waves, phase = rng.normal(0, 2.0, (columns, 3, 3)), rng.uniform(0, 7, (columns, 3))
        return scale * np.sin(np.einsum("kcd,vd->vck", waves, mean) + phase.T)

    centres = mean[rng.choice(len(mean), n_units, replace=False)] * [0.6, 0.6, 1]
    near = np.exp(-((mean[:, None] - centres) ** 2).sum(-1) / 0.08)
    units = 0.15 * near[:, None, :] * rng.normal(0, 1, (3, n_units))
    to_expression = np.linalg.qr(rng.normal(size=(64, n_units)))[0].T
    fractions = np.linspace(1, 0.05, 80)
    return FaceModel(
        "made",
        *(array.astype(np.float32) for array in (mean, smooth(80, 0.03) * fractions, units @ to_expression)),
        np.full_like(mean, 0.6, np.float32),
        (smooth(80, 0.03) * fractions).astype(np.float32),
        triangles,
        _landmarks(mean, triangles, rng, 68),
        _landmarks(mean, triangles, rng, 468),
        ("skin",),
        np.zeros(len(triangles), np.uint8),
        np.ones(len(triangles), bool),
        tuple(f"unit{i}" for i in range(n_units)),
        to_expression.astype(np.float32),
    )


def _landmarks(mean: np.ndarray, triangles: np.ndarray, rng: np.random.Generator, n: int) -> Correspondence:
    """Random points of the surface, but lips and eyes where they belong."""
    triangle = rng.integers(0, len(triangles), n)
    centre = mean[triangles].mean(1)

    def put(points: tuple[int, ...], places: np.ndarray) -> None:
        triangle[list(points)] = np.linalg.norm(centre[:, None, :2] - places, axis=-1).argmin(0)

    outer, inner = (LIPS_OUTER, LIPS_INNER) if n == 468 else (tuple(range(48, 60)), tuple(range(60, 68)))
    for points, height in ((outer, 0.12), (inner, 0.06)):
        angle = np.pi + np.arange(len(points)) * 2 * np.pi / len(points)
        put(points, np.stack([0.22 * np.cos(angle), -0.45 + height * np.sin(-angle)], 1))
    if n == 468:
        put((13, 14), np.array([[0, -0.39], [0, -0.51]]))
    eyes = (EYES[:16], EYES[16:]) if n == 468 else (tuple(range(36, 42)), tuple(range(45, 48)) + (42, 43, 44))
    for points, side in zip(eyes, (-1, 1), strict=True):
        angle = np.pi + np.arange(len(points)) * 2 * np.pi / len(points)
        put(points, np.stack([side * (0.33 - 0.12 * np.cos(angle)), 0.25 + 0.06 * np.sin(angle)], 1))
    return Correspondence(triangle.astype(np.int32), rng.dirichlet([2, 2, 2], n).astype(np.float32))


def made_motion(model: FaceModel, frames: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Identity (80,), unit weights (T, U) in [0, 1] and pose (T, 6) of a head that talks and turns."""
    rng = np.random.default_rng(seed)
    time = np.arange(frames)[:, None] / 25
    identity = rng.normal(0, 0.8, 80)
    speed = rng.uniform(0.5, 3.0, len(model.units))
    weights = np.clip(0.5 + 0.6 * np.sin(2 * np.pi * speed * time + rng.uniform(0, 7, len(speed))), 0, 1)
    swing = np.sin(2 * np.pi * rng.uniform(0.1, 0.5, 6) * time + rng.uniform(0, 7, 6))
    pose = swing * [0.12, 0.3, 0.1, 0.1, 0.08, 0.3] + [0.05, 0, 0, 0, 0, -0.6]
    return identity, weights, pose


def seen_points(model: FaceModel, camera: Camera, identity, weights, pose, n_points: int = 468) -> np.ndarray:
    """Landmarks (T, N, 2) in pixels of the head in that motion."""
    shapes = model.shape(identity, weights @ model.unit_to_expression).astype(np.float64)
    where = model.mediapipe if n_points == 468 else model.landmarks68
    points = correspondence_points(transform(shapes, pose), model.triangles, where)
    return project(camera, points)[..., :2]


def paint(model: FaceModel, coefficients: np.ndarray, size: int) -> np.ndarray:
    """Pictures (T, size, size, 3) uint8 of the head on grey, by the package's own rasteriser."""
    shapes = model.shape(coefficients[:, IDENTITY], coefficients[:, EXPRESSION])
    pose = coefficients[:, POSE]
    turned = np.swapaxes(rotation_matrix(pose[:, :3]), 1, 2)
    normals = vertex_normals(shapes, model.triangles) @ turned
    colour = model.texture(coefficients[:, TEXTURE]) * irradiance(normals, coefficients[:, LIGHT])
    fragments = rasterise(project(Camera(size), transform(shapes, pose)), model.triangles, size)
    pictures = interpolate(fragments, model.triangles, colour.astype(np.float32))
    pictures[fragments.triangle < 0] = 0.3
    return np.round(255 * np.clip(pictures, 0, 1)).astype(np.uint8)
