"""One colour a vertex from what pixels say of them, completed where nothing was seen, without seams."""

from typing import Final

import numpy as np
from scipy.sparse import coo_array, csc_array, diags_array
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree

from talkpose.errors import UserError

MIRRORED: Final = 5.0
"""Weight that ties an unseen vertex to its partner across the face, in units of `smooth`."""

MODEL: Final = 0.005
"""Weight of the model's own colour; decides only where nothing nearby was seen, such as a tongue."""

DARKEST: Final = 0.02
"""Least value of the model's texture, so that a gain can brighten it."""

NEAR_MIRROR: Final = 0.05
"""Model units (5 mm) within which a vertex has a partner across the face."""


def mirror_vertices(mean_shape: np.ndarray) -> np.ndarray:
    """For each vertex (V, 3) its partner across the face (V,) int64, -1 if none lies within 5 mm."""
    distance, partner = cKDTree(mean_shape).query(mean_shape * np.array([-1, 1, 1], mean_shape.dtype))
    return np.where(distance < NEAR_MIRROR, partner, -1)


def _edges(triangles: np.ndarray) -> np.ndarray:
    """The mesh's edges (E, 2), each once."""
    pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    return np.unique(np.sort(pairs, axis=1), axis=0)


def laplacian(pairs: np.ndarray, weight: np.ndarray, count: int) -> csc_array:
    """L (count, count) with x' L x the sum over pairs (E, 2) of weight (E,) times squared differences."""
    both = np.concatenate([pairs[:, 0], pairs[:, 1]]), np.concatenate([pairs[:, 1], pairs[:, 0]])
    adjacency = csc_array(coo_array((np.concatenate([weight, weight]), both), shape=(count, count)))
    return csc_array(diags_array(adjacency.sum(axis=1)) - adjacency)


def solve_colours(
    normal: csc_array,
    right: np.ndarray,
    texture: np.ndarray,
    triangles: np.ndarray,
    mirror: np.ndarray,
    smooth: float,
) -> np.ndarray:
    """Least-squares vertex colours.

    normal (V, V) and right (V, 3): normal equations of the observed pixels; texture: (V, 3), the model's;
    mirror: (V,) from `mirror_vertices`. Colours are the texture times a gain, and to the pixels' squared
    errors is added `smooth` times the squared differences of the gain along the edges, and from unseen
    vertices to the other half of the face. So seen and unseen parts meet without a seam, and unseen ones keep
    the texture's features. Returns (V, 3) float32 in [0, 1]. Raises UserError if no pixel was observed.
    """
    seen = normal.diagonal() > 0
    if not seen.any():
        raise UserError(
            "vertex colours: no vertex of the face is seen in the frames; check the track of this clip"
        )
    texture = np.maximum(texture, DARKEST).astype(np.float64)
    texture *= right.sum(axis=0) / (normal.sum(axis=1) @ texture)
    tied = np.flatnonzero(~seen & (mirror >= 0) & seen[mirror])
    edges, ties = _edges(triangles), np.stack([tied, mirror[tied]], axis=1)
    pairs = np.concatenate([edges, ties])
    stiffness = smooth * np.concatenate([np.ones(len(edges)), np.full(len(ties), MIRRORED)])
    colours = np.empty(texture.shape, np.float32)
    for channel, base in enumerate(texture.T):
        scale = diags_array(base)
        springs = laplacian(pairs, stiffness * base[pairs].prod(axis=1), len(base))
        anchor = smooth * MODEL * base**2  # a gain of 1
        system = csc_array(scale @ normal @ scale + springs + diags_array(anchor))
        colours[:, channel] = base * splu(system).solve(base * right[:, channel] + anchor)
    return np.clip(colours, 0, 1)
