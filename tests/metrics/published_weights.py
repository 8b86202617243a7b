"""Made weight files with the published ones' keys and shapes, drawn at random."""

import torch
from torch import nn


def published(network: nn.Module, seed: int = 0) -> dict[str, torch.Tensor]:
    """A state as old checkpoints have it: without counters; values that keep activations alive."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for name, value in network.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        if value.ndim > 1:
            scale = (2 / value[0].numel()) ** 0.5
            state[name] = torch.randn(value.shape, generator=generator) * scale
        elif name.endswith(("running_var", ".weight")):
            state[name] = 0.5 + torch.rand(value.shape, generator=generator)
        else:
            state[name] = 0.1 * torch.randn(value.shape, generator=generator)
    return state
