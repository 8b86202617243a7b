"""Contact sheet of a face model: people down, expressions and poses across."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from talkpose.errors import UserError
from talkpose.face.camera import Camera, project, transform
from talkpose.face.light import irradiance, vertex_normals
from talkpose.face.model import FaceModel, load_face_model
from talkpose.face.raster import interpolate, rasterise
from talkpose.files import atomic_path
from talkpose.seeds import numpy_rng

EXPRESSIONS: dict[str, dict[str, float]] = {
    "neutral": {},
    "open": {"jawOpen": 0.7},
    "closed eyes": {"eyeBlinkLeft": 1, "eyeBlinkRight": 1},
    "smile": {
        **dict.fromkeys(("mouthSmileLeft", "mouthSmileRight"), 0.7),
        **dict.fromkeys(
            ("mouthUpperUpLeft", "mouthUpperUpRight", "mouthLowerDownLeft", "mouthLowerDownRight"), 0.5
        ),
        "jawOpen": 0.12,
    },
    "pucker": {"mouthPucker": 1.0, "browInnerUp": 0.8},
    "look aside": {"eyeLookOutLeft": 1, "eyeLookInRight": 1, "jawOpen": 0.3, "mouthFunnel": 0.6},
}
"""Columns of the sheet, as weights of ARKit units."""

POSES = ((0, 0, 0), (0.05, 0.35, 0), (0, -0.5, 0), (-0.15, 0.2, 0.12), (0.2, 0, -0.1), (0, 0.9, 0))
"""Pitch, yaw and roll of the columns, radians."""

SPREAD = 0.8
"""Standard deviation of the drawn identity and texture coefficients; the first person is the mean."""

GREY = 0.55
DISTANCE = (0.0, -0.12, -2.0)
"""Translation that brings the whole head into the picture."""

LAMP = (-0.1, 0.25, 0.1)
"""SH coefficients of the first band: light from above, the front and the viewer's right."""


def expression_of(model: FaceModel, weights: Mapping[str, float]) -> np.ndarray:
    """Expression coefficients (64,) for weights of named units; UserError for a unit that the model lacks."""
    unknown = sorted(set(weights) - set(model.units))
    if unknown:
        raise UserError(
            f"face model {model.name} has no unit {unknown[0]}; it has {', '.join(model.units) or 'none'}"
        )
    row = np.zeros(len(model.units), np.float32)
    for name, weight in weights.items():
        row[model.units.index(name)] = weight
    return row @ model.unit_to_expression


def contact_sheet(
    model: FaceModel,
    people: int = 5,
    size: int = 224,
    seed: int = 0,
    expressions: Sequence[np.ndarray] | None = None,
    poses: Sequence[Sequence[float]] = POSES,
) -> np.ndarray:
    """Sheet (people * size, columns * size, 3) uint8: random people under one lamp.

    expressions: (64,) each, one a column; by default EXPRESSIONS for a model with units, and for one without
    them two standard deviations to and fro along its first expressions. poses: pitch, yaw, roll a column.
    """
    if expressions is None:
        expressions = _default_expressions(model, len(poses))
    if len(expressions) != len(poses) or people < 1:
        raise UserError(
            f"a contact sheet wants as many expressions as poses and at least one person; "
            f"got {len(expressions)}, {len(poses)} and {people}"
        )
    rng = numpy_rng(seed, "preview", model.name)
    rows = []
    for person in range(people):
        spread = SPREAD if person else 0.0
        identity, texture = spread * rng.normal(size=80), spread * rng.normal(size=80)
        shapes = model.shape(identity, np.stack(expressions))
        pose = np.array([[*angles, *DISTANCE] for angles in poses])
        rows.append(np.concatenate(list(render(model, shapes, model.texture(texture), pose, size)), 1))
    return np.concatenate(rows)


def render(
    model: FaceModel, shapes: np.ndarray, texture: np.ndarray, pose: np.ndarray, size: int
) -> np.ndarray:
    """Frames (B, size, size, 3) uint8 of shapes (B, V, 3) with one texture (V, 3) and poses (B, 6)."""
    world = transform(shapes, pose)
    gamma = np.zeros((3, 9), np.float32)
    gamma[:, 1:4] = LAMP
    light = irradiance(vertex_normals(world, model.triangles), gamma.reshape(1, 27))
    fragments = rasterise(project(Camera(size), world).astype(np.float32), model.triangles, size)
    colour = interpolate(fragments, model.triangles, (texture * light).astype(np.float32))
    image = np.where(fragments.triangle[..., None] >= 0, colour, GREY)
    return (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)


def write_preview(
    model_name: str, out: str | Path, path: str | None = None, *, people: int = 5, size: int = 224
) -> None:
    """Write a face model's contact sheet as PNG; `path`: bfm09's file; the rest as in `contact_sheet`."""
    sheet = contact_sheet(load_face_model(model_name, path), people, size)
    good, data = cv2.imencode(".png", sheet[..., ::-1])
    if not good:
        raise UserError(f"the contact sheet of {sheet.shape[1]}x{sheet.shape[0]} px cannot be written as PNG")
    with atomic_path(out) as temporary:
        temporary.write_bytes(data.tobytes())


def _default_expressions(model: FaceModel, count: int) -> list[np.ndarray]:
    if model.units:
        named = [expression_of(model, weights) for weights in EXPRESSIONS.values()]
        return [named[k % len(named)] for k in range(count)]
    rows = np.zeros((count, 64), np.float32)
    for k in range(1, count):
        rows[k, (k - 1) // 2] = 2.0 if k % 2 else -2.0
    return list(rows)
