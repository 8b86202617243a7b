"""The networks of X2Face (Wiles, Koepke, Zisserman, ECCV 2018): every picture is moved pixels.

An embedding network sees a source frame and says from where each pixel of an embedded face is taken; a
driving network sees a driving frame, squeezes it through a short vector without skips, and says from where
each pixel of the generated frame is taken in the embedded face. Sizes: at width 64, 8 levels and vectors of
128 as the public code (REFERENCE section 3).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MAX_FACTOR = 8
"""The widest level is this many times as wide as the first."""


def warp(image: Tensor, offset: Tensor) -> Tensor:
    """Take the pixel of `image` (B, C, S, S) at identity + tanh(offset), offset (B, 2, s, s) -> (B, C, S, S).

    Offsets are x, then y, in half sides: 0 leaves a pixel, tanh = 1 reaches from the middle to the border.
    A coarser field (s < S) is widened bilinearly. Beyond the border the border goes on.
    """
    batch, _, side, _ = image.shape
    if offset.shape[-1] != side:
        offset = F.interpolate(offset, size=(side, side), mode="bilinear", align_corners=False)
    identity = torch.eye(2, 3, device=image.device, dtype=image.dtype).expand(batch, 2, 3)
    grid = F.affine_grid(identity, [batch, 1, side, side], align_corners=False)
    grid = grid + torch.tanh(offset).permute(0, 2, 3, 1).to(image.dtype)
    return F.grid_sample(image, grid, padding_mode="border", align_corners=False)


def _widths(width: int, levels: int) -> list[int]:
    return [width * min(2**i, MAX_FACTOR) for i in range(levels)]


def _down(inputs: int, outputs: int, norm: bool) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=not norm)]
    return nn.Sequential(*layers, *([nn.BatchNorm2d(outputs)] if norm else []), nn.LeakyReLU(0.2))


def _up(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(0.2),
    )


def _sampler(inputs: int, outputs: int) -> nn.Conv2d:
    """Last layer: starts near zero, so that a training starts at frames that stay as they are."""
    layer = nn.Conv2d(inputs, outputs, 3, padding=1)
    nn.init.normal_(layer.weight, 0.0, 1e-2)
    nn.init.zeros_(layer.bias)
    return layer


class Embedding(nn.Module):
    """U-Net: source frames -> sampler of the embedded face and how far to trust each source there."""

    def __init__(self, width: int, levels: int, coarse: int):
        super().__init__()
        wide = _widths(width, levels)
        self.down = nn.ModuleList(
            _down(3 if i == 0 else wide[i - 1], wide[i], 0 < i < levels - 1) for i in range(levels)
        )
        self.up = nn.ModuleList(
            _up(wide[i] if i == levels - 1 else 2 * wide[i], wide[max(i - 1, 0)])
            for i in range(levels - 1, coarse - 1, -1)
        )
        skip = wide[coarse - 1] if coarse else 0
        self.sampler = _sampler(wide[max(coarse - 1, 0)] + skip, 3)

    def forward(self, sources: Tensor) -> tuple[Tensor, Tensor]:
        """Sources (B, N, 3, S, S) in [-1, 1] -> embedded face (B, 3, S, S), offsets (B N, 2, s, s).

        Several sources are averaged with the softmax of their confidences, pixel by pixel.
        """
        batch, count = sources.shape[:2]
        flat = sources.flatten(0, 1)
        skips, x = [], flat
        for level in self.down:
            x = level(x)
            skips.append(x)
        skips.pop()
        for level in self.up:
            x = level(x)
            if skips:
                x = torch.cat([x, skips.pop()], dim=1)
        made = self.sampler(x)
        offset = made[:, :2]
        moved = warp(flat, offset).unflatten(0, (batch, count))
        confidence = F.interpolate(made[:, 2:], size=flat.shape[-2:], mode="bilinear", align_corners=False)
        trust = torch.softmax(confidence.unflatten(0, (batch, count)), dim=1)
        return (trust * moved).sum(1), offset


class Driving(nn.Module):
    """Driving frame -> vector (B, bottleneck) -> sampler of the generated frame; nothing passes beside it."""

    def __init__(self, size: int, width: int, levels: int, bottleneck: int, coarse: int):
        super().__init__()
        wide = _widths(width, levels)
        self.side = size // 2**levels
        self.down = nn.Sequential(
            *(_down(3 if i == 0 else wide[i - 1], wide[i], 0 < i < levels - 1) for i in range(levels))
        )
        self.squeeze = nn.Linear(wide[-1] * self.side**2, bottleneck)
        self.widen = nn.Linear(bottleneck, wide[-1] * self.side**2)
        self.up = nn.Sequential(
            *(_up(wide[i], wide[max(i - 1, 0)]) for i in range(levels - 1, coarse - 1, -1))
        )
        self.sampler = _sampler(wide[max(coarse - 1, 0)], 2)

    def encode(self, frames: Tensor) -> Tensor:
        """Frames (B, 3, S, S) in [-1, 1] -> driving vectors (B, bottleneck)."""
        return self.squeeze(self.down(frames).flatten(1))

    def decode(self, vectors: Tensor) -> Tensor:
        """Driving vectors (B, bottleneck) -> offsets (B, 2, s, s) into the embedded face."""
        x = F.leaky_relu(self.widen(vectors), 0.2).unflatten(1, (-1, self.side, self.side))
        return self.sampler(self.up(x))
