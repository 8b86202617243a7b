"""DAVS: who speaks and what is spoken, kept apart (Zhou et al. 2019, section 3).

`pid` is the embedding of the person, from a still; `wid` that of the word, from sound or from lips. A decoder
draws a frame of one of each.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from talkpose.methods.stills import Standardise

ROWS, COLUMNS = 20, 12
"""A window of sound: 200 ms of MFCC 1..12."""
LIPS = 32
"""Side of the lips that the video encoder sees [pixels]."""


GENTLE = 0.1
"""Factor on what is added to the still: a step of Adam moves all weights of the last layer at once."""


def _conv(before: int, after: int, kernel: int = 3, stride: int | tuple[int, int] = 1) -> nn.Sequential:
    layer = nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(after), nn.ReLU(inplace=True))


def _plain(before: int, after: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Without batch normalisation: a batch holds few persons, and their statistics would be noise."""
    return nn.Sequential(
        nn.Conv2d(before, after, kernel, stride, kernel // 2), nn.LeakyReLU(0.2, inplace=True)
    )


class AudioEncoder(nn.Module):
    """Sound to wid in two branches, one along time and one along the coefficients: (B, 20, 12) -> (B, E)."""

    def __init__(self, width: int, embedding: int, dropout: float, mask: int):
        super().__init__()
        self.standardise = Standardise(COLUMNS, mask)
        self.along_time = nn.Sequential(
            _conv(1, width), _conv(width, 2 * width, 3, (2, 1)), _conv(2 * width, 4 * width, 3, (2, 2)),
            _conv(4 * width, 8 * width, 3, (2, 2)), nn.Flatten(),
        )  # fmt: skip
        self.along_coefficients = nn.Sequential(
            _conv(1, width), _conv(width, 2 * width, 3, (1, 2)), _conv(2 * width, 4 * width, 3, (2, 2)),
            _conv(4 * width, 8 * width, 3, (2, 2)), nn.Flatten(),
        )  # fmt: skip
        self.dense = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(8 * width * (3 * 3 + 5 * 2), 8 * width),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(8 * width, embedding),
        )

    def forward(self, sounds: Tensor) -> Tensor:
        """wid of windows of MFCC."""
        x = self.standardise(sounds)[:, None]
        return self.dense(torch.cat([self.along_time(x), self.along_coefficients(x)], 1))


class VideoEncoder(nn.Module):
    """Lips to wid: aligned faces (B, 3, S, S), of which it sees the lips alone, -> (B, E)."""

    def __init__(self, width: int, embedding: int):
        super().__init__()
        self.layers = nn.Sequential(
            _conv(3, width, 3, 2), _conv(width, 2 * width, 3, 2), _conv(2 * width, 4 * width, 3, 2),
            nn.Flatten(),
        )  # fmt: skip
        self.dense = nn.Linear(4 * width * (LIPS // 8) ** 2, embedding)

    def forward(self, frames: Tensor) -> Tensor:
        """wid of what the lips show."""
        size = frames.shape[-1]
        lips = frames[..., int(0.47 * size) : int(0.9 * size), int(0.25 * size) : int(0.75 * size)]
        lips = F.interpolate(lips, size=(LIPS, LIPS), mode="bilinear", align_corners=False)
        return self.dense(self.layers(lips))


class IdentityEncoder(nn.Module):
    """A still to pid, and the maps on the way for the decoder: (B, 3, S, S) -> (B, E), S/2, S/4, ..."""

    def __init__(self, size: int, widths: tuple[int, ...], embedding: int):
        super().__init__()
        self.stages = nn.ModuleList(
            _plain(before, after, 3, 2) for before, after in zip((3, *widths), widths, strict=False)
        )
        side = size // 2 ** len(widths)
        self.dense = nn.Linear(widths[-1] * side * side, embedding)

    def forward(self, stills: Tensor) -> tuple[Tensor, list[Tensor]]:
        """pid and maps, the largest first."""
        maps, x = [], stills
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return self.dense(x.flatten(1)), maps


class Decoder(nn.Module):
    """pid and wid to a frame: bilinear doubling and convolution, the person's maps joined in each block."""

    def __init__(self, size: int, widths: tuple[int, ...], embeddings: int, copy_still: bool):
        super().__init__()
        self.copy_still, self.deepest = copy_still, widths[-1]
        self.side = size // 2 ** len(widths)
        self.dense = nn.Linear(embeddings, widths[-1] * self.side**2)
        self.join = _conv(2 * widths[-1], widths[-1])
        skips, afters = (*reversed(widths[:-1]), 3), (*reversed(widths[:-1]), widths[0])
        befores = (widths[-1], *afters)
        self.blocks = nn.ModuleList(_conv(b + s, a) for b, s, a in zip(befores, skips, afters, strict=False))
        self.tell = nn.ModuleList(nn.Linear(embeddings, 2 * after) for after in afters)
        self.head = nn.Conv2d(widths[0], 4 if copy_still else 3, 3, padding=1)
        nn.init.normal_(self.head.weight, 0.0, 0.02)
        nn.init.zeros_(self.head.bias)
        if copy_still:
            nn.init.constant_(self.head.bias[3:], 1.0)

    def forward(self, pid: Tensor, wid: Tensor, maps: list[Tensor], stills: Tensor) -> Tensor:
        """Frames (B, 3, S, S) in [-1, 1]."""
        both = torch.cat([pid, wid], 1)
        x = F.relu(self.dense(both)).view(-1, self.deepest, self.side, self.side)
        x = self.join(torch.cat([x, maps[-1]], 1))
        for block, skip, tell in zip(self.blocks, [*reversed(maps[:-1]), stills], self.tell, strict=True):
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            scale, shift = tell(both)[:, :, None, None].chunk(2, 1)
            x = block(torch.cat([x, skip], 1)) * (1 + scale) + shift
        drawn = self.head(x)
        if not self.copy_still:
            return torch.tanh(drawn)
        new = torch.sigmoid(drawn[:, 3:])  # where the still gives way
        return stills + GENTLE * new * drawn[:, :3]


class Classifier(nn.Module):
    """Logits from an embedding: two dense layers."""

    def __init__(self, inputs: int, hidden: int, outputs: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(inputs, hidden), nn.LeakyReLU(0.2, inplace=True), nn.Linear(hidden, outputs)
        )

    def forward(self, embedding: Tensor) -> Tensor:
        """(B, inputs) -> (B, outputs)."""
        return self.layers(embedding)


class SequenceDiscriminator(nn.Module):
    """Whether a run of L frames is real: (B, L, 3, S, S) -> logits (B, h, w) over places."""

    def __init__(self, length: int, width: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3 * length, width, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(width, 2 * width, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(2 * width, 4 * width, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(4 * width, 1, 3, 1, 1),
        )  # fmt: skip

    def forward(self, frames: Tensor) -> Tensor:
        """Positive for real."""
        return self.layers(frames.flatten(1, 2))[:, 0]
