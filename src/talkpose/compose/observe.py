"""What the pixels of a video say about the colours of the mesh's vertices."""

from typing import Final

import numpy as np
from numba import njit
from scipy.sparse import coo_array, csc_array

from talkpose.compose.mesh import shading, world_vertices
from talkpose.face.camera import Camera, project
from talkpose.face.light import vertex_normals
from talkpose.face.model import FaceModel
from talkpose.face.raster import interpolate, rasterise

INNER: Final = ("mouth", "upper_teeth", "lower_teeth", "tongue", "left_eye", "right_eye")
"""Parts that are set apart from the skin and from each other."""

FACING: Final = (0.15, 0.5)
"""Cosine of normal and view at which a pixel begins to count and at which it counts in full."""

CHUNK: Final = 16


@njit(cache=True, nogil=True)
def _accumulate(ids, bary, triangles, values, facing, part, rim, between, low, high, normal, right):
    size = ids.shape[1]
    for t in range(ids.shape[0]):
        for y in range(1, size - 1):
            for x in range(1, size - 1):
                f = ids[t, y, x]
                if f < 0:
                    continue
                cosine = 0.0
                for k in range(3):
                    cosine += bary[t, y, x, k] * facing[t, triangles[f, k]]
                weight = min(max((cosine - low) / (high - low), 0.0), 1.0)
                for j in range(y - 1, y + 2):
                    for i in range(x - 1, x + 2):
                        g = ids[t, j, i]
                        if g < 0:
                            weight = min(weight, rim)
                        elif part[g] != part[f]:
                            weight = min(weight, between)
                if weight == 0.0:
                    continue
                for k in range(3):
                    w = weight * bary[t, y, x, k]
                    for other in range(3):
                        normal[f, k, other] += w * bary[t, y, x, other]
                        right[f, k, other] += w * values[t, y, x, other]  # here `other` is the colour channel


def observe_colours(
    model: FaceModel, frames: np.ndarray, coefficients: np.ndarray, unlight: bool, rim: float, between: float
) -> tuple[csc_array, np.ndarray]:
    """Normal equations of the vertex colours that explain the frames best.

    Each pixel is the barycentric mixture of the three colours of the triangle it sees, so hidden vertices get
    nothing. Pixels weigh by how much the surface faces the camera. frames: (T, S, S, 3) uint8; coefficients:
    (T, 257); unlight: divide the pixels by the light first; rim: most weight of a pixel at the head's
    outline, which mixes in the background; between: most weight of a pixel beside another part of the mesh,
    which mixes both or shows the wrong one if the track is a bit off. Returns the matrix (V, V) and right
    side (V, 3) of colours in [0, 1], in pixels.
    """
    camera = Camera(frames.shape[1])
    faces = len(model.triangles)
    apart = {name: number for number, name in enumerate(INNER, start=1)}
    part = np.array([apart.get(name, 0) for name in model.regions] or [0])[model.triangle_region]
    normal, right = np.zeros((faces, 3, 3)), np.zeros((faces, 3, 3))
    for start in range(0, len(frames), CHUNK):
        chunk = slice(start, start + CHUNK)
        world = world_vertices(model, coefficients[chunk])
        fragments = rasterise(project(camera, world), model.triangles, camera.size)
        values = frames[chunk].astype(np.float32) / 255
        if unlight:
            light = interpolate(fragments, model.triangles, shading(model, coefficients[chunk], world))
            values /= np.where(light > 0, light, 1)
        facing = _facing(world, model.triangles, camera)
        _accumulate(
            fragments.triangle,
            fragments.barycentric,
            model.triangles,
            values,
            facing,
            part,
            rim,
            between,
            *FACING,
            normal,
            right,
        )
    corner = model.triangles.astype(np.int64)
    rows, columns = np.repeat(corner[:, :, None], 3, axis=2), np.repeat(corner[:, None, :], 3, axis=1)
    count = model.n_vertices
    matrix = coo_array((normal.ravel(), (rows.ravel(), columns.ravel())), shape=(count, count))
    channels = [np.bincount(corner.ravel(), right[:, :, c].ravel(), count) for c in range(3)]
    return csc_array(matrix), np.stack(channels, axis=1)


def _facing(world: np.ndarray, triangles: np.ndarray, camera: Camera) -> np.ndarray:
    """Cosine between normal and view (T, V) at vertices (T, V, 3)."""
    view = np.array([0, 0, camera.distance], world.dtype) - world
    cosine = np.sum(vertex_normals(world, triangles) * view, axis=-1)
    return cosine / np.linalg.norm(view, axis=-1)
