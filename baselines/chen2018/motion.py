"""What moves: log-mel spectra of the sound, optical flow of the lips, and the losses on them."""

import librosa
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from talkpose.errors import UserError
from talkpose.speech.mfcc import HOP, HOPS_PER_FRAME, SAMPLE_RATE, SAMPLES_PER_FRAME

from .network import ROWS

FFT = 1024
FLOOR = 1e-5
"""Power below which sound counts as silence, so that its logarithm stays tame."""
BEFORE = (ROWS - HOPS_PER_FRAME) // 2
"""Steps of a window before its frame's own four."""


def log_mel(audio: np.ndarray, mels: int) -> np.ndarray:
    """Windows of log-mel power about every frame: (N,) 16 kHz -> (N // 640, 28, mels) float32.

    FFT of 1024 samples, a step every 10 ms (four a frame), zeros around the sound. Raises UserError where the
    sound is shorter than one frame.
    """
    frames = len(audio) // SAMPLES_PER_FRAME
    if audio.ndim != 1 or frames < 1:
        raise UserError(
            f"speech needs mono sound of at least {SAMPLES_PER_FRAME} samples, got shape {audio.shape}; "
            "give a longer recording"
        )
    steps = HOPS_PER_FRAME * (frames - 1) + ROWS
    padded = np.zeros((steps - 1) * HOP + FFT, np.float32)
    sound = audio[: frames * SAMPLES_PER_FRAME]
    # the FFT is longer than a step: its middle, not its start, is to lie on the step
    start = BEFORE * HOP + (FFT - HOP) // 2
    sound = sound[: len(padded) - start]
    padded[start : start + len(sound)] = sound
    power = librosa.feature.melspectrogram(
        y=padded, sr=SAMPLE_RATE, n_fft=FFT, hop_length=HOP, n_mels=mels, center=False
    )
    rows = np.log(power.T + FLOOR)
    return np.stack([rows[HOPS_PER_FRAME * t : HOPS_PER_FRAME * t + ROWS] for t in range(frames)])


def spectra(sounds: Tensor) -> Tensor:
    """Mean of the four steps that are a frame's own: windows (B, L, 28, M) -> (B, L, M)."""
    return sounds[:, :, BEFORE : BEFORE + HOPS_PER_FRAME].mean(2)


def flow(frames: Tensor, window: int = 5, ridge: float = 1e-3) -> Tensor:
    """Optical flow between neighbours of runs (B, L, 3, S, S) -> (B, L - 1, 2, S, S): x and y in pixels.

    Lucas and Kanade 1981: least squares of I_x u + I_y v = -I_t over a window, in closed form.
    `ridge` keeps it at 0 where the picture has no structure.
    """
    gray = frames.mean(2)
    middle = (gray[:, 1:] + gray[:, :-1]) / 2
    padded = F.pad(middle, (1, 1, 1, 1), mode="replicate")
    dx = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    dy = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    dt = gray[:, 1:] - gray[:, :-1]

    def pooled(values: Tensor) -> Tensor:
        return F.avg_pool2d(values, window, 1, window // 2, count_include_pad=False)

    xx, yy, xy = pooled(dx * dx) + ridge, pooled(dy * dy) + ridge, pooled(dx * dy)
    xt, yt = pooled(dx * dt), pooled(dy * dt)
    determinant = xx * yy - xy * xy
    return torch.stack([(xy * yt - yy * xt) / determinant, (xy * xt - xx * yt) / determinant], 2)


def correlation_lesson(own: Tensor, other: Tensor) -> Tensor:
    """Loss of cosines of sound with its own lips (to 1) and with others' (to at most 0)."""
    return (1 - own).mean() + F.relu(other).mean()


def perceptual(drawn: tuple[Tensor, ...], real: tuple[Tensor, ...]) -> Tensor:
    """Mean over levels of the mean squared difference of features."""
    return torch.stack([(a - b).square().mean() for a, b in zip(drawn, real, strict=True)]).mean()


def judge(real: Tensor, drawn: Tensor, mismatched: Tensor) -> Tensor:
    """What the discriminator pays: real is 1; drawn lips and real ones with another sound 0, half each."""
    return F.softplus(-real).mean() + (F.softplus(drawn).mean() + F.softplus(mismatched).mean()) / 2
