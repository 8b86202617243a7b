"""SSIM under two definitions; no unit, in [-1, 1], higher is better, mean over frames.

    SSIM = mean over pixels and channels of (2 m_g m_r + C1)(2 s_gr + C2) / ((m_g^2 + m_r^2 + C1)(s_g^2 +
    s_r^2 + C2)),   C1 = (0.01 * 255)^2,   C2 = (0.03 * 255)^2

`full-v1`: colour at the run's size, moments under a Gaussian of sigma 1.5 cut at 11x11 pixels (Wang et al.
    2004); the 5 pixels at each border do not count. scikit-image's `structural_similarity` with
    gaussian_weights=True, sigma=1.5, use_sample_covariance=False.
`atvg-v1`: what the public ATVG script does: colour at 256x256 by area, a uniform 7x7 window,
    sample covariance (over 48, not 49), range 255; the 3 pixels at each border do not count. scikit-image's
    defaults. The script's SSIM has no defect of its
    own, so `atvg-fixed-v1` is the same number.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numba import njit

from talkpose.errors import UserError
from talkpose.metrics.base import Protocol, check_frames
from talkpose.metrics.frames import SIZE
from talkpose.metrics.psnr import compute as mean_over_frames

SIGMA = 1.5
RADIUS = 5  # int(3.5 * SIGMA + 0.5)
WINDOW = 7
C1 = (0.01 * 255) ** 2
C2 = (0.03 * 255) ** 2


def _protocol(identifier: str, definition: str) -> Protocol:
    return Protocol(
        metric="ssim",
        id=identifier,
        title="SSIM",
        unit="",
        direction="higher",
        decimals=3,
        definition=f"{definition}, range 255; mean over frames",
    )


PROTOCOL = _protocol(
    "full-v1",
    "whole frame at the run's size, RGB, Gaussian window sigma 1.5 (11x11), population covariance",
)
ATVG = _protocol(
    "atvg-v1",
    f"as the public ATVG script computes it: {SIZE}x{SIZE} INTER_AREA, colour, uniform 7x7 window, sample "
    "covariance",
)
ATVG_FIXED = _protocol(
    "atvg-fixed-v1",
    f"equal to atvg-v1, whose SSIM needs no mending: {SIZE}x{SIZE} INTER_AREA, colour, uniform 7x7 window, "
    "sample covariance",
)


def _blur(images: np.ndarray) -> np.ndarray:
    """Gaussian means of (T, H, W, 3) float32 where the window lies inside: (T, H - 10, W - 10, 3).

    The frames stand on top of each other as one tall image: one call for the batch. Rows near a joint mix two
    frames, and are exactly those that the crop removes.
    """
    count, height, width, channels = images.shape
    kernel = cv2.getGaussianKernel(2 * RADIUS + 1, SIGMA, cv2.CV_32F)
    tall = cv2.sepFilter2D(images.reshape(count * height, width, channels), cv2.CV_32F, kernel, kernel)
    inside = slice(RADIUS, -RADIUS)
    return tall.reshape(images.shape)[:, inside, inside]


def update(generated: np.ndarray, real: np.ndarray) -> np.ndarray:
    """SSIM `full-v1` of each frame of a batch.

    Parameters: `generated`, `real` uint8 (T, H, W, 3) with H, W of at least 11. Returns float64 (T,).
    Raises UserError on unequal shapes or frames smaller than the window.
    """
    check_frames(generated, real, "ssim")
    if min(generated.shape[1:3]) < 2 * RADIUS + 1:
        raise UserError(f"ssim: frames of {generated.shape[1:3]} pixels; the window needs at least 11x11")
    if not len(generated):
        return np.empty(0)
    # Taken about mid-grey: the covariances do not change, and float32 keeps two more digits of them.
    g, r = (frames.astype(np.float32) - 128 for frames in (generated, real))
    mean_g, mean_r = _blur(g), _blur(r)
    variances = _blur(g * g + r * r) - mean_g * mean_g - mean_r * mean_r
    covariance = _blur(g * r) - mean_g * mean_r
    mean_g, mean_r = mean_g + 128, mean_r + 128
    luminance = (2 * mean_g * mean_r + C1) / (mean_g * mean_g + mean_r * mean_r + C1)
    structure = (2 * covariance + C2) / (variances + C2)
    return (luminance * structure).mean(axis=(1, 2, 3), dtype=np.float64)


def update_uniform(generated: np.ndarray, real: np.ndarray) -> np.ndarray:
    """SSIM of `atvg-v1` of each frame of a batch.

    Parameters: `generated`, `real` uint8 (T, H, W, 3), H and W at least 7 (256x256 as `atvg_frames` gives
    them). Returns float64 (T,). Raises UserError on unequal shapes or frames smaller than the window.
    """
    check_frames(generated, real, "ssim")
    if min(generated.shape[1:3]) < WINDOW:
        raise UserError(f"ssim: frames of {generated.shape[1:3]} pixels; the window needs at least 7x7")
    count, height, width, _ = generated.shape
    flat = (count, height, width * 3)
    out = np.empty(count)
    _uniform(np.ascontiguousarray(generated).reshape(flat), np.ascontiguousarray(real).reshape(flat), out)
    return out


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})
def _uniform(g: np.ndarray, r: np.ndarray, out: np.ndarray) -> None:
    """Mean SSIM under the uniform window; g, r uint8 (T, H, 3 W) with interleaved channels.

    A row of column sums slides down the frame; along the row, seven of them make a window. Taken about
    mid-grey, every sum is a whole number that float32 holds exactly, so the compiler may add eight at a
    time; the ratio is taken in float64.
    """
    count, height, width = g.shape
    middle = np.float32(128)
    area = float(WINDOW * WINDOW)
    per_area, per_sample = 1 / area, 1 / (area * (area - 1))
    last = width - 3 * (WINDOW - 1)
    sums = np.empty((4, width), np.float32)
    wide = np.empty((4, last), np.float32)
    for t in range(count):
        sums[:] = 0
        total = np.float64(0)
        for i in range(height):
            for j in range(width):
                a, b = np.float32(g[t, i, j]) - middle, np.float32(r[t, i, j]) - middle
                sums[0, j] += a
                sums[1, j] += b
                sums[2, j] += a * a + b * b
                sums[3, j] += a * b
            if i < WINDOW - 1:
                continue
            for q in range(4):
                for j in range(last):
                    wide[q, j] = (
                        sums[q, j]
                        + sums[q, j + 3]
                        + sums[q, j + 6]
                        + sums[q, j + 9]
                        + sums[q, j + 12]
                        + sums[q, j + 15]
                        + sums[q, j + 18]
                    )
            row = np.float64(0)
            for j in range(last):
                x, y = np.float64(wide[0, j]), np.float64(wide[1, j])
                variances = (area * np.float64(wide[2, j]) - x * x - y * y) * per_sample
                covariance = (area * np.float64(wide[3, j]) - x * y) * per_sample
                x, y = x * per_area + 128.0, y * per_area + 128.0
                above = (2 * x * y + C1) * (2 * covariance + C2)
                row += above / ((x * x + y * y + C1) * (variances + C2))
            total += row
            first = i - WINDOW + 1
            for j in range(width):
                a, b = np.float32(g[t, first, j]) - middle, np.float32(r[t, first, j]) - middle
                sums[0, j] -= a
                sums[1, j] -= b
                sums[2, j] -= a * a + b * b
                sums[3, j] -= a * b
        out[t] = total / (last * (height - WINDOW + 1))


def compute(parts: Sequence[np.ndarray]) -> tuple[float, int]:
    """Mean over all frames, and how many there are; (nan, 0) where there are none."""
    return mean_over_frames(parts)
