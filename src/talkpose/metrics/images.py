"""PSNR and SSIM of one video under every wanted protocol, a batch of frames at a time, on CPU or CUDA."""

from collections.abc import Collection, Iterator

import numpy as np

from talkpose.metrics import psnr, ssim
from talkpose.metrics.base import Protocol
from talkpose.metrics.frames import atvg_frames

Measured = Iterator[tuple[Protocol, float, int]]
Scores = list[tuple[Protocol, np.ndarray]]
GREY = ((psnr.ATVG, True), (psnr.ATVG_FIXED, False))


def image_metrics(
    generated: np.ndarray,
    real: np.ndarray,
    names: Collection[str],
    protocols: Collection[str],
    batch: int,
    device: str = "cpu",
) -> Measured:
    """(protocol, value, frames) of `psnr` and `ssim`, whichever `names` holds, under the named protocols.

    Parameters: `generated`, `real` uint8 RGB (T, H, W, 3); `protocols` of full-v1, atvg-v1, atvg-fixed-v1;
    `batch` frames are scored at once; `device` cpu (OpenCV and numba) or cuda[:n] (torch). Raises UserError
    on unequal shapes.
    """
    parts: dict[Protocol, list[np.ndarray]] = {}
    for start in range(0, max(len(generated), 1), batch):
        g, r = generated[start : start + batch], real[start : start + batch]
        scores = (
            on_cpu(g, r, names, protocols) if device == "cpu" else on_torch(device, g, r, names, protocols)
        )
        for protocol, values in scores:
            parts.setdefault(protocol, []).append(values)
    for protocol, batches in parts.items():
        yield protocol, *psnr.compute(batches)


def on_cpu(g: np.ndarray, r: np.ndarray, names: Collection[str], protocols: Collection[str]) -> Scores:
    """Scores of one batch by OpenCV and numba: a protocol and its values (T,) a frame."""
    found: Scores = []
    if "full-v1" in protocols:
        if "psnr" in names:
            found.append((psnr.PROTOCOL, psnr.update(g, r)))
        if "ssim" in names:
            found.append((ssim.PROTOCOL, ssim.update(g, r)))
    if not {"atvg-v1", "atvg-fixed-v1"} & set(protocols):
        return found
    g, r = atvg_frames(g), atvg_frames(r)
    if "psnr" in names:
        found += [(p, psnr.update_grey(g, r, wrap)) for p, wrap in GREY if p.id in protocols]
    if "ssim" in names:
        values = ssim.update_uniform(g, r)
        found += [(p, values) for p in (ssim.ATVG, ssim.ATVG_FIXED) if p.id in protocols]
    return found


def on_torch(
    device: str, g: np.ndarray, r: np.ndarray, names: Collection[str], protocols: Collection[str]
) -> Scores:
    """Scores of one batch as `on_cpu` gives them, by torch on `device`."""
    from talkpose.metrics import torch_image

    found: Scores = []
    if "full-v1" in protocols:
        pair = torch_image.pair_on(g, r, device)
        if "psnr" in names:
            found.append((psnr.PROTOCOL, torch_image.psnr(*pair)))
        if "ssim" in names:
            found.append((ssim.PROTOCOL, torch_image.ssim(*pair)))
    if not {"atvg-v1", "atvg-fixed-v1"} & set(protocols):
        return found
    # OpenCV's resampling is part of the protocol, so it stays on the CPU; 256-pixel frames need none
    pair = torch_image.pair_on(atvg_frames(g), atvg_frames(r), device)
    if "psnr" in names:
        found += [(p, torch_image.psnr_grey(*pair, wrap)) for p, wrap in GREY if p.id in protocols]
    if "ssim" in names:
        values = torch_image.ssim_uniform(*pair)
        found += [(p, values) for p in (ssim.ATVG, ssim.ATVG_FIXED) if p.id in protocols]
    return found
