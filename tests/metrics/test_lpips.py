"""LPIPS: the published files' keys, and the distance against a plain reading of its definition."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from published_weights import published

from talkpose.errors import UserError
from talkpose.metrics.lpips import compute, protocol, update
from talkpose.metrics.lpips_network import Lpips, load_lpips
from talkpose.metrics.registry import protocol as known

FEATURES = {
    "0": (64, 3, 11, 11),
    "3": (192, 64, 5, 5),
    "6": (384, 192, 3, 3),
    "8": (256, 384, 3, 3),
    "10": (256, 256, 3, 3),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The two published files with their keys and shapes, written out here, and random numbers."""
    folder = tmp_path_factory.mktemp("lpips")
    state = published(Lpips())
    backbone = {}
    for place, shape in FEATURES.items():
        backbone[f"features.{place}.weight"] = state[f"features.{place}.weight"].reshape(shape)
        backbone[f"features.{place}.bias"] = state[f"features.{place}.bias"].reshape(shape[0])
    backbone["classifier.1.weight"] = torch.zeros(4, 4)
    widths = (64, 192, 384, 256, 256)
    lines = {f"lin{i}.model.1.weight": torch.rand(1, width, 1, 1) for i, width in enumerate(widths)}
    torch.save(backbone, folder / "alexnet.pth")
    torch.save(lines, folder / "alex.pth")
    return str(folder / "alexnet.pth"), str(folder / "alex.pth"), backbone, lines


@pytest.fixture(scope="module")
def network(files):
    return load_lpips(files[0], files[1], "cpu")


def pictures(seed=0, count=3, side=70):
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def plain(backbone, lines, g, r):
    """The definition with torch's functions alone, a frame at a time."""
    mean, scale = torch.tensor([-0.030, -0.088, -0.188]), torch.tensor([0.458, 0.448, 0.450])
    steps = [
        ("0", 4, 2, False),
        ("3", 1, 2, True),
        ("6", 1, 1, True),
        ("8", 1, 1, False),
        ("10", 1, 1, False),
    ]
    x, y = (((torch.tensor(p) / 255.0 * 2 - 1 - mean) / scale).permute(2, 0, 1)[None] for p in (g, r))
    total = 0.0
    for level, (place, stride, padding, pool) in enumerate(steps):
        if pool:
            x, y = F.max_pool2d(x, 3, 2), F.max_pool2d(y, 3, 2)
        weight, bias = backbone[f"features.{place}.weight"], backbone[f"features.{place}.bias"]
        x, y = (F.relu(F.conv2d(v, weight, bias, stride, padding)) for v in (x, y))
        difference = (F.normalize(x, dim=1) - F.normalize(y, dim=1)) ** 2
        weights = lines[f"lin{level}.model.1.weight"][0, :, 0, 0]
        total += (difference[0] * weights[:, None, None]).sum(0).mean().item()
    return total


def test_equals_the_definition(network, files):
    g, r = pictures(), pictures(1)
    expected = [plain(files[2], files[3], a, b) for a, b in zip(g, r, strict=True)]
    np.testing.assert_allclose(update(network, g, r), expected, rtol=1e-4)


def test_equal_frames_are_no_distance_apart_and_order_does_not_matter(network):
    g, r = pictures(), pictures(1)
    np.testing.assert_allclose(update(network, g, g), 0, atol=1e-7)
    np.testing.assert_allclose(update(network, g, r), update(network, r, g), rtol=1e-5)
    near = np.clip(g.astype(int) + 6, 0, 255).astype(np.uint8)
    assert (update(network, g, near) < update(network, g, r)).all()
    value, count = compute([update(network, g[:2], r[:2]), update(network, g[2:], r[2:])])
    assert count == 3 and value == pytest.approx(update(network, g, r).mean(), rel=1e-5)


def test_size_is_that_published():
    network = Lpips()
    assert sum(p.numel() for p in network.features.parameters()) == 2_469_696
    assert sum(p.numel() for p in network.parameters()) == 2_469_696 + 1152


def test_swapped_and_broken_files_are_named(files, tmp_path):
    with pytest.raises(UserError, match=r"metrics\.lpips_backbone: .*alex\.pth lacks features\.0\.weight"):
        load_lpips(files[1], files[1], "cpu")
    (tmp_path / "x.pth").write_bytes(b"no checkpoint")
    with pytest.raises(UserError, match=r"metrics\.lpips_weights: .*x\.pth can not be read"):
        load_lpips(files[0], str(tmp_path / "x.pth"), "cpu")
    lines = files[3] | {"lin0.model.1.weight": torch.zeros(1, 63, 1, 1)}
    torch.save(lines, tmp_path / "y.pth")
    with pytest.raises(
        UserError, match=r"lin0\.model\.1\.weight of shape \(1, 63, 1, 1\), not \(1, 64, 1, 1\)"
    ):
        load_lpips(files[0], str(tmp_path / "y.pth"), "cpu")
    torch.save([1, 2], tmp_path / "z.pth")
    with pytest.raises(UserError, match="no dict of tensors"):
        load_lpips(files[0], str(tmp_path / "z.pth"), "cpu")


def test_protocol():
    assert known("lpips", protocol(10).id) == protocol(10) and protocol(1).id == "lpips-alex-v0.1"
