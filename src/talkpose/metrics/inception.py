"""The Inception network of FID, as ported from TensorFlow's of 2015-12-05 (Szegedy et al. 2015).

Keys and shapes are those of `pt_inception-2015-12-05-6726825d.pth` (mseitzer/pytorch-fid @1232cd6). What sets
it apart from other Inception v3: average pools leave the padding out, and the last block takes a maximum.
"""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from talkpose.metrics.needs import NEEDS
from talkpose.metrics.weights import fill, load_state

SIDE = 299

Kernel = tuple[int, int]
TWINS: Kernel = (0, 0)
"""Kernel of two convolutions side by side, <name>a of 1x3 and <name>b of 3x1."""

Layer = tuple[str, int, Kernel]
"""Name, output channels, kernel."""


class Convolution(nn.Module):
    """Convolution, batch normalisation, ReLU."""

    def __init__(self, inside: int, outside: int, kernel: Kernel, stride: int = 1, same: bool = True):
        super().__init__()
        padding = (kernel[0] // 2, kernel[1] // 2) if same else (0, 0)
        self.conv = nn.Conv2d(inside, outside, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outside, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inside, H, W) -> (B, outside, H', W')."""
        return F.relu(self.bn(self.conv(x)))


class Mixed(nn.Module):
    """Chains of convolutions and a pool side by side, their outputs one behind the other.

    `pooled`: channels of the convolution behind the pool; None: the block halves the side, the last
    convolution of every chain and a maximum of 3x3 with stride 2.
    """

    def __init__(self, inside: int, chains: list[list[Layer]], pooled: int | None, pool: str = "average"):
        super().__init__()
        self.chains: list[list[list[str]]] = []
        self.pool = "halve" if pooled is None else pool
        for chain in chains:
            names, width = [], inside
            for place, (name, outside, kernel) in enumerate(chain):
                halve = pooled is None and place == len(chain) - 1
                parts = [(f"{name}a", (1, 3)), (f"{name}b", (3, 1))] if kernel == TWINS else [(name, kernel)]
                for part, shape in parts:
                    self.add_module(part, Convolution(width, outside, shape, 2 if halve else 1, not halve))
                names.append([part for part, _ in parts])
                width = outside
            self.chains.append(names)
        if pooled is not None:
            self.branch_pool = Convolution(inside, pooled, (1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, inside, H, W) -> (B, sum of the outputs, H or H/2, W or W/2)."""
        outputs = []
        for chain in self.chains:
            y = x
            for names in chain:
                y = torch.cat([self.get_submodule(name)(y) for name in names], 1)
            outputs.append(y)
        if self.pool == "halve":
            outputs.append(F.max_pool2d(x, 3, 2))
        elif self.pool == "maximum":
            outputs.append(self.branch_pool(F.max_pool2d(x, 3, 1, 1)))
        else:
            outputs.append(self.branch_pool(F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)))
        return torch.cat(outputs, 1)


ONE, THREE, FIVE = (1, 1), (3, 3), (5, 5)
WIDE, TALL = (1, 7), (7, 1)


def _a(inside: int, pooled: int) -> Mixed:
    chains: list[list[Layer]] = [
        [("branch1x1", 64, ONE)],
        [("branch5x5_1", 48, ONE), ("branch5x5_2", 64, FIVE)],
        [("branch3x3dbl_1", 64, ONE), ("branch3x3dbl_2", 96, THREE), ("branch3x3dbl_3", 96, THREE)],
    ]
    return Mixed(inside, chains, pooled)


def _b(inside: int) -> Mixed:
    chains: list[list[Layer]] = [
        [("branch3x3", 384, THREE)],
        [("branch3x3dbl_1", 64, ONE), ("branch3x3dbl_2", 96, THREE), ("branch3x3dbl_3", 96, THREE)],
    ]
    return Mixed(inside, chains, None)


def _c(inside: int, seven: int) -> Mixed:
    double = [("branch7x7dbl_2", TALL), ("branch7x7dbl_3", WIDE), ("branch7x7dbl_4", TALL)]
    chains: list[list[Layer]] = [
        [("branch1x1", 192, ONE)],
        [("branch7x7_1", seven, ONE), ("branch7x7_2", seven, WIDE), ("branch7x7_3", 192, TALL)],
        [
            ("branch7x7dbl_1", seven, ONE),
            *((name, seven, kernel) for name, kernel in double),
            ("branch7x7dbl_5", 192, WIDE),
        ],
    ]
    return Mixed(inside, chains, 192)


def _d(inside: int) -> Mixed:
    chains: list[list[Layer]] = [
        [("branch3x3_1", 192, ONE), ("branch3x3_2", 320, THREE)],
        [
            ("branch7x7x3_1", 192, ONE),
            ("branch7x7x3_2", 192, WIDE),
            ("branch7x7x3_3", 192, TALL),
            ("branch7x7x3_4", 192, THREE),
        ],
    ]
    return Mixed(inside, chains, None)


def _e(inside: int, pool: str) -> Mixed:
    chains: list[list[Layer]] = [
        [("branch1x1", 320, ONE)],
        [("branch3x3_1", 384, ONE), ("branch3x3_2", 384, TWINS)],
        [("branch3x3dbl_1", 448, ONE), ("branch3x3dbl_2", 384, THREE), ("branch3x3dbl_3", 384, TWINS)],
    ]
    return Mixed(inside, chains, 192, pool)


class Inception(nn.Module):
    """Up to the global average pool; the checkpoint's last layer `fc` has no place in it."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Convolution(3, 32, THREE, 2, same=False)
        self.Conv2d_2a_3x3 = Convolution(32, 32, THREE, same=False)
        self.Conv2d_2b_3x3 = Convolution(32, 64, THREE)
        self.Conv2d_3b_1x1 = Convolution(64, 80, ONE)
        self.Conv2d_4a_3x3 = Convolution(80, 192, THREE, same=False)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = _a(192, 32), _a(256, 64), _a(288, 64)
        self.Mixed_6a = _b(288)
        self.Mixed_6b, self.Mixed_6c, self.Mixed_6d, self.Mixed_6e = (
            _c(768, n) for n in (128, 160, 160, 192)
        )
        self.Mixed_7a = _d(768)
        self.Mixed_7b, self.Mixed_7c = _e(1280, "average"), _e(2048, "maximum")

    def forward(self, x: Tensor) -> Tensor:
        """RGB (B, 3, H, W) in [0, 1] of any size -> features (B, 2048)."""
        x = 2 * F.interpolate(x, size=(SIDE, SIDE), mode="bilinear", align_corners=False) - 1
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(F.max_pool2d(x, 3, 2)))
        x = F.max_pool2d(x, 3, 2)
        for name, module in self.named_children():
            if name.startswith("Mixed"):
                x = module(x)
        return x.mean((2, 3))


@cache
def load_inception(path: str, device: str) -> Inception:
    """The network with the published weights; UserError where they are something else."""
    (need,) = NEEDS["fid"]
    state = load_state(path, need.key, need.source)
    network = Inception()
    kept = {name: value for name, value in state.items() if not name.startswith(("fc.", "AuxLogits."))}
    fill(network, kept, path, need.key, need.source)
    return network.to(device)
