"""CPBD through torch, for frames that are scored on a GPU; defined in cpbd.py, and equal to it.

Every sum is one of integers, so that the values are equal, not only close, whatever the order of adding.
Tests compare it with the numpy path on the CPU, and on CUDA where there is a device.
"""

import numpy as np
import torch
from torch.nn.functional import pad

from talkpose.metrics import cpbd
from talkpose.metrics.torch_image import grey, to_device


def update(frames: np.ndarray, device: str) -> np.ndarray:
    """CPBD of each frame of a batch, computed on `device`.

    Parameters: `frames` uint8 RGB (T, H, W, 3); `device` as PyTorch names it. Returns float64 (T,); nan where
    no edge counts. Raises UserError on other frames and where torch finds no such device.
    """
    cpbd.check(frames)
    if not len(frames) or min(frames.shape[1:3]) < 3:
        return np.full(len(frames), np.nan)
    luma = grey(to_device(frames, device))
    edges = sobel_edges(luma)
    widths = edge_widths(luma, edges)
    contrast = _tiles(luma, 0).amax((2, 4)) - _tiles(luma, 255).amin((2, 4))
    # in double, as numpy multiplies; the number of pixels is that of the frame, not of the padding
    pixels = _count(torch.ones_like(edges[:1])).double()
    counts = _count(edges) > cpbd.EDGE_SHARE * pixels
    low, high = (_count((widths > 0) & (widths <= jnb)) for jnb in cpbd.JNB)
    sharp = torch.where(contrast <= cpbd.CONTRAST, low, high)
    found, measured = (
        torch.where(counts, part, 0).sum((1, 2)).cpu().numpy() for part in (sharp, _count(widths > 0))
    )
    return np.divide(found, measured, out=np.full(len(frames), np.nan), where=measured > 0)


def sobel_edges(luma: torch.Tensor) -> torch.Tensor:
    """cpbd.sobel_edges: bool (T, H, W) of int32 luma; strengths 64 times theirs: integers."""
    rows = luma[:, :-2] + 2 * luma[:, 1:-1] + luma[:, 2:]
    strength = pad((rows[..., 2:] - rows[..., :-2]).square(), (1, 1, 1, 1))
    total = strength.sum((1, 2), keepdim=True, dtype=torch.int64)
    inner = strength[..., 1:-1]
    above = inner.long() * strength[0].numel() > 4 * total
    return pad(above & (inner >= strength[..., :-2]) & (inner > strength[..., 2:]), (1, 1))


def edge_widths(luma: torch.Tensor, edges: torch.Tensor) -> torch.Tensor:
    """cpbd.edge_widths: int32 (T, H, W) in pixels of int32 luma; 0 where there is none to measure."""
    along_x = pad(luma[..., 2:] - luma[..., :-2], (1, 1))
    along_y = pad(luma[:, 2:] - luma[:, :-2], (0, 0, 1, 1))
    steep = edges & (along_x != 0) & (along_y.abs().double() <= cpbd.ANGLE * along_x.abs().double())
    step = luma.diff(dim=-1)
    widths = torch.zeros_like(luma)
    for sign in (1, -1):
        left, right = _runs(sign * step > 0)
        here = steep[..., 1:-1] & (sign * along_x[..., 1:-1] > 0)
        widths[..., 1:-1] += torch.where(here, 2 + left[..., :-2] + right[..., 2:], 0)
    return widths


def _runs(steps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Lengths int32 (..., W) of the runs of true steps (..., W - 1) that end and that start at each pixel."""
    place = torch.arange(steps.shape[-1], dtype=torch.int32, device=steps.device)
    before = torch.where(steps, -1, place).cummax(-1).values
    after = torch.where(steps, len(place), place).flip(-1).cummin(-1).values.flip(-1)
    return pad(place - before, (1, 0)).int(), pad(after - place, (0, 1)).int()


def _tiles(values: torch.Tensor, filling: int) -> torch.Tensor:
    """(T, rows, BLOCK, columns, BLOCK) of (T, H, W), filled up at the right and lower border."""
    height, width = values.shape[1:]
    full = pad(values, (0, -width % cpbd.BLOCK, 0, -height % cpbd.BLOCK), value=filling)
    return full.unflatten(2, (-1, cpbd.BLOCK)).unflatten(1, (-1, cpbd.BLOCK))


def _count(mask: torch.Tensor) -> torch.Tensor:
    return _tiles(mask.int(), 0).sum((2, 4))
