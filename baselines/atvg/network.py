"""The networks of ATVG (Chen, Maddox, Duan, Xu, CVPR 2019): sound -> landmarks -> frames.

AT-net: MFCC windows and the face at rest -> principal components of the landmarks. VG-net: one image and the
landmarks of every frame -> a motion map (the colours of what moves) and an attention map that says where to
take it. The regression-based discriminator judges a sequence and reads its landmarks back. Sizes of `paper`
as the public code's (REFERENCE section 3).
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from talkpose.config import MotionConfig
from talkpose.motion.network import Encoder
from talkpose.speech.mfcc import COEFFICIENTS

COORDINATES = 136


class ATNet(nn.Module):
    """Sound and identity -> scores of the landmark components, frame by frame."""

    sound_mean: Tensor
    sound_scale: Tensor

    def __init__(
        self,
        channels: list[int],
        dense: int,
        hidden: int,
        components: int,
        identities: int,
        dropout: float,
        normalisation: str,
    ):
        super().__init__()
        # the audio encoder that the paper's own stage 1 took from ATVG, layer by layer
        config = MotionConfig.model_validate(
            {
                "channels": channels,
                "fully_connected": dense,
                "embedding": hidden,
                "dropout": dropout,
                "normalisation": normalisation,
                "convolution": "window" if normalisation == "batch" else "sequence",
            }
        )
        self.encoder = Encoder(config)
        self.identity = nn.Sequential(
            nn.Linear(identities, hidden), nn.ReLU(), nn.Linear(hidden, 2 * hidden), nn.ReLU()
        )
        self.lstm = nn.LSTM(3 * hidden, hidden, 3, batch_first=True, dropout=dropout)
        self.output = nn.Linear(hidden, components)
        nn.init.zeros_(self.output.bias)
        self.register_buffer("sound_mean", torch.zeros(COEFFICIENTS))
        self.register_buffer("sound_scale", torch.ones(COEFFICIENTS))

    def forward(self, rows: Tensor, identity: Tensor) -> Tensor:
        """MFCC rows (B, 4 L + 24, 12) and identity scores (B, I) -> (B, L, components)."""
        sound = self.encoder((rows - self.sound_mean) / self.sound_scale)
        face = self.identity(identity)[:, None].expand(-1, sound.shape[1], -1)
        return self.output(self.lstm(torch.cat([face, sound], 2))[0])


class Frames(NamedTuple):
    """What VG-net makes; pictures in [-1, 1], attention in [0, 1]."""

    image: Tensor
    """(B, L, 3, S, S): attention * motion + (1 - attention) * source"""
    motion: Tensor
    """(B, L, 3, S, S)"""
    attention: Tensor
    """(B, L, 1, S, S)"""
    state: Tensor
    """(B, C, h, h) of the recurrent unit after the last frame"""


def _conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


class _Residual(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.layers = nn.Sequential(
            _conv(channels, channels),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.layers(x))


class ConvGRU(nn.Module):
    """Gated recurrent unit whose products are 3x3 convolutions."""

    def __init__(self, inputs: int, hidden: int):
        super().__init__()
        self.hidden = hidden
        self.gates = nn.Conv2d(inputs + hidden, 2 * hidden, 3, padding=1)
        self.candidate = nn.Conv2d(inputs + hidden, hidden, 3, padding=1)

    def forward(self, x: Tensor, state: Tensor) -> Tensor:
        """(B, inputs, h, h), (B, hidden, h, h) -> next state: u * state + (1 - u) * candidate."""
        reset, update = torch.sigmoid(self.gates(torch.cat([x, state], 1))).chunk(2, 1)
        candidate = torch.tanh(self.candidate(torch.cat([x, reset * state], 1)))
        return update * state + (1 - update) * candidate


class VGNet(nn.Module):
    """One image and landmarks -> frames.

    What the landmarks change since the image's own gates the image's features; a ConvGRU runs through time;
    residual blocks and upsampling end in two heads. `skip`: the heads see the image too. `spread`: how far a
    landmark moves in training, which what changed is divided by.
    """

    spread: Tensor

    def __init__(self, size: int, width: int, halvings: int, gru: int, blocks: int, head: int, skip: bool):
        super().__init__()
        wide = [width * 2**i for i in range(halvings + 1)]
        self.side, self.skip = size // 2**halvings, skip
        self.image = nn.Sequential(
            _conv(3, width, 7), *(_conv(a, b, 3, 2) for a, b in zip(wide[:-1], wide[1:], strict=True))
        )
        self.own, self.change = self._lift(), self._lift()
        self.place = _conv(8, wide[-1] // 4)
        self.register_buffer("spread", torch.ones(()))
        self.gate = nn.Conv2d(wide[-1] // 2, wide[-1], 3, padding=1)
        self.join = _conv(wide[-1] + wide[-1] // 4, wide[-1] // 4)
        self.gru = ConvGRU(wide[-1] // 4, gru)
        self.decode = nn.Sequential(
            _conv(gru + wide[-1], wide[-1]), *(_Residual(wide[-1]) for _ in range(blocks))
        )
        self.up = nn.ModuleList(_conv(b, a) for a, b in zip(wide[-2::-1], wide[:0:-1], strict=True))
        self.heads = nn.Conv2d(width + (3 if skip else 0), 4, head, padding=head // 2)
        nn.init.normal_(self.heads.weight, 0.0, 0.02)
        assert self.heads.bias is not None
        nn.init.zeros_(self.heads.bias)
        if skip:  # the motion map starts near the image, not at grey
            with torch.no_grad():
                for channel in range(3):
                    self.heads.weight[channel, channel - 3, head // 2, head // 2] = 1.0

    def _lift(self) -> nn.Sequential:
        """Landmarks (B, 136) -> maps (B, 8, h, h)."""
        return nn.Sequential(
            nn.Linear(COORDINATES, 64),
            nn.ReLU(),
            nn.Linear(64, 8 * self.side**2),
            nn.ReLU(),
            nn.Unflatten(1, (8, self.side, self.side)),
        )

    def forward(self, image: Tensor, own: Tensor, landmarks: Tensor, state: Tensor | None = None) -> Frames:
        """Image (B, 3, S, S) with its own landmarks (B, 136); those of L frames (B, L, 136)."""
        batch, length = landmarks.shape[:2]
        features = self.image(image)  # (B, C, h, h)
        before = self.place(self.own(own))
        moved = (landmarks - own[:, None]) / self.spread
        places = self.place(self.change(moved.flatten(0, 1))).unflatten(0, (batch, length))
        many = features[:, None].expand(-1, length, -1, -1, -1)
        change = torch.cat([before[:, None].expand_as(places), places], 2)
        gate = torch.sigmoid(self.gate(change.flatten(0, 1))).unflatten(0, (batch, length))
        joined = self.join(torch.cat([many * gate, places], 2).flatten(0, 1)).unflatten(0, (batch, length))
        if state is None:
            state = features.new_zeros(batch, self.gru.hidden, self.side, self.side)
        states = []
        for t in range(length):
            state = self.gru(joined[:, t], state)
            states.append(state)
        x = self.decode(torch.cat([torch.stack(states, 1), many], 2).flatten(0, 1))
        for level in self.up:
            x = level(F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False))
        source = image[:, None].expand(-1, length, -1, -1, -1)
        made = self.heads(torch.cat([x, source.flatten(0, 1)], 1) if self.skip else x)
        made = made.unflatten(0, (batch, length))
        motion = torch.tanh(made[:, :, :3])
        attention = torch.sigmoid(made[:, :, 3:])
        return Frames(attention * motion + (1 - attention) * source, motion, attention, state)


class Discriminator(nn.Module):
    """Frames (and the landmarks that they start from) -> how real they look, and their landmarks."""

    def __init__(self, size: int, width: int, halvings: int, hidden: int):
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        channels = width
        for i in range(1, halvings):
            after = width * min(2**i, 8)
            layers += [
                nn.Conv2d(channels, after, 4, 2, 1, bias=False),
                nn.BatchNorm2d(after),
                nn.LeakyReLU(0.2),
            ]
            channels = after
        side = size // 2**halvings
        self.frames = nn.Sequential(
            *layers, nn.Flatten(), nn.Linear(channels * side**2, hidden), nn.LeakyReLU(0.2)
        )
        self.start = nn.Sequential(nn.Linear(COORDINATES, hidden), nn.LeakyReLU(0.2))
        self.lstm = nn.LSTM(2 * hidden, hidden, batch_first=True)
        self.landmarks = nn.Linear(hidden, COORDINATES)
        self.real = nn.Linear(hidden, 1)
        nn.init.normal_(self.landmarks.weight, 0.0, 1e-3)
        nn.init.zeros_(self.landmarks.bias)

    def forward(self, frames: Tensor, own: Tensor) -> tuple[Tensor, Tensor]:
        """Frames (B, L, 3, S, S), starting landmarks (B, 136) -> logit (B,), landmarks (B, L, 136)."""
        seen = self.frames(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])
        start = self.start(own)[:, None].expand(-1, frames.shape[1], -1)
        heard = self.lstm(torch.cat([start, seen], 2))[0]
        return self.real(heard.mean(1))[:, 0], own[:, None] + self.landmarks(heard)
