"""FID: closed forms, scipy's matrix root, and the published network's shape."""

import numpy as np
import pytest
import torch
from published_weights import published
from scipy.linalg import sqrtm

from talkpose.errors import UserError
from talkpose.metrics.fid import describe, frechet, protocol
from talkpose.metrics.inception import Inception, load_inception
from talkpose.metrics.registry import protocol as known


def definition(g, r):
    """With scipy's root of the product of covariances."""
    s, t = np.cov(g, rowvar=False), np.cov(r, rowvar=False)
    shift = g.mean(0) - r.mean(0)
    return shift @ shift + np.trace(s + t - 2 * sqrtm(s @ t).real)


@pytest.mark.parametrize("sizes", [(200, 150), (30, 90), (12, 9)])
def test_is_the_definition_for_more_and_fewer_frames_than_features(sizes):
    rng = np.random.default_rng(0)
    mix = rng.normal(size=(20, 20))
    g, r = rng.normal(size=(sizes[0], 20)) @ mix, rng.normal(0.4, 1.3, (sizes[1], 20))
    assert frechet(g, r) == pytest.approx(definition(g, r), rel=1e-4)


def test_two_gaussians_in_closed_form():
    rng = np.random.default_rng(1)
    draws = rng.normal(size=(2, 400, 6))
    white = []
    for x in draws:  # exactly mean 0 and covariance I
        x = x - x.mean(0)
        white.append(x @ np.linalg.inv(np.linalg.cholesky(np.cov(x, rowvar=False))).T)
    sigma, tau = np.array([1, 2, 0.5, 3, 1, 1]), np.array([2, 2, 1.5, 1, 0.1, 1])
    shift = np.array([1.0, 0, 0, -2, 0, 0.5])
    expected = (shift**2).sum() + ((sigma - tau) ** 2).sum()
    assert frechet(white[0] * sigma, white[1] * tau + shift) == pytest.approx(expected)


def test_equal_sets_moved_sets_and_order():
    x = np.random.default_rng(2).normal(size=(15, 40))
    assert frechet(x, x[::-1]) == pytest.approx(0, abs=1e-9)
    assert frechet(x, x + 2) == pytest.approx(4 * 40)
    y = np.random.default_rng(3).normal(size=(18, 40))
    assert frechet(x, y) == pytest.approx(frechet(y, x)) and frechet(x, y) > 0
    assert np.isnan(frechet(x[:1], y))
    with pytest.raises(UserError, match="one network"):
        frechet(x, y[:, :3])


@pytest.fixture(scope="module")
def network():
    return Inception()


def test_keys_and_size_are_those_published(network):
    names = {n for n in network.state_dict() if not n.endswith("num_batches_tracked")}
    assert len(names) == 94 * 5
    assert sum(p.numel() for p in network.parameters()) == 21_785_568
    parts = {n.split(".")[1] for n in names if n.startswith("Mixed_7b")}
    assert parts == {
        *("branch1x1", "branch3x3_1", "branch3x3_2a", "branch3x3_2b", "branch_pool"),
        *("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3a", "branch3x3dbl_3b"),
    }
    shapes = {n: tuple(v.shape) for n, v in network.state_dict().items()}
    assert shapes["Conv2d_1a_3x3.conv.weight"] == (32, 3, 3, 3)
    assert shapes["Mixed_5b.branch_pool.conv.weight"] == (32, 192, 1, 1)
    assert shapes["Mixed_6a.branch3x3dbl_3.conv.weight"] == (96, 96, 3, 3)
    assert shapes["Mixed_6b.branch7x7dbl_4.conv.weight"] == (128, 128, 7, 1)
    assert shapes["Mixed_6e.branch7x7_2.conv.weight"] == (192, 192, 1, 7)
    assert shapes["Mixed_7a.branch7x7x3_4.conv.weight"] == (192, 192, 3, 3)
    assert shapes["Mixed_7c.branch3x3dbl_3b.conv.weight"] == (384, 384, 3, 1)
    assert shapes["Mixed_7c.branch1x1.bn.running_var"] == (320,)


def test_a_file_with_these_keys_loads_and_describes(network, tmp_path):
    state = published(network)
    fc = {"fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)}
    torch.save(state | fc, tmp_path / "inception.pth")
    loaded = load_inception(str(tmp_path / "inception.pth"), "cpu")
    assert not loaded.training and not any(p.requires_grad for p in loaded.parameters())
    frames = np.random.default_rng(0).integers(0, 256, (3, 48, 40, 3), dtype=np.uint8)
    features = describe(loaded, frames, 2)
    assert features.shape == (3, 2048) and features.dtype == np.float32 and np.isfinite(features).all()
    assert (features.std(0) > 0).any()
    np.testing.assert_allclose(describe(loaded, frames[2:], 8)[0], features[2], rtol=1e-3, atol=1e-5)
    assert describe(loaded, frames[:0], 8).shape == (0, 2048)

    torch.save(dict(list(state.items())[3:]), tmp_path / "part.pth")
    with pytest.raises(
        UserError, match=r"metrics\.fid_weights: .*part\.pth lacks Conv2d_1a_3x3.* 2 more keys"
    ):
        load_inception(str(tmp_path / "part.pth"), "cpu")


def test_pools_leave_the_padding_out_and_the_last_takes_a_maximum(network):
    ones = torch.ones(1, 1280, 4, 4)
    block = network.Mixed_7b.eval()
    pooled = []
    block.branch_pool.register_forward_pre_hook(lambda _, x: pooled.append(x[0]))
    last = network.Mixed_7c.eval()
    last.branch_pool.register_forward_pre_hook(lambda _, x: pooled.append(x[0]))
    with torch.inference_mode():
        block(ones)
        bump = torch.zeros(1, 2048, 4, 4)
        bump[..., 1, 1] = 9
        last(bump)
    torch.testing.assert_close(pooled[0], ones)
    assert pooled[1][0, 0, 2, 2] == 9 and pooled[1][0, 0, 3, 3] == 0


def test_protocol():
    assert known("fid", protocol(5).id) == protocol(5) and protocol(1).id == "fid-inception-2015-v1"
