"""What X2Face sees of a frame: a square brought to one place by the eyes and the nose, and pairs of them."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from talkpose.errors import UserError
from talkpose.face.coefficients import POSE
from talkpose.face.observed import lip_points
from talkpose.methods.aligned import FACE, LIPS, Window, crop_matrix, cut_out
from talkpose.methods.contract import Footage
from talkpose.methods.retrained import TrainingClips

WINDOWS: dict[str, Window] = {"face": FACE, "lips": LIPS}
"""The squares that `Settings.window` names."""

REACH = 0.6
"""Radius of the mouth in distances of the eyes: where its weight falls to a half or so."""


class Pairs(NamedTuple):
    """B driving frames, each with N source frames of the same clip."""

    sources: Tensor
    """(B, N, 3, S, S) in [-1, 1]"""
    driving: Tensor
    """(B, 3, S, S)"""
    weights: Tensor
    """(B, 1, S, S), mean 1 each: how much a pixel of the driving frame counts"""


def seen(footage: Footage) -> np.ndarray:
    """Indices of the frames with a face and all of its landmarks."""
    return np.flatnonzero(footage.track.valid & np.isfinite(footage.track.landmarks).all((1, 2)))


def cropped(footage: Footage, which: np.ndarray, window: Window, size: int) -> np.ndarray:
    """Crops (len(which), size, size, 3) uint8, each by its own landmarks."""
    points = footage.track.landmarks
    return np.stack([cut_out(footage.frames[t], crop_matrix(points[t], window, size), size) for t in which])


def to_network(pictures: np.ndarray) -> Tensor:
    """Pictures (..., H, W, 3) uint8 as (..., 3, H, W) float32 in [-1, 1]."""
    return torch.from_numpy(np.moveaxis(pictures, -1, -3).astype(np.float32) / 127.5 - 1)


def to_pictures(values: Tensor) -> np.ndarray:
    """Inverse of `to_network`, clipped."""
    scaled = (values.detach().float().cpu().clamp(-1, 1) + 1) * 127.5
    return np.ascontiguousarray(np.moveaxis(scaled.round().to(torch.uint8).numpy(), -3, -1))


def mouth_weight(footage: Footage, t: int, window: Window, size: int, focus: float) -> np.ndarray:
    """Weights (size, size), mean 1: 1 + focus at the mouth over 1 elsewhere, with a soft edge."""
    points = footage.track.landmarks[t]
    matrix = crop_matrix(points, window, size)
    lips = points[list(lip_points(len(points)))].mean(0)
    x, y = matrix[:, :2] @ lips + matrix[:, 2]
    radius = REACH * size / window.side
    down, across = np.mgrid[:size, :size]
    near = np.exp(-np.square(((across - x) ** 2 + (down - y) ** 2) / radius**2))
    weight = 1 + focus * near
    return (weight / weight.mean()).astype(np.float32)


def draw_pairs(
    clips: TrainingClips,
    rng: np.random.Generator,
    batch: int,
    sources: int,
    window: Window,
    size: int,
    max_turn: float,
    focus: float,
) -> Pairs:
    """Random pairs whose heads are turned (pitch, yaw) at most `max_turn` radians apart.

    Raises UserError where no clip shows a face.
    """
    found, driving, weights = [], [], []
    for _ in range(batch):
        footage, usable = _draw_clip(clips, rng)
        t = int(rng.choice(usable))
        turns = footage.track.coefficients[:, POSE][:, :2]
        near = usable[np.abs(turns[usable] - turns[t]).max(1) <= max_turn]
        found.append(cropped(footage, rng.choice(near, sources), window, size))
        driving.append(cropped(footage, np.array([t]), window, size)[0])
        weights.append(mouth_weight(footage, t, window, size, focus))
    weight = torch.from_numpy(np.stack(weights))[:, None]
    return Pairs(to_network(np.stack(found)), to_network(np.stack(driving)), weight)


def _draw_clip(clips: TrainingClips, rng: np.random.Generator) -> tuple[Footage, np.ndarray]:
    for _ in range(100):
        footage = clips[int(rng.integers(len(clips)))].footage
        usable = seen(footage)
        if len(usable) > 1:
            return footage, usable
    raise UserError(
        "x2face: of 100 training clips none shows a face in two frames; check the quarantine list"
    )
