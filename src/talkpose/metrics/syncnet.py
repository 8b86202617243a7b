"""SyncNet (Chung & Zisserman 2016): 0.2 s of a face and of its sound to 1024 numbers each.

Keys and shapes are those of `syncnet_v2.model` (joonson/syncnet_python @6efbb1c). The face's network has no
kernel over time behind its first layer, so whole videos go through it at once, and each time step is the
feature of the five frames from there on.
"""

from functools import cache

from torch import Tensor, nn

from talkpose.metrics.needs import NEEDS
from talkpose.metrics.weights import fill, load_state

FEATURES = 1024


def _sound() -> nn.Sequential:
    """(B, 1, 13, 20) -> (B, 512, 1, 1)."""
    return nn.Sequential(
        nn.Conv2d(1, 64, 3, 1, 1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(1, 1),
        nn.Conv2d(64, 192, 3, 1, 1), nn.BatchNorm2d(192), nn.ReLU(), nn.MaxPool2d(3, (1, 2)),
        nn.Conv2d(192, 384, 3, 1, 1), nn.BatchNorm2d(384), nn.ReLU(),
        nn.Conv2d(384, 256, 3, 1, 1), nn.BatchNorm2d(256), nn.ReLU(),
        nn.Conv2d(256, 256, 3, 1, 1), nn.BatchNorm2d(256), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 512, (5, 4)), nn.BatchNorm2d(512), nn.ReLU(),
    )  # fmt: skip


def _face() -> nn.Sequential:
    """(B, 3, T, 224, 224) -> (B, 512, T - 4, 1, 1)."""
    wide, half = (1, 3, 3), (1, 2, 2)
    return nn.Sequential(
        nn.Conv3d(3, 96, (5, 7, 7), half), nn.BatchNorm3d(96), nn.ReLU(), nn.MaxPool3d(wide, half),
        nn.Conv3d(96, 256, (1, 5, 5), half, (0, 1, 1)), nn.BatchNorm3d(256), nn.ReLU(),
        nn.MaxPool3d(wide, half, (0, 1, 1)),
        nn.Conv3d(256, 256, wide, 1, (0, 1, 1)), nn.BatchNorm3d(256), nn.ReLU(),
        nn.Conv3d(256, 256, wide, 1, (0, 1, 1)), nn.BatchNorm3d(256), nn.ReLU(),
        nn.Conv3d(256, 256, wide, 1, (0, 1, 1)), nn.BatchNorm3d(256), nn.ReLU(), nn.MaxPool3d(wide, half),
        nn.Conv3d(256, 512, (1, 6, 6)), nn.BatchNorm3d(512), nn.ReLU(),
    )  # fmt: skip


def _head() -> nn.Sequential:
    return nn.Sequential(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, FEATURES))


class SyncNet(nn.Module):
    """Both networks; their features are near where face and sound go together."""

    def __init__(self) -> None:
        super().__init__()
        self.netcnnaud, self.netfcaud = _sound(), _head()
        self.netcnnlip, self.netfclip = _face(), _head()

    def sound(self, mfcc: Tensor) -> Tensor:
        """MFCC (B, 1, 13, 20) -> (B, 1024)."""
        return self.netfcaud(self.netcnnaud(mfcc).flatten(1))

    def face(self, frames: Tensor) -> Tensor:
        """BGR (3, T, 224, 224) in [0, 255] -> (T - 4, 1024)."""
        steps = self.netcnnlip(frames[None])[0, :, :, 0, 0]
        return self.netfclip(steps.T)


@cache
def load_syncnet(path: str, device: str) -> SyncNet:
    """The network with the published weights; UserError where they are something else."""
    (need,) = NEEDS["lse"]
    network = SyncNet()
    fill(network, load_state(path, need.key, need.source), path, need.key, need.source)
    return network.to(device)
