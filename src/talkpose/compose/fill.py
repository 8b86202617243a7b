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

NEAR_MIRROR: Final = 0.05
"""Model units (5 mm) within which a vertex has a partner across the face."""


def mirror_vertices(mean_shape: np.ndarray) -> np.ndarray:
    """For each vertex (V, 3) its partner across the face (V,) int64, -1 if none lies within 5 mm."""
    distance, partner = cKDTree(mean_shape).query(mean_shape * np.array([-1, 1, 1], mean_shape.dtype))
    return np.where(distance < NEAR_MIRROR, partner, -1)


def laplacian(pairs: np.ndarray, count: int) -> csc_array:
    """Graph Laplacian (count, count) of edges (E, 2): x' L x is the sum of squared differences."""
    a, b = np.unique(np.sort(pairs, axis=1), axis=0).T
    both = np.concatenate([a, b]), np.concatenate([b, a])
    adjacency = csc_array(coo_array((np.ones(len(both[0])), both), shape=(count, count)))
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
    mirror: (V,) from `mirror_vertices`. Added to the pixels' squared errors: `smooth` times the squared
    difference between the colours' gradients along the edges and those of the texture, which is first scaled
    to the seen colours (a Poisson blend: seen and unseen parts meet without a seam), and weak ties of unseen
    vertices to the other half of the face. Returns (V, 3) float32 in [0, 1]. Raises UserError if no pixel was
    observed.
    """
    seen = normal.diagonal() > 0
    if not seen.any():
        raise UserError(
            "vertex colours: no vertex of the face is seen in the frames; check the track of this clip"
        )
    texture = texture * (right.sum(axis=0) / np.maximum(normal.sum(axis=1) @ texture, 1e-6))
    count = len(texture)
    edges = laplacian(
        np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), count
    )
    tied = np.flatnonzero(~seen & (mirror >= 0) & seen[mirror])
    system = normal + smooth * (edges + diags_array(np.full(count, MODEL)))
    if len(tied):
        system = system + smooth * MIRRORED * laplacian(np.stack([tied, mirror[tied]], axis=1), count)
    target = right + smooth * (edges @ texture + MODEL * texture)
    return np.clip(splu(csc_array(system)).solve(target), 0, 1).astype(np.float32)
