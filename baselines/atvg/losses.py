"""Losses of ATVG: the dynamic pixel-wise loss, and landmarks that count most where the mouth opens."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .landmarks import MOUTH, N_POINTS


def dynamic_pixel(made: Tensor, real: Tensor, attention: Tensor, base: float = 0.5) -> Tensor:
    """Mean of |made - real| (attention + base): pixels that the network chose to change count more.

    Pictures (B, L, 3, S, S), attention (B, L, 1, S, S), which gets no gradient from here.
    """
    return ((made - real).abs() * (attention.detach() + base)).mean()


def landmark_error(found: Tensor, wanted: Tensor, mouth: float) -> Tensor:
    """Mean of weighted square errors of landmarks (..., 136) as x, y pairs: `mouth` on its y, else 1."""
    weight = torch.ones(N_POINTS, 2, device=found.device)
    weight[MOUTH, 1] = mouth
    weight = weight.flatten()
    return (weight * (found - wanted).square()).mean()


def real_or_not(logits: Tensor, real: bool) -> Tensor:
    """Binary cross-entropy against all 1 or all 0."""
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(real)))
