"""The albedo of `cc0`: skin, lips, brows, eyes, teeth and tongue painted a vertex, for people drawn at random."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from talkpose.face.cc0_mesh import REGIONS, HeadMesh
from talkpose.seeds import numpy_rng

N_TEXTURE = 80

SKIN = np.array(
    [[0.95, 0.80, 0.73], [0.86, 0.68, 0.57], [0.68, 0.49, 0.38], [0.47, 0.32, 0.24], [0.31, 0.21, 0.17]]
)
"""Skin from the least to the most melanin, RGB."""

HAIR = np.array([[0.10, 0.08, 0.07], [0.22, 0.15, 0.11], [0.42, 0.31, 0.21], [0.50, 0.47, 0.45]])
"""Brows: black, brown, fair, grey."""

IRIS = np.array([[0.16, 0.09, 0.05], [0.33, 0.20, 0.11], [0.36, 0.38, 0.24], [0.36, 0.48, 0.58]])
"""Irises: dark, brown, green, blue."""

EYE_CENTRE = np.array([0.308, 0.284, 0.745])
IRIS_RADIUS = 0.060
PUPIL_RADIUS = 0.024

BROW = np.array(
    [
        [0.105, 0.425, 0.030],
        [0.20, 0.462, 0.034],
        [0.33, 0.492, 0.028],
        [0.44, 0.478, 0.020],
        [0.52, 0.435, 0.008],
    ]
)
"""A brow's middle line from nose to temple: |x|, y, half width, on the mean head."""


@dataclass
class Look:
    """What varies between people; every field is a standard draw made physical in `paint`."""

    melanin: float
    redness: float
    lip_tint: float
    lip_red: float
    beard: float
    brow: float
    brow_hair: np.ndarray
    iris: np.ndarray
    sclera: float
    eye_ring: float
    teeth: float
    freckle: float
    noise: np.ndarray


class Painter:
    """Paints albedo (V, 3) in [0, 1] on the mean head.

    mean: (V, 3) mean shape; occlusion: (V,) in [0, 1], the share of the sky that a vertex sees.
    """

    def __init__(self, mesh: HeadMesh, mean: np.ndarray, occlusion: np.ndarray):
        self._mesh, self._mean, self._occlusion = mesh, mean, occlusion
        x, y, z = mean.T
        side = np.abs(x)
        self._of = {name: _touched(mesh, name) for name in REGIONS}
        self._lips = _smooth(mesh, mesh.masks["lips"], 1)
        self._lids = mesh.masks["eyelids"]
        self._mouth = mesh.masks["inside-mouth"]
        front = z > 0.3
        self._cheek = _bump(side, y, (0.42, -0.08), (0.22, 0.20)) * front
        self._nose = _bump(side, y, (0.0, -0.06), (0.12, 0.14)) * front
        self._ring = _bump(side, y, (0.28, 0.19), (0.17, 0.06)) * front
        self._beard = front * np.clip((-0.16 - y) / 0.12, 0, 1) * np.clip((0.62 - side) / 0.2, 0, 1)
        self._beard = np.maximum(self._beard, front * _bump(side, y, (0.13, -0.24), (0.16, 0.05)))
        self._beard *= np.clip((y + 1.0) / 0.2, 0, 1)
        self._brow = _brow_field(side, y) * front
        self._lash = _lash_field(mesh, mean)
        self._eye = np.where(x > 0, self._of["left_eye"], self._of["right_eye"])
        self._radius, self._back = _eye_radius(mesh, mean, self._of)
        # A smooth random field: a sum of 40 Gaussians at fixed places.
        rng = numpy_rng(0, "cc0", "noise")
        at = rng.uniform([-0.8, -0.9, -0.4], [0.8, 1.2, 1.2], (40, 3))
        width = rng.uniform(0.12, 0.35, 40)
        distance = ((mean[:, None] - at) ** 2).sum(2)
        self._noise = np.exp(-distance / (2 * width**2))

    def draw(self, rng: np.random.Generator) -> Look:
        """A person's look at random."""
        melanin = float(rng.beta(0.8, 1.0))
        dark = melanin > 0.45
        hair = rng.dirichlet([4.0, 1.0, 0.05, 0.3] if dark else [1.0, 1.2, 0.7, 0.3])
        iris = rng.dirichlet([3.0, 1.0, 0.05, 0.02] if dark else [0.6, 0.9, 0.6, 0.9])
        return Look(
            melanin=melanin,
            redness=float(rng.normal(0, 1)),
            lip_tint=float(rng.normal(0, 1)),
            lip_red=float(rng.beta(1.2, 3)),
            beard=float(rng.beta(0.4, 1.6)),
            brow=float(rng.uniform(0.45, 1.0)),
            brow_hair=hair @ HAIR,
            iris=iris @ IRIS,
            sclera=float(rng.normal(0, 1)),
            eye_ring=float(rng.normal(0, 1)),
            teeth=float(rng.normal(0, 1)),
            freckle=float(rng.normal(0, 1)),
            noise=rng.normal(0, 1, (40, 2)),
        )

    def paint(self, look: Look) -> np.ndarray:
        """Albedo (V, 3) in [0, 1]."""
        grade = look.melanin * (len(SKIN) - 1)
        skin = np.stack([np.interp(grade, range(len(SKIN)), SKIN[:, c]) for c in range(3)])
        colour = np.tile(skin, (len(self._mean), 1))
        blood = 0.55 + 0.35 * look.redness
        warm = np.array([0.02, -0.11, -0.10]) * (1 - 0.6 * look.melanin)
        colour += ((0.55 * self._cheek + 0.7 * self._nose + 0.5 * self._of["ears"]) * blood)[:, None] * warm
        colour *= 1 - (self._ring * (0.10 + 0.05 * look.eye_ring))[:, None] * np.array([0.7, 1.0, 0.9])
        tone = self._noise @ look.noise
        colour *= 1 + 0.022 * tone[:, :1] + 0.014 * tone[:, 1:] * np.array([1.0, -0.4, -0.6])
        stubble = self._beard * look.beard * 0.5
        colour = _mix(colour, 0.55 * colour + 0.2 * look.brow_hair, stubble)
        lip = _mix(
            skin * np.array([0.86, 0.62, 0.60]), np.array([0.72, 0.30, 0.32]), 0.25 + 0.5 * look.lip_red
        )
        colour = _mix(colour, lip * (1 + 0.05 * look.lip_tint), 0.9 * self._lips)
        colour = _mix(colour, colour * np.array([0.92, 0.80, 0.78]), 0.6 * self._lids)
        colour = _mix(colour, look.brow_hair, look.brow * self._brow)
        colour = _mix(colour, 0.5 * look.brow_hair, 0.85 * self._lash)
        colour = _mix(colour, np.array([0.42, 0.16, 0.15]), self._mouth)
        colour = self._paint_eyes(colour, look)
        tooth = np.array([0.92, 0.89, 0.82]) - look.teeth * np.array([0.01, 0.02, 0.04])
        for name in ("upper_teeth", "lower_teeth"):
            colour[self._of[name]] = tooth
        colour[self._of["tongue"]] = np.array([0.72, 0.36, 0.36])
        shade = 0.30 + 0.70 * np.clip(self._occlusion / 0.55, 0, 1)
        return np.clip(colour * shade[:, None], 0.01, 0.99)

    def _paint_eyes(self, colour: np.ndarray, look: Look) -> np.ndarray:
        r, eye = self._radius, self._of["left_eye"] | self._of["right_eye"]
        white = np.array([0.90, 0.87, 0.85]) * (1 + 0.03 * look.sclera)
        ball = np.tile(white, (len(r), 1))
        ball = _mix(ball, white * np.array([1.0, 0.86, 0.84]), np.clip((r - 0.09) / 0.05, 0, 1))
        rim = np.clip((IRIS_RADIUS + 0.006 - r) / 0.010, 0, 1)
        ball = _mix(ball, 0.55 * look.iris, rim)
        inner = np.clip((IRIS_RADIUS - 0.008 - r) / 0.012, 0, 1)
        ball = _mix(ball, look.iris, inner)
        ball = _mix(ball, np.array([0.015, 0.012, 0.01]), np.clip((PUPIL_RADIUS + 0.004 - r) / 0.008, 0, 1))
        return np.where(eye[:, None], ball, colour)

    def sample(self, count: int, seed: int) -> np.ndarray:
        """Albedos (count, V, 3) of people drawn at random, float32."""
        rng = numpy_rng(seed, "cc0", "looks")
        return np.stack([self.paint(self.draw(rng)).astype(np.float32) for _ in range(count)])


def _mix(below: np.ndarray, above: np.ndarray, share: np.ndarray | float) -> np.ndarray:
    share = np.asarray(share)[..., None] if np.ndim(share) else share
    return below * (1 - share) + above * share


def _bump(x: np.ndarray, y: np.ndarray, at: tuple[float, float], width: tuple[float, float]) -> np.ndarray:
    return np.exp(-(((x - at[0]) / width[0]) ** 2 + ((y - at[1]) / width[1]) ** 2))


def _touched(mesh: HeadMesh, name: str) -> np.ndarray:
    flag = np.zeros(mesh.matrix.shape[0], bool)
    flag[mesh.triangles[mesh.region == REGIONS.index(name)].ravel()] = True
    return flag


def _smooth(mesh: HeadMesh, value: np.ndarray, steps: int) -> np.ndarray:
    """Average over each vertex and its neighbours."""
    pairs = mesh.triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
    count = len(value)
    graph = sparse.coo_matrix((np.ones(len(pairs)), pairs.T), (count, count)).tocsr()
    graph = ((graph + graph.T) > 0).astype(float) + sparse.identity(count)
    graph = sparse.diags(1 / graph.sum(1).A1) @ graph
    for _ in range(steps):
        value = graph @ value
    return value


def _brow_field(side: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Density of brow hair in [0, 1] from the distance to the brow's middle line."""
    t = np.linspace(BROW[0, 0], BROW[-1, 0], 60)
    line = np.stack([t, np.interp(t, BROW[:, 0], BROW[:, 1]), np.interp(t, BROW[:, 0], BROW[:, 2])], 1)
    distance = np.hypot(side[:, None] - line[:, 0], y[:, None] - line[:, 1]) / line[:, 2]
    return np.clip(1.6 - distance.min(1), 0, 1)


def _lash_field(mesh: HeadMesh, mean: np.ndarray) -> np.ndarray:
    """Upper lid's margin, where lashes darken it: skin in the lid mask that touches the eyeball's surface."""
    lid = mesh.masks["eyelids"] > 0.3
    centre = EYE_CENTRE * np.stack([np.where(mean[:, 0] > 0, 1, -1), *np.ones((2, len(mean)))], 1)
    height = np.linalg.norm(mean - centre, axis=1)
    margin = np.clip((0.185 - height) / 0.02, 0, 1) * lid
    return margin * np.where(mean[:, 1] > EYE_CENTRE[1] - 0.005, 1.0, 0.35)


def _eye_radius(mesh: HeadMesh, mean: np.ndarray, of: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Distance from the gaze axis at each vertex of an eye; large behind and elsewhere."""
    radius = np.full(len(mean), 9.0)
    back = np.zeros(len(mean), bool)
    for name in ("left_eye", "right_eye"):
        d = mean[of[name]] - mean[of[name]].mean(0)
        ball = (mean[of[name]].max(0) + mean[of[name]].min(0)) / 2
        d = mean[of[name]] - ball
        radius[of[name]] = np.where(d[:, 2] > 0, np.hypot(d[:, 0], d[:, 1]), 1.0)
    return radius, back
