"""One person's scene: head, hair and clothes joined into one mesh, with what the paint needs to know."""

from typing import Final, NamedTuple

import numpy as np
from scipy import sparse

from talkpose.face.model import FaceModel
from talkpose.synthetic.body import body_parts, neck_shade, neck_weights
from talkpose.synthetic.hair import growth, hair_parts
from talkpose.synthetic.looks import Look
from talkpose.synthetic.skull import Skull

SKIN: Final = 0
EYE: Final = 1
INSIDE: Final = 4
"""Material of mouth, teeth and tongue; hair and cloth have 2 and 3."""

ATTRIBUTES: Final = 9
"""place 3, albedo 3, extra 3; for skin extra is growth of hair, beard, shade of lips."""


class Scene(NamedTuple):
    """Still parts of a person's picture; the head's V vertices come first."""

    neutral: np.ndarray
    """(V, 3) float32 the head without expression"""
    still: np.ndarray
    """(N, 3) float32 hair and clothes in model space"""
    still_normals: np.ndarray
    """(N, 3) float32"""
    weight: np.ndarray
    """(V + N,) float32: 1 moves with the head, 0 stays with the body"""
    attributes: np.ndarray
    """(V + N, ATTRIBUTES) float32"""
    triangles: np.ndarray
    """(F, 3) int32"""
    material: np.ndarray
    """(F,) uint8"""
    skin: np.ndarray
    """(3,) albedo of the face's skin"""


def build_scene(model: FaceModel, look: Look) -> Scene:
    """Join the parts of a person."""
    neutral = model.shape(look.identity, np.zeros(64, np.float32))
    head, skin, bare = _head_attributes(model, look)
    parts = hair_parts(look, Skull(model, neutral)) + body_parts(look, model, neutral, skin)
    offsets = model.n_vertices + np.cumsum([0, *(len(p.vertices) for p in parts)])
    triangles = [model.triangles, *(p.triangles + o for p, o in zip(parts, offsets, strict=False))]
    material = [_head_material(model), *(np.full(len(p.triangles), p.material, np.uint8) for p in parts)]
    attributes = [head, *(np.concatenate([p.place, p.colour, p.extra], 1) for p in parts)]
    return Scene(
        neutral,
        np.concatenate([p.vertices for p in parts]).astype(np.float32),
        np.concatenate([p.normals for p in parts]).astype(np.float32),
        np.concatenate([neck_weights(model), *(p.weight for p in parts)]).astype(np.float32),
        np.concatenate(attributes).astype(np.float32),
        np.concatenate(triangles).astype(np.int32),
        np.concatenate(material),
        bare,
    )


def _head_material(model: FaceModel) -> np.ndarray:
    kinds = np.full(len(model.regions), SKIN, np.uint8)
    for k, name in enumerate(model.regions):
        if name.endswith("_eye"):
            kinds[k] = EYE
        elif name in ("mouth", "upper_teeth", "lower_teeth", "tongue"):
            kinds[k] = INSIDE
    return kinds[model.triangle_region]


def _head_attributes(model: FaceModel, look: Look) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Attributes (V, 9) of the head's vertices, the chest's albedo (3,) and the face's (3,)."""
    place = model.mean_shape
    x, y, z = place.T
    side = np.abs(x)
    albedo = model.texture(look.texture)
    low = np.unique(model.triangles[model.triangle_region == model.regions.index("neck")])
    skin = np.median(albedo[low[place[low, 1] < -0.9]], 0)
    painted = albedo
    albedo, lips = bare_face(model, painted)
    bare = np.median(albedo[(side < 0.4) & (np.abs(y - 0.65) < 0.12) & (z > 0.6)], 0)
    tone = painted.mean(1)
    lip_shade = np.where(lips, np.clip(tone / np.median(tone[lips & (z > 0.95)]), 0.35, 1.15), 1.0)
    albedo = albedo * neck_shade(model)[:, None]
    grow = growth(look, place)
    grow[model.triangles[model.triangle_region == model.regions.index("ears")]] = -1
    top = -0.36 + 0.75 * side**2 + np.clip((side - 0.5) * 2.0, 0, 1.2)  # up to the sideburns
    jaw = np.clip((top - y) / 0.16, 0, 1) * np.clip((y + 1.0) / 0.15, 0, 1) * np.clip((z + 0.05) / 0.2, 0, 1)
    jaw *= np.clip((0.80 - side) / 0.1, 0, 1)
    under_lip = np.exp(-(((side / 0.13) ** 2) + ((y + 0.53) / 0.05) ** 2))
    lip = np.exp(
        -(((side - 0.12) / 0.16) ** 2) - (((y + 0.265 + 0.25 * np.maximum(side - 0.1, 0)) / 0.05) ** 2)
    ) * (z > 0.7)
    beard = np.maximum(look.beard * jaw * (1 - 0.5 * under_lip), look.moustache * lip)
    beard *= 1 - np.isin(np.arange(len(x)), model.triangles[model.triangle_region == 1])
    extra = np.stack([grow, beard, lip_shade], 1)
    return np.concatenate([place, albedo, extra], 1), skin, bare


def bare_face(model: FaceModel, albedo: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Albedo (V, 3) with the texture's brows, lashes and lips wiped out, and which vertices are lips (V,)."""
    x, y, z = model.mean_shape.T
    side = np.abs(x)
    region = {name: np.zeros(len(x), bool) for name in ("lips", "face", "eyelids")}
    for name, inside in region.items():
        inside[model.triangles[model.triangle_region == model.regions.index(name)]] = True
    lips = region["lips"] | ((side < 0.25) & (np.abs(y + 0.40) < 0.13) & (z > 0.8) & region["face"])
    brow = (side > 0.06) & (side < 0.60) & (np.abs(y - 0.46) < 0.10) & (z > 0.3) & region["face"]
    lash = region["eyelids"] & (np.abs(y - 0.282) < 0.075)
    wiped = lips | brow | lash
    ends = model.triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    ends = ends[wiped[ends[:, 0]]]
    skin = region["face"] | region["eyelids"] | region["lips"]
    ends = ends[skin[ends[:, 1]]]
    links = sparse.csr_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), (len(x), len(x)))
    mean = sparse.diags(1 / np.maximum(np.asarray(links.sum(1)).ravel(), 1)) @ links
    out = albedo.copy()
    out[wiped] = np.median(albedo[region["face"] & ~wiped & (z > 0.6)], 0)
    for _ in range(60):  # the colour of the skin about them flows in
        out[wiped] = (mean @ out)[wiped]
    return out, lips
