"""What a decoder may do to a still: move its pixels a little and add to them."""

import torch
from torch import Tensor
from torch.nn import functional as F

CHANNELS = 5
"""Of the map that tells it: shift in x and y, then what is added to red, green, blue."""
REACH = 0.3
"""Largest shift, of the half of the picture's side."""


def moved_still(stills: Tensor, told: Tensor) -> Tensor:
    """Stills (B, 3, S, S) moved and added to as the map `told` (B, 5, S, S) says; all zeros change nothing.

    A mouth that opens is, at the small scale, mostly lips that move, and a shift carries over from person to
    person where colours do not.
    """
    size = stills.shape[-1]
    along = (torch.arange(size, device=stills.device, dtype=stills.dtype) + 0.5) / size * 2 - 1
    grid = torch.stack([along.expand(size, size), along[:, None].expand(size, size)], -1)
    places = grid + REACH * torch.tanh(told[:, :2].float()).movedim(1, -1)
    moved = F.grid_sample(stills, places, padding_mode="border", align_corners=False)
    return moved + torch.tanh(told[:, 2:])
