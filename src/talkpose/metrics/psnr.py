"""PSNR under three protocols; unit dB, higher is better, mean over frames.

    PSNR = 1/T sum_t 10 log10(255^2 / MSE_t)

`full-v1`: MSE over all pixels and RGB channels at the run's size, in exact arithmetic.
`atvg-v1`: what the public ATVG script does (lelechen63/ATVGnet, evaluation_matrix.py): 256x256 by area, grey
    uint8, and the squared difference taken *in uint8*, so that it wraps modulo 256: MSE_t = mean of (g -
    r)^2 mod 256. No error can exceed 249, the largest square modulo 256, so nothing scores below 24.17 dB;
    two random images score 27.90 dB. It agrees with the truth only where no pixel is off by more than 15.
`atvg-fixed-v1`: the same frames without the wrap, as it was meant.

A frame without error counts as 100 dB, as in that script. Region protocols (`face-v1`, ...) take the mean
over the pixels of a mask and leave out frames whose mask is empty.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from talkpose.errors import UserError
from talkpose.metrics.base import Protocol, check_frames
from talkpose.metrics.frames import SIZE, grey

CEILING = 100.0
"""PSNR in dB of a frame without error."""

WRAP_FLOOR = 20 * np.log10(255 / np.sqrt(249.0))
"""Least PSNR in dB that `atvg-v1` can give to a frame with an error."""


def _protocol(identifier: str, definition: str) -> Protocol:
    return Protocol(
        metric="psnr",
        id=identifier,
        title="PSNR",
        unit="dB",
        direction="higher",
        decimals=2,
        definition=f"{definition}; mean over frames of each frame's PSNR; a frame without error counts "
        "100 dB",
    )


PROTOCOL = _protocol("full-v1", "whole frame at the run's size, RGB, floating point, range 255")
ATVG = _protocol(
    "atvg-v1",
    f"as the public ATVG script computes it: {SIZE}x{SIZE} INTER_AREA, grey uint8, squared difference in "
    f"uint8 (wraps modulo 256, so never below {WRAP_FLOOR:.2f} dB)",
)
ATVG_FIXED = _protocol(
    "atvg-fixed-v1",
    f"as ATVG's script was meant: {SIZE}x{SIZE} INTER_AREA, grey uint8, difference without wrap",
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


def from_error(error: np.ndarray) -> np.ndarray:
    """PSNR in dB of mean squared errors (T,); 100 where there is none, nan stays nan."""
    with np.errstate(divide="ignore"):
        return np.minimum(10 * np.log10(255.0**2 / error), CEILING)


def update(generated: np.ndarray, real: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """PSNR `full-v1` of each frame of a batch.

    Parameters: `generated`, `real` uint8 (T, H, W, 3); `mask` bool (T, H, W) or (H, W), True where pixels
    count. Returns float64 (T,) in dB; nan where the mask of a frame is empty. Raises UserError on unequal
    shapes.
    """
    check_frames(generated, real, "psnr")
    shape = generated.shape[:3]
    pixels = np.full(len(generated), shape[1] * shape[2])
    masks = None
    if mask is not None:
        if mask.dtype != bool or mask.shape[-2:] != shape[1:]:
            raise UserError(f"psnr: the mask is {mask.dtype} {mask.shape}; give bool (T, H, W) of the frames")
        inside = np.broadcast_to(mask, shape)
        pixels = inside.sum(axis=(1, 2))
        masks = inside.astype(np.uint8)
    total = np.array(
        [
            cv2.norm(g, r, cv2.NORM_L2SQR, None if masks is None else masks[i])
            for i, (g, r) in enumerate(zip(generated, real, strict=True))
        ],
        np.float64,
    )
    return from_error(np.divide(total, 3 * pixels, out=np.full(len(pixels), np.nan), where=pixels > 0))


def update_grey(generated: np.ndarray, real: np.ndarray, wrap: bool) -> np.ndarray:
    """PSNR of each grey frame of a batch: `atvg-v1` with the wrap, `atvg-fixed-v1` without.

    Parameters: `generated`, `real` uint8 (T, 256, 256, 3), as `atvg_frames` gives them. Returns float64 (T,)
    in dB. Raises UserError on unequal shapes.
    """
    check_frames(generated, real, "psnr")
    g, r = grey(generated), grey(real)
    if wrap:
        difference = g - r
        return from_error((difference * difference).mean(axis=(1, 2), dtype=np.float64))
    total = [cv2.norm(a, b, cv2.NORM_L2SQR) for a, b in zip(g, r, strict=True)]
    return from_error(np.array(total, np.float64) / (g.shape[1] * g.shape[2]))


def compute(parts: Sequence[np.ndarray]) -> tuple[float, int]:
    """Mean over all frames that count, and how many there are; (nan, 0) where none does."""
    values = np.concatenate([np.empty(0), *parts])
    used = values[~np.isnan(values)]
    return (float(used.mean()) if used.size else float("nan")), int(used.size)
