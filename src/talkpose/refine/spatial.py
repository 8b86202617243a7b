"""Spatial feature of a frame for the memory (paper 3.4): the `pool5` output of a ResNet-18.

With the ImageNet weights (a torchvision checkpoint of `resnet18`) the network is frozen, as in the paper.
Those weights are in no package, so the default starts at random and learns from the memory's triplet loss in
general training; tables name it "trained-resnet18".
"""

from pathlib import Path

import safetensors.torch
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from talkpose.config import RefineConfig
from talkpose.errors import UserError

POOL_SIZE = 512
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut (He et al. 2016); names as torchvision's."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Module | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, S, S) -> (B, outputs, S/stride, S/stride)."""
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(out + (x if self.downsample is None else self.downsample(x)))


class ResNet18(nn.Module):
    """ResNet-18 up to its global average pool; state-dict keys are torchvision's without `fc`."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = nn.Sequential(BasicBlock(64, 64, 1), BasicBlock(64, 64, 1))
        self.layer2 = nn.Sequential(BasicBlock(64, 128, 2), BasicBlock(128, 128, 1))
        self.layer3 = nn.Sequential(BasicBlock(128, 256, 2), BasicBlock(256, 256, 1))
        self.layer4 = nn.Sequential(BasicBlock(256, 512, 2), BasicBlock(512, 512, 1))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, S, S) -> (B, 512)."""
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return x.mean(dim=(2, 3))


class SpatialEncoder(nn.Module):
    """Rendered frames -> pool5 features, at `config.spatial_size` pixels."""

    mean: Tensor
    std: Tensor

    def __init__(self, config: RefineConfig):
        super().__init__()
        self.name = config.spatial_feature
        self.size = config.spatial_size
        self.network = ResNet18()
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)

    def forward(self, frames: Tensor) -> Tensor:
        """Frames (B, 3, S, S) in [-1, 1] -> (B, 512)."""
        x = F.interpolate(frames, size=(self.size, self.size), mode="bilinear", antialias=True)
        return self.network(((x + 1) / 2 - self.mean) / self.std)


def load_imagenet(encoder: SpatialEncoder, path: str | None) -> None:
    """Load torchvision's `resnet18` weights (.pth or .safetensors) into the encoder and freeze it.

    Raises UserError if the file is missing or holds something else.
    """
    if path is None or not Path(path).is_file():
        raise UserError(
            f"refine.imagenet_weights: no file at {path!r}; give torchvision's resnet18 checkpoint there, "
            "or set refine.spatial_feature to trained-resnet18"
        )
    if path.endswith(".safetensors"):
        state = safetensors.torch.load_file(path)
    else:
        state = torch.load(path, map_location="cpu", weights_only=True)
    state = {key: value for key, value in state.items() if not key.startswith("fc.")}
    try:
        encoder.network.load_state_dict(state)
    except RuntimeError as error:
        raise UserError(
            f"{path}: not a torchvision resnet18 checkpoint ({str(error).splitlines()[-1].strip()}); "
            "set refine.imagenet_weights to one"
        ) from error
    encoder.requires_grad_(False)
