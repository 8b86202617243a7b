"""Attention generator of stage 2 (paper 3.4, Eq. 3): a U-Net whose AdaIN layers take the person's identity.

Layers as the public code's `unetac_adain_256`: every level halves the side with a 4x4 convolution and widths
w, 2w, 4w, 8w, 8w, ...; AdaIN everywhere but in the first and the innermost encoder convolution; two 7x7
heads. At 8 levels, width 64 and 512-d features: 54.6 M parameters here and 204.5 M in the MLP.

References: pix2pix (Isola et al. 2017) for the U-Net, Huang & Belongie 2017 for AdaIN, GANimation
(Pumarola et al. 2018) for colour and attention masks.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from talkpose.config import RefineConfig


class Refined(NamedTuple):
    """What the generator makes of a window of frames; images in [-1, 1], attention in [0, 1]."""

    image: Tensor  # (B, 3, S, S): A * r_t + (1 - A) * C, Eq. 3
    colour: Tensor  # (B, 3, S, S)
    attention: Tensor  # (B, 1, S, S)


class AdaIN(nn.Module):
    """Instance normalisation whose scale and shift come from outside, a pair for every sample and channel."""

    def __init__(self, channels: int):
        super().__init__()
        self.channels = channels

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """Normalise x (B, C, H, W) and apply style (B, 2C): scale - 1, then shift."""
        scale, shift = style.chunk(2, dim=1)
        flat = x.reshape(1, -1, *x.shape[2:])  # one fused call: B*C channels of one sample
        normed = F.batch_norm(flat, None, None, 1 + scale.reshape(-1), shift.reshape(-1), training=True)
        return normed.view_as(x)


class Down(nn.Module):
    """One encoder level: activation, 4x4 convolution of stride 2, AdaIN."""

    def __init__(self, inputs: int, outputs: int, *, first: bool, norm: bool):
        super().__init__()
        self.first = first
        self.conv = nn.Conv2d(inputs, outputs, 4, stride=2, padding=1)
        self.norm = AdaIN(outputs) if norm else None

    def forward(self, x: Tensor, style: Tensor | None) -> Tensor:
        """(B, inputs, S, S) -> (B, outputs, S/2, S/2)."""
        x = self.conv(x if self.first else F.leaky_relu(x, 0.2))
        return x if self.norm is None or style is None else self.norm(x, style)


class Up(nn.Module):
    """One decoder level: activation, doubling of the side, AdaIN, dropout."""

    def __init__(self, inputs: int, outputs: int, *, upsample: str, dropout: float):
        super().__init__()
        self.smooth = upsample == "bilinear"
        self.conv: nn.Module = (
            nn.Conv2d(inputs, outputs, 3, padding=1)
            if self.smooth
            else nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1)
        )
        self.norm = AdaIN(outputs)
        self.dropout = dropout

    def forward(self, x: Tensor, style: Tensor, drop: bool) -> Tensor:
        """(B, inputs, S, S) -> (B, outputs, 2S, 2S)."""
        x = self.norm(self.conv(F.relu(x)), style)
        if self.smooth:
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        return F.dropout(x, self.dropout, training=True) if drop and self.dropout > 0 else x


class Generator(nn.Module):
    """Refines the last of `window` rendered frames.

    `config.identity == "none"` leaves the identity feature out (ablation, paper 4.2): scale and shift of
    every AdaIN are then learnt constants. Deterministic in eval mode unless `config.test_dropout` is set.
    """

    def __init__(self, config: RefineConfig, feature_size: int):
        super().__init__()
        self.config = config
        self.feature_size = feature_size
        width, levels = config.generator_width, config.levels
        wide = [width * min(2**i, 8) for i in range(levels)]  # w, 2w, 4w, 8w, 8w, ...
        ins = [3 * config.window, *wide[:-1]]
        self.down = nn.ModuleList(
            Down(ins[i], wide[i], first=i == 0, norm=0 < i < levels - 1) for i in range(levels)
        )
        outs = [*wide[-2::-1], width]  # d1 gives what e_(n-1) gave, ..., the last gives w at full size
        self.up = nn.ModuleList(
            Up(
                wide[-1] if i == 0 else 2 * outs[i - 1],
                outs[i],
                upsample=config.upsample,
                dropout=config.dropout if i < 3 else 0.0,
            )
            for i in range(levels)
        )
        # the two heads (colour, attention) as one convolution: the same weights, one pass over the widest map
        self.heads = nn.Conv2d(
            width + (3 * config.window if config.head_skip else 0),
            4,
            config.head_kernel,
            padding=config.head_kernel // 2,
        )

        self.mlp: nn.Sequential | None = None
        self.style_sizes = [2 * n for n in wide[1:-1]] + [2 * n for n in outs]
        n_style = sum(self.style_sizes)
        if config.identity == "none":
            self.style = nn.Parameter(torch.zeros(n_style))
        else:
            hidden = config.mlp_width or n_style
            last = nn.Linear(hidden, n_style)
            nn.init.normal_(last.weight, 0.0, 1e-3)  # every AdaIN starts near scale 1, shift 0
            nn.init.zeros_(last.bias)
            self.mlp = nn.Sequential(
                nn.Linear(feature_size, hidden), nn.ReLU(),
                nn.Linear(hidden, hidden), nn.ReLU(),
                last,
            )  # fmt: skip
        self._initialise()

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.normal_(module.weight, 0.0, 0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        with torch.no_grad():
            if self.config.head_skip:  # the colour mask starts near the rendering, not at grey
                middle = self.config.head_kernel // 2
                for channel in range(3):
                    self.heads.weight[channel, channel - 3, middle, middle] = 1.0
            bias = self.heads.bias
            assert bias is not None
            bias[3] = math.log(self.config.attention_start / (1 - self.config.attention_start))

    def forward(self, window: Tensor, feature: Tensor | None) -> Refined:
        """Refine (B, 3*window, S, S) in [-1, 1], oldest frame first, with features (B, F).

        S must be a multiple of 2^levels.
        """
        batch = window.shape[0]
        if self.mlp is None:
            flat = self.style.expand(batch, -1)
        else:
            assert feature is not None
            flat = self.mlp(feature)
        styles = list(flat.split(self.style_sizes, dim=1))
        drop = self.training or self.config.test_dropout

        x = window
        skips: list[Tensor] = []
        for i, level in enumerate(self.down):
            normed = 0 < i < len(self.down) - 1
            x = level(x, styles.pop(0) if normed else None)
            skips.append(x)
        skips.pop()
        for level in self.up:
            x = level(x, styles.pop(0), drop)
            if skips:
                x = torch.cat([x, skips.pop()], dim=1)
        x = F.relu(x)
        x = self.heads(torch.cat([x, window], dim=1) if self.config.head_skip else x)

        last = window[:, -3:]
        colour = torch.tanh(x[:, :3])
        attention = torch.sigmoid(x[:, 3:])
        return Refined(attention * last + (1 - attention) * colour, colour, attention)
