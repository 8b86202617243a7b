"""The trained second stage as one thing: three networks, built from a seed, saved as one safetensors file."""

import json
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import safetensors
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from talkpose.config import Precision, RefineConfig
from talkpose.errors import UserError
from talkpose.files import atomic_path
from talkpose.refine.discriminator import Discriminator
from talkpose.refine.generator import Generator
from talkpose.refine.memory import Memory
from talkpose.refine.spatial import load_imagenet
from talkpose.seeds import derive_seed

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class Refiner(NamedTuple):
    """Generator, discriminator and memory with the facts that tables print (`identity`, `spatial`, ...)."""

    generator: Generator
    discriminator: Discriminator
    memory: Memory
    facts: dict[str, Any]
    others: tuple[Generator, ...] = ()
    """further members, whose pictures are averaged with those of `generator`"""

    @property
    def networks(self) -> dict[str, nn.Module]:
        """The networks by the prefix of their tensors."""
        others = {f"generator{number}": other for number, other in enumerate(self.others, 2)}
        return {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "memory": self.memory,
            **others,
        }


def make_fabric(device: str, precision: Precision) -> "Fabric":
    """Lightning Fabric on one device ("cpu", "cuda", "cuda:1") with the run's precision."""
    from lightning_fabric import Fabric  # takes a second, which steps that train nothing need not spend

    kind, _, number = device.partition(":")
    devices: Any = [int(number or 0)] if kind == "cuda" else 1
    return Fabric(accelerator=kind, devices=devices, precision=precision)


def autocast(device: torch.device, precision: Precision) -> AbstractContextManager[Any]:
    """Context in which a trained network runs at the run's precision, as Fabric's own would be."""
    kinds = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
    return torch.autocast(device.type, kinds[precision]) if precision in kinds else nullcontext()


def build_refiner(config: RefineConfig, feature_size: int, seed: int) -> Refiner:
    """Untrained networks on the CPU: the same numbers for the same seed, whatever was drawn before.

    Raises UserError if the ImageNet weights are asked for and missing.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "refine", "networks"))
        generator = Generator(config, feature_size)
        discriminator = Discriminator(config)
        memory = Memory(config, feature_size)
    if config.spatial_feature == "imagenet-resnet18" and config.identity == "memory":
        load_imagenet(memory.encoder, config.imagenet_weights)
    return Refiner(generator, discriminator, memory, {"feature_size": feature_size})


def save_refiner(path: str | Path, refiner: Refiner) -> None:
    """Write the tensors of all networks, with facts and configuration in the file's metadata."""
    tensors: dict[str, Tensor] = {
        f"{prefix}.{name}": tensor.detach().cpu().contiguous()
        for prefix, network in refiner.networks.items()
        for name, tensor in network.state_dict().items()
    }
    about = {"facts": refiner.facts, "config": refiner.generator.config.model_dump(mode="json")}
    # one key: safetensors writes several in an order of its own, and equal networks must give equal bytes
    metadata = {"refiner": json.dumps(about, sort_keys=True)}
    with atomic_path(path) as temporary:
        save_file(tensors, str(temporary), metadata=metadata)


def load_refiner(path: str | Path, config: RefineConfig | None = None) -> Refiner:
    """Read what `save_refiner` wrote, on the CPU, in eval mode.

    `config`, where given, replaces the stored one (schedules, `identity`); its networks must have the stored
    shapes. Raises UserError if the file is missing or does not fit.
    """
    if not Path(path).is_file():
        raise UserError(f"{path}: no trained second stage there; train it first")
    with safetensors.safe_open(str(path), framework="pt") as file:
        metadata = file.metadata() or {}
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
    if "refiner" not in metadata:
        raise UserError(f"{path}: not a second stage of talkpose (no facts in its metadata); train it again")
    about = json.loads(metadata["refiner"])
    facts, used = about["facts"], config or RefineConfig.model_validate(about["config"])
    refiner = Refiner(
        Generator(used, facts["feature_size"]),
        Discriminator(used),
        Memory(used, facts["feature_size"]),
        facts,
        tuple(Generator(used, facts["feature_size"]) for _ in range(facts.get("members", 1) - 1)),
    )
    for prefix, network in refiner.networks.items():
        part = {k.removeprefix(prefix + "."): v for k, v in tensors.items() if k.startswith(prefix + ".")}
        try:
            network.load_state_dict(part)
        except RuntimeError as error:
            raise UserError(
                f"{path}: the {prefix} has other sizes than `refine` asks for "
                f"({str(error).splitlines()[1].strip()}); train the general mapping again"
            ) from error
        network.eval()
    return refiner
