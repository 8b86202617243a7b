"""Training of the memory beside the generator's: triplet loss, then the update rule (paper 3.4)."""

import numpy as np
import torch
from torch import Tensor

from talkpose.config import RefineConfig
from talkpose.refine.data import TrainingSet, to_network
from talkpose.refine.memory import Memory
from talkpose.seeds import numpy_rng


class MemoryTraining:
    """Steps of a memory on the device that it lies on; every draw comes from (seed, stage, step)."""

    def __init__(self, memory: Memory, data: TrainingSet, config: RefineConfig, seed: int, stage: str):
        self.memory, self.data, self.config = memory, data, config
        self.axes = (seed, "refine", stage)
        self.device = memory.keys.device
        # only the layer after pool5 learns; an encoder without ImageNet weights learns in the general stage
        self.encoder_learns = stage == "general" and config.spatial_feature == "trained-resnet18"
        memory.requires_grad_(True)
        memory.encoder.requires_grad_(self.encoder_learns)
        learnt = [p for p in memory.parameters() if p.requires_grad]
        self.adam = torch.optim.Adam(learnt, lr=config.memory_lr, fused=True)
        self.pools: Tensor | None = None

    def start(self) -> None:
        """Set the mean feature, and describe every frame once where the encoder is frozen."""
        self.memory.mean.copy_(torch.from_numpy(self.data.mean_identity()))
        if self.config.identity == "memory" and not self.encoder_learns:
            self.pools = self._pool_features()

    def step(self, step: int) -> dict[str, Tensor]:
        """One step, where the step has one; its triplet loss and the number of new pairs."""
        if self.config.identity != "memory" or step % self.config.memory_every:
            return {}
        picked = self.data.memory_rows(step, self.config.memory_batch)
        rows = self.data.train[picked]
        values = self.data.identity(rows).to(self.device)
        if self.pools is None:
            self.memory.train()
            pool = self.memory.encoder(to_network(self.data.rendered(rows), self.device))
        else:
            pool = self.pools[picked]
        queries = self.memory.queries(pool)
        loss = self.memory.triplet_loss(queries, values)
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
        new = self.memory.update(queries.detach(), values, self._rng("memory", str(step)))
        return {"memory": loss, "memory_new": torch.tensor(float(new), device=self.device)}

    @torch.no_grad()
    def end(self) -> None:
        """Forget keys that a still moving encoder wrote; write every training pair with the final one."""
        if self.config.identity != "memory" or not self.encoder_learns:
            return
        self.memory.clear()
        queries = self.memory.queries(self._pool_features())
        values = self.data.identity(self.data.train).to(self.device)
        self.memory.update(queries, values, self._rng("refill"))

    @torch.no_grad()
    def _pool_features(self) -> Tensor:
        """pool5 features (N, 512) of all training frames."""
        self.memory.eval()
        rows = self.data.train
        parts = [
            self.memory.encoder(to_network(self.data.rendered(rows[i : i + 64]), self.device))
            for i in range(0, len(rows), 64)
        ]
        return torch.cat(parts)

    def _rng(self, *axes: str) -> np.random.Generator:
        seed, *of = self.axes
        return numpy_rng(seed, *of, *axes)
