"""Refining rendered frames with a trained second stage (paper 3.4: retrieval, smoothing over time, Eq. 3)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from talkpose.config import Precision
from talkpose.refine.data import from_network, to_network, windows_of
from talkpose.refine.generator import Generator
from talkpose.refine.identity import interpolate_features
from talkpose.refine.memory import Memory
from talkpose.refine.refiner import autocast


class RefinedFrames(NamedTuple):
    """A refined clip and how much of the rendering it kept."""

    frames: np.ndarray  # (T, S, S, 3) uint8
    attention: np.ndarray  # (T, S, S) float32 in [0, 1]; 1 keeps the rendering


def retrieve_features(memory: Memory, rendered: np.ndarray, every: int) -> np.ndarray:
    """Identity features (T, F): the memory's at every `every`-th frame and the last, linear between."""
    at = np.unique([*range(0, len(rendered), every), len(rendered) - 1])
    frames = to_network(rendered[at], memory.keys.device)
    with torch.inference_mode():
        known = memory.retrieve(frames).float().cpu().numpy()
    return interpolate_features(known, at, len(rendered))


def refine_frames(
    generator: Generator,
    memory: Memory,
    rendered: np.ndarray,
    *,
    others: Sequence[Generator] = (),
    device: str = "cpu",
    precision: Precision = "32-true",
    batch: int = 16,
) -> RefinedFrames:
    """Refine a clip of rendered frames (T, S, S, 3) uint8; with `others`, by the mean of all their pictures.

    Identity features come from the memory (`identity: memory`), are the mean of its training frames' (`mean`)
    or absent (`none`). Windows that begin before the clip repeat frame 0. Deterministic in eval mode, and the
    same whatever `batch` is up to rounding.
    """
    if len(rendered) == 0:
        return RefinedFrames(rendered.copy(), np.zeros(rendered.shape[:3], np.float32))
    config = generator.config
    where = torch.device(device)
    members = [member.eval().to(where) for member in (generator, *others)]
    memory = memory.eval().to(where)
    features = None
    if config.identity == "memory":
        features = torch.from_numpy(retrieve_features(memory, rendered, config.smooth_every))
    elif config.identity == "mean":
        features = memory.mean.cpu().expand(len(rendered), -1)

    images, masks = [], []
    with torch.inference_mode(), autocast(where, precision):
        for start in range(0, len(rendered), batch):
            at = np.arange(start, min(start + batch, len(rendered)))
            window = to_network(windows_of(rendered, at, config.window), where).flatten(1, 2)
            feature = None if features is None else features[at].to(where)
            made = [member(window, feature) for member in members]
            images.append(from_network(torch.stack([one.image.float() for one in made]).mean(0)))
            attention = torch.stack([one.attention[:, 0].float() for one in made]).mean(0)
            masks.append(attention.cpu().numpy())
    return RefinedFrames(np.concatenate(images), np.concatenate(masks))
