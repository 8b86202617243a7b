"""Overlay video of a track, for people: landmarks | fitted geometry | fitted colours and light, over the
frames.
"""

from typing import Final

import cv2
import numpy as np

from talkpose.face.camera import Camera, project, rotation_matrix, transform
from talkpose.face.coefficients import EXPRESSION, IDENTITY, LIGHT, POSE, TEXTURE
from talkpose.face.light import irradiance, vertex_normals
from talkpose.face.model import FaceModel
from talkpose.face.observed import correspondence
from talkpose.face.raster import interpolate, rasterise
from talkpose.face.track import Track, fitted_landmarks

DETECTED: Final = (60, 220, 90)
FITTED: Final = (255, 70, 60)
LIGHT_FROM: Final = np.array([0.3, 0.5, 0.81], np.float32)
"""Where the light on the geometry panel comes from."""


def overlay_frames(
    frames: np.ndarray, track: Track, model: FaceModel, panel: int = 256, chunk: int = 32
) -> np.ndarray:
    """Three panels side by side, (T, panel, 3 panel, 3) uint8.

    Left: detected landmarks (green) and fitted ones (red). Middle: the fitted face, shaded, half
    transparent. Right: the face with its fitted albedo and light. A frame without a face has a red border.
    frames: (T, S, S, 3) uint8.
    """
    out = np.empty((len(frames), panel, 3 * panel, 3), np.uint8)
    for start in range(0, len(frames), chunk):
        part = slice(start, start + chunk)
        pictures = np.stack(
            [cv2.resize(f, (panel, panel), interpolation=cv2.INTER_CUBIC) for f in frames[part]]
        )
        middle, right = _meshes(pictures, track.coefficients[part], model)
        left = pictures.copy()
        _dots(left, track.landmarks[part] * (panel / frames.shape[1]), track.coefficients[part], model)
        out[part] = np.concatenate([left, middle, right], 2)
        for t in np.flatnonzero(~track.valid[part]):
            cv2.rectangle(out[start + t], (0, 0), (3 * panel - 1, panel - 1), FITTED, 3)
    return out


def _dots(pictures: np.ndarray, detected: np.ndarray, coefficients: np.ndarray, model: FaceModel) -> None:
    """Draw landmarks into pictures (B, P, P, 3) in place; fitted ones above detected ones."""
    n_points = detected.shape[1]
    fitted = fitted_landmarks(coefficients, model, pictures.shape[1], n_points)
    has = correspondence(model, n_points).triangle >= 0
    radius = 1 if n_points > 100 else 2
    for points, colour in ((detected, DETECTED), (fitted[:, has], FITTED)):
        for picture, places in zip(pictures, points, strict=True):
            for x, y in places[np.isfinite(places).all(1)]:
                centre = (int(round((x - 0.5) * 8)), int(round((y - 0.5) * 8)))
                cv2.circle(picture, centre, radius * 6, colour, -1, cv2.LINE_AA, shift=3)


def _meshes(
    pictures: np.ndarray, coefficients: np.ndarray, model: FaceModel
) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (B, P, P, 3) with the shaded face half over them, and with the coloured and lit face over
    them.
    """
    size = pictures.shape[1]
    shapes = model.shape(coefficients[:, IDENTITY], coefficients[:, EXPRESSION])
    pose = coefficients[:, POSE]
    projected = project(Camera(size), transform(shapes, pose))
    turned = np.swapaxes(rotation_matrix(pose[:, :3]), 1, 2)
    normals = vertex_normals(shapes, model.triangles) @ turned
    triangles = np.ascontiguousarray(model.triangles[model.face_mask])
    fragments = rasterise(projected, triangles, size)
    covered = fragments.triangle[..., None] >= 0
    shade = (0.25 + 0.75 * np.clip(normals @ LIGHT_FROM, 0, 1))[..., None]
    colour = model.texture(coefficients[:, TEXTURE]) * irradiance(normals, coefficients[:, LIGHT])
    grey, lit = np.split(
        interpolate(fragments, triangles, np.concatenate([shade, colour], -1).astype(np.float32)), [1], -1
    )
    photo = pictures.astype(np.float32)
    middle = np.where(covered, 0.35 * photo + 0.65 * 255 * grey * np.array([0.75, 0.85, 1.0]), photo)
    right = np.where(covered, 255 * np.clip(lit, 0, 1), photo)
    return _to_bytes(middle), _to_bytes(right)


def _to_bytes(pictures: np.ndarray) -> np.ndarray:
    return np.round(np.clip(pictures, 0, 255)).astype(np.uint8)
