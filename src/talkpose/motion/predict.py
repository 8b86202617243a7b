"""Expression and pose of a whole recording."""

import numpy as np
import torch
from torch import Tensor

from talkpose.motion.network import N_EXPRESSION, Member, MotionNetwork
from talkpose.speech.mfcc import speech_rows

EXPRESSION_LIMIT = 2.0
POSE_LIMIT = 10.0
"""`matched` stretches at most so far: a prediction that hardly moves says little to magnify."""


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
    expression, pose = motion[:, :N_EXPRESSION], motion[:, N_EXPRESSION:]
    if network.config.amplitude == "matched":
        spread = (expression @ network.axis).std(correction=0)
        expression = stretch(expression, spread, network.axis_spread, EXPRESSION_LIMIT)
    pose = smooth(pose, network.config.pose_smooth)
    if network.config.pose_amplitude == "matched":
        pose = stretch(pose, pose.std(dim=0, correction=0), network.pose_std, POSE_LIMIT)
    return expression.float().cpu().numpy(), pose.float().cpu().numpy()


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


def stretch(series: Tensor, spread: Tensor, wanted: Tensor, limit: float) -> Tensor:
    """Series (T, N) stretched around its mean so that what moves by `spread` moves by `wanted`.

    Regression to the mean makes predictions move too little. Never shrinks, never stretches more than `limit`
    times. One factor for a whole expression leaves the shape of its movement alone.
    """
    mean = series.mean(dim=0)
    return mean + (wanted / spread.clamp_min(1e-9)).clamp(1.0, limit) * (series - mean)


def smooth(series: Tensor, window: int) -> Tensor:
    """Series (T, N) under a Hanning window of `window` frames; at the ends, over the frames there are."""
    if window == 1:
        return series
    weights = torch.hann_window(window + 2, periodic=False, dtype=series.dtype, device=series.device)[1:-1]
    ones = torch.ones_like(series[:, :1])
    stacked = torch.cat([series, ones], dim=1).T[:, None]  # (N + 1, 1, T)
    padding = ((window - 1) // 2, window // 2)
    summed = torch.nn.functional.conv1d(torch.nn.functional.pad(stacked, padding), weights[None, None])[:, 0]
    return (summed[:-1] / summed[-1]).T
