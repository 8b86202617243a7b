"""A synthetic person's look: coefficients, light, framing, hair, eyes, clothes and backdrop from a seed."""

from typing import Final, NamedTuple

import numpy as np

from talkpose.face.light import basis
from talkpose.face.model import FaceModel
from talkpose.seeds import numpy_rng
from talkpose.synthetic.contract import Presentation

HAIR_STYLES: Final = {
    "female": (("long", 0.36), ("bob", 0.26), ("bun", 0.16), ("curly", 0.12), ("short", 0.10)),
    "male": (
        ("short", 0.32), ("parted", 0.24), ("cropped", 0.20),
        ("curly", 0.08), ("receding", 0.08), ("bald", 0.08),
    ),
}  # fmt: skip
"""Styles and their shares."""

HAIR_COLOURS: Final = np.array(
    [
        [0.075, 0.062, 0.058], [0.135, 0.090, 0.065], [0.24, 0.155, 0.10],
        [0.40, 0.28, 0.17], [0.56, 0.43, 0.27], [0.36, 0.155, 0.075], [0.50, 0.49, 0.48],
    ]
)  # fmt: skip
"""Black, dark brown, brown, light brown, fair, red, grey."""

IRIS_COLOURS: Final = np.array(
    [[0.17, 0.095, 0.055], [0.30, 0.18, 0.09], [0.33, 0.33, 0.19], [0.30, 0.42, 0.54], [0.40, 0.46, 0.49]]
)
"""Dark brown, brown, green, blue, grey."""

CLOTHES: Final = ("crew", "scoop", "shirt", "jacket", "polo")
BACKDROPS: Final = ("plain", "gradient", "room", "shelves", "window", "curtain")

IDENTITY_SPREAD: Final = 0.8
TEXTURE_SPREAD: Final = 0.7
SEX_SHIFT: Final = 0.9
"""Standard deviations by which the identity of men and women moves along the population's width of neck."""


class Look(NamedTuple):
    """A person in front of the camera; everything that stays the same through a clip."""

    presents: Presentation
    identity: np.ndarray
    """(80,) float32"""
    texture: np.ndarray
    """(80,) float32"""
    light: np.ndarray
    """(27,) float32, (3 channels, 9)"""
    framing: np.ndarray
    """(3,) float32 tx, ty, tz in decimetres, added to every pose's translation"""
    key: np.ndarray
    """(3,) float32 unit direction to the main lamp, world space"""
    hair_style: str
    hair_colour: np.ndarray
    """(3,) RGB in [0, 1], as iris, cloth and undershirt"""
    hair_line: float
    """-1 (low) to 1 (high) front hair line"""
    hair_volume: float
    """1 is usual"""
    part: float
    """side of the parting: -1 or 1"""
    brow: float
    """0 (none) to 1 (full)"""
    brow_width: float
    """1 is usual"""
    brow_arch: float
    """decimetres by which the outer half rises"""
    lip: np.ndarray
    """(3,) factor from skin to lips"""
    beard: float
    """0 (shaven) to 1 (full)"""
    moustache: float
    iris: np.ndarray
    clothes: str
    cloth: np.ndarray
    undershirt: np.ndarray
    shoulders: float
    """half width in decimetres"""
    backdrop: str
    seed: int
    """of the noise in hair, cloth, backdrop and sensor"""


def sample_look(model: FaceModel, seed: int, *axes: str, presents: Presentation) -> Look:
    """The look named by `seed` and `axes`; equal arguments give equal looks."""
    rng = numpy_rng(seed, *axes, "look", presents)
    male = presents == "male"
    identity = _tempered(rng, IDENTITY_SPREAD)
    axis = _sex_axis(model)
    wanted = (SEX_SHIFT if male else -SEX_SHIFT) + 0.5 * float(rng.normal())
    identity += axis * np.float32(wanted - identity @ axis)
    texture = _tempered(rng, TEXTURE_SPREAD)
    texture[0] = rng.uniform(-1.7, 1.7)  # the first component is melanin: all skins alike often
    skin = float(model.texture(texture)[model.triangles[model.triangle_region == 0]].mean())
    key, light = _light(rng, skin)
    styles, shares = zip(*HAIR_STYLES[presents], strict=True)
    style = str(rng.choice(styles, p=shares))
    dark = skin < 0.42
    tempers = (6.0, 2.0, 0.4, 0.02, 0.01, 0.01, 0.5) if dark else (1.5, 1.6, 1.5, 1.0, 0.9, 0.5, 0.5)
    mixed = rng.dirichlet(np.array(tempers) * 0.5) @ HAIR_COLOURS
    iris = rng.dirichlet((5.0, 1.0, 0.05, 0.02, 0.02) if dark else (0.5, 0.6, 0.4, 0.6, 0.3)) @ IRIS_COLOURS
    bearded = male and rng.random() < 0.45
    clothes = str(
        rng.choice(CLOTHES, p=(0.3, 0.3, 0.1, 0.15, 0.15) if not male else (0.35, 0, 0.25, 0.2, 0.2))
    )
    return Look(
        presents=presents,
        identity=identity,
        texture=texture,
        light=light,
        framing=np.array([rng.normal(0, 0.05), rng.normal(-0.12, 0.05), rng.uniform(-6.2, -4.9)], np.float32),
        key=key,
        hair_style=style,
        hair_colour=mixed * rng.uniform(0.85, 1.1),
        hair_line=float(np.clip(rng.normal(0, 0.5), -1, 1)),
        hair_volume=float(rng.uniform(0.8, 1.25)),
        part=float(rng.choice([-1.0, 1.0])),
        brow=float(rng.uniform(0.5, 0.85)),
        brow_width=float(rng.uniform(0.7, 1.05) + 0.25 * male),
        brow_arch=float(rng.uniform(-0.006, 0.012) + (0.0 if male else 0.006)),
        lip=_lip(rng, male),
        beard=float(rng.beta(1.2, 1.0)) if bearded else (float(rng.uniform(0, 0.18)) if male else 0.0),
        moustache=float(rng.uniform(0.4, 1)) if bearded else (float(rng.uniform(0, 0.18)) if male else 0.0),
        iris=iris,
        clothes=clothes,
        cloth=_cloth(rng),
        undershirt=np.array([0.86, 0.87, 0.88]) * rng.uniform(0.85, 1.0) - rng.uniform(0, 0.12, 3),
        shoulders=float(rng.normal(1.98 if male else 1.74, 0.07)),
        backdrop=str(rng.choice(BACKDROPS)),
        seed=int(rng.integers(1 << 31)),
    )


def _tempered(rng: np.random.Generator, spread: float) -> np.ndarray:
    return (spread * np.clip(rng.normal(size=80), -2, 2)).astype(np.float32)


def _sex_axis(model: FaceModel) -> np.ndarray:
    """Unit direction (80,) of identity along which the neck thickens, which tells men from women here."""
    neck = np.unique(model.triangles[model.triangle_region == model.regions.index("neck")])
    high = neck[(model.mean_shape[neck, 1] > -1.0) & (model.mean_shape[neck, 1] < -0.4)]
    slope = np.sign(model.mean_shape[high, 0]) @ model.identity_basis[high, 0]
    return (slope / np.linalg.norm(slope)).astype(np.float32)


def _light(rng: np.random.Generator, skin: float) -> tuple[np.ndarray, np.ndarray]:
    """Direction of the main lamp (3,) and SH coefficients (27,): a lamp, its colour, a fill and its tint."""
    across, up = rng.normal(0, 0.6), rng.uniform(0.15, 0.85)
    key = np.array([np.sin(across) * np.cos(up), np.sin(up), np.cos(across) * np.cos(up)])
    strength = rng.uniform(0.12, 0.30)
    warmth = rng.normal(0, 0.05)
    colour = 1 + warmth * np.array([1.0, 0.1, -1.0])
    gamma = np.zeros((3, 9))
    # The camera opens its aperture for dark skin and closes it for pale skin, as cameras do.
    gamma[:, 0] = rng.uniform(-0.02, 0.10) + 0.35 * max(0.45 - skin, 0) - 0.45 * max(skin - 0.5, 0)
    ones = basis(np.eye(3))[:, 1:4]  # harmonics of the first band along x, y and z
    gamma[:, 1:4] = strength * (key @ np.sign(ones)) * colour[:, None]
    gamma[:, 4:] = rng.normal(0, 0.02, 5)
    return key.astype(np.float32), gamma.ravel().astype(np.float32)


def brow_colour(hair: np.ndarray) -> np.ndarray:
    """A brow's colour (3,): the hair's, neither as light nor as black."""
    return 0.82 * hair + np.array([0.030, 0.022, 0.018])


def _lip(rng: np.random.Generator, male: bool) -> np.ndarray:
    """Factor (3,) from skin to lips: a little blood, now and then some colour on women's."""
    red = rng.uniform(0, 0.5) if male else rng.beta(1.3, 2.0)
    pale, full = np.array([0.90, 0.72, 0.70]), np.array([0.86, 0.52, 0.52])
    return (pale + red * (full - pale)) * rng.uniform(0.92, 1.04)


def _cloth(rng: np.random.Generator) -> np.ndarray:
    """A muted colour (3,): a hue, little saturation, any lightness."""
    hue = rng.uniform(0, 2 * np.pi)
    wave = np.cos(hue + np.array([0.0, 2.1, 4.2]))
    return np.clip(rng.uniform(0.12, 0.7) * (1 + rng.uniform(0.03, 0.32) * wave), 0.04, 0.9)
