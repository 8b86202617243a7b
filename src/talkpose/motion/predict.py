"""Expression and pose of a whole recording."""

import numpy as np
import torch
from torch import Tensor

from talkpose.motion.network import N_EXPRESSION, Member, MotionNetwork
from talkpose.speech.mfcc import speech_rows

STRETCH_LIMIT = 2.0
"""`amplitude: matched` stretches at most so far: a prediction that hardly moves says little to magnify."""


@torch.no_grad()
def predict(network: MotionNetwork, audio: np.ndarray, device: str = "cpu") -> tuple[np.ndarray, np.ndarray]:
    """Motion that the network hears in 16 kHz mono sound (N,), T = N // 640 frames.

    Returns expression (T, 64) and pose (T, 6), float32: angles [rad] and translation [model units].

    Raises
    ------
    UserError: the sound is shorter than one video frame, or not mono.
    """
    network = network.to(device).eval()
    rows = torch.from_numpy(speech_rows(audio)).to(device)
    rows = ((rows - network.input_mean) / network.input_scale)[None]
    outputs = torch.stack([_run(member, rows, network) for member in network.members]).mean(dim=0)
    motion = outputs * network.output_scale + network.output_mean
    if network.config.amplitude == "matched":
        motion = stretch(motion, network)
    expression, pose = motion.float().cpu().split([N_EXPRESSION, motion.shape[1] - N_EXPRESSION], dim=1)
    return expression.numpy(), pose.numpy()


def _run(member: torch.nn.Module, rows: Tensor, network: MotionNetwork) -> Tensor:
    """Standardised output (T, 70) of one member for rows (1, 4 T + 24, 12)."""
    assert isinstance(member, Member)
    embeddings = member.encoder(rows)
    length = network.config.sequence
    if network.config.inference == "carried" or embeddings.shape[1] <= length:
        return member.recur(embeddings)[0]
    windows = embeddings[0].unfold(0, length, 1).transpose(1, 2)  # (W, L, E), W = T - L + 1
    outputs = member.recur(windows)
    count, frames = len(windows), embeddings.shape[1]
    # a window's first quarter has heard little: it counts only where no other window reaches
    weight = torch.where(torch.arange(length, device=rows.device) < length // 4, 1e-6, 1.0)
    place = (
        torch.arange(count, device=rows.device)[:, None] + torch.arange(length, device=rows.device)
    ).flatten()
    total = outputs.new_zeros(frames, outputs.shape[2]).index_add_(
        0, place, (outputs * weight[:, None]).flatten(0, 1)
    )
    return total / outputs.new_zeros(frames).index_add_(0, place, weight.repeat(count))[:, None]


def stretch(motion: Tensor, network: MotionNetwork) -> Tensor:
    """Motion (T, 70), expression stretched around its mean until its main direction moves as in training.

    Regression to the mean makes predicted mouths move too little; one factor for all numbers leaves the shape
    of the movement alone. Never shrinks, never stretches more than STRETCH_LIMIT times.
    """
    expression = motion[:, :N_EXPRESSION]
    spread = (expression @ network.axis).std(correction=0)
    factor = (network.axis_spread / spread.clamp_min(1e-9)).clamp(1.0, STRETCH_LIMIT)
    mean = expression.mean(dim=0)
    return torch.cat([mean + factor * (expression - mean), motion[:, N_EXPRESSION:]], dim=1)
