"""CPBD, cumulative probability of blur detection (Narvekar & Karam 2011), protocol `cpbd-v1`; no reference.

    CPBD = P(P_blur <= 63%) over the frame's edges,   P_blur = 1 - exp(-(w / w_jnb)^3.6)

and since 63% is reached at w = w_jnb: the share of edges that are at most as wide as what is just noticed as
blurred. As published: luma 0..255; vertical Sobel edges, thinned, above twice the root mean square; width w
(Marziliano et al. 2002): pixels from the extremum left of the edge to that right of it, at edges whose
gradient is within 22.5 degrees of horizontal; blocks of 64x64, which count where more than 0.2% of their
pixels are edges; w_jnb = 5 where a block's contrast is at most 50, else 3. Here the blocks at the right and
lower border count too, cut by it (a frame of 96 pixels has one whole block). No unit, in [0, 1], higher is
sharper; mean over frames, without those that have no edge that counts. Noise looks sharp to it.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from talkpose.errors import UserError
from talkpose.metrics.base import Protocol
from talkpose.metrics.psnr import compute as mean_over_frames

BLOCK = 64
EDGE_SHARE = 0.002
CONTRAST = 50
JNB = (5, 3)
"""Width in pixels that is just noticed as blur, at contrasts up to CONTRAST and beyond."""

ANGLE = np.tan(np.pi / 8)

PROTOCOL = Protocol(
    metric="cpbd",
    id="cpbd-v1",
    title="CPBD",
    unit="",
    direction="higher",
    decimals=3,
    definition="share of Sobel edges at most as wide as the just noticeable blur (5 or 3 px by the contrast "
    "of 64x64 blocks, those at the border cut), luma at the run's size; mean over frames; no reference",
)


def update(frames: np.ndarray) -> np.ndarray:
    """CPBD of each frame of a batch.

    Parameters: `frames` uint8 RGB (T, H, W, 3). Returns float64 (T,); nan where no edge counts. Raises
    UserError on anything else.
    """
    check(frames)
    count, height, width, _ = frames.shape
    if not count or min(height, width) < 3:
        return np.full(count, np.nan)
    tall = cv2.cvtColor(np.ascontiguousarray(frames).reshape(count * height, width, 3), cv2.COLOR_RGB2GRAY)
    luma = tall.reshape(count, height, width)
    edges = sobel_edges(luma)
    widths = edge_widths(luma, edges)
    of_block = (np.arange(0, height, BLOCK), np.arange(0, width, BLOCK))
    pixels = np.outer(
        *(np.diff(np.append(starts, side)) for starts, side in zip(of_block, luma.shape[1:], strict=True))
    )
    contrast = _blocks(np.maximum, luma, of_block).astype(int) - _blocks(np.minimum, luma, of_block)
    counts = _count(edges, of_block) > EDGE_SHARE * pixels
    low, high = (_count((widths > 0) & (widths <= jnb), of_block) for jnb in JNB)
    sharp = np.where(contrast <= CONTRAST, low, high)
    measured = np.where(counts, _count(widths > 0, of_block), 0).sum((1, 2))
    found = np.where(counts, sharp, 0).sum((1, 2))
    return np.divide(found, measured, out=np.full(count, np.nan), where=measured > 0)


def check(frames: np.ndarray) -> None:
    """Raise UserError unless the frames are uint8 RGB (T, H, W, 3)."""
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] != 3:
        raise UserError(f"cpbd: the frames are {frames.dtype} {frames.shape}; give uint8 RGB (T, H, W, 3)")


def compute(parts: Sequence[np.ndarray]) -> tuple[float, int]:
    """Mean over the frames that have edges, and how many those are; (nan, 0) where there are none."""
    return mean_over_frames(parts)


def sobel_edges(luma: np.ndarray) -> np.ndarray:
    """Vertical edges (T, H, W) bool of luma (T, H, W) uint8: g^2 > 4 mean g^2, a maximum along its row."""
    values = luma.astype(np.float32)
    rows = values[:, :-2] + 2 * values[:, 1:-1] + values[:, 2:]
    strength = np.zeros(luma.shape, np.float32)
    strength[:, 1:-1, 1:-1] = np.square((rows[..., 2:] - rows[..., :-2]) / 8)
    cutoff = 4 * strength.mean(axis=(1, 2), keepdims=True, dtype=np.float64)
    inner = strength[..., 1:-1]
    edges = np.zeros(luma.shape, bool)
    edges[..., 1:-1] = (inner > cutoff) & (inner >= strength[..., :-2]) & (inner > strength[..., 2:])
    return edges


def edge_widths(luma: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Widths (T, H, W) in pixels of edges of luma (T, H, W) uint8; 0 where there is none to measure."""
    values = luma.astype(np.int16)
    along_x, along_y = np.zeros_like(values), np.zeros_like(values)
    along_x[..., 1:-1] = values[..., 2:] - values[..., :-2]
    along_y[:, 1:-1] = values[:, 2:] - values[:, :-2]
    steep = edges & (along_x != 0) & (np.abs(along_y) <= ANGLE * np.abs(along_x))
    widths = np.zeros(luma.shape, np.int16)
    step = np.diff(values, axis=-1)
    for sign in (1, -1):
        left, right = _runs(sign * step > 0)
        here = steep[..., 1:-1] & (sign * along_x[..., 1:-1] > 0)
        widths[..., 1:-1] += np.where(here, 2 + left[..., :-2] + right[..., 2:], 0).astype(np.int16)
    return widths


def _runs(steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lengths (..., W) of the runs of true steps (..., W - 1) that end and that start at each pixel."""
    place = np.arange(steps.shape[-1], dtype=np.int16)
    before = np.maximum.accumulate(np.where(steps, np.int16(-1), place), axis=-1)
    after = np.where(steps, np.int16(len(place)), place)[..., ::-1]
    after = np.minimum.accumulate(after, axis=-1)[..., ::-1]
    none = np.zeros((*steps.shape[:-1], 1), np.int16)
    return np.concatenate([none, place - before], -1), np.concatenate([after - place, none], -1)


def _blocks(reduce: np.ufunc, values: np.ndarray, starts: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    return reduce.reduceat(reduce.reduceat(values, starts[0], axis=1), starts[1], axis=2)


def _count(mask: np.ndarray, starts: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    return _blocks(np.add, mask.astype(np.int32), starts)
