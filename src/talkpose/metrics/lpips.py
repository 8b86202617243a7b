"""LPIPS (Zhang et al. 2018), version 0.1 on AlexNet, protocol `lpips-alex-v0.1`: how unlike two frames look.

    LPIPS = 1/T sum_t sum_l mean over pixels of w_l . (f_l(g_t) - f_l(r_t))^2

f_l: AlexNet's five ReLU outputs, each pixel's vector of unit length; w_l >= 0: learned from people's
judgements. No unit, lower is better, 0 for equal frames. At the run's size, every so many frames
(`-every<n>`).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from talkpose.metrics.base import Protocol, check_frames
from talkpose.metrics.psnr import compute as mean_over_frames

if TYPE_CHECKING:
    from talkpose.metrics.lpips_network import Lpips


def protocol(every: int) -> Protocol:
    """Protocol over every `every`-th frame."""
    return Protocol(
        metric="lpips",
        id="lpips-alex-v0.1" + (f"-every{every}" if every > 1 else ""),
        title="LPIPS",
        unit="",
        direction="lower",
        decimals=3,
        definition=f"LPIPS 0.1 on AlexNet, RGB in [-1, 1] at the run's size, frame 0 and every {every}; mean "
        "over frames",
    )


def update(network: "Lpips", generated: np.ndarray, real: np.ndarray, device: str = "cpu") -> np.ndarray:
    """LPIPS of each frame of a batch: `generated`, `real` uint8 (T, H, W, 3). Returns float64 (T,).

    Raises UserError on unequal shapes.
    """
    import torch  # takes seconds, which whoever only asks for the protocol need not spend

    check_frames(generated, real, "lpips")
    g, r = (
        torch.from_numpy(np.ascontiguousarray(frames)).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1
        for frames in (generated, real)
    )
    with torch.inference_mode():
        return network(g, r).double().cpu().numpy()


def compute(parts: Sequence[np.ndarray]) -> tuple[float, int]:
    """Mean over all frames, and how many there are; (nan, 0) where there are none."""
    return mean_over_frames(parts)
