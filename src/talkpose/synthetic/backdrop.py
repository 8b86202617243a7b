"""What stands behind a synthetic person: walls, shelves, windows, curtains, softly out of focus."""

import cv2
import numpy as np

from talkpose.seeds import numpy_rng
from talkpose.synthetic.looks import Look

SIDE = 128
"""Side in which a backdrop is painted, so that it is the same at every size."""


def backdrop(look: Look, size: int) -> np.ndarray:
    """Backdrop (size, size, 3) float32, RGB in [0, 1]."""
    rng = numpy_rng(look.seed, "backdrop")
    image = _wall(rng)
    if look.backdrop == "room":
        _blobs(image, rng)
    elif look.backdrop == "shelves":
        _shelves(image, rng)
    elif look.backdrop == "window":
        _window(image, rng)
    elif look.backdrop == "curtain":
        across = np.linspace(0, rng.uniform(30, 60), SIDE) + rng.uniform(0, 6)
        image *= (1 + 0.13 * np.sin(across + 0.8 * np.sin(0.37 * across)))[None, :, None].astype(np.float32)
    blur = {"plain": 2.0, "gradient": 2.0, "curtain": 1.5}.get(look.backdrop, rng.uniform(2.0, 4.5))
    image = cv2.GaussianBlur(image, (0, 0), blur, borderType=cv2.BORDER_REFLECT)
    image = cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR)
    return np.clip(image, 0, 1)


def _colour(rng: np.random.Generator, low: float, high: float, strong: float) -> np.ndarray:
    wave = np.cos(rng.uniform(0, 6.3) + np.array([0.0, 2.1, 4.2]))
    return rng.uniform(low, high) * (1 + strong * rng.random() * wave)


def _wall(rng: np.random.Generator) -> np.ndarray:
    """A wall with the fall-off of a lamp."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    at = rng.uniform([-0.2, -0.2], [1.2, 0.6])
    fall = 1.08 - rng.uniform(0.15, 0.5) * np.hypot(x - at[0], y - at[1])
    return (fall[..., None] * _colour(rng, 0.3, 0.72, 0.25)).astype(np.float32)


def _box(image: np.ndarray, left: float, top: float, right: float, bottom: float, colour: np.ndarray) -> None:
    edges = np.clip(np.rint(np.array([left, top, right, bottom]) * SIDE), 0, SIDE).astype(int)
    image[edges[1] : edges[3], edges[0] : edges[2]] = colour


def _blobs(image: np.ndarray, rng: np.random.Generator) -> None:
    """Furniture, pictures and lamps as blocks of colour."""
    _box(image, 0, rng.uniform(0.6, 0.85), 1, 1, _colour(rng, 0.15, 0.4, 0.3))
    for _ in range(int(rng.integers(3, 8))):
        left, top = rng.uniform(-0.1, 0.9), rng.uniform(0, 0.7)
        wide, high = rng.uniform(0.08, 0.35, 2)
        _box(image, left, top, left + wide, top + high, _colour(rng, 0.15, 0.75, 0.35))
    for _ in range(int(rng.integers(0, 3))):
        centre = tuple(int(v) for v in rng.integers(5, SIDE - 5, 2))
        cv2.circle(image, centre, int(rng.integers(3, 9)), (1.0, 0.92, 0.75), -1)


def _shelves(image: np.ndarray, rng: np.random.Generator) -> None:
    """Rows of book spines between boards."""
    wood, step = _colour(rng, 0.2, 0.5, 0.3), rng.uniform(0.2, 0.32)
    top = -rng.uniform(0, step)
    while top < 1:
        _box(image, 0, top, 1, top + step, 0.45 * wood)
        left = -0.02
        while left < 1:
            wide = rng.uniform(0.02, 0.06)
            if rng.random() < 0.9:
                high = step * rng.uniform(0.6, 0.88)
                _box(image, left, top + step - high, left + wide, top + step, _colour(rng, 0.12, 0.6, 0.5))
            left += wide
        _box(image, 0, top + step - 0.02, 1, top + step, wood)
        top += step


def _window(image: np.ndarray, rng: np.random.Generator) -> None:
    """A bright window with a frame, to one side."""
    left = rng.choice([rng.uniform(-0.1, 0.1), rng.uniform(0.6, 0.75)])
    wide, bottom = rng.uniform(0.3, 0.42), rng.uniform(0.5, 0.75)
    image *= 0.8
    frame = _colour(rng, 0.3, 0.7, 0.1)
    _box(image, left - 0.02, 0, left + wide + 0.02, bottom + 0.02, frame)
    _box(image, left, 0, left + wide, bottom, np.array([0.86, 0.9, 0.95]))
    _box(image, left + wide / 2 - 0.01, 0, left + wide / 2 + 0.01, bottom, frame)
    _box(image, left, 0.25, left + wide, 0.27, frame)
