"""Conditional PatchGAN discriminator of stage 2 (paper 3.4; pix2pix, Isola et al. 2017)."""

import torch
from torch import Tensor, nn

from talkpose.config import RefineConfig


class Discriminator(nn.Module):
    """Judges 70x70 patches (with 3 layers) of a frame, given the window of rendered frames before it.

    2.77 M parameters at width 64 and a window of 3 (12 input channels), as the public code.
    """

    def __init__(self, config: RefineConfig):
        super().__init__()
        width = config.discriminator_width
        layers: list[nn.Module] = [
            nn.Conv2d(3 * config.window + 3, width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2, inplace=True),
        ]
        before = width
        for i in range(1, config.discriminator_layers + 1):
            after = width * min(2**i, 8)
            stride = 2 if i < config.discriminator_layers else 1
            layers += [
                nn.Conv2d(before, after, 4, stride=stride, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.LeakyReLU(0.2, inplace=True),
            ]
            before = after
        layers.append(nn.Conv2d(before, 1, 4, stride=1, padding=1))
        self.layers = nn.Sequential(*layers)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, 0.0, 0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.weight, 1.0, 0.02)

    def forward(self, window: Tensor, frame: Tensor) -> Tensor:
        """Logits (B, 1, h, w), positive for real, of frame (B, 3, S, S) after window (B, 3*window, S, S)."""
        return self.layers(torch.cat([window, frame], dim=1))
