"""Lip Movements Generation at a Glance (Chen et al. 2018, section 3): the networks, runs of L frames of lips.

A (1, k, k) kernel of the paper is a two-dimensional one over all frames here, which is the same function; a
kernel over all L frames takes them as channels. Shapes in comments are those at the small scale.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from talkpose.methods.stills import Standardise

ROWS = 28
"""Steps of 10 ms in a window of sound: 280 ms about a frame."""


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
    """Windows of log-mel (N, 28, M) -> (N, E)."""

    def __init__(self, mels: int, width: int, embedding: int, dropout: float, mask: int):
        super().__init__()
        self.standardise = Standardise(mels, mask)
        rows, columns = ROWS, mels
        for _ in range(3):
            rows, columns = (rows + 1) // 2, (columns + 1) // 2
        self.layers = nn.Sequential(
            _conv(1, width, 3, 2), _conv(width, 2 * width, 3, 2), _conv(2 * width, 4 * width, 3, 2),
            nn.Flatten(), nn.Dropout(dropout), nn.Linear(4 * width * rows * columns, 8 * width),
            nn.ReLU(inplace=True), nn.Dropout(dropout), nn.Linear(8 * width, embedding),
        )  # fmt: skip

    def forward(self, sounds: Tensor) -> Tensor:
        """Embedding of every window."""
        return self.layers(self.standardise(sounds)[:, None])


class Residual(nn.Module):
    """Two convolutions with kernel (1, 3, 3), told of the sound between them, and what came in."""

    def __init__(self, width: int, embedding: int):
        super().__init__()
        self.tell = nn.Linear(embedding, 2 * width)
        self.first = _conv(width, width)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor, heard: Tensor) -> Tensor:
        """(N, width, h, w) and (N, embedding) -> the shape of x."""
        scale, shift = self.tell(heard)[:, :, None, None].chunk(2, 1)
        return F.relu(x + self.second(self.first(x) * (1 + scale) + shift))


class Generator(nn.Module):
    """One picture of the lips and a run of sound to a run of lips."""

    def __init__(
        self, mels: int, audio_width: int, width: int, embedding: int, blocks: int, dropout: float, mask: int,
        copy_still: bool,
    ):  # fmt: skip
        super().__init__()
        self.copy_still = copy_still
        self.audio = AudioEncoder(mels, audio_width, embedding, dropout, mask)
        self.identity = nn.ModuleList(
            [_plain(3, width, 7), _plain(width, 2 * width, 3, 2), _plain(2 * width, 4 * width, 3, 2)]
        )
        self.fuse = nn.Conv3d(4 * width + embedding, 4 * width, 3, padding=1)
        self.blocks = nn.ModuleList(Residual(4 * width, embedding) for _ in range(blocks))
        self.up = nn.ModuleList(
            [nn.ConvTranspose2d(4 * width, 2 * width, 4, 2, 1), nn.ConvTranspose2d(2 * width, width, 4, 2, 1)]
        )
        self.join = nn.ModuleList([_conv(4 * width, 2 * width), _conv(2 * width, width)])
        self.head = nn.Conv2d(width, 3, 7, padding=3)
        nn.init.normal_(self.head.weight, 0.0, 0.02)
        nn.init.zeros_(self.head.bias)

    def forward(self, sounds: Tensor, stills: Tensor) -> Tensor:
        """(B, L, 28, M) and (B, 3, S, S) -> (B, L, 3, S, S) in [-1, 1]."""
        heard = self.audio(sounds.flatten(0, 1)).view(*sounds.shape[:2], -1)
        return self.draw(heard, stills)

    def draw(self, heard: Tensor, stills: Tensor) -> Tensor:
        """As `forward`, of the sound's embedding (B, L, E)."""
        batch, length = heard.shape[:2]
        maps, person = [], stills
        for stage in self.identity:
            person = stage(person)
            maps.append(person)
        still = person[:, :, None].expand(-1, -1, length, -1, -1)  # (B, 4 width, L, S/4, S/4)
        sound = heard.transpose(1, 2)[..., None, None].expand(-1, -1, -1, *person.shape[2:])
        x = F.relu(self.fuse(torch.cat([still, sound], 1)))
        x = x.transpose(1, 2).flatten(0, 1)
        for block in self.blocks:
            x = block(x, heard.flatten(0, 1))
        for up, join, skip in zip(self.up, self.join, maps[1::-1], strict=True):
            x = join(torch.cat([up(x), skip.repeat_interleave(length, 0)], 1))
        drawn = self.head(x).view(batch, length, -1, *stills.shape[2:])
        return stills[:, None] + GENTLE * drawn if self.copy_still else torch.tanh(drawn)


class Stream(nn.Module):
    """A run of pictures as one stack of channels (B, C, S, S) -> (B, E)."""

    def __init__(self, channels: int, width: int, embedding: int, size: int):
        super().__init__()
        side = size
        for _ in range(3):
            side = (side + 1) // 2
        self.layers = nn.Sequential(
            nn.Conv2d(channels, width, 3, 2, 1), nn.LeakyReLU(0.2, True),
            nn.Conv2d(width, 2 * width, 3, 2, 1), nn.LeakyReLU(0.2, True),
            nn.Conv2d(2 * width, 4 * width, 3, 2, 1), nn.LeakyReLU(0.2, True),
            nn.Flatten(), nn.Linear(4 * width * side * side, embedding),
        )  # fmt: skip

    def forward(self, stack: Tensor) -> Tensor:
        """Embedding of the run."""
        return self.layers(stack)


class SoundStream(nn.Module):
    """A run of spectra (B, L, M) -> (B, E)."""

    def __init__(self, length: int, mels: int, hidden: int, embedding: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(length * mels, hidden),
            nn.LeakyReLU(0.2, True),
            nn.Linear(hidden, embedding),
        )

    def forward(self, spectra: Tensor) -> Tensor:
        """Embedding of the run."""
        return self.layers(spectra)


class Correlation(nn.Module):
    """Cosine of what moves in the sound (its derivative) and in the picture (the flow), section 3.2."""

    def __init__(self, length: int, mels: int, width: int, embedding: int, size: int):
        super().__init__()
        self.sound = SoundStream(length - 1, mels, 4 * width, embedding)
        self.flow = Stream(2 * (length - 1), width, embedding, size)

    def forward(self, spectra: Tensor, flow: Tensor) -> Tensor:
        """Spectra (B, L, M) and flow (B, L - 1, 2, S, S) -> cosines (B,)."""
        moved = self.sound(spectra[:, 1:] - spectra[:, :-1])
        return F.cosine_similarity(moved, self.flow(flow.flatten(1, 2)))


class Autoencoder(nn.Module):
    """Runs of lips to two levels of features and back; the features judge likeness (section 3.4)."""

    def __init__(self, length: int, width: int):
        super().__init__()
        self.near = nn.Sequential(nn.Conv2d(3 * length, 2 * width, 3, 2, 1), nn.LeakyReLU(0.2, True))
        self.far = nn.Sequential(nn.Conv2d(2 * width, 4 * width, 3, 2, 1), nn.LeakyReLU(0.2, True))
        self.back = nn.Sequential(
            nn.ConvTranspose2d(4 * width, 2 * width, 4, 2, 1), nn.LeakyReLU(0.2, True),
            nn.ConvTranspose2d(2 * width, 3 * length, 4, 2, 1),
        )  # fmt: skip

    def features(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Both levels of frames (B, L, 3, S, S)."""
        near = self.near(frames.flatten(1, 2))
        return near, self.far(near)

    def forward(self, frames: Tensor) -> Tensor:
        """The run as its features tell it, the same shape."""
        return self.back(self.features(frames)[1]).view_as(frames)


class Discriminator(nn.Module):
    """Three streams, sound, lips and their flow, joined to one logit a run (section 3.3)."""

    def __init__(self, length: int, mels: int, width: int, embedding: int, size: int):
        super().__init__()
        self.sound = SoundStream(length, mels, 4 * width, embedding)
        self.lips = Stream(3 * length, width, embedding, size)
        self.flow = Stream(2 * (length - 1), width, embedding, size)
        self.judge = nn.Sequential(
            nn.Linear(3 * embedding, embedding), nn.LeakyReLU(0.2, True), nn.Linear(embedding, 1)
        )

    def forward(self, spectra: Tensor, frames: Tensor, flow: Tensor) -> Tensor:
        """Logits (B,), positive for real lips with their own sound."""
        parts = [self.sound(spectra), self.lips(frames.flatten(1, 2)), self.flow(flow.flatten(1, 2))]
        return self.judge(torch.cat(parts, 1))[:, 0]
