"""SSIM, protocol `full-v1`: colour, Gaussian window, as Wang et al. 2004 and scikit-image define it.

    SSIM = mean over pixels and RGB of (2 m_g m_r + C1)(2 s_gr + C2) / ((m_g^2 + m_r^2 + C1)(s_g^2 + s_r^2 +
    C2))

with C1 = (0.01 * 255)^2, C2 = (0.03 * 255)^2 and moments under a Gaussian of sigma 1.5, cut at 11x11
pixels; the 5 pixels at each border do not count. Equal to scikit-image's `structural_similarity` with
gaussian_weights=True, sigma=1.5, use_sample_covariance=False. No unit, in [-1, 1], higher is better; mean
over frames.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from talkpose.errors import UserError
from talkpose.metrics.base import Protocol, check_frames
from talkpose.metrics.psnr import compute as mean_over_frames

SIGMA = 1.5
RADIUS = 5  # int(3.5 * SIGMA + 0.5)
C1 = (0.01 * 255) ** 2
C2 = (0.03 * 255) ** 2

PROTOCOL = Protocol(
    metric="ssim",
    id="full-v1",
    title="SSIM",
    unit="",
    direction="higher",
    decimals=3,
    definition="whole frame at the run's size, RGB, Gaussian window sigma 1.5 (11x11), population "
    "covariance, range 255; mean over frames",
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
    """SSIM of each frame of a batch.

    Parameters: `generated`, `real` uint8 (T, H, W, 3) with H, W of at least 11. Returns float64 (T,).
    Raises UserError on unequal shapes or frames smaller than the window.
    """
    check_frames(generated, real, "ssim")
    if min(generated.shape[1:3]) < 2 * RADIUS + 1:
        raise UserError(f"ssim: frames of {generated.shape[1:3]} pixels; the window needs at least 11x11")
    # Taken about mid-grey: the covariances do not change, and float32 keeps two more digits of them.
    g, r = (frames.astype(np.float32) - 128 for frames in (generated, real))
    mean_g, mean_r = _blur(g), _blur(r)
    variances = _blur(g * g + r * r) - mean_g * mean_g - mean_r * mean_r
    covariance = _blur(g * r) - mean_g * mean_r
    mean_g, mean_r = mean_g + 128, mean_r + 128
    luminance = (2 * mean_g * mean_r + C1) / (mean_g * mean_g + mean_r * mean_r + C1)
    structure = (2 * covariance + C2) / (variances + C2)
    return (luminance * structure).mean(axis=(1, 2, 3), dtype=np.float64)


def compute(parts: Sequence[np.ndarray]) -> tuple[float, int]:
    """Mean over all frames, and how many there are; (nan, 0) where there are none."""
    return mean_over_frames(parts)
