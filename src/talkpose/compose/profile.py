"""Turn the head in an image to another pose and expression by warping the image: face profiling.

After Zhu et al. 2016 ([30] of the paper, section 3.3.2): the fitted mesh is extended by anchors on the
background, all is moved, and the image is drawn again on the moved mesh. Here mesh and anchors are one sheet
of nodes over the image. Nodes on the head move with the mesh under them, the image's border stays, and the
nodes between carry the motion on, dying away. The sheet is continuous and its border fixed, so it covers
every pixel: holes cannot appear.

Used for a single image, which follows the predicted poses, and to fit a matched background to the mesh that
will be rendered over it (else an open mouth in the background shows a second chin below a closed one).
"""

from typing import Final

import numpy as np
from numba import njit

from talkpose.compose.backgrounds import blend_frames
from talkpose.compose.mesh import world_vertices
from talkpose.config.compose import ComposeConfig
from talkpose.errors import UserError
from talkpose.face.camera import Camera, project
from talkpose.face.model import FaceModel
from talkpose.face.raster import interpolate, rasterise

NODES: Final = 48
"""Nodes of the sheet along each axis, at the centres of equal cells; a ring on the border comes on top."""

FADE: Final = 0.12
"""Length over which the motion dies away around the head, in image sizes."""

BEHIND: Final = 0.5
"""Model units that the background lies behind the head's edge, where the sheet folds over itself."""

FLAT: Final = 1e-3
"""Scale of the sheet's depth: it decides what hides what, but an image is not warped in perspective."""

CHUNK: Final = 16

_SWEEPS: Final = 120
_RELAXATION: Final = 1.8


@njit(cache=True, nogil=True)
def _extend(values, known, screen):
    """Carry known values on over the unknown nodes, in place: screened diffusion, 0 on the border ring."""
    for t in range(values.shape[0]):
        for _ in range(_SWEEPS):
            for i in range(1, values.shape[1] - 1):
                for j in range(1, values.shape[2] - 1):
                    if known[t, i, j]:
                        continue
                    for c in range(values.shape[3]):
                        around = values[t, i - 1, j, c] + values[t, i + 1, j, c]
                        around += values[t, i, j - 1, c] + values[t, i, j + 1, c]
                        step = around / (4.0 + screen) - values[t, i, j, c]
                        values[t, i, j, c] += _RELAXATION * step


@njit(cache=True, nogil=True)
def _sample(images, coordinates, out):
    """Bilinear samples of images (N, S, S, 3) at pixel coordinates (T, S, S, 2); the edge is held."""
    size = images.shape[1]
    for t in range(out.shape[0]):
        image = images[t if len(images) > 1 else 0]
        for y in range(size):
            for x in range(size):
                u = min(max(coordinates[t, y, x, 0] - 0.5, 0.0), size - 1.0)
                v = min(max(coordinates[t, y, x, 1] - 0.5, 0.0), size - 1.0)
                i, j = min(int(u), size - 2), min(int(v), size - 2)
                fu, fv = u - i, v - j
                for c in range(3):
                    top = (1 - fu) * image[j, i, c] + fu * image[j, i + 1, c]
                    bottom = (1 - fu) * image[j + 1, i, c] + fu * image[j + 1, i + 1, c]
                    out[t, y, x, c] = np.uint8((1 - fv) * top + fv * bottom + 0.5)


def _sheet(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Resting nodes ((NODES + 2) ** 2, 2) in pixels, ring included, and their triangles."""
    line = np.concatenate([[0.0], (np.arange(NODES) + 0.5) / NODES, [1.0]]) * size
    x, y = np.meshgrid(line, line)
    index = np.arange((NODES + 2) ** 2, dtype=np.int32).reshape(NODES + 2, NODES + 2)
    a, b, c, d = (part.ravel() for part in (index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]))
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    return np.stack([x, y], axis=-1).reshape(-1, 2), triangles


def head_triangles(model: FaceModel) -> np.ndarray:
    """Triangles that move with the head as one: the face, and ears and scalp where the model has them."""
    moving = [number for number, name in enumerate(model.regions) if name in ("ears", "scalp")]
    return model.triangles[model.face_mask | np.isin(model.triangle_region, moving)]


def turn_images(
    model: FaceModel, images: np.ndarray, source: np.ndarray, target: np.ndarray, camera: Camera
) -> np.ndarray:
    """Warp images so that their heads take other coefficients.

    images: (N, S, S, 3) uint8 with S = camera.size, and source: (N, 257), the coefficients fitted to them; N
    is T, or 1 for a single image that follows all of target: (T, 257). Returns (T, S, S, 3) uint8 without
    holes. Raises UserError if the counts do not fit or a head lies outside its image.
    """
    count, size = len(target), camera.size
    if len(images) not in (1, count) or len(source) != len(images) or images.shape[1:] != (size, size, 3):
        raise UserError(
            f"face profiling: {len(images)} images {images.shape[1:]} and {len(source)} rows of coefficients "
            f"for {count} frames of {size}x{size}; give one image and row for all frames, or one for each"
        )
    out = np.empty((count, size, size, 3), np.uint8)
    for start in range(0, count, CHUNK):
        part = slice(start, min(start + CHUNK, count))
        own = part if len(images) > 1 else slice(0, 1)
        nodes, triangles = _moved_sheet(model, source[own], target[part], camera)
        fragments = rasterise(nodes, triangles, size)
        rest, _ = _sheet(size)
        _sample(np.ascontiguousarray(images[own]), interpolate(fragments, triangles, rest), out[part])
    return out


def fit_backgrounds(
    model: FaceModel,
    frames: np.ndarray,
    coefficients: np.ndarray,
    place: np.ndarray,
    target: np.ndarray,
    config: ComposeConfig,
) -> np.ndarray:
    """Backgrounds (T, S, S, 3) uint8 for rendering `target` (T, 257), from a real video of the same person.

    frames: (N, S, S, 3) uint8 with coefficients (N, 257); place: (T,) where in it each background is taken
    from, whole frames or between two. In variant `paper` with `fit_background` the heads are warped to those
    of `target`; in `upstream` the frames stay as they are.
    """
    images = blend_frames(frames, place)
    if config.background == "upstream" or not config.fit_background:
        return images
    return turn_images(model, images, blend_frames(coefficients, place), target, Camera(frames.shape[1]))


def _moved_sheet(
    model: FaceModel, source: np.ndarray, target: np.ndarray, camera: Camera
) -> tuple[np.ndarray, np.ndarray]:
    """The sheet's nodes (T, M, 3) as the rasteriser wants them: moved u, v and depth; and its triangles."""
    count, side = len(target), NODES + 2
    triangles = np.ascontiguousarray(head_triangles(model))
    before, after = world_vertices(model, source), world_vertices(model, target)
    rest, sheet = _sheet(camera.size)
    fragments = rasterise(project(Camera(NODES), before), triangles, NODES)
    hit = fragments.triangle >= 0
    if not hit.any((1, 2)).all():
        raise UserError("face profiling: a head lies outside its image; check the track of this clip")
    move = np.broadcast_to(project(camera, after), (count, model.n_vertices, 3)).copy()
    move[..., :2] -= project(camera, before)[..., :2]  # u, v: how far; depth: where to
    if len(hit) < count:
        fragments = type(fragments)(*(np.repeat(field, count, axis=0) for field in fragments))
        hit = np.repeat(hit, count, axis=0)
    values = np.zeros((count, side, side, 3))
    values[:, 1:-1, 1:-1] = interpolate(fragments, triangles, move)
    far = camera.distance + BEHIND
    values[..., 2] = np.where(values[..., 2] > 0, values[..., 2] - far, 0.0)
    known = np.zeros((count, side, side), bool)
    known[:, 1:-1, 1:-1] = hit
    _extend(values, known, (1 / (FADE * NODES)) ** 2)
    nodes = values.reshape(count, -1, 3)
    nodes[..., :2] += rest
    nodes[..., 2] = far + FLAT * nodes[..., 2]
    return nodes, sheet
