"""The head mesh of `cc0`: cut from the body, refined where colour needs it, as a linear map of the body's vertices."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage, sparse
from scipy.spatial import cKDTree

from talkpose.face.cc0_assets import Assets

ORIGIN = np.array([0.0, 7.0, 0.5])
"""Where the model's origin lies in the body's space: the head's centre, eyes 0.28 above it."""

REGIONS = (
    "face",
    "lips",
    "eyelids",
    "mouth",
    "left_eye",
    "right_eye",
    "upper_teeth",
    "lower_teeth",
    "tongue",
    "ears",
    "scalp",
    "neck",
)
"""Left and right are the person's own: the left eye is at +x, to the viewer's right."""

PIECES = {
    "helper-l-eye": "left_eye",
    "helper-r-eye": "right_eye",
    "helper-upper-teeth": "upper_teeth",
    "helper-lower-teeth": "lower_teeth",
    "helper-tongue": "tongue",
}

MASKED = ("face", "lips", "eyelids", "mouth", "left_eye", "right_eye", "upper_teeth", "lower_teeth", "tongue")


@dataclass
class HeadMesh:
    """Head mesh. `matrix` (V, body vertices) maps the body's vertices, and any target, to the head's."""

    matrix: sparse.csr_matrix
    triangles: np.ndarray
    region: np.ndarray
    face_mask: np.ndarray
    masks: dict[str, np.ndarray]
    """asset masks sampled at the vertices (V,), in [0, 1]; 0 on the separate pieces"""

    def position(self, body: np.ndarray) -> np.ndarray:
        """Head vertices (V, 3) in model space from body vertices."""
        return self.matrix @ body - ORIGIN


def build_mesh(assets: Assets) -> HeadMesh:
    """Cut, refine and label the head; about 8,000 vertices."""
    body = assets.mesh
    base = body.vertices
    rows: list[sparse.csr_matrix] = []
    triangles, names = [], []
    offset = 0

    quads, uv = _head_quads(assets)
    used = np.unique(quads)
    index = np.full(len(base), -1)
    index[used] = np.arange(len(used))
    skin = _triangulate(index[quads], base[used])
    matrix = sparse.identity(len(base), format="csr")[used]
    vertex_uv = np.zeros((len(used), 2))
    vertex_uv[index[quads].ravel()] = uv.reshape(-1, 2)

    masks = {
        name: _sample(assets.mask(name), vertex_uv)
        for name in ("face", "lips", "eyelids", "ears", "inside-mouth")
    }
    fine = _fine_region(base[used] - ORIGIN, masks)
    skin, extra = refine(skin, base[used], fine, 0.03)
    matrix = sparse.vstack([matrix, extra @ matrix]).tocsr()
    vertex_uv = np.concatenate([vertex_uv, extra @ vertex_uv])
    place = matrix @ base - ORIGIN

    border = _face_border(assets, vertex_uv, place, skin)
    border = (border + border[mirror_of(place)]) / 2
    skin, extra, inside = cut(skin, border)
    matrix = sparse.vstack([matrix, extra @ matrix]).tocsr()
    vertex_uv = np.concatenate([vertex_uv, extra @ vertex_uv])
    place = matrix @ base - ORIGIN
    mirror = mirror_of(place)
    masks = {name: _sample(assets.mask(name), vertex_uv) for name in masks}
    masks = {name: (mask + mask[mirror]) / 2 for name, mask in masks.items()}

    rows.append(matrix)
    triangles.append(skin)
    names.append(_skin_regions(place, skin, masks, inside))
    offset += matrix.shape[0]
    for group, name in PIECES.items():
        piece, faces = _piece(base, body.quads[body.group == group], name != "tongue", name.endswith("eye"))
        rows.append(piece)
        triangles.append(faces + offset)
        names.append(np.full(len(faces), name))
        offset += piece.shape[0]

    region_names = np.concatenate(names)
    region = np.array([REGIONS.index(name) for name in region_names], np.uint8)
    pieces = np.zeros(offset - len(place))
    return HeadMesh(
        matrix=sparse.vstack(rows).tocsr(),
        triangles=np.concatenate(triangles).astype(np.int32),
        region=region,
        face_mask=np.isin(region_names, MASKED),
        masks={name: np.concatenate([mask, pieces]) for name, mask in masks.items()},
    )


def mirror_of(place: np.ndarray) -> np.ndarray:
    """For each vertex of a symmetric mesh the one on the other side, (V,)."""
    distance, mirror = cKDTree(place).query(place * np.array([-1, 1, 1]))
    if distance.max() > 1e-6:
        raise ValueError(f"the head mesh is not symmetric: {distance.max():.4f} dm off")
    return mirror


def _head_quads(assets: Assets) -> tuple[np.ndarray, np.ndarray]:
    """Quads and UV corners of head and neck, down to the collar-bones."""
    mesh = assets.mesh
    centre = mesh.vertices[mesh.quads].mean(1)
    from_axis = np.hypot(centre[:, 0], centre[:, 2] - 0.25)
    keep = (mesh.group == "body") & (centre[:, 1] > 5.45) & ((centre[:, 1] > 6.1) | (from_axis < 0.9))
    return mesh.quads[keep], mesh.uv[keep]


def _triangulate(quads: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Two triangles a quad along its shorter diagonal, so that mirrored quads are cut alike."""
    diagonal = np.linalg.norm(place[quads[:, [0, 1]]] - place[quads[:, [2, 3]]], axis=2).round(6)
    first = diagonal[:, 0] <= diagonal[:, 1]
    one = np.where(first[:, None], quads[:, [0, 1, 2]], quads[:, [1, 2, 3]])
    two = np.where(first[:, None], quads[:, [0, 2, 3]], quads[:, [1, 3, 0]])
    return np.stack([one, two], 1).reshape(-1, 3)


def _edges(triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unique edges (E, 2) and, for each triangle, the ids of its edges 01, 12, 20 (F, 3)."""
    pairs = np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    edges, inverse = np.unique(pairs, axis=0, return_inverse=True)
    return edges, inverse.reshape(-1, 3)


def refine(
    triangles: np.ndarray, place: np.ndarray, chosen: np.ndarray, limit: float
) -> tuple[np.ndarray, sparse.csr_matrix]:
    """Halve the edges between chosen vertices that are longer than `limit`; no crack opens.

    Returns the new triangles and the weights (new vertices, V) of the vertices to append.
    """
    edges, of = _edges(triangles)
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
        parts += [np.stack([pq, q, qr], 1)[two], np.stack([p, pq, qr], 1)[two], np.stack([p, qr, r], 1)[two]]
    full = number == 3
    a, b, c = triangles[full].T
    ab, bc, ca = new[of[full]].T
    parts += [np.stack(corners, 1) for corners in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
    return np.concatenate(parts), _weights(edges[split], np.full(split.sum(), 0.5), len(place))


def _weights(pairs: np.ndarray, t: np.ndarray, count: int) -> sparse.csr_matrix:
    """Rows (1 - t) * first + t * second."""
    row = np.arange(len(pairs))
    return sparse.csr_matrix(
        (
            np.concatenate([1 - t, t]),
            (np.concatenate([row, row]), np.concatenate([pairs[:, 0], pairs[:, 1]])),
        ),
        shape=(len(pairs), count),
    )


def cut(triangles: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, sparse.csr_matrix, np.ndarray]:
    """Cut triangles along value = 0; returns triangles, weights of the new vertices, and which lie inside (value > 0)."""
    edges, of = _edges(triangles)
    value = value.copy()
    low, high = value[edges[:, 0]], value[edges[:, 1]]
    crossing = (low > 0) != (high > 0)
    t = np.where(crossing, low / np.where(crossing, low - high, 1), 0.5)
    # A cut close to a vertex would leave a sliver: let the vertex itself lie on the border.
    for end, near in ((0, t < 0.2), (1, t > 0.8)):
        value[edges[crossing & near, end]] = 0
    low, high = value[edges[:, 0]], value[edges[:, 1]]
    crossing = low * high < 0
    t = low / np.where(crossing, low - high, 1)
    new = np.full(len(edges), -1)
    new[crossing] = len(value) + np.arange(crossing.sum())
    parts = [triangles[~crossing[of].any(1)]]
    crossings = crossing[of].sum(1)
    for k in range(3):
        p, q, r = triangles[:, k], triangles[:, (k + 1) % 3], triangles[:, (k + 2) % 3]
        pq, qr, rp = new[of[:, k]], new[of[:, (k + 1) % 3]], new[of[:, (k + 2) % 3]]
        one = (crossings == 1) & (qr >= 0)
        parts += [np.stack([p, q, qr], 1)[one], np.stack([p, qr, r], 1)[one]]
        two = (crossings == 2) & (qr < 0)
        parts += [np.stack([p, pq, rp], 1)[two], np.stack([pq, q, r], 1)[two], np.stack([pq, r, rp], 1)[two]]
    result = np.concatenate(parts)
    full = np.concatenate([value, np.zeros(crossing.sum())])
    return result, _weights(edges[crossing], t[crossing], len(value)), full[result].sum(1) > 0


def _sample(mask: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """A UV mask at vertices, bilinear."""
    height, width = mask.shape
    at = np.stack([(1 - uv[:, 1]) * height - 0.5, uv[:, 0] * width - 0.5])
    return ndimage.map_coordinates(mask, at, order=1, mode="nearest")


def _fine_region(place: np.ndarray, masks: dict[str, np.ndarray]) -> np.ndarray:
    """Vertices around eyes, brows and lips, where one colour a vertex needs a denser mesh."""
    x, y, z = np.abs(place[:, 0]), place[:, 1], place[:, 2]
    front = z > 0.35
    eyes = ((x - 0.32) / 0.30) ** 2 + ((y - 0.36) / 0.26) ** 2 < 1
    lips = (x / 0.36) ** 2 + ((y + 0.36) / 0.22) ** 2 < 1
    return front & (eyes | lips) & (masks["inside-mouth"] < 0.5)


def _face_border(assets: Assets, uv: np.ndarray, place: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Signed function at the vertices, positive inside the face that a tight crop shows; smooth over the mesh."""
    mask = ndimage.gaussian_filter(assets.mask("face"), 12)
    value = np.clip(_sample(mask, uv) - 0.5, -0.5, 0.5)
    inside = _sample(assets.mask("inside-mouth"), uv) > 0.5
    hairline = 1.12 - 0.35 * place[:, 0] ** 2 - place[:, 1]
    value = np.where(
        (np.abs(place[:, 0]) < 0.3) & (place[:, 1] > 0.8), 0.5, value
    )  # the mask has a notch there
    value = np.minimum(value, 2 * hairline)
    edges, _ = _edges(triangles)
    graph = sparse.coo_matrix((np.ones(len(edges)), edges.T), shape=(len(uv), len(uv)))
    graph = (graph + graph.T).tocsr()
    average = sparse.diags(1 / np.maximum(graph.sum(1).A1, 1)) @ graph
    for _ in range(6):
        value = 0.5 * value + 0.5 * (average @ value)
    deep = inside | (
        (np.abs(place[:, 0]) < 0.7) & (place[:, 1] < 0.9) & (place[:, 1] > -0.6) & (place[:, 2] > 0.45)
    )
    return np.where(deep, 0.5, value)


def _skin_regions(
    place: np.ndarray, triangles: np.ndarray, masks: dict[str, np.ndarray], inside: np.ndarray
) -> np.ndarray:
    centre = place[triangles].mean(1)
    at = {name: mask[triangles].mean(1) for name, mask in masks.items()}
    name = np.where(centre[:, 1] > 0.1, "scalp", "neck").astype("<U12")
    name[inside] = "face"
    name[inside & (at["eyelids"] > 0.5)] = "eyelids"
    name[inside & (at["lips"] > 0.5)] = "lips"
    name[at["inside-mouth"] > 0.5] = "mouth"
    name[~inside & (at["ears"] > 0.5)] = "ears"
    return name


def _piece(
    base: np.ndarray, quads: np.ndarray, smooth: bool, eye: bool
) -> tuple[sparse.csr_matrix, np.ndarray]:
    """A separate closed piece (eye, teeth, tongue), smoothed once by Catmull and Clark's rule; the iris finer."""
    used, index = np.unique(quads, return_inverse=True)
    weights, quads = sparse.identity(len(used), format="csr"), index.reshape(-1, 4)
    if smooth:
        weights, quads = _catmull_clark(quads, len(used))
    matrix = weights @ sparse.identity(len(base), format="csr")[used]
    if eye:
        # Smoothing shrinks the ball; scale it back about its centre.
        centre = sparse.csr_matrix(
            (np.full(len(used), 1 / len(used)), (np.zeros(len(used), int), used)), (1, len(base))
        )
        middle = base[used].mean(0)
        wanted = np.linalg.norm(base[used] - middle, axis=1).mean()
        scale = wanted / np.linalg.norm(matrix @ base - middle, axis=1).mean()
        matrix = scale * matrix + (1 - scale) * sparse.vstack([centre] * matrix.shape[0])
    triangles = _triangulate(quads, matrix @ base)
    if eye:
        place = matrix @ base
        front = place - base[used].mean(0)
        near = (np.hypot(front[:, 0], front[:, 1]) < 0.085) & (front[:, 2] > 0)
        triangles, extra = refine(triangles, place, near, 0.0)
        matrix = sparse.vstack([matrix, extra @ matrix])
    return matrix.tocsr(), triangles


def _catmull_clark(quads: np.ndarray, count: int) -> tuple[sparse.csr_matrix, np.ndarray]:
    """One step of Catmull and Clark (1978) on a closed quad mesh: weights (new, count) and quads."""
    sides = quads[:, [[0, 1], [1, 2], [2, 3], [3, 0]]]
    edges, of = np.unique(np.sort(sides.reshape(-1, 2), axis=1), axis=0, return_inverse=True)
    of = of.reshape(-1, 4)
    n_faces, n_edges = len(quads), len(edges)
    ones = np.ones(4 * n_faces)
    rows = np.repeat(np.arange(n_faces), 4)
    face = sparse.csr_matrix((ones / 4, (rows, quads.ravel())), (n_faces, count))
    edge_face = sparse.csr_matrix((ones, (of.ravel(), rows)), (n_edges, n_faces))
    middle = _weights(edges, np.full(n_edges, 0.5), count)
    open_edge = edge_face.sum(1).A1 == 1
    inner = sparse.diags(np.where(open_edge, 0.0, 0.5))
    edge = (sparse.identity(n_edges) - inner) @ middle + inner @ sparse.diags(
        1 / edge_face.sum(1).A1
    ) @ edge_face @ face
    vertex_edge = sparse.csr_matrix(
        (np.ones(2 * n_edges), (edges.ravel(), np.repeat(np.arange(n_edges), 2))), (count, n_edges)
    )
    vertex_face = sparse.csr_matrix((ones, (quads.ravel(), rows)), (count, n_faces))
    n = vertex_face.sum(1).A1
    smooth = sparse.diags(1 / n**2) @ vertex_face @ face
    smooth = smooth + sparse.diags(2 / (n * vertex_edge.sum(1).A1)) @ vertex_edge @ middle
    smooth = smooth + sparse.diags((n - 3) / n)
    rim = vertex_edge @ open_edge > 0
    border = (
        0.5 * sparse.identity(count) + 0.25 * vertex_edge @ sparse.diags(open_edge.astype(float)) @ middle
    )
    vertex = sparse.diags((~rim).astype(float)) @ smooth + sparse.diags(rim.astype(float)) @ border
    e = count + of
    f = np.repeat((count + n_edges + np.arange(n_faces))[:, None], 4, axis=1)
    new = np.stack([quads, e, f, np.roll(e, 1, axis=1)], 2).reshape(-1, 4)
    return sparse.vstack([vertex, edge, face]).tocsr(), new
