"""Faces brought to one place: what two-dimensional baselines cut out of a frame, and how it is put back.

Speech moves the lips and the jaw; all else that moves between two frames of one clip is the head. So a frame
is cut out by the eyes and the nose alone (a similarity to a template, as DAVS and `You said that` do), and a
frame that a network is to learn from is first brought to the pose of the still that it starts from (an affine
map of points that speech leaves alone). A network with a fixed pose then sees targets that have one.
"""

from dataclasses import dataclass

import cv2
import numpy as np

STEADY = {
    468: (33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 1, 2, 98, 327, 127, 234, 356, 454),
    68: (36, 39, 42, 45, 27, 28, 29, 30, 31, 32, 33, 34, 35, 0, 1, 15, 16),
}
"""Points that speech leaves alone, by the number of a detector's points: eye corners, nose, temples."""

_EYES_AND_NOSE = {468: ((33, 133), (362, 263), (2, 2)), 68: ((36, 39), (42, 45), (33, 33))}
_TEMPLATE = np.array([(-0.5, 0.0), (0.5, 0.0), (0.0, 0.76)])
"""Both eyes' middles and the base of the nose: distance of the eyes 1, origin between them, y down."""


@dataclass(frozen=True)
class Window:
    """A square of the template's plane, in distances of the eyes: what of a face is cut out."""

    x: float
    y: float
    """its middle"""
    side: float


FACE = Window(0.0, 0.72, 2.5)
"""From above the brows to below the chin, ear to ear."""
LIPS = Window(0.0, 1.15, 1.7)
"""From the nostrils to the chin."""
WINDOWS = {"face": FACE, "lips": LIPS}
"""By the name that a baseline's settings give them."""


def crop_matrix(points: np.ndarray, window: Window, size: int) -> np.ndarray:
    """Similarity from a frame's pixels to a `size` px crop of `window`, (2, 3) float64.

    points: (68 or 468, 2) landmarks of the frame, pixels, finite.
    """
    found = np.array([points[list(pair)].mean(0) for pair in _EYES_AND_NOSE[len(points)]], np.float64)
    wanted = ((_TEMPLATE - (window.x, window.y)) / window.side + 0.5) * size - 0.5
    middle_found, middle_wanted = found.mean(0), wanted.mean(0)
    p, q = (found - middle_found) @ (1, 1j), (wanted - middle_wanted) @ (1, 1j)
    turn = (p.conj() @ q) / (p.conj() @ p).real  # rotation and scale as one complex number
    linear = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    return np.column_stack([linear, middle_wanted - linear @ middle_found])


def pose_matrix(points: np.ndarray, still: np.ndarray) -> np.ndarray:
    """Affine map (2, 3) that brings a frame's steady `points` nearest to those of `still`, both (N, 2)."""
    steady = list(STEADY[len(points)])
    known = np.column_stack([points[steady], np.ones(len(steady))]).astype(np.float64)
    return np.linalg.lstsq(known, still[steady].astype(np.float64), rcond=None)[0].T


def join(outer: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """The map (2, 3) that does `inner`, then `outer`."""
    return outer @ np.vstack([inner, (0, 0, 1)])


def cut_out(frame: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """The crop (size, size, 3) uint8 of a frame (S, S, 3) that `matrix` maps it to; edges are repeated.

    Where the crop is much smaller than what it shows, it is drawn larger first and averaged down.
    """
    fold = max(1, round(1 / np.sqrt(abs(np.linalg.det(matrix[:, :2])))))
    finer = matrix * fold
    finer[:, 2] += (fold - 1) / 2
    drawn = cv2.warpAffine(
        frame, finer, (size * fold, size * fold), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return drawn if fold == 1 else cv2.resize(drawn, (size, size), interpolation=cv2.INTER_AREA)


def soft_mask(size: int, margin: float) -> np.ndarray:
    """Weight (size, size) float32 of a crop's pixels when it is put back: 1 inside, 0 at the border.

    A disc whose edge falls smoothly over the outer `margin` of its radius, 0 < margin <= 1.
    """
    along = (np.arange(size) + 0.5) / size * 2 - 1
    radius = np.hypot(along[:, None], along[None])
    inward = np.clip((1 - radius) / margin, 0, 1)
    return (inward * inward * (3 - 2 * inward)).astype(np.float32)


def mouth_weights(window: Window, size: int, weight: float) -> np.ndarray:
    """Weights (size, size) float32 for a loss: 1 where speech changes nothing, up to `weight` at the lips.

    A smooth bump about the lips' place in the template, 0.5 distances of the eyes wide and 0.4 high.
    """
    along = ((np.arange(size) + 0.5) / size - 0.5) * window.side
    across = (along[None] + window.x) / 0.5
    down = (along[:, None] + window.y - 1.15) / 0.4
    return (1 + (weight - 1) * np.exp(-np.square(across * across + down * down))).astype(np.float32)


def put_back(
    frame: np.ndarray,
    crops: np.ndarray,
    matrix: np.ndarray,
    mask: np.ndarray,
    still: np.ndarray | None = None,
) -> np.ndarray:
    """Frames (T, S, S, 3) uint8: `frame` (S, S, 3) with each of `crops` (T, size, size, 3) in its place.

    matrix: as given to `cut_out`; mask: (size, size) weights in [0, 1]. Where it is 0 the frame stays exact.
    With `still`, the crop (size, size, 3) that was cut out of `frame`, only what crops change is put back:
    what they leave alone stays as sharp as the frame.
    """
    side = (frame.shape[1], frame.shape[0])
    back = cv2.invertAffineTransform(matrix)
    weight = cv2.warpAffine(mask, back, side, flags=cv2.INTER_LINEAR)[..., None]
    out = np.empty((len(crops), *frame.shape), np.uint8)
    for place, crop in enumerate(crops):
        change = crop.astype(np.float32) if still is None else crop.astype(np.float32) - still
        drawn = cv2.warpAffine(change, back, side, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        whole = frame + weight * (drawn - frame if still is None else drawn)
        out[place] = np.rint(whole.clip(0, 255))
    return out
