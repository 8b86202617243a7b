"""Brows, lips and lid margins drawn sample by sample, where the mean head has its own landmarks of them."""

import math
from typing import Final

import numpy as np
from numba import njit

BROW_LINE: Final = np.array(
    [[0.115, 0.440, 0.024], [0.20, 0.464, 0.028], [0.33, 0.485, 0.025], [0.43, 0.477, 0.018]]
    + [[0.525, 0.438, 0.008]]
)
"""A relaxed brow from nose to temple: |x|, y of its middle, half width, on the mean head."""

LIP_LINE: Final = np.array(
    [[0.0, -0.296, -0.503], [0.065, -0.284, -0.505], [0.13, -0.310, -0.489], [0.176, -0.341, -0.455]]
    + [[0.212, -0.368, -0.424], [0.233, -0.393, -0.398]]
)
"""Outer edge of the lips: |x|, y above, y below."""

LID_LINE: Final = np.array(
    [[0.160, 0.262, 0.259], [0.178, 0.278, 0.254], [0.210, 0.306, 0.246], [0.260, 0.323, 0.235]]
    + [[0.308, 0.326, 0.230], [0.358, 0.319, 0.237], [0.392, 0.304, 0.251], [0.410, 0.291, 0.262]]
    + [[0.428, 0.281, 0.281]]
)
"""Lid margins: |x|, y above, y below."""


@njit(cache=True, nogil=True)
def _at(table, x, column):
    """The column of a table at x by linear interpolation; the first or last row outside."""
    for k in range(1, table.shape[0]):
        if x < table[k, 0]:
            t = max((x - table[k - 1, 0]) / (table[k, 0] - table[k - 1, 0]), 0.0)
            return table[k - 1, column] * (1 - t) + table[k, column] * t
    return table[-1, column]


@njit(cache=True, nogil=True)
def _ramp(t):
    t = min(max(t, 0.0), 1.0)
    return t * t * (3 - 2 * t)


@njit(cache=True, nogil=True)
def brow_density(x, y, width, arch, grain):
    """Density in [0, 1] of a brow at (x, y); width: 1 is usual; arch lifts the outer half; grain: hairs."""
    side = abs(x)
    if side < 0.09 or side > 0.56 or y < 0.38 or y > 0.58:
        return 0.0
    bend = arch * math.exp(-(((side - 0.37) / 0.10) ** 2))
    middle = _at(BROW_LINE, side, 1) + bend
    half = _at(BROW_LINE, side, 2) * width
    off = abs(y - middle) / half
    ends = _ramp((side - 0.095) / 0.06) * _ramp((0.545 - side) / 0.06)
    return ends * _ramp(1.55 - off + 0.35 * grain) * (0.80 + 0.20 * grain)


@njit(cache=True, nogil=True)
def lip_share(x, y, z):
    """How much (0 to 1) of the skin at (x, y, z) is lip."""
    side = abs(x)
    if z < 0.8 or side > 0.24 or y > -0.26 or y < -0.53:
        return 0.0
    top, low = _at(LIP_LINE, side, 1), _at(LIP_LINE, side, 2)
    inside = min(top - y, 0.8 * (y - low), 0.7 * (0.237 - side))
    return _ramp((inside + 0.006) / 0.014)


@njit(cache=True, nogil=True)
def lash_share(x, y, z):
    """How dark (0 to 1) lashes make the lids' margins at (x, y, z)."""
    side = abs(x)
    if z < 0.7 or side < 0.155 or side > 0.45 or y < 0.20 or y > 0.36:
        return 0.0
    top, low = _at(LID_LINE, side, 1), _at(LID_LINE, side, 2)
    outer = _ramp((side - 0.16) / 0.12) * _ramp((0.455 - side) / 0.025)
    above = math.exp(-(((y - top - 0.001) / 0.010) ** 2)) * (0.35 + 0.65 * outer)
    below = 0.42 * math.exp(-(((y - low + 0.002) / 0.008) ** 2)) * (0.25 + 0.75 * outer)
    return max(above, below)
