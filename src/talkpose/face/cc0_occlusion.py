"""How much of the sky each vertex of a head sees: darkens nostrils, eye corners and the mouth's inside."""

import numpy as np

from talkpose.face.cc0_mesh import HeadMesh
from talkpose.face.light import vertex_normals
from talkpose.face.raster import rasterise

DIRECTIONS = 96
SIZE = 320
HALF = 1.8
BIAS = 0.03

INSIDE = ("mouth", "upper_teeth", "lower_teeth", "tongue")


def sky_share(closed: np.ndarray, opened: np.ndarray, mesh: HeadMesh) -> np.ndarray:
    """Cosine-weighted share of the sky (V,), 0 to 1; what lies in the mouth is judged with the mouth open."""
    share = _share(closed, mesh.triangles)
    inner = mesh.touched(*INSIDE)
    return np.where(inner, _share(opened, mesh.triangles), share)


def _share(shape: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    normals = vertex_normals(shape[None].astype(np.float32), triangles)[0].astype(float)
    # A Fibonacci sphere: even directions without a draw.
    k = np.arange(DIRECTIONS) + 0.5
    height = 1 - 2 * k / DIRECTIONS
    turn = np.pi * (1 + 5**0.5) * k
    flat = np.sqrt(1 - height**2)
    seen = np.zeros(len(shape))
    total = np.zeros(len(shape))
    for direction in np.stack([flat * np.cos(turn), height, flat * np.sin(turn)], 1):
        side = np.cross(direction, [0.0, 1.0, 0.0])
        side /= np.linalg.norm(side)
        up = np.cross(side, direction)
        scale = SIZE / (2 * HALF)
        u, v = shape @ side * scale + SIZE / 2, shape @ up * scale + SIZE / 2
        depth = 10 - shape @ direction
        fragments = rasterise(np.stack([u, v, depth], 1)[None].astype(np.float32), triangles, SIZE)
        x, y = np.clip(u.astype(int), 0, SIZE - 1), np.clip(v.astype(int), 0, SIZE - 1)
        visible = depth < fragments.depth[0, y, x] + BIAS
        weight = np.maximum(normals @ direction, 0)
        seen += weight * visible
        total += weight
    return seen / np.maximum(total, 1e-9)
