"""Z-buffer rasteriser on the CPU: a pass over the triangles, each over the centres in its bounding box."""

import math
from typing import Final

import numpy as np
from numba import njit

NEAR: Final = 1e-3
"""Triangles with a vertex nearer to the camera than this (model units) are dropped."""


@njit(cache=True, inline="always")
def _edge(ax, ay, bx, by, px, py):
    return (bx - ax) * (py - ay) - (by - ay) * (px - ax)


@njit(cache=True, inline="always")
def _line(a, b, ax, ay, bx, by, sign):
    # an edge as (x, y, dx, dy, sign), always measured from the lower vertex index, so that the two triangles
    # that share it get exactly opposite values
    if a < b:
        return ax, ay, bx - ax, by - ay, sign
    return bx, by, ax - bx, ay - by, -sign


@njit(cache=True, inline="always")
def _owns_edge(dx, dy):
    # a half-plane of directions: of an edge's two directions exactly one owns the pixel centres on it
    return dy < 0.0 or (dy == 0.0 and dx > 0.0)


@njit(cache=True, inline="always")
def _first_pixel(low):
    return int(math.ceil(low - 0.5)) if low > 0.5 else 0


@njit(cache=True, inline="always")
def _last_pixel(high, last):
    return int(math.floor(high - 0.5)) if high < last + 0.5 else last


@njit(cache=True, nogil=True)
def _rasterise_frame(points, triangles, size, cull_back, nearness, out_id, out_bary):
    last = size - 1
    for f in range(triangles.shape[0]):
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        ax, ay, ad = np.float64(points[a, 0]), np.float64(points[a, 1]), np.float64(points[a, 2])
        bx, by, bd = np.float64(points[b, 0]), np.float64(points[b, 1]), np.float64(points[b, 2])
        cx, cy, cd = np.float64(points[c, 0]), np.float64(points[c, 1]), np.float64(points[c, 2])
        if not (ad >= NEAR and bd >= NEAR and cd >= NEAR):  # also drops NaN
            continue
        left = min(ax, bx, cx)
        right = max(ax, bx, cx)
        top = min(ay, by, cy)
        bottom = max(ay, by, cy)
        if not (right >= 0.5 and left <= last + 0.5 and bottom >= 0.5 and top <= last + 0.5):
            continue
        if not (math.isfinite(left + right + top + bottom + ad + bd + cd)):
            continue
        x0, x1 = _first_pixel(left), _last_pixel(right, last)
        y0, y1 = _first_pixel(top), _last_pixel(bottom, last)
        if x0 > x1 or y0 > y1:
            continue
        area = _edge(ax, ay, bx, by, cx, cy)
        if area == 0.0 or (cull_back and area > 0.0):
            continue
        sign = 1.0 if area > 0.0 else -1.0
        own_a = _owns_edge(sign * (cx - bx), sign * (cy - by))
        own_b = _owns_edge(sign * (ax - cx), sign * (ay - cy))
        own_c = _owns_edge(sign * (bx - ax), sign * (by - ay))
        near_a, near_b, near_c = 1.0 / ad, 1.0 / bd, 1.0 / cd
        xa, ya, dxa, dya, sa = _line(b, c, bx, by, cx, cy, sign)
        xb, yb, dxb, dyb, sb = _line(c, a, cx, cy, ax, ay, sign)
        xc, yc, dxc, dyc, sc = _line(a, b, ax, ay, bx, by, sign)
        for y in range(y0, y1 + 1):
            py = y + 0.5
            ra, rb, rc = dxa * (py - ya), dxb * (py - yb), dxc * (py - yc)
            for x in range(x0, x1 + 1):
                px = x + 0.5
                wa = sa * (ra - dya * (px - xa))
                wb = sb * (rb - dyb * (px - xb))
                wc = sc * (rc - dyc * (px - xc))
                if wa < 0.0 or wb < 0.0 or wc < 0.0:
                    continue
                if (wa == 0.0 and not own_a) or (wb == 0.0 and not own_b) or (wc == 0.0 and not own_c):
                    continue
                total = wa + wb + wc
                wa *= near_a
                wb *= near_b
                wc *= near_c
                weight = wa + wb + wc
                nearest = weight / total if total > 0.0 else 0.0
                if nearest > nearness[y, x]:
                    nearness[y, x] = nearest
                    out_id[y, x] = f
                    scale = 1.0 / weight
                    out_bary[y, x, 0] = wa * scale
                    out_bary[y, x, 1] = wb * scale
                    out_bary[y, x, 2] = wc * scale


@njit(cache=True, nogil=True)
def _rasterise(projected, triangles, size, cull_back, out_id, out_bary, out_depth):
    nearness = np.empty((size, size), np.float64)  # 1 / depth of the nearest triangle so far
    for frame in range(projected.shape[0]):
        nearness[:] = 0.0
        _rasterise_frame(
            projected[frame], triangles, size, cull_back, nearness, out_id[frame], out_bary[frame]
        )
        for y in range(size):
            for x in range(size):
                out_depth[frame, y, x] = 1.0 / nearness[y, x] if nearness[y, x] > 0.0 else np.inf


def rasterise(
    projected: np.ndarray, triangles: np.ndarray, size: int, cull_back: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(B, V, 3) and (F, 3) to triangle (B, H, W), barycentric (B, H, W, 3), depth (B, H, W)."""
    projected = np.ascontiguousarray(projected)
    if projected.dtype not in (np.float32, np.float64):
        projected = projected.astype(np.float64)
    frames = len(projected)
    out_id = np.full((frames, size, size), -1, np.int32)
    out_bary = np.zeros((frames, size, size, 3), np.float32)
    out_depth = np.empty((frames, size, size), np.float32)
    _rasterise(
        projected, np.ascontiguousarray(triangles, np.int32), size, cull_back, out_id, out_bary, out_depth
    )
    return out_id, out_bary, out_depth


@njit(cache=True, nogil=True)
def _interpolate(ids, bary, triangles, attributes, shared, out):
    frames, height, width = ids.shape
    for frame in range(frames):
        values = attributes[0 if shared else frame]
        for y in range(height):
            for x in range(width):
                f = ids[frame, y, x]
                if f < 0:
                    continue
                a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
                wa, wb, wc = bary[frame, y, x, 0], bary[frame, y, x, 1], bary[frame, y, x, 2]
                for k in range(out.shape[3]):
                    out[frame, y, x, k] = wa * values[a, k] + wb * values[b, k] + wc * values[c, k]


def interpolate(
    ids: np.ndarray, bary: np.ndarray, triangles: np.ndarray, attributes: np.ndarray
) -> np.ndarray:
    """Attributes (B, V, C) or (V, C) at the pixels: (B, H, W, C) float32 (float64 for float64 attributes)."""
    values = np.asarray(attributes)
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float32)
    shared = values.ndim == 2
    values = np.ascontiguousarray(values[None] if shared else values)
    out = np.zeros((*ids.shape, values.shape[-1]), values.dtype)
    _interpolate(ids, bary, np.ascontiguousarray(triangles, np.int32), values, shared, out)
    return out
