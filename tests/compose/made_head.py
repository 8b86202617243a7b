"""A made head for the tests of compose: an ellipsoid with a jaw that opens, paint and two regions."""

import numpy as np

from talkpose.face.coefficients import EXPRESSION, POSE, SIZE
from talkpose.face.model import Correspondence, FaceModel


def made_model(rings=40, around=64) -> FaceModel:
    """Drawn in front ("face"), not drawn behind ("scalp"); expression 0 pulls the lower face down."""
    polar = np.linspace(0, np.pi, rings + 1)[1:-1]
    azimuth = np.arange(around) * 2 * np.pi / around
    p, a = np.meshgrid(polar, azimuth, indexing="ij")
    body = np.stack([np.sin(p) * np.sin(a), np.cos(p), np.sin(p) * np.cos(a)], axis=-1).reshape(-1, 3)
    unit = np.concatenate([body, [[0, 1, 0], [0, -1, 0]]])
    ring = np.arange((rings - 1) * around).reshape(rings - 1, around)
    turned = np.roll(ring, -1, axis=1)
    q, r, s, t = (x.ravel() for x in (ring[:-1], ring[1:], turned[1:], turned[:-1]))
    caps = [
        np.stack([np.full(around, len(body)), ring[0], turned[0]], 1),
        np.stack([np.full(around, len(body) + 1), turned[-1], ring[-1]], 1),
    ]
    triangles = np.concatenate([np.stack([q, r, s], 1), np.stack([q, s, t], 1), *caps]).astype(np.int32)
    front = unit[triangles].mean(axis=1)[:, 2] > -0.2
    count = len(unit)
    expression = np.zeros((count, 3, 64), np.float32)
    expression[:, 1, 0] = -0.2 * np.clip(-unit[:, 1], 0, 1) * (unit[:, 2] > 0)
    nothing = Correspondence(np.full(1, -1, np.int32), np.zeros((1, 3), np.float32))
    return FaceModel(
        name="made",
        mean_shape=(unit * [0.8, 1.0, 0.9]).astype(np.float32),
        identity_basis=np.zeros((count, 3, 80), np.float32),
        expression_basis=expression,
        mean_texture=np.tile(np.float32([0.6, 0.5, 0.4]), (count, 1)),
        texture_basis=np.ones((count, 3, 80), np.float32) * 0.01,
        triangles=triangles,
        landmarks68=nothing,
        mediapipe=nothing,
        regions=("face", "scalp"),
        triangle_region=np.where(front, 0, 1).astype(np.uint8),
        face_mask=front,
    )


def painted(model: FaceModel) -> np.ndarray:
    """Smooth colours (V, 3) that differ all over the head, equal on its left and right."""
    x, y, z = model.mean_shape.T
    return np.stack([0.5 + 0.3 * np.cos(4 * x), 0.5 + 0.3 * np.sin(4 * y), 0.5 + 0.3 * z], 1).astype(
        np.float32
    )


def made_coefficients(pose, opening=0.0) -> np.ndarray:
    """(T, 257) with these poses (T, 6) and the jaw open by `opening`."""
    pose = np.atleast_2d(np.asarray(pose, np.float32))
    coefficients = np.zeros((len(pose), SIZE), np.float32)
    coefficients[:, POSE] = pose
    coefficients[:, EXPRESSION.start] = opening
    return coefficients


def made_pictures(count: int, size: int, seed=0) -> np.ndarray:
    """Backdrops (count, S, S, 3) uint8, smooth in space and all alike."""
    y, x = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    phase = np.random.default_rng(seed).uniform(0, 6, 3)
    picture = 128 + 80 * np.sin(x[..., None] / size * 9 + phase) * np.cos(y[..., None] / size * 7 + phase)
    return np.repeat(picture[None].astype(np.uint8), count, axis=0)


def psnr(one, other, mask):
    """PSNR in dB of uint8 images over a mask."""
    return 10 * np.log10(255**2 / np.mean((one.astype(float) - other)[mask] ** 2))
