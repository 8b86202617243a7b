"""Training of stage 2 (paper 3.4 and 4.1): the general mapping; `finetune` goes on from it to one person.

A step is: memory, then discriminator, then generator (paper footnote 5 and the public code). Everything
random at a step comes from (seed, stage, step), so a training that was stopped and resumed gives the bytes of
one that was not.
"""

import copy
import hashlib
import io
import logging
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from talkpose.config import Precision, RefineConfig
from talkpose.errors import UserError
from talkpose.files import atomic_path, write_json
from talkpose.refine.ahead import Ahead
from talkpose.refine.curves import Curves
from talkpose.refine.data import Batch, TrainingSet, from_network
from talkpose.refine.losses import discriminator_loss, generator_terms
from talkpose.refine.memory_training import MemoryTraining
from talkpose.refine.pairs import ClipPairs, StoredPairs
from talkpose.refine.refiner import Refiner, build_refiner, make_fabric, save_refiner
from talkpose.seeds import derive_seed

Progress = Callable[[int, int], None]
LOG = logging.getLogger(__name__)


def train_general(
    samples: Sequence[ClipPairs | StoredPairs],
    config: RefineConfig,
    seed: int,
    device: str,
    precision: Precision,
    out: str | Path,
    checkpoint: str | Path,
    progress: Progress | None = None,
    facts: dict[str, Any] | None = None,
) -> Refiner:
    """Train Ours-G's second stage from scratch; writes `out` (.safetensors) and its curves (.json).

    `facts` (such as the names of the features) are kept with the weights. `checkpoint` is resumed from if it
    belongs to this very training, and removed at the end. `progress(step, steps)` is called after every step.
    """
    if not samples:
        raise UserError("stage 2 got no clip to train on; check the corpus and its quarantine list")
    refiner = build_refiner(config, samples[0].identity.shape[1], seed)
    refiner.facts.update(facts or {}, stage="general", seed=seed)
    training = Training(refiner, samples, config, seed, "general", device, precision)
    return training.run(config.general_steps, config.general_lr, out, checkpoint, progress)


class Training:
    """One training with its optimisers, running average of the weights, and curves."""

    def __init__(
        self,
        refiner: Refiner,
        samples: Sequence[ClipPairs | StoredPairs],
        config: RefineConfig,
        seed: int,
        stage: str,
        device: str,
        precision: Precision,
    ):
        self.config, self.seed, self.stage = config, seed, stage
        self.data = TrainingSet(samples, config, seed, "refine", stage, personal=stage == "personal")
        self.fabric = make_fabric(device, precision)
        self.refiner = refiner
        memory = refiner.memory.to(self.fabric.device)
        self.memory = MemoryTraining(memory, self.data, config, seed, stage)
        self.average = copy.deepcopy(refiner.generator).eval().to(self.fabric.device)
        rate = config.general_lr if stage == "general" else config.personal_lr
        adam: dict[str, Any] = {"lr": rate, "betas": (0.5, 0.999), "fused": True}
        self.generator, self.generator_adam = self.fabric.setup(
            refiner.generator, torch.optim.Adam(refiner.generator.parameters(), **adam)
        )
        self.discriminator, self.discriminator_adam = self.fabric.setup(
            refiner.discriminator, torch.optim.Adam(refiner.discriminator.parameters(), **adam)
        )
        self.step = 0
        self.curves = Curves()

    def run(
        self, steps: int, rate: float, out: str | Path, checkpoint: str | Path, progress: Progress | None
    ) -> Refiner:
        """Train for `steps`, resuming from `checkpoint`; write weights and curves; return it on the CPU."""
        checkpoint = Path(checkpoint)
        self._load(checkpoint)
        self.memory.start()
        if not self.curves.rows:
            self._log(0)
        # a device of its own computes while the job's threads draw; on the CPU there is nothing to gain
        workers = 0 if self.fabric.device.type == "cpu" else torch.get_num_threads()
        with Ahead(self.data.draw, steps, workers) as draws:
            while self.step < steps:
                self._set_rate(rate, steps)
                self._train_step(self.data.collate(*draws(self.step), self.fabric.device))
                self.step += 1
                if self.step % self.config.log_every == 0 or self.step == steps:
                    self._log(steps)
                if self.step % self.config.checkpoint_every == 0 and self.step < steps:
                    self._save(checkpoint)
                if progress is not None:
                    progress(self.step, steps)
        self.memory.end()
        return self._finish(Path(out), checkpoint)

    def _set_rate(self, rate: float, steps: int) -> None:
        if self.config.lr_decay == "linear":  # constant for the first half, then straight to 0
            rate *= min(1.0, 2.0 * (1.0 - self.step / steps))
        for adam in (self.generator_adam, self.discriminator_adam):
            for group in adam.param_groups:
                group["lr"] = rate

    def _train_step(self, batch: Batch) -> None:
        window, real, weight, identity = batch
        self.curves.note(**self.memory.step(self.step))
        feature = None
        if self.config.identity != "none":
            mean = self.config.identity == "mean" and self.stage == "personal"
            feature = self.refiner.memory.mean.expand_as(identity) if mean else identity

        torch.manual_seed(derive_seed(self.seed, "refine", self.stage, "dropout", str(self.step)))
        self.generator.train()
        refined = self.generator(window, feature)
        adversarial = self.config.lambda_gan > 0
        if adversarial:
            self.discriminator.train()
            judged_real = self.discriminator(window, real)
            judged_fake = self.discriminator(window, refined.image.detach())
            loss = discriminator_loss(judged_real, judged_fake)
            self.discriminator_adam.zero_grad()
            self.fabric.backward(loss)
            self.discriminator_adam.step()
            self.curves.note(discriminator=loss)
        self.refiner.discriminator.requires_grad_(False)
        fake = self.discriminator(window, refined.image) if adversarial else None
        terms = generator_terms(refined, real, weight, fake, self.config)
        self.refiner.discriminator.requires_grad_(True)
        total = torch.stack(list(terms.values())).sum()
        self.generator_adam.zero_grad()
        self.fabric.backward(total)
        self.generator_adam.step()
        self.curves.note(**terms, total=total, mean_attention=refined.attention.mean())
        self._follow()

    def _follow(self) -> None:
        """Move the running average; early on it forgets faster, so that the start does not linger."""
        decay = min(self.config.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(
                list(self.average.parameters()), list(self.refiner.generator.parameters()), 1 - decay
            )

    @torch.no_grad()
    def _log(self, steps: int) -> None:
        """Add a row: the terms' means since the last one; PSNR [dB] and attention on held-out samples."""
        row: dict[str, float] = {"step": self.step}
        row |= self.curves.means()
        if len(self.data.watch):
            batch = self.data.plain(self.data.watch)
            feature = None
            if self.config.identity != "none":
                feature = batch.identity.to(self.fabric.device)
                if self.config.identity == "mean" and self.stage == "personal":
                    feature = self.refiner.memory.mean.expand_as(feature)
            with self.fabric.autocast():
                refined = self.average(batch.window.to(self.fabric.device), feature)
            row["psnr_rendered"] = _psnr(batch.window[:, -3:], batch.real)
            row["psnr_refined"] = _psnr(refined.image.cpu(), batch.real)
            row["watch_attention"] = float(refined.attention.mean())
        self.curves.rows.append(row)
        LOG.info(
            "refine %s %d/%d %s",
            self.stage,
            self.step,
            steps,
            " ".join(f"{k} {v:.4g}" for k, v in row.items() if k != "step"),
        )

    @cached_property
    def fingerprint(self) -> str:
        """Hash of all that this training depends on; a checkpoint of another is not resumed."""
        digest = hashlib.blake2b(f"{self.config.model_dump_json()} {self.seed} {self.stage}".encode())
        digest.update(repr(sorted(self.refiner.facts.items())).encode())
        for clip in self.data.clips:
            digest.update(clip.digest().encode())
        return digest.hexdigest()

    def _parts(self) -> dict[str, Any]:
        return {
            **self.refiner.networks,
            "average": self.average,
            "generator_adam": self.generator_adam,
            "discriminator_adam": self.discriminator_adam,
            "memory_adam": self.memory.adam,
            "precision": self.fabric.strategy.precision,
        }

    def _save(self, path: Path) -> None:
        state = {name: part.state_dict() for name, part in self._parts().items()}
        progress = {"step": self.step, "curves": self.curves.state_dict()}
        with atomic_path(path) as temporary:
            torch.save(state | {"progress": progress, "fingerprint": self.fingerprint}, temporary)

    def _load(self, path: Path) -> None:
        if not path.is_file():
            return
        state = torch.load(io.BytesIO(path.read_bytes()), map_location=self.fabric.device, weights_only=True)
        if state.get("fingerprint") != self.fingerprint:
            LOG.warning(
                "%s belongs to another training (configuration, seed or data differ); starting anew", path
            )
            return
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.step = state["progress"]["step"]
        self.curves.load_state_dict(state["progress"]["curves"], self.fabric.device)

    def _finish(self, out: Path, checkpoint: Path) -> Refiner:
        """Write weights (the running average where it is on) and curves, then drop the checkpoint."""
        if self.config.ema > 0:
            self.refiner.generator.load_state_dict(self.average.state_dict())
        for network in self.refiner.networks.values():
            network.cpu().eval()
        save_refiner(out, self.refiner)
        write_json(
            out.with_suffix(".json"),
            {
                "facts": self.refiner.facts,
                "memory_pairs": self.refiner.memory.filled,
                "curves": self.curves.rows,
            },
        )
        checkpoint.unlink(missing_ok=True)
        return self.refiner


def _psnr(a: Tensor, b: Tensor) -> float:
    """Peak signal-to-noise ratio [dB] of uint8 pictures of a and b (B, 3, S, S), mean over the batch."""
    difference = from_network(a).astype(np.float64) - from_network(b)
    return float((10 * np.log10(255**2 / np.maximum((difference**2).mean(axis=(1, 2, 3)), 1e-6))).mean())
