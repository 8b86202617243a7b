"""The contract of a baseline that the harness trains: what baselines/<name>/method.py exports as `Method`."""

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, overload

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from talkpose.config import RunConfig
from talkpose.config.base import Section
from talkpose.errors import UserError
from talkpose.files import atomic_path
from talkpose.methods.contract import Footage, Generated, Target
from talkpose.methods.specs import MethodSpec
from talkpose.methods.training import Session


class Settings(Section):
    """Sizes of a baseline's networks and training: subclass with defaults for `scale: small` and PAPER."""


@dataclass(frozen=True)
class TrainingClip:
    """One clip to learn from; `word` is what it says where the corpus tells (LRW), else None."""

    name: str
    footage: Footage
    word: str | None = None


class TrainingClips(Sequence[TrainingClip]):
    """The general corpus, read when asked for; the clips used last stay in memory, `capacity` of them."""

    def __init__(self, names: Sequence[str], load: Callable[[str], TrainingClip], capacity: int = 256):
        self.names, self._load, self._capacity = list(names), load, capacity
        self._kept: OrderedDict[str, TrainingClip] = OrderedDict()

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> TrainingClip: ...
    @overload
    def __getitem__(self, index: slice) -> list[TrainingClip]: ...
    def __getitem__(self, index: int | slice) -> TrainingClip | list[TrainingClip]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        name = self.names[index]
        if name not in self._kept:
            self._kept[name] = self._load(name)
            while len(self._kept) > self._capacity:
                self._kept.popitem(last=False)
        self._kept.move_to_end(name)
        return self._kept[name]


class Baseline(ABC):
    """A baseline that runs in process. `size` is the side S of frames [pixels], `seed` the baseline's own."""

    settings_type: ClassVar[type[Settings]] = Settings

    def __init__(self, spec: MethodSpec, settings: Settings, config: RunConfig, seed: int):
        self.spec, self.settings, self.config, self.seed = spec, settings, config, seed
        self.size = config.clips.size
        self.device = torch.device(config.device)

    @abstractmethod
    def generate(self, target: Target, audio: np.ndarray, is_own: bool) -> Generated:
        """len(audio) // 640 frames (T, S, S, 3) uint8 of the target speaking `audio`.

        `target.held_out` is None: no baseline may see it.
        """


class Retrained(Baseline):
    """A baseline trained here.

    Built in two moments: to train (`fit`), and to generate (`load`, then `generate`). Everything that is
    learnt lives in `networks`.
    """

    def __init__(self, spec: MethodSpec, settings: Settings, config: RunConfig, seed: int):
        super().__init__(spec, settings, config, seed)
        self.networks: dict[str, nn.Module] = {}

    @abstractmethod
    def fit(self, clips: TrainingClips, session: Session) -> None:
        """Train `networks` on the general corpus; one or more calls of `session.run`.

        Raises UserError where the clips cannot be learnt from (too short, no face).
        """

    def save(self, path: Path) -> None:
        """Write `networks` as safetensors."""
        tensors = {
            f"{name}.{key}": value.detach().cpu().contiguous()
            for name, network in sorted(self.networks.items())
            for key, value in network.state_dict().items()
        }
        with atomic_path(path) as temporary:
            save_file(tensors, temporary)

    def load(self, path: Path) -> None:
        """Read what `save` wrote; raises UserError where the weights belong to other networks."""
        tensors = load_file(path)
        for name, network in self.networks.items():
            own = {
                key.removeprefix(f"{name}."): v for key, v in tensors.items() if key.startswith(f"{name}.")
            }
            try:
                network.load_state_dict(own)
            except RuntimeError as error:
                raise UserError(
                    f"{path}: these weights are of another {self.spec.name} (sizes differ); train it again"
                ) from error
            network.to(self.device).eval()
