"""Assembly: the rendered face over its background, with a soft edge (section 3.3)."""

from typing import Final

import numpy as np
from numba import njit

from talkpose.compose.mesh import shading, world_vertices
from talkpose.errors import UserError
from talkpose.face.camera import Camera, project
from talkpose.face.model import FaceModel
from talkpose.face.raster import rasterise

SUPERSAMPLE: Final = 2
"""Samples a pixel along each axis; the share that hits the face is the opacity, so edges do not flicker."""

CHUNK: Final = 16
"""Frames rendered at a time, which bounds the memory."""


@njit(cache=True, nogil=True)
def _composite(ids, bary, triangles, shown, colours, backgrounds, factor, frames, masks):
    samples = factor * factor
    for t in range(frames.shape[0]):
        values = colours[t if len(colours) > 1 else 0]
        for y in range(frames.shape[1]):
            for x in range(frames.shape[2]):
                hits = 0
                red, green, blue = 0.0, 0.0, 0.0
                for j in range(y * factor, (y + 1) * factor):
                    for i in range(x * factor, (x + 1) * factor):
                        f = ids[t, j, i]
                        if f < 0 or not shown[f]:
                            continue
                        hits += 1
                        for k in range(3):
                            vertex, weight = triangles[f, k], bary[t, j, i, k]
                            red += weight * values[vertex, 0]
                            green += weight * values[vertex, 1]
                            blue += weight * values[vertex, 2]
                masks[t, y, x] = 2 * hits >= samples
                behind = 1.0 - hits / samples
                for k, value in enumerate((red, green, blue)):
                    mixed = 255.0 * value / samples + behind * backgrounds[t, y, x, k]
                    frames[t, y, x, k] = np.uint8(min(max(mixed, 0.0), 255.0) + 0.5)


def render_sequence(
    model: FaceModel,
    coefficients: np.ndarray,
    vertex_colours: np.ndarray,
    camera: Camera,
    backgrounds: np.ndarray,
    lit: bool,
    backend: str = "numba",
    device: str = "cpu",
) -> tuple[np.ndarray, np.ndarray]:
    """Render the face part of the mesh (`model.face_mask`) over its backgrounds.

    coefficients: (T, 257); vertex_colours: (V, 3) or (T, V, 3) RGB in [0, 1], multiplied by the frame's light
    if `lit`; backgrounds: (T, S, S, 3) uint8 with S = camera.size; backend and device: of the rasteriser.
    Returns frames (T, S, S, 3) uint8 and face_masks (T, S, S) bool, true where the face covers at least half
    of the pixel. Raises UserError if the shapes do not fit.
    """
    count, size = len(coefficients), camera.size
    if backgrounds.shape != (count, size, size, 3) or backgrounds.dtype != np.uint8:
        raise UserError(
            f"render: backgrounds are {backgrounds.shape} {backgrounds.dtype}; give one uint8 RGB image of "
            f"{size}x{size} for each of the {count} frames"
        )
    if vertex_colours.shape not in {(model.n_vertices, 3), (count, model.n_vertices, 3)}:
        raise UserError(
            f"render: vertex colours are {vertex_colours.shape}; give ({model.n_vertices}, 3), "
            f"or ({count}, {model.n_vertices}, 3)"
        )
    triangles = np.ascontiguousarray(model.triangles)
    shown = np.ascontiguousarray(model.face_mask)  # the others hide what lies behind them, but are not drawn
    fine = Camera(size * SUPERSAMPLE)
    frames = np.empty(backgrounds.shape, np.uint8)
    masks = np.empty((count, size, size), bool)
    for start in range(0, count, CHUNK):
        part = slice(start, min(start + CHUNK, count))
        world = world_vertices(model, coefficients[part])
        colours = np.asarray(
            vertex_colours[part] if vertex_colours.ndim == 3 else vertex_colours[None], np.float32
        )
        if lit:
            colours = colours * shading(model, coefficients[part], world)
        ids, bary = _fragments(project(fine, world), triangles, fine.size, backend, device)
        colours = np.ascontiguousarray(np.clip(colours, 0, 1))
        _composite(
            ids, bary, triangles, shown, colours, backgrounds[part], SUPERSAMPLE, frames[part], masks[part]
        )
    return frames, masks


def _fragments(
    projected: np.ndarray, triangles: np.ndarray, size: int, backend: str, device: str
) -> tuple[np.ndarray, np.ndarray]:
    """Ids and barycentrics of triangles that face the camera, as NumPy arrays, whatever the backend."""
    if backend == "numba":
        fragments = rasterise(projected, triangles, size, cull_back=True)
        return fragments.triangle, fragments.barycentric
    import torch

    points = torch.as_tensor(projected, device=device)
    fragments = rasterise(points, torch.as_tensor(triangles, device=device), size, backend, True)
    return fragments.triangle.cpu().numpy(), fragments.barycentric.cpu().numpy()
