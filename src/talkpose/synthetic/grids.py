"""Meshes made of grids: triangles, normals and tangents of hair and clothes."""

from typing import NamedTuple

import numpy as np


class Part(NamedTuple):
    """A piece of the scene beside the head; rows of the arrays are its N vertices."""

    vertices: np.ndarray
    """(N, 3) model space"""
    normals: np.ndarray
    """(N, 3) unit, outward"""
    weight: np.ndarray
    """(N,) 1 moves with the head, 0 stays with the body"""
    place: np.ndarray
    """(N, 3) coordinates that the pixels' paint uses"""
    colour: np.ndarray
    """(N, 3) albedo"""
    extra: np.ndarray
    """(N, 3) more for the paint: hair's tangent"""
    triangles: np.ndarray
    """(F, 3) int32"""
    material: int


def grid_triangles(rows: int, columns: int, keep: np.ndarray | None = None) -> np.ndarray:
    """Triangles (F, 3) of a grid whose rows run down and columns run to the right seen from outside.

    keep: (rows, columns) bool, quads with no kept corner are left out.
    """
    at = np.arange(rows * columns).reshape(rows, columns)
    corners = [at[:-1, :-1], at[1:, :-1], at[1:, 1:], at[:-1, 1:]]
    a, b, c, d = (part.ravel() for part in corners)
    if keep is not None:
        used = np.logical_or.reduce([keep.ravel()[part] for part in (a, b, c, d)])
        a, b, c, d = a[used], b[used], c[used], d[used]
    return np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors (..., 3) of length 1; 0 stays 0."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def grid_normals(points: np.ndarray, closed: bool) -> np.ndarray:
    """Outward normals (R, C, 3) of a grid of points (R, C, 3); closed: the last column is the first."""
    down = np.gradient(points, axis=0)
    if closed:
        ring = np.concatenate([points[:, -2:-1], points, points[:, 1:2]], 1)
        right = ring[:, 2:] - ring[:, :-2]
    else:
        right = np.gradient(points, axis=1)
    return unit(np.cross(down, right))


def smooth_noise(rng: np.random.Generator, rows: int, columns: int, cells: tuple[int, int]) -> np.ndarray:
    """Smooth noise (rows, columns) in [-1, 1] that closes over the columns; cells: bumps down and across."""
    down = np.linspace(0, cells[0], rows)[:, None]
    across = np.linspace(0, cells[1], columns)[None]
    knots = rng.uniform(-1, 1, (cells[0] + 2, cells[1]))
    i, j = down.astype(int), across.astype(int)
    y, x = down - i, across - j
    y, x = y * y * (3 - 2 * y), x * x * (3 - 2 * x)
    left, right = j % cells[1], (j + 1) % cells[1]
    top = knots[i, left] * (1 - x) + knots[i, right] * x
    low = knots[i + 1, left] * (1 - x) + knots[i + 1, right] * x
    return top * (1 - y) + low * y
