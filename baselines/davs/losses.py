"""Losses of DAVS (Zhou et al. 2019, sections 3.2 to 3.4)."""

import torch
from torch import Tensor
from torch.nn import functional as F

from talkpose.seeds import derive_seed


def contrastive(audio: Tensor, video: Tensor, margin: float = 1.0) -> Tensor:
    """Pulls the wid of a sound to that of its own lips and pushes it `margin` away from those of others.

    audio, video: (N, E), row by row of one frame. Mean of d(a_i, v_i)^2 + max(0, margin - d(a_i, v_j))^2,
    where j is another row.
    """
    apart = (audio - video.roll(1, 0)).square().sum(1).add(1e-12).sqrt()
    return ((audio - video).square().sum(1) + F.relu(margin - apart).square()).mean()


def confusion(logits: Tensor) -> Tensor:
    """Squared distance of softmax(logits), (B, C), from even odds: 0 where nothing can be told."""
    even = 1.0 / logits.shape[1]
    return (logits.softmax(1) - even).square().sum(1).mean()


def speaker_logits(told: Tensor, persons: Tensor) -> Tensor:
    """Which of the batch's persons a wid gives away: (N, E) against (B, E) -> cosines times 10, (N, B)."""
    return 10 * F.normalize(told, dim=1) @ F.normalize(persons, dim=1).T


def temporal(drawn: Tensor, real: Tensor) -> Tensor:
    """L1 of the change from frame to frame of runs (B, L, 3, S, S)."""
    return ((drawn[:, 1:] - drawn[:, :-1]) - (real[:, 1:] - real[:, :-1])).abs().mean()


def judge(real: Tensor, drawn: Tensor) -> Tensor:
    """Binary cross-entropy of a discriminator that is to tell real (positive) from drawn."""
    return F.softplus(-real).mean() + F.softplus(drawn).mean()


def fool(drawn: Tensor) -> Tensor:
    """What the decoder pays where the discriminator sees through it."""
    return F.softplus(-drawn).mean()


def word_class(word: str, classes: int) -> int:
    """Class of a word in [0, classes), the same in every run; words may share one where classes are few."""
    return derive_seed(0, "davs", "word", word) % classes


def among(logits: Tensor, labels: Tensor) -> Tensor:
    """Columns (N, K) of logits (N, C) that belong to the K classes which `labels` holds."""
    return logits[:, torch.unique(labels)]
