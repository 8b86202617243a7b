"""Neck, shoulders and clothes: the neck bends between the head and a body that stays."""

import functools
from typing import Final

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import spsolve

from talkpose.face.model import FaceModel
from talkpose.synthetic.grids import Part, grid_normals, grid_triangles
from talkpose.synthetic.looks import Look

CLOTH: Final = 3
"""Material of torso and collar."""

COLUMNS = 97
PROFILE: Final = np.array(
    [[0, -0.05], [0.0, 0.0], [0.12, 0.05], [0.3, 0.15], [0.5, 0.26], [0.7, 0.40], [0.85, 0.55], [0.95, 0.75],
     [1, 1.0], [1.02, 1.5], [1.0, 2.4]]
)  # fmt: skip
"""From the neck over the shoulder and down: share of the way to the body's outline, and drop in dm."""


@functools.cache
def neck_weights(model: FaceModel) -> np.ndarray:
    """(V,) 1 where the mesh moves with the head, harmonically down to 0 at the neck's lower rim."""
    pairs = np.concatenate(
        [model.triangles[:, [0, 1]], model.triangles[:, [1, 2]], model.triangles[:, [2, 0]]]
    )
    ends, uses = np.unique(np.sort(pairs, 1), axis=0, return_counts=True)
    count = model.n_vertices
    rim = np.zeros(count, bool)
    rim[ends[uses == 1].ravel()] = True
    neck = np.isin(model.triangle_region, [model.regions.index(n) for n in ("neck",)])
    free = np.zeros(count, bool)
    free[model.triangles[neck].ravel()] = True
    free[model.triangles[~neck].ravel()] = False
    free &= ~rim
    weight = np.ones(count)
    weight[rim] = 0
    both = np.concatenate([ends, ends[:, ::-1]])
    links = sparse.csr_matrix((np.ones(len(both)), (both[:, 0], both[:, 1])), (count, count))
    laplace = sparse.csr_matrix(sparse.diags(np.asarray(links.sum(1)).ravel()) - links)
    inner = laplace[free][:, free].tocsc()
    weight[free] = spsolve(inner, -(laplace[free][:, ~free] @ weight[~free]))
    return weight


def neck_shade(model: FaceModel) -> np.ndarray:
    """(V,) factor on the albedo: the chin's shadow on the neck."""
    x, y, z = model.mean_shape.T
    neck = np.zeros(model.n_vertices)
    neck[model.triangles[model.triangle_region == model.regions.index("neck")]] = 1
    under = np.exp(-(((y + 0.86) / 0.20) ** 2)) * np.clip((z + 0.15) / 0.3, 0, 1) * np.exp(-((x / 0.5) ** 2))
    low = np.clip((-0.5 - y) / 0.5, 0, 1) * 0.18
    return 1 - neck * np.maximum(0.34 * under, low)


def body_parts(look: Look, model: FaceModel, neutral: np.ndarray, skin: np.ndarray) -> list[Part]:
    """Torso and collar in model space; neutral: (V, 3) the person; skin: (3,) albedo of the chest."""
    around = np.linspace(-np.pi, np.pi, COLUMNS)
    loop, outline = _loop(model, neutral, around), _outline(look, around)
    points = np.empty((len(PROFILE), COLUMNS, 3))
    for row, (share, drop) in enumerate(PROFILE):
        points[row] = loop + share * (outline - loop)
        points[row, :, 1] = loop[:, 1] - drop
        if drop < 0:
            points[row, :, [0, 2]] *= 0.8
    parts = [_part(look, points, np.tile(skin, (points[..., 0].size, 1)), 0.0, True)]
    collar = COLLARS.get(look.clothes)
    if collar is not None:
        parts.append(_collar(look, loop, around, np.array(collar)))
    return parts


COLLARS: Final = {
    "crew": [[-0.05, -0.06], [-0.035, 0.03], [0.0, 0.055], [0.045, 0.03], [0.075, -0.04]],
    "shirt": [[-0.04, -0.08], [-0.045, 0.14], [0.0, 0.19], [0.06, 0.12], [0.12, 0.0], [0.15, -0.08]],
    "jacket": [[-0.04, -0.08], [-0.045, 0.12], [0.0, 0.17], [0.06, 0.10], [0.11, 0.0], [0.14, -0.07]],
    "polo": [[-0.04, -0.08], [-0.03, 0.07], [0.02, 0.11], [0.08, 0.06], [0.13, -0.02], [0.16, -0.08]],
}
"""Profiles of collars about the neck: outward and up in dm."""


def _loop(model: FaceModel, neutral: np.ndarray, around: np.ndarray) -> np.ndarray:
    """Base of the neck (C, 3), just outside this person's neck."""
    neck = np.unique(model.triangles[model.triangle_region == model.regions.index("neck")])
    ring = neutral[neck][(model.mean_shape[neck, 1] < -0.75) & (model.mean_shape[neck, 1] > -0.95)]
    wide = float(np.abs(ring[:, 0]).max()) + 0.10
    back = float(ring[:, 2].min()) - 0.06
    throat = neutral[neck][(model.mean_shape[neck, 1] < -1.1) & (model.mean_shape[neck, 1] > -1.35)]
    front = float(throat[:, 2].max()) + 0.05
    s, c = np.sin(around), np.cos(around)
    return np.stack(
        [wide * s, -1.08 - 0.24 * c + 0.06 * s * s, (front + back) / 2 + (front - back) / 2 * c], 1
    )


def _outline(look: Look, around: np.ndarray) -> np.ndarray:
    s, c = np.sin(around), np.cos(around)
    wide = np.sign(s) * np.abs(s) ** 0.85 * look.shoulders
    return np.stack([wide, np.zeros_like(s), -0.25 + 0.85 * np.sign(c) * np.abs(c) ** 0.9], 1)


def _collar(look: Look, loop: np.ndarray, around: np.ndarray, profile: np.ndarray) -> Part:
    flat = loop - np.array([0.0, 0.0, loop[:, 2].mean()])
    outward = flat * np.array([1.0, 0.0, 1.0])
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    points = loop + outward * profile[:, :1, None]
    points[..., 1] += profile[:, 1:]
    if look.clothes != "crew":  # two flaps with points at the front
        front = np.clip(np.cos(around), 0, 1) ** 10
        points[-1, :, 1] -= 0.16 * front
        points[-2, :, 1] -= 0.06 * front
        points[1:3, :, 1] -= 0.10 * front
    open_front = np.abs(around) < (0.07 if look.clothes != "crew" else -1)
    keep = np.tile(~open_front, (len(points), 1))
    tone = look.undershirt if look.clothes in ("jacket",) else look.cloth
    colour = np.tile(np.clip(tone * 1.06, 0, 1), (points[..., 0].size, 1))
    return _part(look, points, colour, 1.0, True, keep)


def _part(
    look: Look,
    points: np.ndarray,
    colour: np.ndarray,
    kind: float,
    closed: bool,
    keep: np.ndarray | None = None,
) -> Part:
    """kind: 0 torso (colour is the skin's, the paint puts the cloth over it), 1 collar (colour is cloth)."""
    rows, columns = points.shape[:2]
    flat = points.reshape(-1, 3)
    extra = np.zeros_like(flat)
    extra[:, 0] = kind
    # dark where collar and torso meet
    extra[:, 1] = np.repeat(np.linspace(0, 1, rows), columns)
    return Part(
        flat,
        grid_normals(points, closed).reshape(-1, 3),
        np.zeros(len(flat)),
        flat.copy(),
        colour,
        extra,
        grid_triangles(rows, columns, keep),
        CLOTH,
    )
