"""Cutting and refining triangle meshes by linear maps of their vertices: no crack opens, symmetry stays."""

import numpy as np
from scipy import sparse


def triangulate(quads: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Two triangles a quad along its shorter diagonal, so that mirrored quads are cut alike."""
    diagonal = np.linalg.norm(place[quads[:, [0, 1]]] - place[quads[:, [2, 3]]], axis=2).round(6)
    first = diagonal[:, 0] <= diagonal[:, 1]
    one = np.where(first[:, None], quads[:, [0, 1, 2]], quads[:, [1, 2, 3]])
    two = np.where(first[:, None], quads[:, [0, 2, 3]], quads[:, [1, 3, 0]])
    return np.stack([one, two], 1).reshape(-1, 3)


def edges_of(triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unique edges (E, 2) and, for each triangle, the ids of its edges 01, 12, 20 (F, 3)."""
    pairs = np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    edges, inverse = np.unique(pairs, axis=0, return_inverse=True)
    return edges, inverse.reshape(-1, 3)


def weights_between(pairs: np.ndarray, t: np.ndarray, count: int) -> sparse.csr_matrix:
    """Rows (1 - t) * first + t * second, (len(pairs), count)."""
    row = np.tile(np.arange(len(pairs)), 2)
    return sparse.csr_matrix((np.concatenate([1 - t, t]), (row, pairs.T.ravel())), (len(pairs), count))


def refine(
    triangles: np.ndarray, place: np.ndarray, chosen: np.ndarray, limit: float
) -> tuple[np.ndarray, sparse.csr_matrix]:
    """Halve the edges between chosen vertices that are longer than `limit`.

    Returns the new triangles and the weights (new vertices, V) of the vertices to append.
    """
    edges, of = edges_of(triangles)
    length = np.linalg.norm(place[edges[:, 0]] - place[edges[:, 1]], axis=1).round(6)
    split = chosen[edges].all(1) & (length > limit)
    new = np.full(len(edges), -1)
    new[split] = len(place) + np.arange(split.sum())
    number = split[of].sum(1)
    parts = [triangles[number == 0]]
    for k in range(3):
        turn = [k, (k + 1) % 3, (k + 2) % 3]
        p, q, r = triangles[:, turn].T
        pq, qr, rp = new[of[:, turn]].T
        one = (number == 1) & (pq >= 0)
        parts += [np.stack([p, pq, r], 1)[one], np.stack([pq, q, r], 1)[one]]
        two = (number == 2) & (rp < 0)
        parts += [np.stack(c, 1)[two] for c in ((pq, q, qr), (p, pq, qr), (p, qr, r))]
    full = number == 3
    a, b, c = triangles[full].T
    ab, bc, ca = new[of[full]].T
    parts += [np.stack(corners, 1) for corners in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
    return np.concatenate(parts), weights_between(edges[split], np.full(split.sum(), 0.5), len(place))


def cut(triangles: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, sparse.csr_matrix, np.ndarray]:
    """Cut triangles along value = 0, value (V,).

    Returns the triangles, the weights of the vertices to append, and which triangles lie inside (value > 0).
    """
    edges, of = edges_of(triangles)
    value = value.copy()
    low, high = value[edges].T
    crossing = (low > 0) != (high > 0)
    t = np.where(crossing, low / np.where(crossing, low - high, 1), 0.5)
    # A cut close to a vertex would leave a sliver: let the vertex itself lie on the border.
    for end, near in ((0, t < 0.2), (1, t > 0.8)):
        value[edges[crossing & near, end]] = 0
    low, high = value[edges].T
    crossing = low * high < 0
    t = low / np.where(crossing, low - high, 1)
    new = np.full(len(edges), -1)
    new[crossing] = len(value) + np.arange(crossing.sum())
    number = crossing[of].sum(1)
    parts = [triangles[number == 0]]
    for k in range(3):
        turn = [k, (k + 1) % 3, (k + 2) % 3]
        p, q, r = triangles[:, turn].T
        pq, qr, rp = new[of[:, turn]].T
        one = (number == 1) & (qr >= 0)
        parts += [np.stack(c, 1)[one] for c in ((p, q, qr), (p, qr, r))]
        two = (number == 2) & (qr < 0)
        parts += [np.stack(c, 1)[two] for c in ((p, pq, rp), (pq, q, r), (pq, r, rp))]
    result = np.concatenate(parts)
    full = np.concatenate([value, np.zeros(crossing.sum())])
    return result, weights_between(edges[crossing], t[crossing], len(value)), full[result].sum(1) > 0


def neighbour_average(triangles: np.ndarray, count: int) -> sparse.csr_matrix:
    """Row-stochastic matrix (count, count): the mean over a vertex's neighbours (0 for a lone vertex)."""
    edges, _ = edges_of(triangles)
    graph = sparse.csr_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), (count, count))
    graph = graph + graph.T
    degree = np.asarray(graph.sum(1)).ravel()
    return sparse.csr_matrix(sparse.diags(1 / np.maximum(degree, 1)) @ graph)
