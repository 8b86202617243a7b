"""PSNR, protocol `full-v1`: all pixels and channels, in floating point, averaged over frames.

    PSNR = 1/T sum_t 10 log10(255^2 / MSE_t),   MSE_t = mean over pixels and RGB of (g - r)^2

Unit dB, higher is better. A frame without error counts as 100 dB, as in the public ATVG code; unlike that
code, differences are taken in floating point (its uint8 subtraction wraps, which puts a floor of 24 dB
under any image). Region protocols (`face-v1`, ...) take the mean over the pixels of a mask and leave out
frames whose mask is empty.
"""

from collections.abc import Sequence

import numpy as np

from talkpose.errors import UserError
from talkpose.metrics.base import Protocol, check_frames

CEILING = 100.0
"""PSNR in dB of a frame without error."""

PROTOCOL = Protocol(
    metric="psnr",
    id="full-v1",
    title="PSNR",
    unit="dB",
    direction="higher",
    decimals=2,
    definition="whole frame at the run's size, RGB, floating point, range 255; mean over frames of "
    "each frame's PSNR; a frame without error counts 100 dB",
)


def region_protocol(region: str) -> Protocol:
    """Protocol of PSNR inside a region of the frame, such as `face`, `mouth` or `edge`."""
    return Protocol(
        metric=f"psnr-{region}",
        id=f"{region}-v1",
        title=f"PSNR {region}",
        unit="dB",
        direction="higher",
        decimals=2,
        definition=f"as full-v1, over the pixels of the {region} region; frames without it left out",
    )


def update(generated: np.ndarray, real: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """PSNR of each frame of a batch.

    Parameters: `generated`, `real` uint8 (T, H, W, 3); `mask` bool (T, H, W) or (H, W), True where pixels
    count. Returns float64 (T,) in dB; nan where the mask of a frame is empty. Raises UserError on unequal
    shapes.
    """
    check_frames(generated, real, "psnr")
    squared = np.square(generated.astype(np.float32) - real.astype(np.float32))
    per_pixel = squared.mean(axis=-1)
    if mask is None:
        error = per_pixel.mean(axis=(1, 2), dtype=np.float64)
    else:
        if mask.dtype != bool or mask.shape[-2:] != per_pixel.shape[-2:]:
            raise UserError(f"psnr: the mask is {mask.dtype} {mask.shape}; give bool (T, H, W) of the frames")
        inside = np.broadcast_to(mask, per_pixel.shape)
        count = inside.sum(axis=(1, 2))
        total = np.where(inside, per_pixel, 0).sum(axis=(1, 2), dtype=np.float64)
        error = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
    with np.errstate(divide="ignore"):
        return np.minimum(10 * np.log10(255.0**2 / error), CEILING)


def compute(parts: Sequence[np.ndarray]) -> tuple[float, int]:
    """Mean over all frames that count, and how many there are; (nan, 0) where none does."""
    values = np.concatenate([np.empty(0), *parts])
    used = values[~np.isnan(values)]
    return (float(used.mean()) if used.size else float("nan")), int(used.size)
