"""One fixed square window a clip, so that cropping adds no motion of its own, and the way back."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np

MARGIN = 0.03  # of the side: how far inside the window the landmarks stay
OUTSIDE = 0.005  # share of frames whose landmarks may stick out
RAISE = 0.03  # of the side: the window sits this much higher than the landmarks, which end at the hair line


@dataclass(frozen=True)
class CropWindow:
    """A square of whole source pixels (upright, square ones) and the size to which it is resampled."""

    x0: int
    """left edge; may be negative or leave the picture, which is then continued by its edge"""
    y0: int
    side: int
    size: int

    def to_crop(self, points: np.ndarray) -> np.ndarray:
        """Source pixel coordinates (..., 2) -> crop pixel coordinates."""
        return ((points - np.array([self.x0, self.y0])) * (self.size / self.side)).astype(np.float32)

    def to_source(self, points: np.ndarray) -> np.ndarray:
        """Crop pixel coordinates (..., 2) -> source pixel coordinates."""
        return (points * (self.side / self.size) + np.array([self.x0, self.y0])).astype(np.float32)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for clip.json."""
        return asdict(self)


def fit_window(points: np.ndarray, size: int, face_fraction: float) -> CropWindow:
    """Window for a clip from the landmarks (T, N, 2) of its frames; rows of nan are skipped.

    The face's median width is `face_fraction` of the side, unless the side must grow to keep the landmarks
    of all but 0.5% of the frames inside, with a margin of 3%.
    """
    seen = points[~np.isnan(points).any((1, 2))]
    low, high = seen.min(1), seen.max(1)  # (T, 2)
    width = float(np.median(high[:, 0] - low[:, 0]))
    low, high = np.quantile(low, OUTSIDE, axis=0), np.quantile(high, 1 - OUTSIDE, axis=0)
    side = max(width / face_fraction, float((high - low).max()) / (1 - 2 * MARGIN - RAISE))
    centre = (low + high) / 2
    centre[1] -= RAISE * side
    whole = max(round(side), 8)
    x0, y0 = (round(float(c) - whole / 2) for c in centre)
    return CropWindow(x0, y0, whole, size)


def cut_out(frame: np.ndarray, window: CropWindow) -> np.ndarray:
    """Window of one frame (H, W, 3) uint8, resampled to (size, size, 3) without aliasing."""
    height, width = frame.shape[:2]
    x0, y0, side = window.x0, window.y0, window.side
    inside = frame[max(y0, 0) : max(y0 + side, 0), max(x0, 0) : max(x0 + side, 0)]
    left, top = max(-x0, 0), max(-y0, 0)
    right, bottom = max(x0 + side - width, 0), max(y0 + side - height, 0)
    if left or top or right or bottom:
        inside = cv2.copyMakeBorder(inside, top, bottom, left, right, cv2.BORDER_REPLICATE)
    return _resample(inside, window.size)


def crop_frames(frames: Iterable[np.ndarray], window: CropWindow) -> Iterator[np.ndarray]:
    """cut_out for each frame of a video."""
    return (cut_out(frame, window) for frame in frames)


def paste_back(
    full: np.ndarray,
    crop: np.ndarray,
    window: CropWindow,
    mask: np.ndarray | None = None,
    feather: float = 0.06,
) -> np.ndarray:
    """Put a crop back into its full frame; returns a new (H, W, 3) uint8 array.

    full: (H, W, 3) uint8; crop: (size, size, 3) uint8; mask: (size, size) in [0, 1], the share of the crop
    (default 1 everywhere). feather: width of the soft rim over the side; the rim blends out what remains of
    the crop towards the window's edges, except along the picture's own edges. Calls with several frames map
    over them: full (T, H, W, 3), crop (T, size, size, 3), mask (size, size) or (T, size, size).
    """
    if full.ndim == 4:
        masks = [mask] * len(full) if mask is None or mask.ndim == 2 else list(mask)
        pairs = zip(full, crop, masks, strict=True)
        return np.stack([paste_back(f, c, window, m, feather) for f, c, m in pairs])
    height, width = full.shape[:2]
    side, x0, y0 = window.side, window.x0, window.y0
    top, bottom = max(y0, 0), min(y0 + side, height)
    left, right = max(x0, 0), min(x0 + side, width)
    if top >= bottom or left >= right:
        return full.copy()
    share = np.outer(_rim(y0, side, height, feather), _rim(x0, side, width, feather)).astype(np.float32)
    if mask is not None:
        share = share * _resample(mask.astype(np.float32), side)
    patch = _resample(crop, side).astype(np.float32)
    inner = np.s_[top - y0 : bottom - y0, left - x0 : right - x0]
    out = full.copy()
    old = out[top:bottom, left:right].astype(np.float32)
    mixed = old + np.clip(share[inner], 0, 1)[..., None] * (patch[inner] - old)
    out[top:bottom, left:right] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    return out


def _resample(image: np.ndarray, side: int) -> np.ndarray:
    """Area averages when shrinking, cubic interpolation when growing."""
    if image.shape[0] == side:
        return np.ascontiguousarray(image)
    shrink = image.shape[0] > side
    return cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA if shrink else cv2.INTER_CUBIC)


def _rim(start: int, side: int, length: int, feather: float) -> np.ndarray:
    """Weight (side,) along one axis: a smooth ramp at each end of the window that lies inside the picture."""
    distance = np.arange(side) + 0.5
    weight = np.ones(side)
    if feather > 0:
        if start > 0:
            weight *= np.clip(distance / (feather * side), 0, 1)
        if start + side < length:
            weight *= np.clip((side - distance) / (feather * side), 0, 1)
    return weight * weight * (3 - 2 * weight)
