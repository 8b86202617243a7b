"""The colour of every sample: skin with its hair roots, eyes, hair, cloth, the mouth's inside."""

import math
from typing import Final

import numpy as np
from numba import njit

from talkpose.synthetic.features import brow_density, lash_share, lip_share

SUPERSAMPLE: Final = 2
"""Samples a pixel along each axis."""

EYE_X, EYE_Y = 0.2933, 0.2931
IRIS, PUPIL = 0.062, 0.025
"""The gaze axis of the resting eyeballs and radii about it, decimetres."""

HAIR_RGB, IRIS_RGB, CLOTH_RGB, SHIRT_RGB, KEY, HALF, KIND = 0, 3, 6, 9, 12, 15, 18
BROW_RGB, LIP_RGB, ROOT_RGB, BROW, BROW_WIDTH, BROW_ARCH = 19, 22, 25, 28, 29, 30
"""Where colours and directions lie in the vector of parameters; KIND: the clothes'; ROOT: skin under hair."""

CREW, SCOOP, SHIRT, JACKET, POLO = 0, 1, 2, 3, 4


@njit(cache=True, nogil=True)
def _hash(i, j):
    n = (i * 374761393 + j * 668265263) & 0xFFFFFFFF
    n = ((n ^ (n >> 13)) * 1274126177) & 0xFFFFFFFF
    return ((n ^ (n >> 16)) & 0xFFFF) / 32767.5 - 1.0


@njit(cache=True, nogil=True)
def _noise(x, y):
    """Smooth noise in [-1, 1] with cells of size 1."""
    i, j = int(math.floor(x)), int(math.floor(y))
    u, v = x - i, y - j
    u, v = u * u * (3 - 2 * u), v * v * (3 - 2 * v)
    top = _hash(i, j) * (1 - u) + _hash(i + 1, j) * u
    low = _hash(i, j + 1) * (1 - u) + _hash(i + 1, j + 1) * u
    return top * (1 - v) + low * v


@njit(cache=True, nogil=True)
def _step(low, high, x):
    t = min(max((x - low) / (high - low), 0.0), 1.0)
    return t * t * (3 - 2 * t)


@njit(cache=True, nogil=True)
def _skin(a, p, n, colour):
    grain = _noise(a[0] * 38, a[1] * 38 + 17 * a[2]) * 0.6 + _noise(a[0] * 90 + 5, a[1] * 90) * 0.4
    for k in range(3):
        colour[k] = a[3 + k] * (1 + 0.030 * grain)
    fine = _noise(a[0] * 70 + 3, a[1] * 22 + a[2] * 22)
    beard = min(1.0, a[7] * (0.92 + 0.16 * fine))
    hairs = _noise(a[0] * 95 - 30 * a[1], a[1] * 34 + 9)
    brow = p[BROW] * brow_density(a[0], a[1], p[BROW_WIDTH], p[BROW_ARCH], hairs)
    lip = 0.9 * lip_share(a[0], a[1], a[2])
    lash = 0.80 * lash_share(a[0], a[1], a[2])
    hair = _step(-0.03, 0.10, a[6] + 0.05 * fine)
    shadow = 0.30 * _step(-0.22, 0.02, a[6]) if a[6] > -0.22 else 0.0
    for k in range(3):
        h = p[k]
        c = colour[k] * (1 - shadow)
        c = c * (1 - 0.80 * beard) + 0.80 * beard * min(0.8 * h + 0.1 * c, 0.8 * c)
        c = c * (1 - lip) + lip * p[LIP_RGB + k] * a[8] * (1 + 0.05 * grain)
        c = c * (1 - brow) + brow * min(p[BROW_RGB + k], 0.75 * a[3 + k])
        c = c * (1 - lash) + lash * min(0.5 * p[BROW_RGB + k], 0.35 * a[3 + k])
        colour[k] = c * (1 - 0.93 * hair) + 0.93 * hair * h * (0.85 + 0.25 * fine)


@njit(cache=True, nogil=True)
def _eye(a, p, n, colour):
    side = -1.0 if a[0] < 0 else 1.0
    dx, dy = a[0] - side * EYE_X, a[1] - EYE_Y
    r = math.sqrt(dx * dx + dy * dy)
    white = (0.84, 0.80, 0.78)
    rays = _noise(math.atan2(dy, dx) * 7, 3.0)
    ring = 1 - _step(IRIS - 0.006, IRIS + 0.007, r)
    limbus = 1 - 0.55 * _step(IRIS - 0.022, IRIS - 0.002, r)
    pupil = 1 - _step(PUPIL - 0.004, PUPIL + 0.004, r)
    glow = 1.0 - 0.5 * dy / IRIS  # the lamp above lights the iris below
    # lids shade the ball from above and at the corners
    lid = 1 - 0.55 * _step(0.02, 0.36, n[1]) - 0.25 * _step(0.35, 0.75, abs(n[0]))
    for k in range(3):
        red = 0.12 * _step(0.09, 0.15, r) * (0.0 if k == 0 else 1.0)
        c = (white[k] - red) * (1 - ring) + ring * p[IRIS_RGB + k] * limbus * (1 + 0.18 * rays) * glow
        c = c * (1 - pupil) + 0.015 * pupil
        colour[k] = c * max(lid, 0.25)


@njit(cache=True, nogil=True)
def _cloth(a, p, n, colour):
    kind = int(p[KIND])
    cloth = 1.0
    x, y, z = a[0], a[1], a[2]
    weave = 1 + 0.05 * _noise(x * 24, y * 24 + z * 9) + 0.07 * _noise(x * 3 + 7, y * 3 + 2 * z)
    shirt = 0.0
    dark = 1.0
    if a[6] < 0.5:  # torso: the cloth's upper edge, and what an open jacket shows
        depth = -1.32 - y
        if kind == SCOOP:
            edge = depth - 0.34 + 0.9 * x * x + (0.5 if z < -0.2 else 0.0)
            cloth = _step(-0.012, 0.012, edge)
            dark = 1 - 0.25 * (1 - _step(0.0, 0.05, edge)) * cloth
        else:
            dark = 0.55 + 0.45 * _step(-0.02, 0.16, a[7])
        if kind == JACKET and z > 0:
            width = 0.55 - 0.42 * depth
            shirt = 1 - _step(width - 0.01, width + 0.02, abs(x))
            dark *= 1 - 0.45 * math.exp(-(((abs(x) - width - 0.03) / 0.04) ** 2))
            dark *= 1 - 0.3 * math.exp(-(((abs(x) - width - 0.28) / 0.02) ** 2))
        if kind in (SHIRT, JACKET) and z > 0:
            dark *= 1 - 0.3 * math.exp(-(((abs(x) - 0.07) / 0.014) ** 2)) * (
                1 - (kind == JACKET) * (1 - shirt)
            )
    else:
        dark = 0.75 + 0.25 * _step(0.0, 0.4, a[7])
        cloth = 0.0  # the collar carries its own colour
    for k in range(3):
        c = p[CLOTH_RGB + k] * (1 - shirt) + shirt * p[SHIRT_RGB + k]
        colour[k] = (a[3 + k] * (1 - cloth) + cloth * c) * weave * dark


@njit(cache=True, nogil=True)
def _hair(a, p, t, colour):
    """Strands; returns the strength of their highlight."""
    turn = math.atan2(a[1], a[0])
    fine = _noise(turn * 26, a[2] * 3.0)
    locks = _noise(turn * 9 + 40, a[2] * 2.0)
    tone = 1 + 0.30 * fine + 0.24 * locks
    for k in range(3):
        colour[k] = a[3 + k] * tone
    length = math.sqrt(t[0] * t[0] + t[1] * t[1] + t[2] * t[2]) + 1e-6
    along = (t[0] * p[HALF] + t[1] * p[HALF + 1] + t[2] * p[HALF + 2]) / length
    across = max(0.0, 1 - along * along)
    return across**14 * (0.7 + 0.6 * fine)


@njit(cache=True, nogil=True)
def shade(ids, bary, triangles, material, attributes, light, normals, turns, params, behind, noise, frames):
    """Fill frames (B, S, S, 3) uint8.

    ids (B, KS, KS), bary: fragments at K = SUPERSAMPLE; attributes (V, 9); light, normals (B, V, 3); turns
    (B, 3, 3) rotation of the head; params: see above; behind (S, S, 3) in [0, 1]; noise (B, S, S).
    """
    a, n, t = np.empty(9), np.empty(3), np.empty(3)
    colour, total = np.empty(3), np.empty(3)
    for b in range(frames.shape[0]):
        for y in range(frames.shape[1]):
            for x in range(frames.shape[2]):
                total[:] = 0.0
                for j in range(y * SUPERSAMPLE, (y + 1) * SUPERSAMPLE):
                    for i in range(x * SUPERSAMPLE, (x + 1) * SUPERSAMPLE):
                        f = ids[b, j, i]
                        if f < 0:
                            for k in range(3):
                                total[k] += behind[y, x, k]
                            continue
                        v0, v1, v2 = triangles[f, 0], triangles[f, 1], triangles[f, 2]
                        w0, w1, w2 = bary[b, j, i, 0], bary[b, j, i, 1], bary[b, j, i, 2]
                        for k in range(9):
                            a[k] = w0 * attributes[v0, k] + w1 * attributes[v1, k] + w2 * attributes[v2, k]
                        for k in range(3):
                            n[k] = w0 * normals[b, v0, k] + w1 * normals[b, v1, k] + w2 * normals[b, v2, k]
                        length = math.sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]) + 1e-9
                        for k in range(3):
                            n[k] /= length
                        kind = material[f]
                        facing = n[0] * params[HALF] + n[1] * params[HALF + 1] + n[2] * params[HALF + 2]
                        gloss, tint = 0.0, 0.0
                        if kind == 0:
                            _skin(a, params, n, colour)
                            gloss = 0.06 * max(facing, 0.0) ** 18
                        elif kind == 1:
                            _eye(a, params, n, colour)
                            gloss = 0.75 * _step(0.975, 0.992, facing)
                        elif kind == 2:
                            for k in range(3):
                                t[k] = turns[b, k, 0] * a[6] + turns[b, k, 1] * a[7] + turns[b, k, 2] * a[8]
                            shine = _hair(a, params, t, colour)
                            if n[2] < -0.05:  # the inner side of falling hair
                                for k in range(3):
                                    colour[k] *= 0.35
                            else:
                                tint = 0.9 * shine * max(facing, 0.0)
                                gloss = 0.06 * shine * max(facing, 0.0)
                        elif kind == 3:
                            _cloth(a, params, n, colour)
                        else:
                            for k in range(3):
                                colour[k] = a[3 + k]
                            gloss = 0.10 * max(facing, 0.0) ** 30
                        for k in range(3):
                            lit = w0 * light[b, v0, k] + w1 * light[b, v1, k] + w2 * light[b, v2, k]
                            total[k] += min(colour[k] * lit * (1 + tint) + gloss, 1.0)
                for k in range(3):
                    value = 255.0 * total[k] / (SUPERSAMPLE * SUPERSAMPLE) + noise[b, y, x]
                    frames[b, y, x, k] = np.uint8(min(max(value, 0.0), 255.0) + 0.5)


@njit(cache=True, nogil=True)
def place(head, still, normals, weight, turns, head_shift, body_shift, world, world_normals):
    """World positions (B, V + N, 3) of head and still parts, and normals of the still parts.

    head: (B, V, 3); still, normals: (N, 3); turns: (B, 3, 3); shifts: (B, 3).
    """
    count = head.shape[1]
    for b in range(world.shape[0]):
        r = turns[b]
        for i in range(world.shape[1]):
            w = weight[i]
            p = head[b, i] if i < count else still[i - count]
            for k in range(3):
                turned = r[k, 0] * p[0] + r[k, 1] * p[1] + r[k, 2] * p[2] + head_shift[b, k]
                world[b, i, k] = w * turned + (1 - w) * (p[k] + body_shift[b, k])
            if i >= count:
                m = normals[i - count]
                for k in range(3):
                    turned = r[k, 0] * m[0] + r[k, 1] * m[1] + r[k, 2] * m[2]
                    world_normals[b, i, k] = w * turned + (1 - w) * m[k]
