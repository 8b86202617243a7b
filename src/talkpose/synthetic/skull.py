"""The skull in polar coordinates: where a ray from the head's middle leaves the head, for hair to grow on."""

import functools
from typing import Final

import numpy as np
from numba import njit
from scipy.ndimage import map_coordinates

from talkpose.face.model import Correspondence, FaceModel, correspondence_points

CENTRE: Final = np.array([0.0, 0.35, -0.1])
"""Middle of the skull in model space."""

AZIMUTHS: Final = np.linspace(-180.0, 180.0, 73)
"""Degrees; 0 is the face's direction, positive towards +x. The first and the last meet."""
ELEVATIONS: Final = np.linspace(89.0, -63.0, 39)

LINE: Final = np.array(
    [
        [0, 33], [20, 34], [36, 36], [48, 31], [55, 22], [59, 2], [62, -18], [69, -20], [72, 6], [78, 15],
        [90, 13], [97, 0], [106, -24], [120, -38], [140, -46], [180, -50],
    ],
    float,
)  # fmt: skip
"""Hair line: |azimuth| and elevation, over the forehead, down the sideburn, round the ear, to the nape."""


def polar(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Azimuth and elevation (...) in degrees of points (..., 3)."""
    x, y, z = np.moveaxis(points - CENTRE, -1, 0)
    return np.degrees(np.arctan2(x, z)), np.degrees(np.arctan2(y, np.hypot(x, z)))


def direction(azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
    """Unit vectors (..., 3), the inverse of `polar`."""
    a, e = np.radians(azimuth), np.radians(elevation)
    return np.stack([np.sin(a) * np.cos(e), np.sin(e) * np.ones_like(a), np.cos(a) * np.cos(e)], -1)


def hair_line(azimuth: np.ndarray, height: float, recession: float) -> np.ndarray:
    """Elevation in degrees above which hair grows; height: -1 to 1; recession: degrees lost at the front."""
    side = np.abs(azimuth)
    front = np.clip((58 - side) / 12, 0, 1)
    temples = np.exp(-(((side - 36) / 13) ** 2))
    return np.interp(side, LINE[:, 0], LINE[:, 1]) + front * (3 * height + recession * (0.45 + 0.7 * temples))


@njit(cache=True, nogil=True)
def _cast(rays, vertices, triangles, origin, best, triangle, bary):
    for f in range(triangles.shape[0]):
        a = vertices[triangles[f, 0]]
        e1, e2, s = vertices[triangles[f, 1]] - a, vertices[triangles[f, 2]] - a, origin - a
        q = np.array((s[1] * e1[2] - s[2] * e1[1], s[2] * e1[0] - s[0] * e1[2], s[0] * e1[1] - s[1] * e1[0]))
        reach = e2[0] * q[0] + e2[1] * q[1] + e2[2] * q[2]
        for r in range(rays.shape[0]):
            d = rays[r]
            px = d[1] * e2[2] - d[2] * e2[1]
            py = d[2] * e2[0] - d[0] * e2[2]
            pz = d[0] * e2[1] - d[1] * e2[0]
            det = e1[0] * px + e1[1] * py + e1[2] * pz
            if abs(det) < 1e-12:
                continue
            u = (s[0] * px + s[1] * py + s[2] * pz) / det
            v = (d[0] * q[0] + d[1] * q[1] + d[2] * q[2]) / det
            far = reach / det
            if u >= -1e-6 and v >= -1e-6 and u + v <= 1 + 1e-6 and far > best[r]:
                best[r] = far
                triangle[r] = f
                bary[r, 0], bary[r, 1], bary[r, 2] = 1 - u - v, u, v


@functools.cache
def skull_anchors(model: FaceModel) -> Correspondence:
    """Where on the mean head each ray of AZIMUTHS x ELEVATIONS leaves it, ears aside; row by row."""
    names = ("face", "scalp", "neck")
    chosen = np.flatnonzero(np.isin(model.triangle_region, [model.regions.index(n) for n in names]))
    azimuth, elevation = np.meshgrid(AZIMUTHS, ELEVATIONS)
    rays = direction(azimuth, elevation).reshape(-1, 3)
    best, index = np.zeros(len(rays)), np.full(len(rays), -1, np.int64)
    bary = np.zeros((len(rays), 3))
    _cast(rays, model.mean_shape.astype(float), model.triangles[chosen], CENTRE, best, index, bary)
    # Under the ears the ray finds a hole's rim; its nearest neighbour above serves.
    for k in np.flatnonzero(index < 0):
        index[k], bary[k] = index[k - len(AZIMUTHS)], bary[k - len(AZIMUTHS)]
    return Correspondence(chosen[index].astype(np.int32), bary.astype(np.float32))


class Skull:
    """One person's skull: points for azimuths and elevations."""

    def __init__(self, model: FaceModel, neutral: np.ndarray):
        """neutral: (V, 3) the person's shape without expression."""
        points = correspondence_points(neutral, model.triangles, skull_anchors(model))
        self._grid = points.reshape(len(ELEVATIONS), len(AZIMUTHS), 3)

    def at(self, azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
        """Points (..., 3) on the skin at azimuths (any) and elevations (63 below to 89 above) in degrees."""
        turn = (np.asarray(azimuth) + 180) % 360 / 360 * (len(AZIMUTHS) - 1)
        down = (ELEVATIONS[0] - np.asarray(elevation)) / (ELEVATIONS[0] - ELEVATIONS[1])
        where = np.stack(np.broadcast_arrays(down, turn)).astype(float)
        parts = [map_coordinates(self._grid[..., c], where, order=1, mode="nearest") for c in range(3)]
        return np.stack(parts, -1)
