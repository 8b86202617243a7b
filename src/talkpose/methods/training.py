"""A resumable, deterministic training loop for baselines: phases of steps, checkpoints, curves.

Everything random at a step comes from (seed, phase, step), so a training that was stopped and resumed gives
the bytes of one that was not.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from talkpose.config import Precision
from talkpose.files import atomic_path
from talkpose.seeds import derive_seed, numpy_rng

LOG = logging.getLogger(__name__)
Step = Callable[[int], Mapping[str, Tensor | float]]


class Session:
    """One training of one baseline; `identity` (settings, corpus, seed) decides whether a checkpoint fits."""

    def __init__(
        self,
        device: str,
        precision: Precision,
        seed: int,
        checkpoint: Path,
        identity: list[str],
        progress: Callable[[str, int, int], None] | None = None,
        *,
        log_every: int = 20,
        checkpoint_every: int = 200,
    ):
        self.device, self.precision, self.seed = torch.device(device), precision, seed
        self.checkpoint, self.identity, self.progress = checkpoint, identity, progress
        self.log_every, self.checkpoint_every = log_every, checkpoint_every
        self.curves: list[dict[str, float]] = []
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=precision == "16-mixed")
        self._done: dict[str, int] = {}
        self._states: dict[str, Any] = {}
        self._phase, self._step = "", 0
        self._read()

    def autocast(self) -> AbstractContextManager[Any]:
        """Context of the configured precision, for forward passes."""
        kinds = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
        if self.precision not in kinds:
            return nullcontext()
        return torch.autocast(self.device.type, kinds[self.precision])

    def rng(self, *axes: str) -> np.random.Generator:
        """Generator of this step's draws; `axes` tell several of them apart."""
        return numpy_rng(self.seed, self._phase, str(self._step), *axes)

    def descend(self, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        """Zero the gradients, go back through `loss`, step; scales the loss under 16-mixed."""
        optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()
        self.scaler.step(optimizer)
        self.scaler.update()

    def run(
        self,
        phase: str,
        steps: int,
        step: Step,
        networks: Mapping[str, nn.Module],
        optimizers: Mapping[str, torch.optim.Optimizer],
    ) -> None:
        """Call `step(i)` for i in [0, steps); a phase that a checkpoint holds goes on where it stood.

        `step` returns what to draw as curves. Networks that several phases share are restored by the phase
        that trained them last, so pass every network that the phase changes.
        """
        parts: dict[str, Any] = {f"network {name}": part for name, part in networks.items()}
        parts |= {f"optimizer {name}": part for name, part in optimizers.items()}
        for network in networks.values():
            network.to(self.device).train()
        start = self._done.get(phase, 0)
        if start:
            for name, part in parts.items():
                part.load_state_dict(self._states[phase][name])
        self._phase = phase
        sums: dict[str, list[float]] = {}
        for index in range(start, steps):
            self._step = index
            torch.manual_seed(derive_seed(self.seed, phase, "step", str(index)))
            for name, value in step(index).items():
                sums.setdefault(name, []).append(float(value))
            done = index + 1
            if done % self.log_every == 0 or done == steps:
                row = {"step": float(done)} | {f"{phase} {k}": float(np.mean(v)) for k, v in sums.items()}
                self.curves.append(row)
                LOG.info("%s %d/%d %s", phase, done, steps, row)
                sums = {}
            # A row of the curves is never split by a checkpoint.
            if done == steps or (done % self.checkpoint_every == 0 and not sums):
                self._write(phase, done, parts)
            if self.progress is not None:
                self.progress(phase, done, steps)

    def finish(self) -> None:
        """Drop the checkpoint, once the weights are written."""
        self.checkpoint.unlink(missing_ok=True)

    def _write(self, phase: str, done: int, parts: Mapping[str, Any]) -> None:
        self._done[phase] = done
        self._states[phase] = {name: part.state_dict() for name, part in parts.items()}
        state = {
            "identity": self.identity,
            "done": self._done,
            "states": self._states,
            "curves": self.curves,
            "scaler": self.scaler.state_dict(),
        }
        with atomic_path(self.checkpoint) as temporary:
            torch.save(state, temporary)

    def _read(self) -> None:
        if not self.checkpoint.is_file():
            return
        state = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        if state["identity"] != self.identity:
            LOG.warning("%s belongs to another training; starting anew", self.checkpoint)
            return
        self._done, self._states, self.curves = state["done"], state["states"], state["curves"]
        if state["scaler"]:
            self.scaler.load_state_dict(state["scaler"])


def decay(optimizer: torch.optim.Optimizer, rate: float, step: int, steps: int) -> None:
    """Set the learning rate of a step: `rate`, falling in a line to 0 over the second half of `steps`."""
    for group in optimizer.param_groups:
        group["lr"] = rate * min(1.0, 2 * (1 - step / steps))
