"""Memory of (spatial feature, identity feature) pairs (paper 3.4, after Yoo et al. 2019).

Trained beside the GAN, before each of its steps; at test the nearest key to a rendered frame gives the
identity feature that the generator gets.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from talkpose.config import RefineConfig
from talkpose.refine.spatial import POOL_SIZE, SpatialEncoder


class Memory(nn.Module):
    """`memory_size` slots of unit keys (M, K), unit values (M, F) and ages (M); age -1 marks an empty slot.

    It owns the spatial encoder and the fully connected layer that turns pool5 features into keys. `mean` is
    the mean identity feature of the training frames, which the `identity: mean` ablation uses instead.
    """

    keys: Tensor
    values: Tensor
    ages: Tensor
    mean: Tensor

    def __init__(self, config: RefineConfig, feature_size: int):
        super().__init__()
        self.config = config
        self.encoder = SpatialEncoder(config)
        self.project = nn.Linear(POOL_SIZE, config.memory_key)
        slots = config.memory_size
        self.register_buffer("keys", torch.zeros(slots, config.memory_key))
        self.register_buffer("values", torch.zeros(slots, feature_size))
        self.register_buffer("ages", torch.full((slots,), -1, dtype=torch.int64))
        self.register_buffer("mean", torch.zeros(feature_size))

    @property
    def filled(self) -> int:
        """Number of pairs held; slots fill in order."""
        return int((self.ages >= 0).sum())

    def queries(self, pool: Tensor) -> Tensor:
        """pool5 features (B, 512) -> unit queries (B, K)."""
        return F.normalize(self.project(pool), dim=1)

    def triplet_loss(self, queries: Tensor, values: Tensor) -> Tensor:
        """Threshold triplet loss of queries (B, K) whose unit identity features are values (B, F).

        Among the `memory_top_k` nearest keys of a query, the nearest one whose value has cosine similarity
        above `memory_threshold` to the query's is the positive, the nearest of the others the negative:
        max(0, <q, k_neg> - <q, k_pos> + margin). Queries that lack either add nothing.
        """
        held = self.filled
        if held == 0:
            return queries.sum() * 0.0
        similarity = queries @ self.keys[:held].T  # (B, held)
        near, slots = similarity.topk(min(self.config.memory_top_k, held), dim=1)
        same = torch.einsum("bf,bkf->bk", values, self.values[slots]) > self.config.memory_threshold
        positive = near.masked_fill(~same, -torch.inf).amax(dim=1)
        negative = near.masked_fill(same, -torch.inf).amax(dim=1)
        usable = positive.isfinite() & negative.isfinite()
        hinge = F.relu(negative[usable] - positive[usable] + self.config.memory_margin)
        return hinge.sum() / max(1, len(queries))

    @torch.no_grad()
    def update(self, queries: Tensor, values: Tensor, rng: np.random.Generator) -> int:
        """Write a batch of pairs, one after the other; return how many took a new slot.

        If the value under the nearest key is similar enough, that key moves to the normalised sum and its age
        becomes 0; else the pair takes an empty slot, or that of the oldest (age plus a draw from U(-4, 4), so
        that ties do not always hit the same slot). Every other pair ages by 1.
        """
        new = 0
        for query, value in zip(queries, values, strict=True):
            held = self.filled
            slot = int((self.keys[:held] @ query).argmax()) if held else -1
            if slot >= 0 and float(self.values[slot] @ value) > self.config.memory_threshold:
                self.keys[slot] = F.normalize(self.keys[slot] + query, dim=0)
            else:
                if held < len(self.keys):
                    slot = held
                else:
                    slot = int(np.argmax(self.ages.cpu().numpy() + rng.uniform(-4, 4, len(self.ages))))
                self.keys[slot], self.values[slot] = query, value
                new += 1
            self.ages[: self.filled] += 1
            self.ages[slot] = 0
        return new

    @torch.no_grad()
    def clear(self) -> None:
        """Forget every pair."""
        self.ages.fill_(-1)

    @torch.no_grad()
    def retrieve(self, frames: Tensor) -> Tensor:
        """Identity features (B, F) under the nearest keys of rendered frames (B, 3, S, S) in [-1, 1].

        Raises RuntimeError if the memory is empty: it was never trained.
        """
        held = self.filled
        if held == 0:
            raise RuntimeError("the memory holds nothing; train it before retrieving from it")
        nearest = (self.queries(self.encoder(frames)) @ self.keys[:held].T).argmax(dim=1)
        return self.values[nearest]
