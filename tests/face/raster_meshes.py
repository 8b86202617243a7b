"""Meshes that the tests of light and rasteriser share."""

import numpy as np


def ellipsoid(radii=(0.8, 1.1, 0.9), rings=24, around=48):
    """Closed mesh: vertices (V, 3) float64 and triangles (F, 3), counter-clockwise seen from outside."""
    polar = np.linspace(0, np.pi, rings + 1)[1:-1]
    azimuth = np.arange(around) * 2 * np.pi / around
    p, a = np.meshgrid(polar, azimuth, indexing="ij")
    body = np.stack([np.sin(p) * np.sin(a), np.cos(p), np.sin(p) * np.cos(a)], axis=-1).reshape(-1, 3)
    vertices = np.concatenate([body, [[0, 1, 0], [0, -1, 0]]]) * radii
    ring = np.arange((rings - 1) * around).reshape(rings - 1, around)
    nxt = np.roll(ring, -1, axis=1)
    a, b, c, d = (x.ravel() for x in (ring[:-1], ring[1:], nxt[1:], nxt[:-1]))
    north, south = len(body), len(body) + 1
    caps = [np.stack([np.full(around, north), ring[0], nxt[0]], 1)]
    caps.append(np.stack([np.full(around, south), nxt[-1], ring[-1]], 1))
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1), *caps])
    return vertices, triangles.astype(np.int32)


def random_triangles(rng, count, size, big=0.3):
    """(1, 3 * count, 3) projected points and (count, 3) triangles, some off screen, some behind."""
    centre = rng.uniform(-0.2 * size, 1.2 * size, (count, 1, 2))
    spread = size * big * rng.exponential(0.4, (count, 1, 1))
    points = centre + rng.normal(size=(count, 3, 2)) * spread
    depth = rng.uniform(-0.5, 12, (count, 1, 1)) + rng.normal(size=(count, 3, 1))
    projected = np.concatenate([points, depth], axis=-1).reshape(1, -1, 3)
    return projected.astype(np.float32), np.arange(3 * count, dtype=np.int32).reshape(-1, 3)
