"""Eyes, teeth and tongue of `cc0`: closed pieces, each a linear map of MakeHuman's few helper vertices."""

from typing import NamedTuple

import numpy as np
from scipy import sparse

from talkpose.face.cc0_topology import refine, triangulate, weights_between

TOOTH_WIDTHS = (0.088, 0.067, 0.077, 0.072, 0.070, 0.104, 0.100)
"""Widths of half an arch's teeth from the front, decimetres."""

UPPER_OFFSET = np.array([0.0, -0.05, 0.0])
LOWER_OFFSET = np.array([0.0, -0.015, -0.035])
TONGUE_OFFSET = np.array([0.0, -0.07, -0.03])
"""MakeHuman's helpers sit so high that an open mouth hides the upper teeth and shows the tongue alone."""


class Piece(NamedTuple):
    """A part of the mesh: weights (V, body vertices), offset (3,) or (V, 3), triangles, paint fields (V,)."""

    matrix: sparse.csr_matrix
    offset: np.ndarray
    triangles: np.ndarray
    fields: dict[str, np.ndarray]


def eye(base: np.ndarray, quads: np.ndarray) -> Piece:
    """An eyeball, smoothed once by Catmull and Clark's rule, with a denser iris."""
    used, index = np.unique(quads, return_inverse=True)
    weights, faces = catmull_clark(index.reshape(-1, 4), len(used))
    # Smoothing shrinks the ball; scale it back about its centre.
    middle = base[used].mean(0)
    wanted = np.linalg.norm(base[used] - middle, axis=1).mean()
    scale = wanted / np.linalg.norm(weights @ base[used] - middle, axis=1).mean()
    centre = np.full((weights.shape[0], len(used)), (1 - scale) / len(used))
    weights = sparse.csr_matrix(scale * weights + centre)
    place = weights @ base[used]
    triangles = triangulate(faces, place)
    front = place - middle
    near = (np.hypot(front[:, 0], front[:, 1]) < 0.085) & (front[:, 2] > 0)
    triangles, extra = refine(triangles, place, near, 0.0)
    weights = sparse.vstack([weights, extra @ weights])
    return Piece(weights @ _pick(used, len(base)), np.zeros(3), triangles, {})


def tongue(base: np.ndarray, quads: np.ndarray) -> Piece:
    """The tongue as it is, lower."""
    used, index = np.unique(quads, return_inverse=True)
    triangles = triangulate(index.reshape(-1, 4), base[used])
    return Piece(_pick(used, len(base)), TONGUE_OFFSET, triangles, {})


def teeth(base: np.ndarray, quads: np.ndarray) -> Piece:
    """One row of fourteen teeth with gums, from MakeHuman's strip of 17 columns and 4 rows.

    Fields: "gum" 1 on the gums, "gap" 1 between teeth, "molar" 0 at the front to 1 at the back.
    """
    grid = _strip(base, quads)  # (17, 4): gum, crown, edge, inner side
    arc = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(base[grid[:, 2]], axis=0), axis=1))])
    arc -= arc[-1] / 2
    at, gap = _columns(arc[-1])
    along = _cubic(arc, at)  # (columns, 17)
    columns = len(at)
    # Rows around the strip, each a mix of the four points of a column; between teeth the gum comes down and
    # the crown lies deeper and shorter.
    line = 0.25 + 0.45 * gap
    rows = np.zeros((6, columns, 4))
    rows[0, :, 0] = 1
    rows[1, :, 0], rows[1, :, 1] = 1 - line, line
    rows[2, :, 1], rows[2, :, 2] = 0.55, 0.45
    rows[3, :, 1], rows[3, :, 2] = 0.02 + 0.14 * gap, 0.98 - 0.14 * gap
    rows[4, :, 2], rows[4, :, 3] = 0.7, 0.3
    rows[5, :, 3] = 1
    for row in (2, 3):
        rows[row] = rows[row] * (1 - 0.12 * gap[:, None]) + 0.12 * gap[:, None] * np.array([0, 0, 0, 1])
    dense = np.einsum("rck,cj->rcjk", rows, along).reshape(6 * columns, -1)
    weights = sparse.csr_matrix(dense)
    used = grid.ravel()
    index = np.arange(6 * columns).reshape(6, columns)
    around = np.concatenate([index, index[:1]])
    faces = np.stack([around[:-1, :-1], around[:-1, 1:], around[1:, 1:], around[1:, :-1]], 2).reshape(-1, 4)
    place = weights @ base[used]
    triangles = triangulate(faces, place)
    caps = [[index[0, c], index[k, c], index[k + 1, c]] for c in (0, columns - 1) for k in range(1, 5)]
    for k in range(4, 8):  # the last cap looks the other way
        caps[k] = caps[k][::-1]
    triangles = np.concatenate([triangles, np.array(caps)])
    if _volume(place, triangles) < 0:
        triangles = triangles[:, ::-1]
    offset = UPPER_OFFSET if base[grid[:, 0], 1].mean() > base[grid[:, 2], 1].mean() else LOWER_OFFSET
    crown = np.array([0, 0, 1, 1, 1, 0.5])
    fields = {
        "gum": np.repeat([1.0, 0.8, 0, 0, 0, 0.6], columns),
        "gap": (crown[:, None] * gap).ravel(),
        "molar": np.tile(np.clip((np.abs(at) - 0.15) / 0.3, 0, 1), 6),
    }
    return Piece(weights @ _pick(used, len(base)), offset, triangles, fields)


def _columns(end: float) -> tuple[np.ndarray, np.ndarray]:
    """Places of the columns along the arch, symmetric about 0, and 1 where two teeth meet, else 0."""
    border = np.concatenate([[0], np.cumsum(TOOTH_WIDTHS)])
    border = border * min(1, end / border[-1])
    places, gap = [0.0], [1.0]
    for k, (a, b) in enumerate(zip(border[:-1], border[1:], strict=True)):
        inner = (0.14, 0.5, 0.86) if k < 3 else (0.2, 0.8)
        places += [a + t * (b - a) for t in inner] + [b]
        gap += [0.0] * len(inner) + [1.0]
    gap[-1] = 0.0
    return np.array([-p for p in places[:0:-1]] + places), np.array(gap[:0:-1] + gap)


def _cubic(knots: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Weights (len(at), len(knots)) of a Catmull-Rom curve through the knots."""
    weights = np.zeros((len(at), len(knots)))
    last = len(knots) - 1
    piece = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, last - 1)
    for row, (k, x) in enumerate(zip(piece, at, strict=True)):
        t = np.clip((x - knots[k]) / (knots[k + 1] - knots[k]), 0, 1)
        basis = (
            (max(k - 1, 0), -0.5 * t + t**2 - 0.5 * t**3),
            (k, 1 - 2.5 * t**2 + 1.5 * t**3),
            (k + 1, 0.5 * t + 2 * t**2 - 1.5 * t**3),
            (min(k + 2, last), -0.5 * t**2 + 0.5 * t**3),
        )
        for column, weight in basis:
            weights[row, column] += weight
    return weights


def _strip(base: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """A strip's vertices as a grid: columns from -x to +x, rows from the outer gum to the inner side."""
    place: dict[int, tuple[int, int]] = {}
    corners = ((0, 0), (1, 0), (1, 1), (0, 1))
    place.update(zip(quads[0].tolist(), corners, strict=True))
    left = quads[1:].tolist()
    while left:
        for quad in left:
            known = [k for k in range(4) if quad[k] in place and quad[(k + 1) % 4] in place]
            if known:
                break
        else:
            raise ValueError("the teeth are no single strip of quads")
        left.remove(quad)
        k = known[0]
        (ax, ay), (bx, by) = place[quad[k]], place[quad[(k + 1) % 4]]
        # Quads turn one way, so the new edge lies to the left of the known one.
        dx, dy = -(by - ay), bx - ax
        place[quad[(k + 2) % 4]] = (bx + dx, by + dy)
        place[quad[(k + 3) % 4]] = (ax + dx, ay + dy)
    at = np.array(list(place.values()))
    at -= at.min(0)
    grid = np.full(at.max(0) + 1, -1)
    grid[at[:, 0], at[:, 1]] = list(place)
    if grid.shape[0] < grid.shape[1]:
        grid = grid.T
    if base[grid[0], 0].mean() > base[grid[-1], 0].mean():
        grid = grid[::-1]
    return grid if base[grid[:, 0], 2].mean() > base[grid[:, -1], 2].mean() else grid[:, ::-1]


def _pick(used: np.ndarray, count: int) -> sparse.csr_matrix:
    return sparse.csr_matrix((np.ones(len(used)), (np.arange(len(used)), used)), (len(used), count))


def _volume(place: np.ndarray, triangles: np.ndarray) -> float:
    a, b, c = (place[triangles[:, k]] - place.mean(0) for k in range(3))
    return float((a * np.cross(b, c)).sum())


def catmull_clark(quads: np.ndarray, count: int) -> tuple[sparse.csr_matrix, np.ndarray]:
    """One step of Catmull and Clark (1978) on a closed quad mesh: weights (new, count) and quads."""
    sides = quads[:, [[0, 1], [1, 2], [2, 3], [3, 0]]].reshape(-1, 2)
    edges, of = np.unique(np.sort(sides, axis=1), axis=0, return_inverse=True)
    of = of.reshape(-1, 4)
    n_faces, n_edges = len(quads), len(edges)
    rows = np.repeat(np.arange(n_faces), 4)
    ones = np.ones(4 * n_faces)
    face = sparse.csr_matrix((ones / 4, (rows, quads.ravel())), (n_faces, count))
    middle = weights_between(edges, np.full(n_edges, 0.5), count)
    edge = 0.5 * middle + 0.25 * sparse.csr_matrix((ones, (of.ravel(), rows)), (n_edges, n_faces)) @ face
    vertex_face = sparse.csr_matrix((ones, (quads.ravel(), rows)), (count, n_faces))
    n = np.asarray(vertex_face.sum(1)).ravel()
    ends = np.repeat(np.arange(n_edges), 2)
    vertex_edge = sparse.csr_matrix((np.ones(2 * n_edges), (edges.ravel(), ends)), (count, n_edges))
    vertex = sparse.diags(1 / n**2) @ (vertex_face @ face + 2 * vertex_edge @ middle) + sparse.diags(
        (n - 3) / n
    )
    e = count + of
    f = np.repeat((count + n_edges + np.arange(n_faces))[:, None], 4, axis=1)
    new = np.stack([quads, e, f, np.roll(e, 1, axis=1)], 2).reshape(-1, 4)
    return sparse.vstack([vertex, edge, face]).tocsr(), new
