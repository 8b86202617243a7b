"""The network of stage 1 (section 3.2, Eq. 1): MFCC windows -> encoder E -> LSTM R -> expression and pose.

The paper gives the equation; layers and sizes are those of its public code: five 3x3 convolutions with two
max poolings, two dense layers, an LSTM of three layers, one linear output. With `scale: paper` it has 29.4
million parameters and sees exactly what the paper's does; `config.MotionConfig` names every departure.
"""

import torch
from torch import Tensor, nn

from talkpose.config import MotionConfig
from talkpose.seeds import derive_seed
from talkpose.speech.mfcc import COEFFICIENTS, HOPS_PER_FRAME, WINDOW

N_EXPRESSION = 64
N_POSE = 6
N_OUTPUT = N_EXPRESSION + N_POSE
EDGE = WINDOW - HOPS_PER_FRAME
"""MFCC rows that a sequence has beyond four a frame: L frames need 4 L + 24."""


class Encoder(nn.Module):
    """E of Eq. 1: every window of 28 MFCC rows -> one vector."""

    def __init__(self, config: MotionConfig):
        super().__init__()
        self.whole = config.convolution == "sequence"
        c, width = config.channels, ((COEFFICIENTS - 3) // 2 + 1 - 3) // 2 + 1
        self.steps = (WINDOW - 2 - 3) // 2 + 1  # 12 steps of a window are left after both poolings

        def block(inputs: int, outputs: int) -> list[nn.Module]:
            batch = config.normalisation == "batch"
            convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=not batch)
            return [convolution, *([nn.BatchNorm2d(outputs)] if batch else []), nn.ReLU()]

        self.convolutions = nn.Sequential(  # sizes for one window
            *block(1, c[0]),  # (B, c0, 28, 12)
            *block(c[0], c[1]),
            nn.MaxPool2d(3, stride=(1, 2)),  # (B, c1, 26, 5)
            *block(c[1], c[2]),
            *block(c[2], c[3]),
            *block(c[3], c[4]),
            nn.MaxPool2d(3, stride=2),  # (B, c4, 12, 2)
        )
        self.dense = nn.Sequential(
            nn.Linear(c[4] * self.steps * width, config.fully_connected),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.fully_connected, config.embedding),
            nn.ReLU(),
            nn.Dropout(config.dropout),
        )

    def forward(self, rows: Tensor) -> Tensor:
        """MFCC rows (B, 4 L + 24, 12) -> (B, L, embedding)."""
        if self.whole:  # a frame is two steps behind both poolings
            features = self.convolutions(rows[:, None]).unfold(2, self.steps, 2)  # (B, c4, L, 2, 12)
            features = features.permute(0, 2, 1, 4, 3)
        else:
            windows = rows.unfold(1, WINDOW, HOPS_PER_FRAME).transpose(2, 3)  # (B, L, 28, 12)
            features = self.convolutions(windows.flatten(0, 1)[:, None]).unflatten(0, windows.shape[:2])
        return self.dense(features.flatten(2))


class Member(nn.Module):
    """R after E: one network as the paper has it."""

    def __init__(self, config: MotionConfig):
        super().__init__()
        self.encoder = Encoder(config)
        between = config.dropout if config.layers > 1 else 0.0
        self.lstm = nn.LSTM(config.embedding, config.hidden, config.layers, batch_first=True, dropout=between)
        self.output = nn.Linear(config.hidden, N_OUTPUT)
        if config.initialisation == "paper":
            self.apply(_draw_like_paper)
        else:
            nn.init.zeros_(self.output.bias)

    def recur(self, embeddings: Tensor) -> Tensor:
        """(B, L, embedding) -> (B, L, 70), from a zero state."""
        return self.output(self.lstm(embeddings)[0])

    def forward(self, rows: Tensor) -> Tensor:
        """MFCC rows (B, 4 L + 24, 12) -> (B, L, 70), 64 expression and 6 pose, from a zero state."""
        return self.recur(self.encoder(rows))


class MotionNetwork(nn.Module):
    """All members, and the scales between the network's numbers and those of the world."""

    input_mean: Tensor
    input_scale: Tensor
    output_mean: Tensor
    output_scale: Tensor
    axis: Tensor
    axis_spread: Tensor
    pose_std: Tensor

    def __init__(self, config: MotionConfig, seed: int = 0):
        super().__init__()
        self.config = config
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed(seed, "motion", "network"))
            self.members = nn.ModuleList(Member(config) for _ in range(config.members))
        self.register_buffer("input_mean", torch.zeros(COEFFICIENTS))
        self.register_buffer("input_scale", torch.ones(COEFFICIENTS))
        mean = torch.zeros(N_OUTPUT)
        mean[-1] = config.tz_offset
        self.register_buffer("output_mean", mean)
        self.register_buffer("output_scale", torch.ones(N_OUTPUT))
        # how the training clips move: the expression's main direction, its spread there, the pose's spread
        self.register_buffer("axis", torch.zeros(N_EXPRESSION))
        self.register_buffer("axis_spread", torch.zeros(()))
        self.register_buffer("pose_std", torch.zeros(N_POSE))

    def forward(self, rows: Tensor) -> Tensor:
        """Standardised MFCC rows (B, 4 L + 24, 12) -> standardised motion (members, B, L, 70)."""
        return torch.stack([member(rows) for member in self.members])


def _draw_like_paper(layer: nn.Module) -> None:
    """Weights N(0, 0.02), scales of batch normalisations N(1, 0.02); LSTM as torch has it (public code)."""
    if isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.normal_(layer.weight, 0.0, 0.02)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)
        nn.init.zeros_(layer.bias)
