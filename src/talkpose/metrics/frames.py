"""Frames as the public ATVG evaluation script sees them: 256x256 by area, grey in uint8."""

import cv2
import numpy as np

SIZE = 256
"""Side in pixels to which the script brings every frame."""


def atvg_frames(frames: np.ndarray) -> np.ndarray:
    """Frames uint8 (T, H, W, 3) at 256x256, as OpenCV's INTER_AREA makes them; the same array at that size.

    A smaller frame grows under INTER_AREA by copies of its pixels (128 to 256: each becomes 2x2), so the
    protocol gives a 128-pixel method no penalty for its size.
    """
    if frames.shape[1:3] == (SIZE, SIZE):
        return frames
    if not len(frames):
        return np.empty((0, SIZE, SIZE, 3), np.uint8)
    return np.stack([cv2.resize(frame, (SIZE, SIZE), interpolation=cv2.INTER_AREA) for frame in frames])


def grey(frames: np.ndarray) -> np.ndarray:
    """Luminance uint8 (T, H, W) of RGB frames uint8 (T, H, W, 3): ITU-R BT.601, rounded as OpenCV does."""
    count, height, width, _ = frames.shape
    if not count:
        return np.empty((0, height, width), np.uint8)
    tall = np.ascontiguousarray(frames).reshape(count * height, width, 3)
    return cv2.cvtColor(tall, cv2.COLOR_RGB2GRAY).reshape(count, height, width)
