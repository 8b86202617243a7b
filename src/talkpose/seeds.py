"""Random draws: every seed comes from the run's seed and named axes, so no draw depends on order."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def derive_seed(seed: int, *axes: str) -> int:
    """Seed in [0, 2**63) for the draw named by `axes`, such as ("personal_a", "ours-p", "refine")."""
    text = "\x1f".join([str(seed), *axes]).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 1


def numpy_rng(seed: int, *axes: str) -> np.random.Generator:
    """NumPy generator for the named draw."""
    return np.random.default_rng(derive_seed(seed, *axes))


def torch_rng(seed: int, *axes: str) -> torch.Generator:
    """Torch CPU generator for the named draw (draw on the CPU, then move: same numbers on every device)."""
    import torch  # takes seconds, which steps without networks need not spend

    return torch.Generator().manual_seed(derive_seed(seed, *axes))
