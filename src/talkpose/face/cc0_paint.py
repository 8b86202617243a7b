"""The albedo of `cc0`: skin, lips, brows, eyes, teeth and tongue, one colour a vertex, for random people."""

from dataclasses import dataclass

import numpy as np

from talkpose.face.cc0_mesh import REGIONS, HeadMesh
from talkpose.face.cc0_topology import neighbour_average
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
        self._mesh, self._mean = mesh, mean
        x, y, z = mean.T
        side = np.abs(x)
        self._of = {name: mesh.touched(name) for name in REGIONS}
        self._lips = _soften(mesh, mesh.fields["lips"])
        self._lids = _soften(mesh, _soften(mesh, mesh.fields["eyelids"]))
        self._mouth = mesh.fields["inside-mouth"]
        front = z > 0.3
        self._cheek = _bump(side, y, (0.42, -0.08), (0.22, 0.20)) * front
        self._nose = _bump(side, y, (0.0, -0.06), (0.12, 0.14)) * front
        self._ring = _bump(side, y, (0.28, 0.19), (0.17, 0.06)) * front
        top = -0.40 + 0.85 * side**2
        cheeks = (
            np.clip((top - y) / 0.22, 0, 1)
            * np.clip((y + 1.0) / 0.2, 0, 1)
            * np.clip((0.72 - side) / 0.2, 0, 1)
        )
        self._beard = front * np.maximum(cheeks, _bump(side, y, (0.14, -0.25), (0.16, 0.05)))
        self._brow = _brow_field(side, y) * front
        self._lash = _lash_field(mesh, mean)
        self._radius = _eye_radius(mesh, mean)
        self._teeth = mesh.touched("upper_teeth", "lower_teeth")
        sky = np.clip(occlusion / 0.55, 0, 1)
        # Light has no shadows of its own here, so what lies deep is painted darker.
        self._shade = np.where(self._teeth, 0.62 + 0.38 * sky, 0.30 + 0.70 * sky)
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
        colour *= 1 + 0.022 * tone[:, :1] + 0.008 * tone[:, 1:] * np.array([1.0, -0.4, -0.6])
        stubble = self._beard * look.beard * 0.4
        colour = _mix(colour, 0.55 * colour + 0.2 * look.brow_hair, stubble)
        lip = _mix(
            skin * np.array([0.86, 0.62, 0.60]), np.array([0.72, 0.30, 0.32]), 0.25 + 0.5 * look.lip_red
        )
        colour = _mix(colour, lip * (1 + 0.05 * look.lip_tint), 0.9 * self._lips)
        colour = _mix(colour, colour * np.array([0.92, 0.80, 0.78]), 0.6 * self._lids)
        hair = np.minimum(look.brow_hair, 0.62 * skin)  # no brow is lighter than its skin
        colour = _mix(colour, hair, look.brow * self._brow)
        colour = _mix(colour, 0.5 * look.brow_hair, 0.85 * self._lash)
        colour = _mix(colour, np.array([0.42, 0.16, 0.15]), self._mouth)
        colour = self._paint_eyes(colour, look)
        colour = self._paint_teeth(colour, look)
        colour[self._of["tongue"]] = np.array([0.70, 0.36, 0.36])
        return np.clip(colour * self._shade[:, None], 0.01, 0.99)

    def _paint_teeth(self, colour: np.ndarray, look: Look) -> np.ndarray:
        fields = self._mesh.fields
        tooth = np.array([0.88, 0.85, 0.78]) - look.teeth * np.array([0.01, 0.02, 0.04])
        row = np.tile(tooth, (len(colour), 1)) * (1 - 0.45 * fields["gap"][:, None])
        row = _mix(row, np.array([0.68, 0.36, 0.36]), fields["gum"])
        row *= 1 - 0.65 * fields["molar"][:, None]
        return np.where(self._teeth[:, None], row, colour)

    def _paint_eyes(self, colour: np.ndarray, look: Look) -> np.ndarray:
        r, eye = self._radius, self._of["left_eye"] | self._of["right_eye"]
        white = np.array([0.80, 0.77, 0.75]) * (1 + 0.03 * look.sclera)
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


def _soften(mesh: HeadMesh, value: np.ndarray) -> np.ndarray:
    """Half a vertex's own value, half its neighbours' mean."""
    return 0.5 * value + 0.5 * (neighbour_average(mesh.triangles, len(value)) @ value)


def _brow_field(side: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Density of brow hair in [0, 1] from the distance to the brow's middle line."""
    t = np.linspace(BROW[0, 0], BROW[-1, 0], 60)
    line = np.stack([t, np.interp(t, BROW[:, 0], BROW[:, 1]), np.interp(t, BROW[:, 0], BROW[:, 2])], 1)
    distance = np.hypot(side[:, None] - line[:, 0], y[:, None] - line[:, 1]) / line[:, 2]
    return np.clip(1.6 - distance.min(1), 0, 1)


def _lash_field(mesh: HeadMesh, mean: np.ndarray) -> np.ndarray:
    """Upper lid's margin, where lashes darken it: skin in the lid mask that touches the eyeball's surface."""
    lid = mesh.fields["eyelids"] > 0.3
    centre = EYE_CENTRE * np.stack([np.where(mean[:, 0] > 0, 1, -1), *np.ones((2, len(mean)))], 1)
    height = np.linalg.norm(mean - centre, axis=1)
    margin = np.clip((0.185 - height) / 0.02, 0, 1) * lid
    margin *= np.clip((0.46 - np.abs(mean[:, 0])) / 0.05, 0.25, 1)
    return margin * np.where(mean[:, 1] > EYE_CENTRE[1] - 0.005, 1.0, 0.35)


def _eye_radius(mesh: HeadMesh, mean: np.ndarray) -> np.ndarray:
    """Distance (V,) from the gaze axis at each vertex of an eye; large behind and elsewhere."""
    radius = np.full(len(mean), 9.0)
    for name in ("left_eye", "right_eye"):
        ball = mean[mesh.touched(name)]
        from_middle = ball - (ball.max(0) + ball.min(0)) / 2
        axis = np.hypot(from_middle[:, 0], from_middle[:, 1])
        radius[mesh.touched(name)] = np.where(from_middle[:, 2] > 0, axis, 1.0)
    return radius
