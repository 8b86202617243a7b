"""Seeds depend on the run's seed and the axes' names, not on the order of draws."""

import numpy as np
import torch

from talkpose.seeds import derive_seed, numpy_rng, torch_rng


def test_value_stays_the_same_between_versions():
    assert derive_seed(0, "personal_a", "refine") == 3756168064537556452


def test_every_axis_counts_and_none_run_together():
    seeds = {derive_seed(*axes) for axes in [(0,), (1,), (0, "a"), (0, "a", "b"), (0, "ab"), (0, "b", "a")]}
    assert len(seeds) == 6
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_generators_repeat():
    assert np.array_equal(numpy_rng(3, "x").normal(size=5), numpy_rng(3, "x").normal(size=5))
    draws = [torch.randn(5, generator=torch_rng(3, "x")) for _ in range(2)]
    assert torch.equal(*draws)
    assert not torch.equal(draws[0], torch.randn(5, generator=torch_rng(3, "y")))
