"""Frames of a synthetic person in motion, and the truth about them."""

from typing import Final

import numpy as np

from talkpose.face.camera import Camera, project, rotation_matrix, transform
from talkpose.face.coefficients import EXPRESSION, IDENTITY, LIGHT, POSE, SIZE, TEXTURE
from talkpose.face.light import irradiance, vertex_normals
from talkpose.face.model import FaceModel, correspondence_points
from talkpose.face.raster import rasterise
from talkpose.seeds import numpy_rng
from talkpose.synthetic.backdrop import backdrop
from talkpose.synthetic.contract import PIVOT
from talkpose.synthetic.looks import CLOTHES, Look, brow_colour
from talkpose.synthetic.scene import Scene, build_scene
from talkpose.synthetic.shade import SUPERSAMPLE, place, shade

CHUNK: Final = 16
"""Frames rendered at a time, which bounds the memory."""

NOISE: Final = 1.2
"""Standard deviation of the sensor's noise, of 255."""

FOLLOW: Final = 0.5
"""Share of the neck's own travel that the body makes too."""


def render_performance(
    model: FaceModel, look: Look, expression: np.ndarray, pose: np.ndarray, size: int
) -> np.ndarray:
    """Frames (T, size, size, 3) uint8 RGB.

    expression: (T, 64); pose: (T, 6) radians and decimetres, its translation an offset from `look.framing`.
    """
    scene = build_scene(model, look)
    params = _parameters(look, scene)
    expression, pose = np.asarray(expression, np.float32), np.asarray(pose, np.float64)
    behind = backdrop(look, size)
    frames = np.empty((len(pose), size, size, 3), np.uint8)
    rng = numpy_rng(look.seed, "sensor")
    for start in range(0, len(pose), CHUNK):
        part = slice(start, min(start + CHUNK, len(pose)))
        noise = rng.normal(0, NOISE, (part.stop - start, size, size)).astype(np.float32)
        _render(model, look, scene, params, expression[part], pose[part], behind, noise, frames[part])
    return frames


def _render(
    model: FaceModel,
    look: Look,
    scene: Scene,
    params: np.ndarray,
    expression: np.ndarray,
    pose: np.ndarray,
    behind: np.ndarray,
    noise: np.ndarray,
    frames: np.ndarray,
) -> None:
    head = scene.neutral + (expression @ model.expression_basis.reshape(model.n_vertices * 3, -1).T).reshape(
        len(expression), -1, 3
    )
    turns = rotation_matrix(pose[:, :3])
    travel = turns @ PIVOT + pose[:, 3:] - PIVOT  # of the pivot itself: what is more than turning
    world = np.empty((len(pose), len(scene.weight), 3), np.float32)
    normals = np.empty_like(world)
    place(
        head, scene.still, scene.still_normals, scene.weight, turns,
        pose[:, 3:] + look.framing, FOLLOW * travel + look.framing, world, normals,
    )  # fmt: skip
    count = model.n_vertices
    normals[:, :count] = vertex_normals(world[:, :count], model.triangles)
    light = np.maximum(irradiance(normals, look.light), 0.02).astype(np.float32)
    camera = Camera(frames.shape[1] * SUPERSAMPLE)
    fragments = rasterise(project(camera, world), scene.triangles, camera.size)
    shade(
        fragments.triangle, fragments.barycentric, scene.triangles, scene.material, scene.attributes,
        light, normals, turns, params, behind, noise, frames,
    )  # fmt: skip


def _parameters(look: Look, scene: Scene) -> np.ndarray:
    """What `shade` wants to know of a look, in its order."""
    half = look.key + np.array([0.0, 0.0, 1.0])
    half /= np.linalg.norm(half)
    kind = float(CLOTHES.index(look.clothes))
    return np.concatenate(
        [
            look.hair_colour, look.iris, look.cloth, look.undershirt, look.key, half, [kind],
            brow_colour(look.hair_colour), scene.skin * look.lip, 0.8 * scene.skin,
            [look.brow, look.brow_width, look.brow_arch],
        ]
    ).astype(np.float64)  # fmt: skip


def coefficients_of(look: Look, expression: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """The true chi (T, 257) float32 of frames that `render_performance` makes from the same arguments."""
    chi = np.zeros((len(pose), SIZE), np.float32)
    chi[:, IDENTITY] = look.identity
    chi[:, EXPRESSION] = expression
    chi[:, TEXTURE] = look.texture
    chi[:, LIGHT] = look.light
    chi[:, POSE] = pose
    chi[:, POSE][:, 3:] += look.framing
    return chi


def true_landmarks(model: FaceModel, coefficients: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixels of the 68 landmarks (T, 68, 2) and of MediaPipe's 468 (T, 468, 2) for chi (T, 257)."""
    both = []
    shape = model.shape(coefficients[:, IDENTITY], coefficients[:, EXPRESSION])
    for where in (model.landmarks68, model.mediapipe):
        points = correspondence_points(shape, model.triangles, where).astype(np.float64)
        world = transform(points, coefficients[:, POSE].astype(np.float64))
        both.append(project(Camera(size), world)[..., :2])
    return both[0], both[1]
