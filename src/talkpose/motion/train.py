"""Training of stage 1: general mapping, then fine-tuning to one person (sections 3.2 and 4.1).

Everything random at a step comes from (seed, stage, step), so a training that was stopped and resumed gives
the bytes of one that was not.
"""

import copy
import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric

from talkpose.config import MotionConfig, Precision
from talkpose.files import atomic_path, sha256, write_json
from talkpose.motion.data import MotionClip, TrainingSet
from talkpose.motion.loss import motion_loss
from talkpose.motion.network import MotionNetwork
from talkpose.motion.predict import predict
from talkpose.motion.weights import load_network, save_network
from talkpose.seeds import derive_seed, torch_rng

Progress = Callable[[int, int], None]
LOG = logging.getLogger(__name__)


def train_general(
    clips: Iterable[MotionClip],
    config: MotionConfig,
    seed: int,
    device: str,
    precision: Precision,
    out: str | Path,
    checkpoint: str | Path,
    progress: Progress | None = None,
    watch: Sequence[MotionClip] = (),
) -> MotionNetwork:
    """Train the general mapping from scratch; writes `out` (.safetensors) and its curves beside it (.json).

    `checkpoint` is resumed from if it belongs to this very training, and removed at the end. The clips of
    `watch` are never learnt from: the curves tell how well their motion is predicted. `progress(step, steps)`
    is called after every step.

    Raises
    ------
    UserError: the clips hold no `config.sequence` valid frames in a row, or their arrays do not fit together.
    """
    data = TrainingSet(clips, config, seed, "motion", "general")
    network = MotionNetwork(config, seed)
    for name, value in data.scales().items():
        getattr(network, name).copy_(torch.from_numpy(np.asarray(value)))
    training = Training(network, data, config, seed, "general", device, precision, watch)
    return training.run(config.general_steps, config.general_lr, Path(out), Path(checkpoint), progress)


def finetune(
    clip: MotionClip,
    general: str | Path,
    config: MotionConfig,
    seed: int,
    device: str,
    precision: Precision,
    out: str | Path,
    checkpoint: str | Path,
    progress: Progress | None = None,
    watch: Sequence[MotionClip] = (),
) -> MotionNetwork:
    """Fine-tune the general weights at `general` to the person of `clip` (the paper: the first 300 frames).

    Writes, resumes and raises as `train_general`. Where `standardise` is on, the person's own mean takes the
    place of the general one; the scales stay those of the general mapping.
    """
    data = TrainingSet([clip], config, seed, "motion", "personal")
    network = load_network(general, config)
    scales = data.scales()
    for name in ("axis", "axis_spread", "pose_std", "output_mean"):
        getattr(network, name).copy_(torch.from_numpy(np.asarray(scales[name])))
    training = Training(network, data, config, seed, "personal", device, precision, watch, sha256(general))
    return training.run(config.personal_steps, config.personal_lr, Path(out), Path(checkpoint), progress)


class Training:
    """One training: network, running average, optimiser, curves. `start` names the weights it starts from."""

    def __init__(
        self,
        network: MotionNetwork,
        data: TrainingSet,
        config: MotionConfig,
        seed: int,
        stage: str,
        device: str,
        precision: Precision,
        watch: Sequence[MotionClip] = (),
        start: str = "",
    ):
        self.data, self.config, self.seed, self.stage, self.watch = data, config, seed, stage, watch
        self.identity = [config.model_dump_json(), str(seed), stage, precision, start, data.fingerprint]
        kind, _, number = device.partition(":")
        devices: Any = [int(number or 0)] if kind == "cuda" else 1
        self.fabric = Fabric(accelerator=kind, devices=devices, precision=precision)
        self.network = network
        self.average = copy.deepcopy(network).eval().requires_grad_(False).to(self.fabric.device)
        # betas of the public code; the rate is set at every step
        adam = torch.optim.Adam(network.parameters(), lr=0.0, betas=(0.5, 0.999), fused=True)
        self.wrapped, self.adam = self.fabric.setup(network, adam)
        self.step = 0
        self.curves: list[dict[str, float]] = []
        self.sums: dict[str, float] = {}

    def run(
        self, steps: int, rate: float, out: Path, checkpoint: Path, progress: Progress | None
    ) -> MotionNetwork:
        """Train up to `steps`, write weights and curves, return the network on the CPU."""
        self._load(checkpoint)
        for group in self.adam.param_groups:
            group["lr"] = rate
        while self.step < steps:
            self._train_step()
            self.step += 1
            if self.step % self.config.log_every == 0 or self.step == steps:
                self._log(steps)
            if self.step % self.config.checkpoint_every == 0 and self.step < steps:
                self._save(checkpoint)
            if progress is not None:
                progress(self.step, steps)
        trained = (self.average if self.config.average else self.network).cpu().eval()
        save_network(out, trained)
        write_json(out.with_suffix(".json"), {"stage": self.stage, "steps": steps, "curves": self.curves})
        checkpoint.unlink(missing_ok=True)
        return trained

    def _train_step(self) -> None:
        network, device = self.network, self.fabric.device
        rows, motion = (tensor.to(device) for tensor in self.data.batch(self.step))
        rows = (rows - network.input_mean) / network.input_scale
        rows = rows * self._mask(len(rows)).to(device)
        # dropout draws from torch's own generators
        torch.manual_seed(derive_seed(self.seed, "motion", self.stage, "dropout", str(self.step)))
        self.wrapped.train()
        predicted = self.wrapped(rows).float()
        terms = motion_loss(predicted, motion / network.output_scale, self.config)
        self.adam.zero_grad()
        self.fabric.backward(
            terms.total * self.config.members
        )  # members share no weights: each gets its own loss
        self.adam.step()
        noted = {**terms._asdict(), "total": terms.total}
        values = torch.stack([term.detach().float() for term in noted.values()]).tolist()  # one wait for all
        for name, value in zip(noted, values, strict=True):
            self.sums[name] = self.sums.get(name, 0.0) + value
        self._follow()

    def _mask(self, batch: int) -> torch.Tensor:
        """Zeros over a random band of coefficients a sequence, else ones: (B, 1, 12)."""
        columns = len(self.network.input_mean)
        if not self.config.mask:
            return torch.ones(batch, 1, columns)
        rng = torch_rng(self.seed, "motion", self.stage, "mask", str(self.step))
        width = torch.randint(0, self.config.mask + 1, (batch,), generator=rng)
        first = (torch.rand(batch, generator=rng) * (columns - width + 1)).long()
        column = torch.arange(columns)
        inside = (column >= first[:, None]) & (column < (first + width)[:, None])
        return (~inside).float()[:, None]

    def _follow(self) -> None:
        """Move the running average; early on it forgets faster, so that the start does not linger."""
        decay = min(self.config.average, (1 + self.step) / (10 + self.step))
        means = self.average.state_dict()
        with torch.no_grad():
            for name, value in self.network.state_dict().items():
                if value.is_floating_point():
                    means[name].lerp_(value, 1 - decay)
                else:
                    means[name].copy_(value)

    def _log(self, steps: int) -> None:
        """Add a row: the terms' means since the last one, and how well the held-out clips are predicted."""
        since = self.step - (int(self.curves[-1]["step"]) if self.curves else 0)
        row = {"step": float(self.step)} | {name: value / since for name, value in self.sums.items()}
        self.sums = {}
        if self.watch:
            tested = self.average if self.config.average else self.network
            row["watch_correlation"] = float(
                np.mean([watch_correlation(tested, clip, str(self.fabric.device)) for clip in self.watch])
            )
        self.curves.append(row)
        told = " ".join(f"{name} {value:.4g}" for name, value in row.items() if name != "step")
        LOG.info("motion %s %d/%d %s", self.stage, self.step, steps, told)

    def _save(self, path: Path) -> None:
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "adam": self.adam.state_dict(),
            "precision": self.fabric.strategy.precision.state_dict(),
            "identity": self.identity,
            "step": self.step,
            "curves": self.curves,
            "sums": self.sums,
        }
        with atomic_path(path) as temporary:
            torch.save(state, temporary)

    def _load(self, path: Path) -> None:
        if not path.is_file():
            return
        state = torch.load(path, map_location=self.fabric.device, weights_only=True)
        if state["identity"] != self.identity:
            LOG.warning("%s belongs to another training (configuration, seed or clips); starting anew", path)
            return
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.adam.load_state_dict(state["adam"])
        self.fabric.strategy.precision.load_state_dict(state["precision"])
        self.step, self.curves, self.sums = state["step"], state["curves"], state["sums"]


def watch_correlation(network: MotionNetwork, clip: MotionClip, device: str = "cpu") -> float:
    """Pearson correlation over valid frames of predicted and real expression along `network.axis`.

    0 where either does not move.
    """
    axis = network.axis.cpu().numpy()
    training, predicted = network.training, predict(network, clip.audio, device)[0][: len(clip.valid)]
    network.train(training)
    series = np.stack([predicted[clip.valid] @ axis, clip.expression[clip.valid] @ axis]).astype(np.float64)
    if series.shape[1] < 2 or (series.std(axis=1) < 1e-9).any():
        return 0.0
    return float(np.corrcoef(series)[0, 1])
