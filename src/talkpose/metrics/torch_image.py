"""PSNR and SSIM through torch, for frames that are scored on a GPU; the same numbers as psnr.py and ssim.py.

The definitions are those files'; here are only their sums as tensor operations, on whatever device is named.
It pays on CUDA: on the CPU the numba and OpenCV paths are faster, and tests run this one there too.
"""

import cv2
import numpy as np
import torch

from talkpose.errors import UserError
from talkpose.metrics.base import check_frames
from talkpose.metrics.psnr import from_error
from talkpose.metrics.ssim import C1, C2, RADIUS, SIGMA, WINDOW

# OpenCV's fixed-point weights of red, green and blue: 15 bits, rounded
GREY = (9798, 19235, 3735)
GREY_SHIFT = 15


def to_device(frames: np.ndarray, device: str) -> torch.Tensor:
    """Frames uint8 (T, H, W, 3) as a tensor on `device`; UserError where torch finds no such device."""
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise UserError(f"metrics: device `{device}` but torch finds no CUDA device; set `device: cpu`")
    return torch.from_numpy(np.ascontiguousarray(frames)).to(device)


def grey(frames: torch.Tensor) -> torch.Tensor:
    """Luminance int32 (T, H, W) of uint8 RGB (T, H, W, 3), equal to frames.grey."""
    weights = torch.tensor(GREY, dtype=torch.int32, device=frames.device)
    return ((frames.int() * weights).sum(-1) + (1 << (GREY_SHIFT - 1))) >> GREY_SHIFT


def psnr(generated: torch.Tensor, real: torch.Tensor) -> np.ndarray:
    """psnr.update without a mask: float64 (T,) of uint8 (T, H, W, 3)."""
    squared = (generated.int() - real.int()).square()
    return _error(squared)


def psnr_grey(generated: torch.Tensor, real: torch.Tensor, wrap: bool) -> np.ndarray:
    """psnr.update_grey: float64 (T,) of uint8 (T, 256, 256, 3)."""
    squared = (grey(generated) - grey(real)).square()
    return _error(squared % 256 if wrap else squared)


def _error(squared: torch.Tensor) -> np.ndarray:
    total = squared.flatten(1).sum(1, dtype=torch.int64)
    return from_error(total.cpu().numpy() / max(squared[0].numel() if len(squared) else 1, 1))


def ssim(generated: torch.Tensor, real: torch.Tensor) -> np.ndarray:
    """ssim.update: float64 (T,) of uint8 (T, H, W, 3)."""
    line = cv2.getGaussianKernel(2 * RADIUS + 1, SIGMA, cv2.CV_32F).ravel().tolist()
    return _ssim(generated, real, line, 1.0)


def ssim_uniform(generated: torch.Tensor, real: torch.Tensor) -> np.ndarray:
    """ssim.update_uniform: float64 (T,) of uint8 (T, H, W, 3)."""
    return _ssim(generated, real, [1 / WINDOW] * WINDOW, WINDOW**2 / (WINDOW**2 - 1))


def _ssim(generated: torch.Tensor, real: torch.Tensor, line: list[float], sample: float) -> np.ndarray:
    """SSIM (T,) with the window line x line; `sample` turns the window's covariance into that wanted."""
    g, r = (frames.permute(0, 3, 1, 2).float() - 128 for frames in (generated, real))
    height, width = g.shape[-2:]
    if min(height, width) < len(line):
        raise UserError(f"ssim: frames of {(height, width)} pixels; the window needs {len(line)}x{len(line)}")

    def blur(images: torch.Tensor) -> torch.Tensor:
        # no convolution: on CUDA it may run in TF32, whose 10 bits are too few for a variance
        for axis in (-2, -1):
            length = images.shape[axis] - len(line) + 1
            total = images.narrow(axis, 0, length) * line[0]
            for k, weight in enumerate(line[1:], 1):
                total = total + weight * images.narrow(axis, k, length)
            images = total
        return images

    mean_g, mean_r = blur(g), blur(r)
    variances = sample * (blur(g * g + r * r) - mean_g * mean_g - mean_r * mean_r)
    covariance = sample * (blur(g * r) - mean_g * mean_r)
    mean_g, mean_r = mean_g + 128, mean_r + 128
    luminance = (2 * mean_g * mean_r + C1) / (mean_g * mean_g + mean_r * mean_r + C1)
    structure = (2 * covariance + C2) / (variances + C2)
    return (luminance * structure).mean((1, 2, 3), dtype=torch.float64).cpu().numpy()


def pair_on(generated: np.ndarray, real: np.ndarray, device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Both batches on the device, checked as the other paths check them."""
    check_frames(generated, real, "psnr and ssim")
    return to_device(generated, device), to_device(real, device)
