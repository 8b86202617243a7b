"""Spherical-harmonics light of three bands (paper section 3.1: C = t * sum_b gamma_b Phi_b(n)).

Basis, constants and layout are those of Deep3DFaceRecon.
"""

import math
from typing import Final

import numpy as np
from numba import njit

AMBIENT: Final = 0.8
"""Added to the first coefficient of each channel, so that gamma = 0 is a plain white light."""

_A: Final = (math.pi, 2 * math.pi / math.sqrt(3), 2 * math.pi / math.sqrt(8))
_C: Final = (
    1 / math.sqrt(4 * math.pi),
    math.sqrt(3) / math.sqrt(4 * math.pi),
    3 * math.sqrt(5) / math.sqrt(12 * math.pi),
)


def basis(normals: np.ndarray) -> np.ndarray:
    """The nine scaled harmonics Phi_b: unit normals (..., 3) in world space to (..., 9)."""
    x, y, z = np.moveaxis(np.asarray(normals), -1, 0)
    band1, band2 = _A[1] * _C[1], _A[2] * _C[2]
    return np.stack(
        [
            np.full_like(x, _A[0] * _C[0]),
            -band1 * y,
            band1 * z,
            -band1 * x,
            band2 * x * y,
            -band2 * y * z,
            band2 * 0.5 / math.sqrt(3) * (3 * z * z - 1),
            -band2 * x * z,
            band2 * 0.5 * (x * x - y * y),
        ],
        axis=-1,
    )


def irradiance(normals: np.ndarray, gamma: np.ndarray) -> np.ndarray:
    """Light that each vertex receives, a factor on its albedo.

    normals: (..., V, 3) unit, in world space (after rotation); gamma: (..., 27) laid out (3 channels, 9),
    leading dimensions broadcast. Returns (..., V, 3); 0.709 everywhere for gamma = 0; may be negative for
    extreme gamma.
    """
    gamma = np.asarray(gamma)
    light = gamma.reshape(*gamma.shape[:-1], 3, 9).copy()
    light[..., 0] += AMBIENT
    return basis(normals) @ np.swapaxes(light, -1, -2)


@njit(cache=True, nogil=True)
def _vertex_normals(vertices, triangles, out):
    for frame in range(vertices.shape[0]):
        v, n = vertices[frame], out[frame]
        for f in range(triangles.shape[0]):
            a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
            ux, uy, uz = v[b, 0] - v[a, 0], v[b, 1] - v[a, 1], v[b, 2] - v[a, 2]
            wx, wy, wz = v[c, 0] - v[a, 0], v[c, 1] - v[a, 1], v[c, 2] - v[a, 2]
            x, y, z = uy * wz - uz * wy, uz * wx - ux * wz, ux * wy - uy * wx
            for i in (a, b, c):
                n[i, 0] += x
                n[i, 1] += y
                n[i, 2] += z
        for i in range(v.shape[0]):
            length = math.sqrt(n[i, 0] ** 2 + n[i, 1] ** 2 + n[i, 2] ** 2)
            if length > 0.0:
                n[i, 0] /= length
                n[i, 1] /= length
                n[i, 2] /= length


def vertex_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Unit normals, the mean of the adjoining triangles' weighted by area.

    vertices: (..., V, 3); triangles: (F, 3) counter-clockwise seen from outside, so normals point out.
    Returns (..., V, 3) of the same floating type; 0 for a vertex without triangles.
    """
    vertices = np.asarray(vertices)
    if vertices.dtype not in (np.float32, np.float64):
        vertices = vertices.astype(np.float64)
    flat = np.ascontiguousarray(vertices.reshape(-1, *vertices.shape[-2:]))
    out = np.zeros_like(flat)
    _vertex_normals(flat, np.ascontiguousarray(triangles, np.int32), out)
    return out.reshape(vertices.shape)
