"""Weights of stage 1 on disk: safetensors, with the configuration in the file's metadata."""

from pathlib import Path

import safetensors
from safetensors.torch import save_file

from talkpose.config import MotionConfig
from talkpose.errors import UserError
from talkpose.files import atomic_path
from talkpose.motion.network import MotionNetwork


def save_network(path: str | Path, network: MotionNetwork) -> None:
    """Write weights and scales; equal networks give equal bytes."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    with atomic_path(path) as temporary:
        save_file(tensors, str(temporary), metadata={"motion": network.config.model_dump_json()})


def load_network(path: str | Path, config: MotionConfig | None = None) -> MotionNetwork:
    """Read what `save_network` wrote, on the CPU, in eval mode.

    `config`, where given, replaces the stored one (schedules, dropout, inference); sizes must be as stored.

    Raises
    ------
    UserError: no such file, not a network of stage 1, or other sizes.
    """
    if not Path(path).is_file():
        raise UserError(f"{path}: no trained first stage there; run `talkpose motion train` first")
    try:
        with safetensors.safe_open(str(path), framework="pt") as file:
            stored = (file.metadata() or {}).get("motion")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except safetensors.SafetensorError as error:
        raise UserError(f"{path}: not a safetensors file ({error}); train the first stage again") from error
    if stored is None:
        raise UserError(f"{path}: not a first stage (no `motion` in its metadata); train it again")
    network = MotionNetwork(config or MotionConfig.model_validate_json(stored))
    wanted = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    stored_shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if wanted != stored_shapes:
        names = sorted(wanted.keys() | stored_shapes.keys())
        name = next(n for n in names if wanted.get(n) != stored_shapes.get(n))
        raise UserError(
            f"{path}: {name} has shape {stored_shapes.get(name)}, `motion` asks for {wanted.get(name)}; set "
            "the sizes that it was trained with, or train the general mapping again"
        )
    network.load_state_dict(tensors)
    return network.eval()
