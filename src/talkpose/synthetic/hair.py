"""Hair as a surface over the skull: cropped, short, parted, curly, receding, bald, bun, bob and long."""

from typing import Final, NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d

from talkpose.seeds import numpy_rng
from talkpose.synthetic.grids import Part, grid_normals, grid_triangles, smooth_noise, unit
from talkpose.synthetic.looks import Look
from talkpose.synthetic.skull import CENTRE, Skull, direction, hair_line, polar

HAIR: Final = 2
"""Material of hair."""

ROWS, COLUMNS = 46, 109
FALL_ROWS = 22
HANGS: Final = 14.0
"""Elevation in degrees below which hair that falls hangs straight down."""

UNDER = -0.02
"""Depth under the skin at which the surface ends, where there is no hair."""


class Style(NamedTuple):
    """What makes a style; thickness in decimetres, angles in degrees."""

    thickness: float
    sides: float
    """thickness over the ears and the nape"""
    front: float = 0.0
    """more at the front"""
    bumps: float = 0.04
    """roughness of the surface"""
    bump_cells: tuple[int, int] = (9, 26)
    recession: float = 0.0
    crown: float = 95.0
    """elevation above which there is none"""
    hem: float | None = None
    """y where falling hair ends"""
    opening: float = 74.0
    """azimuth up to which falling hair leaves the face free"""
    pole: tuple[float, float] = (180.0, 70.0)
    """azimuth and elevation from which strands run"""


STYLES: Final = {
    "cropped": Style(0.05, 0.03, bumps=0.015),
    "short": Style(0.17, 0.07, 0.06),
    "parted": Style(0.21, 0.07, 0.10, pole=(38.0, 52.0)),
    "curly": Style(0.32, 0.20, bumps=0.13, bump_cells=(16, 40)),
    "receding": Style(0.08, 0.06, bumps=0.02, recession=26.0),
    "bald": Style(0.04, 0.05, bumps=0.01, recession=34.0, crown=38.0),
    "bun": Style(0.09, 0.07, bumps=0.02, pole=(180.0, 35.0)),
    "bob": Style(0.18, 0.14, bumps=0.03, hem=-0.75, opening=66.0, pole=(0.0, 62.0)),
    "long": Style(0.16, 0.13, bumps=0.04, hem=-2.4, opening=73.0, pole=(0.0, 60.0)),
}


def growth(look: Look, points: np.ndarray) -> np.ndarray:
    """How far inside the hair (..., in radians; negative outside) points (..., 3) of the skin lie."""
    azimuth, elevation = polar(points)
    style = STYLES[look.hair_style]
    inside = elevation - hair_line(azimuth, look.hair_line, style.recession)
    return np.radians(np.minimum(inside, 1.5 * (style.crown - elevation)))


def hair_parts(look: Look, skull: Skull) -> list[Part]:
    """The surfaces of a person's hair, in model space."""
    style = STYLES[look.hair_style]
    rng = numpy_rng(look.seed, "hair")
    parts = [_cap(look, style, skull, rng)]
    if look.hair_style == "bun":
        parts.append(_bun(look, skull, rng))
    return parts


def _thickness(look: Look, style: Style, azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
    top = np.clip((elevation - 5) / 40, 0, 1)
    full = style.sides + (style.thickness - style.sides) * top
    full = full + style.front * np.exp(-((azimuth / 55) ** 2)) * top
    if look.hair_style == "parted":  # hair is combed away from the parting
        full = full * (1 - 0.3 * np.exp(-(((azimuth - 38 * look.part) / 16) ** 2)) * top)
        full = full * (1 - 0.12 * look.part * np.sin(np.radians(azimuth)))
    return full * look.hair_volume


def _cap(look: Look, style: Style, skull: Skull, rng: np.random.Generator) -> Part:
    falls = style.hem is not None
    elevation = np.linspace(89.9, -4 if falls else -62, ROWS)[:, None]
    share = np.linspace(0, 1, COLUMNS)[None]
    edge = _edge(look, style, elevation) if falls else np.zeros_like(elevation)
    azimuth = edge + share * (360 - 2 * edge)
    azimuth = np.where(azimuth > 180, azimuth - 360, azimuth)
    elevation = np.broadcast_to(elevation, azimuth.shape)
    skin = skull.at(azimuth, elevation)
    inside = growth(look, CENTRE + direction(azimuth, elevation))
    if falls:  # behind the opening hair covers ears and all
        behind = np.clip((np.abs(azimuth) - edge) / 8, 0, 1)
        low = np.clip((34 - elevation) / 30, 0, 1)
        inside = np.maximum(inside, 0.5 * behind * low * low * (3 - 2 * low) - 0.12)
    # An uneven edge, and a slow rise from it: hair grows out of the skin, it is no helmet.
    inside = inside + 0.035 * smooth_noise(rng, ROWS, COLUMNS, (12, 50))
    out = np.clip(inside / np.where(np.abs(azimuth) < 50, 0.34, 0.22), 0, 1)
    cover = out * out * (3 - 2 * out)
    noise = smooth_noise(rng, ROWS, COLUMNS, style.bump_cells)
    thick = cover * (_thickness(look, style, azimuth, elevation) + style.bumps * look.hair_volume * noise)
    thick = np.where(inside > 0, np.maximum(thick, 0.004), UNDER)
    if falls:  # no ledge where the hair over the temples meets the hair that hangs
        low = np.clip((30 - elevation) / 14, 0, 1)
        thick = (1 - low) * thick + low * gaussian_filter1d(thick, 3.0, axis=0, mode="nearest")
    outward = unit(grid_normals(skin, False) + 1e-3 * direction(azimuth, elevation))
    outward = unit(0.5 * outward + direction(azimuth, elevation))
    points = skin + outward * thick[..., None]
    weight = np.ones(points.shape[:2])
    keep = inside > -0.12
    strand, run = _strands(look, style, azimuth, elevation)
    if falls:
        points, weight = _fall(points, elevation[:, 0], style, rng)
        more = len(points) - ROWS
        keep = np.concatenate([keep, np.ones((more, COLUMNS), bool)])
        strand = np.concatenate([strand, np.repeat(strand[-1:], more, 0)])
        run = np.concatenate([run, run[-1:] + 0.5 * np.cumsum(np.ones((more, COLUMNS)), 0) / 6])
        thick = np.concatenate([thick, np.repeat(thick[-1:], more, 0)])
    return _surface(look, points, weight, strand, run, thick, keep, rng, not falls)


def _edge(look: Look, style: Style, elevation: np.ndarray) -> np.ndarray:
    """Azimuth at which falling hair begins on either side of the face, for each elevation."""
    sides = np.linspace(0, 66, 67)
    line = hair_line(sides, look.hair_line, style.recession) - 1.5
    level = np.minimum.accumulate(np.maximum(line, 4 - (sides > 60) * 30.0))
    at = np.interp(-elevation, -level, sides)
    swing = np.clip((12 - elevation) / 30, 0, 1)
    return np.minimum(at, 60) * (1 - swing) + style.opening * swing


def _fall(
    points: np.ndarray, elevation: np.ndarray, style: Style, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Lets the last row fall to the hem; returns all points and their weights of the head's motion."""
    flat = points - CENTRE
    reach = np.hypot(flat[..., 0], flat[..., 2])
    # from the skull's widest on; above it, columns still come round from the front, where a skull is longer
    widest, hangs = reach.copy(), elevation <= HANGS
    widest[hangs] = np.maximum.accumulate(reach[hangs], 0)
    flat[..., [0, 2]] *= (widest / np.maximum(reach, 1e-6))[..., None]
    points = flat + CENTRE
    last = points[-1]
    hem = style.hem or 0.0
    t = np.linspace(0, 1, FALL_ROWS + 1)[1:, None]
    wave = smooth_noise(rng, FALL_ROWS, COLUMNS, (5, 12))
    long = hem < -1.2
    taper = 1 + (0.05 * np.sin(3 * t) - 0.04 * t if long else 0.10 * np.sin(2.2 * t) - 0.16 * t**3)
    rows = np.empty((FALL_ROWS, COLUMNS, 3))
    ragged = 0.08 * smooth_noise(rng, 2, COLUMNS, (1, 30))[:1]
    rows[..., 1] = last[:, 1] + (hem + ragged - last[:, 1]) * t
    scale = taper * (1 + 0.035 * wave * np.minimum(3 * t, 1))
    rows[..., 0] = last[:, 0] * scale
    back = np.where(last[:, 2] < CENTRE[2], 0.72, 1.0)  # at the back it follows the neck
    lean = 1 - (1 - back) * np.minimum(2.2 * t, 1)
    rows[..., 2] = CENTRE[2] + (last[:, 2] - CENTRE[2]) * scale * lean - (0.25 * t if long else 0.0)
    weight = np.clip((rows[..., 1] + 1.7) / 1.1, 0, 1)
    weight = weight * weight * (3 - 2 * weight)
    return np.concatenate([points, rows]), np.concatenate([np.ones(points.shape[:2]), weight])


def _strands(
    look: Look, style: Style, azimuth: np.ndarray, elevation: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Which strand (radians about the pole) and how far along it each point lies."""
    pole = direction(np.array(style.pole[0] * look.part), np.array(style.pole[1]))
    side = unit(np.cross(pole, [0.0, 0.3, -1.0]))
    front = np.cross(side, pole)
    d = direction(azimuth, elevation)
    return np.arctan2(d @ side, d @ front), np.arccos(np.clip(d @ pole, -1, 1))


def _surface(
    look: Look,
    points: np.ndarray,
    weight: np.ndarray,
    strand: np.ndarray,
    run: np.ndarray,
    thick: np.ndarray,
    keep: np.ndarray,
    rng: np.random.Generator,
    closed: bool,
) -> Part:
    rows, columns = points.shape[:2]
    normals = grid_normals(points, closed)
    tangent = unit(np.gradient(points, axis=0))
    tone = 1 + 0.10 * smooth_noise(rng, rows, columns, (4, 20))
    colour = look.hair_colour * tone[..., None]
    # cos and sin do not tear where the angle jumps; the paint turns them back
    place = np.stack([np.cos(strand), np.sin(strand), run], -1)
    extra = tangent.copy()
    shade = np.clip(0.55 + thick / 0.12, 0.55, 1)  # little light reaches the roots at the hair line
    return Part(
        points.reshape(-1, 3),
        normals.reshape(-1, 3),
        weight.ravel(),
        place.reshape(-1, 3),
        (colour * shade[..., None]).reshape(-1, 3),
        extra.reshape(-1, 3),
        grid_triangles(rows, columns, keep),
        HAIR,
    )


def _bun(look: Look, skull: Skull, rng: np.random.Generator) -> Part:
    """A knot on the crown."""
    rows, columns = 15, 33
    up = np.linspace(88, -88, rows)[:, None] + np.zeros(columns)
    around = np.linspace(0, 360, columns)[None] + np.zeros((rows, 1))
    ball = direction(around, up)
    radius = 0.30 * look.hair_volume * (1 + 0.06 * smooth_noise(rng, rows, columns, (4, 8)))
    seat = skull.at(np.array([180.0]), np.array([66.0]))[0] + 0.16 * direction(
        np.array(180.0), np.array(66.0)
    )
    points = seat + ball * radius[..., None] * np.array([1.1, 0.95, 1.0])
    strand, run = np.radians(around) + 1.2 * np.radians(up), np.radians(up)
    return _surface(look, points, np.ones((rows, columns)), strand, run, radius, radius > 0, rng, True)
