"""How published weights of networks that measure are read: their keys and shapes, or one clear error."""

import pickle

import torch
from torch import nn

from talkpose.errors import UserError


def load_state(path: str, key: str, source: str) -> dict[str, torch.Tensor]:
    """The tensors of a PyTorch checkpoint, read without running anything that it holds.

    UserError where the file is missing or is no dict of tensors.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"metrics.{key}: {path} can not be read ({reason}); get {source}") from error
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise UserError(f"metrics.{key}: {path} holds no dict of tensors; get {source}")
    return state


def fill(network: nn.Module, state: dict[str, torch.Tensor], path: str, key: str, source: str) -> None:
    """Put exactly these tensors into the network; UserError that names the first key or shape that is off.

    Counters of batch normalisation (`num_batches_tracked`), which old checkpoints lack, are not asked for.
    """
    wanted = {k: v for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked")}
    given = {k: v for k, v in state.items() if not k.endswith("num_batches_tracked")}
    problem = ""
    if lacking := [name for name in wanted if name not in given]:
        problem = f"lacks {lacking[0]}" + (f" and {len(lacking) - 1} more keys" if len(lacking) > 1 else "")
    elif surplus := [name for name in given if name not in wanted]:
        problem = f"has the unknown key {surplus[0]}"
    elif unlike := [name for name in wanted if wanted[name].shape != given[name].shape]:
        name = unlike[0]
        problem = f"has {name} of shape {tuple(given[name].shape)}, not {tuple(wanted[name].shape)}"
    if problem:
        raise UserError(f"metrics.{key}: {path} {problem}; get {source}")
    network.load_state_dict(given, strict=False)
    network.requires_grad_(False).eval()
