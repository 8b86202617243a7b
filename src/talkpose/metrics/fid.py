"""Frechet Inception distance (Heusel et al. 2017), protocol `fid-inception-2015-v1`: over a method's frames.

    FID = |m_g - m_r|^2 + Tr(S_g + S_r - 2 (S_g S_r)^(1/2))

of means m and covariances S (over N - 1) of 2048 Inception features of generated and of real frames. No unit,
lower is better. One value a method and corpus, over every so many frames of all its clips with own sound
(`-every<n>`): rows with the clip `all__own`. With fewer frames than features it is far too high, equally so
only for equal numbers of frames: never compare it with a paper's.
"""

from typing import TYPE_CHECKING

import numpy as np

from talkpose.errors import UserError
from talkpose.metrics.base import Protocol

if TYPE_CHECKING:
    from talkpose.metrics.inception import Inception

FEATURES = 2048

ALL = "all"
"""Person of the rows over all clips."""


def protocol(every: int) -> Protocol:
    """Protocol over every `every`-th frame."""
    return Protocol(
        metric="fid",
        id="fid-inception-2015-v1" + (f"-every{every}" if every > 1 else ""),
        title="FID",
        unit="",
        direction="lower",
        decimals=1,
        definition="Frechet distance of 2048 Inception features (TensorFlow's of 2015-12-05) of generated "
        f"and real frames, bilinear to 299 px, frame 0 and every {every} of each clip; one value over all",
    )


def describe(network: "Inception", frames: np.ndarray, batch: int, device: str = "cpu") -> np.ndarray:
    """Features (T, 2048) float32 of frames (T, H, W, 3) uint8 RGB."""
    import torch  # takes seconds, which whoever only asks for the protocol need not spend

    features = [np.empty((0, FEATURES), np.float32)]
    with torch.inference_mode():
        for start in range(0, len(frames), batch):
            pictures = torch.from_numpy(np.ascontiguousarray(frames[start : start + batch])).to(device)
            features.append(network(pictures.permute(0, 3, 1, 2).float() / 255).float().cpu().numpy())
    return np.concatenate(features)


def frechet(generated: np.ndarray, real: np.ndarray) -> float:
    """Frechet distance of two sets of features (N, F) and (M, F); nan for fewer than two of either.

    With centred rows A, B over the root of their number less one, Tr (S_g S_r)^(1/2) is the sum of the
    singular values of A B^T: exact without a root of an F x F matrix, also where N is far below F.
    """
    if generated.shape[1:] != real.shape[1:]:
        raise UserError(
            f"fid: features of shapes {generated.shape} and {real.shape}; describe both with one network"
        )
    if min(len(generated), len(real)) < 2:
        return float("nan")
    g, r = generated.astype(np.float64), real.astype(np.float64)
    shift = g.mean(0) - r.mean(0)
    a, b = ((x - x.mean(0)) / np.sqrt(len(x) - 1) for x in (g, r))
    spread = (a * a).sum() + (b * b).sum()
    a, b = (np.asarray(np.linalg.qr(x, mode="r")) if len(x) > x.shape[1] else x for x in (a, b))
    return float(shift @ shift + spread - 2 * np.linalg.norm(a @ b.T, ord="nuc"))
