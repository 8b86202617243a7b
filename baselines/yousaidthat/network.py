"""Speech2Vid: sound and stills are encoded apart, joined, and decoded (Chung et al. 2017, section 2).

`width` and the like are those of the paper under scale `paper`; comments give shapes at the small scale.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from talkpose.methods.moving import CHANNELS, moved_still
from talkpose.methods.stills import Standardise

ROWS, COLUMNS = 35, 12
"""A window of sound: 350 ms of MFCC 1..12."""


def _conv(before: int, after: int, kernel: int = 3, stride: int | tuple[int, int] = 1) -> nn.Sequential:
    layer = nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(after), nn.ReLU(inplace=True))


class AudioEncoder(nn.Module):
    """(B, 35, 12) -> (B, embedding): five convolutions, pooled twice, and two dense layers."""

    def __init__(self, width: int, embedding: int, dropout: float, mask: int):
        super().__init__()
        self.standardise = Standardise(COLUMNS, mask)
        self.layers = nn.Sequential(
            _conv(1, width),
            _conv(width, 2 * width, stride=(2, 1)),  # (18, 12)
            _conv(2 * width, 4 * width),
            nn.MaxPool2d(3, stride=2, padding=1),  # (9, 6)
            _conv(4 * width, 4 * width),
            _conv(4 * width, 8 * width, stride=2),  # (5, 3)
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(8 * width * 5 * 3, 8 * width),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(8 * width, embedding),
        )

    def forward(self, sounds: Tensor) -> Tensor:
        """Embedding of windows of MFCC."""
        return self.layers(self.standardise(sounds)[:, None])


class IdentityEncoder(nn.Module):
    """Stills (B, 3 K, S, S) -> their embedding (B, embedding) and the maps on the way, S/2, S/4, ..."""

    def __init__(self, stills: int, widths: tuple[int, ...], embedding: int, size: int):
        super().__init__()
        before, stages = 3 * stills, []
        for place, width in enumerate(widths):
            stages.append(_conv(before, width, kernel=(7, 5, 3)[min(place, 2)], stride=2))
            before = width
        self.stages = nn.ModuleList(stages)
        side = size // 2 ** len(widths)
        self.dense = nn.Linear(before * side * side, embedding)

    def forward(self, stills: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Embedding and skip maps, the largest first."""
        maps, x = [], stills
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return self.dense(x.flatten(1)), maps


class Generator(nn.Module):
    """Sound and stills to a frame; identity maps are joined to the decoder at every scale."""

    def __init__(
        self,
        size: int,
        stills: int,
        audio_width: int,
        widths: tuple[int, ...],
        embedding: int,
        dropout: float,
        mask: int,
        copy_still: bool,
    ):
        super().__init__()
        self.copy_still = copy_still
        self.audio = AudioEncoder(audio_width, embedding, dropout, mask)
        self.identity = IdentityEncoder(stills, widths, embedding, size)
        self.side, self.widths = size // 2 ** len(widths), widths
        self.dense = nn.Linear(2 * embedding, widths[-1] * self.side**2)
        self.join = _conv(2 * widths[-1], widths[-1])
        stages, before = [], widths[-1]
        for skip, after in zip((*reversed(widths[:-1]), 3), (*reversed(widths[:-1]), widths[0]), strict=True):
            stages.append(_conv(before + skip, after))
            before = after
        self.stages = nn.ModuleList(stages)
        afters = (*reversed(widths[:-1]), widths[0])
        self.tell = nn.ModuleList(nn.Linear(2 * embedding, 2 * after) for after in afters)
        self.head = nn.Conv2d(before, CHANNELS if copy_still else 3, 3, padding=1)
        nn.init.normal_(self.head.weight, 0.0, 0.02)
        nn.init.zeros_(self.head.bias)

    def forward(self, sounds: Tensor, stills: Tensor) -> Tensor:
        """Frames (B, 3, S, S) in [-1, 1] of windows (B, 35, 12) and stills (B, 3 K, S, S)."""
        return self.draw(self.audio(sounds), stills)

    def draw(self, heard: Tensor, stills: Tensor) -> Tensor:
        """As `forward`, of the sound's embedding (B, embedding)."""
        identity, maps = self.identity(stills)
        joined = torch.cat([heard, identity], 1)
        x = F.relu(self.dense(joined)).view(-1, self.widths[-1], self.side, self.side)
        x = self.join(torch.cat([x, maps[-1]], 1))
        skips = [*reversed(maps[:-1]), stills[:, :3]]
        for stage, skip, tell in zip(self.stages, skips, self.tell, strict=True):
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            scale, shift = tell(joined)[:, :, None, None].chunk(2, 1)
            x = stage(torch.cat([x, skip], 1)) * (1 + scale) + shift
        drawn = self.head(x)
        return moved_still(stills[:, :3], drawn) if self.copy_still else torch.tanh(drawn)


class Deblur(nn.Module):
    """A residual that sharpens a generated frame, given the still (section 2.4): plain convolutions."""

    def __init__(self, width: int, layers: int):
        super().__init__()
        inner = [m for _ in range(layers - 2) for m in (nn.Conv2d(width, width, 3, padding=1), nn.ReLU(True))]
        self.layers = nn.Sequential(nn.Conv2d(6, width, 3, padding=1), nn.ReLU(True), *inner)
        self.head = nn.Conv2d(width, 3, 3, padding=1)
        nn.init.normal_(self.head.weight, 0.0, 0.01)
        nn.init.zeros_(self.head.bias)

    def forward(self, blurred: Tensor, stills: Tensor) -> Tensor:
        """Frames (B, 3, S, S), sharper."""
        return blurred + self.head(self.layers(torch.cat([blurred, stills[:, :3]], 1)))
