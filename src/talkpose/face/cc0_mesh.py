"""The head mesh of `cc0`: cut from the body, denser where colour needs it, a linear map of the body."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage, sparse
from scipy.spatial import cKDTree

from talkpose.face.cc0_assets import Assets
from talkpose.face.cc0_pieces import Piece, eye, teeth, tongue
from talkpose.face.cc0_topology import cut, neighbour_average, refine, triangulate

ORIGIN = np.array([0.0, 7.0, 0.5])
"""Where the model's origin lies in the body's space: the head's centre, eyes 0.28 above it."""

CLOSING = 0.03
"""Weight of the unit mouthClose that shuts the slit between MakeHuman's resting lips."""

SKIN = ("face", "lips", "eyelids", "mouth", "ears", "scalp", "neck")
"""Regions of the one skin; "mouth" is its inside."""

PIECES = {
    "left_eye": ("helper-l-eye", eye),
    "right_eye": ("helper-r-eye", eye),
    "upper_teeth": ("helper-upper-teeth", teeth),
    "lower_teeth": ("helper-lower-teeth", teeth),
    "tongue": ("helper-tongue", tongue),
}
"""Regions that are pieces of their own. Left and right are the person's: the left eye is at +x."""

REGIONS = (*SKIN, *PIECES)

MASKED = ("face", "lips", "eyelids", "mouth", *PIECES)
"""Regions that a tight crop shows."""

MASKS = ("face", "lips", "eyelids", "ears", "inside-mouth")


@dataclass
class HeadMesh:
    """Head mesh. `matrix` (V, body vertices) maps the body's vertices, and any target, to the head's."""

    matrix: sparse.csr_matrix
    offset: np.ndarray
    """(V, 3), added to mapped vertices, not to targets"""
    triangles: np.ndarray
    region: np.ndarray
    """(F,) uint8, index into REGIONS"""
    face_mask: np.ndarray
    """(F,) bool"""
    fields: dict[str, np.ndarray]
    """(V,) in [0, 1], for the painter: the asset masks, and gum, gap and molar of the teeth"""

    def position(self, body: np.ndarray) -> np.ndarray:
        """Head vertices (V, 3) in model space from body vertices."""
        return self.matrix @ body + self.offset

    def touched(self, *names: str) -> np.ndarray:
        """Vertices (V,) bool of the triangles of some regions."""
        flag = np.zeros(self.matrix.shape[0], bool)
        flag[self.triangles[np.isin(self.region, [REGIONS.index(name) for name in names])].ravel()] = True
        return flag


def build_mesh(assets: Assets) -> HeadMesh:
    """Cut, refine and label the head; about 9,000 vertices, symmetric."""
    base = assets.mesh.vertices
    start, uv, triangles = _skin(assets)
    first = start @ base - ORIGIN
    fine = _fine(first, _sample(assets.mask("inside-mouth"), uv))
    triangles, halved = refine(triangles, first, fine, 0.03)
    place, uv = (np.concatenate([rows, halved @ rows]) for rows in (first, uv))

    border = _face_border(assets, uv, place, triangles)
    border = (border + border[mirror_of(place)]) / 2
    triangles, on_border, inside = cut(triangles, border)
    place, uv = (np.concatenate([rows, on_border @ rows]) for rows in (place, uv))

    matrix = sparse.csr_matrix(sparse.vstack([start, halved @ start]))
    matrix = sparse.csr_matrix(sparse.vstack([matrix, on_border @ matrix]))
    mirror = mirror_of(place)
    fields = {name: _sample(assets.mask(name), uv) for name in MASKS}
    fields = {name: (field + field[mirror]) / 2 for name, field in fields.items()}

    closing = matrix @ assets.unit("mouthClose")
    closing = (closing + closing[mirror] * np.array([-1, 1, 1])) / 2

    parts = [Piece(matrix, CLOSING * closing, triangles, fields)]
    names = [_skin_regions(place, triangles, fields, inside)]
    for name, (group, make) in PIECES.items():
        parts.append(make(base, assets.mesh.quads[assets.mesh.group == group]))
        names.append(np.full(len(parts[-1].triangles), name))
    return _join(parts, np.concatenate(names))


def _join(parts: list[Piece], region: np.ndarray) -> HeadMesh:
    counts = [part.matrix.shape[0] for part in parts]
    starts = np.cumsum([0, *counts[:-1]])
    fields = {
        name: np.concatenate(
            [part.fields.get(name, np.zeros(n)) for part, n in zip(parts, counts, strict=True)]
        )
        for name in (*MASKS, "gum", "gap", "molar")
    }
    offsets = [np.broadcast_to(part.offset - ORIGIN, (n, 3)) for part, n in zip(parts, counts, strict=True)]
    triangles = [part.triangles + start for part, start in zip(parts, starts, strict=True)]
    return HeadMesh(
        matrix=sparse.csr_matrix(sparse.vstack([part.matrix for part in parts])),
        offset=np.concatenate(offsets),
        triangles=np.concatenate(triangles).astype(np.int32),
        region=np.array([REGIONS.index(name) for name in region], np.uint8),
        face_mask=np.isin(region, MASKED),
        fields=fields,
    )


def mirror_of(place: np.ndarray) -> np.ndarray:
    """For each vertex of a symmetric mesh the one on the other side, (V,)."""
    distance, mirror = cKDTree(place).query(place * np.array([-1, 1, 1]))
    if np.max(distance) > 1e-6:
        raise ValueError(f"the head mesh is not symmetric: {np.max(distance):.4f} dm off")
    return np.asarray(mirror)


def _skin(assets: Assets) -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray]:
    """Skin of head and neck, cut round at the collar-bones: weights, UV and triangles."""
    mesh = assets.mesh
    centre = mesh.vertices[mesh.quads].mean(1)
    from_axis = np.hypot(centre[:, 0], centre[:, 2] - 0.25)
    keep = (mesh.group == "body") & (centre[:, 1] > 5.45) & ((centre[:, 1] > 6.1) | (from_axis < 0.9))
    used, index = np.unique(mesh.quads[keep], return_inverse=True)
    index = index.reshape(-1, 4)
    uv = np.zeros((len(used), 2))
    uv[index.ravel()] = mesh.uv[keep].reshape(-1, 2)
    ones = np.ones(len(used))
    matrix = sparse.csr_matrix((ones, (np.arange(len(used)), used)), (len(used), len(mesh.vertices)))
    triangles = triangulate(index, mesh.vertices[used])

    place = mesh.vertices[used] - ORIGIN
    collar = np.minimum(0.86 - np.hypot(place[:, 0], place[:, 2] + 0.25), place[:, 1] + 1.5)
    triangles, on_collar, above = cut(triangles, np.where(place[:, 1] > -0.9, 1, collar))
    kept, triangles = np.unique(triangles[above], return_inverse=True)
    matrix = sparse.csr_matrix(sparse.vstack([matrix, on_collar @ matrix]))[kept]
    return matrix, np.concatenate([uv, on_collar @ uv])[kept], triangles.reshape(-1, 3)


def _sample(mask: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """A UV mask at vertices, bilinear."""
    height, width = mask.shape
    at = np.stack([(1 - uv[:, 1]) * height - 0.5, uv[:, 0] * width - 0.5])
    return ndimage.map_coordinates(mask, at, order=1, mode="nearest")


def _fine(place: np.ndarray, mouth: np.ndarray) -> np.ndarray:
    """Vertices around eyes, brows and lips, where one colour a vertex needs a denser mesh."""
    side, y, z = np.abs(place[:, 0]), place[:, 1], place[:, 2]
    eyes = ((side - 0.32) / 0.30) ** 2 + ((y - 0.36) / 0.26) ** 2 < 1
    lips = (side / 0.36) ** 2 + ((y + 0.36) / 0.22) ** 2 < 1
    return (z > 0.35) & (eyes | lips) & (mouth < 0.5)


def _face_border(assets: Assets, uv: np.ndarray, place: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Signed function at the vertices, positive inside the face that a tight crop shows; smooth."""
    mask = ndimage.gaussian_filter(assets.mask("face"), 12)
    value = np.clip(_sample(mask, uv) - 0.5, -0.5, 0.5)
    side, y, z = np.abs(place[:, 0]), place[:, 1], place[:, 2]
    value = np.where((side < 0.3) & (y > 0.8), 0.5, value)  # the mask has a notch there
    value = np.minimum(value, 2 * (1.12 - 0.35 * side**2 - y))  # hair line
    average = neighbour_average(triangles, len(place))
    for _ in range(6):
        value = 0.5 * value + 0.5 * (average @ value)
    mouth = _sample(assets.mask("inside-mouth"), uv) > 0.5
    deep = (side < 0.7) & (y < 0.9) & (y > -0.6) & (z > 0.45)
    return np.where(mouth | deep, 0.5, value)


def _skin_regions(
    place: np.ndarray, triangles: np.ndarray, fields: dict[str, np.ndarray], inside: np.ndarray
) -> np.ndarray:
    at = {name: field[triangles].mean(1) for name, field in fields.items()}
    name = np.where(place[triangles, 1].mean(1) > 0.1, "scalp", "neck").astype("<U12")
    name[inside] = "face"
    name[inside & (at["eyelids"] > 0.5)] = "eyelids"
    name[inside & (at["lips"] > 0.5)] = "lips"
    name[at["inside-mouth"] > 0.5] = "mouth"
    name[~inside & (at["ears"] > 0.5)] = "ears"
    return name
