"""The network of LPIPS 0.1: AlexNet's convolutions and five layers of weights learned from judgements.

Keys and shapes are those of torchvision's `alexnet-owt-7be5be79.pth` (`features.*`) and of `alex.pth` of
richzhang/PerceptualSimilarity (`lin0.model.1.weight` to `lin4.model.1.weight`).
"""

from functools import cache

import torch
from torch import Tensor, nn

from talkpose.metrics.needs import NEEDS
from talkpose.metrics.weights import fill, load_state

WIDTHS = (64, 192, 384, 256, 256)
ENDS = (1, 4, 7, 9, 11)
"""Places in `features` of the ReLU whose outputs are compared."""

SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""Of colours in [-1, 1]."""


class Lpips(nn.Module):
    """AlexNet's `features` (torchvision's keys) and LPIPS's linear layers `lin<l>.model.1`."""

    shift: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(64, 192, 5, 1, 2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(192, 384, 3, 1, 1), nn.ReLU(),
            nn.Conv2d(384, 256, 3, 1, 1), nn.ReLU(),
            nn.Conv2d(256, 256, 3, 1, 1), nn.ReLU(),
        )  # fmt: skip
        for layer, width in enumerate(WIDTHS):
            line = nn.Sequential(nn.Identity(), nn.Conv2d(width, 1, 1, bias=False))
            self.add_module(f"lin{layer}", nn.ModuleDict({"model": line}))
        self.register_buffer("shift", torch.tensor(SHIFT).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("scale", torch.tensor(SCALE).view(1, 3, 1, 1), persistent=False)

    def forward(self, generated: Tensor, real: Tensor) -> Tensor:
        """RGB (B, 3, H, W) in [-1, 1], at least 63 pixels a side -> distances (B,)."""
        x = torch.cat([generated, real])
        x = (x - self.shift) / self.scale
        total = x.new_zeros(len(generated))
        for place, layer in enumerate(self.features):
            x = layer(x)
            if place in ENDS:
                unit = x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10)
                squared = (unit[: len(generated)] - unit[len(generated) :]).square()
                weigh = self.get_submodule(f"lin{ENDS.index(place)}.model.1")
                total = total + weigh(squared).mean((1, 2, 3))
        return total


@cache
def load_lpips(backbone: str, weights: str, device: str) -> Lpips:
    """The network with both published files; UserError where one is something else."""
    network = Lpips()
    of_backbone, of_weights = NEEDS["lpips"]
    features = load_state(backbone, of_backbone.key, of_backbone.source)
    features = {name: value for name, value in features.items() if not name.startswith("classifier.")}
    lines = load_state(weights, of_weights.key, of_weights.source)
    for part, state, path, need in (
        (nn.ModuleDict({"features": network.features}), features, backbone, of_backbone),
        (_Lines(network), lines, weights, of_weights),
    ):
        fill(part, state, path, need.key, need.source)
    return network.eval().requires_grad_(False).to(device)


class _Lines(nn.Module):
    """The linear layers alone, under their own keys."""

    def __init__(self, network: Lpips):
        super().__init__()
        for layer in range(len(WIDTHS)):
            self.add_module(f"lin{layer}", network.get_submodule(f"lin{layer}"))
