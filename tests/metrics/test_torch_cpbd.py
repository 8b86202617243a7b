"""CPBD by torch: the very numbers of the numpy path, which is tested against the definition."""

import cv2
import numpy as np
import pytest
import torch
from skimage import data

from talkpose.config import MetricsConfig
from talkpose.errors import UserError
from talkpose.metrics import cpbd, torch_cpbd
from talkpose.metrics.extra import measure_scene
from talkpose.metrics.scene import Scene

DEVICES = ["cpu"] + ["cuda"] * torch.cuda.is_available()


def pictures(height, width, seed=0):
    """Faces from sharp to blurred, noise, low contrast, and a flat frame: uint8 (7, height, width, 3)."""
    face = cv2.resize(data.astronaut()[0:220, 110:330], (width, height), interpolation=cv2.INTER_AREA)
    noise = np.random.default_rng(seed).integers(0, 256, face.shape, dtype=np.uint8)
    blurred = [cv2.GaussianBlur(face, (0, 0), sigma) for sigma in (0.5, 1.0, 2.5)]
    faint = (100 + face // 8).astype(np.uint8)
    return np.stack([face, *blurred, noise, faint, np.full_like(face, 90)])


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("size", [(96, 96), (128, 128), (256, 256), (70, 100), (65, 63), (3, 3)])
def test_the_same_numbers(size, device):
    frames = pictures(*size)
    np.testing.assert_array_equal(torch_cpbd.update(frames, device), cpbd.update(frames))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("seed", range(8))
def test_edges_and_widths_are_equal_where_ties_abound(seed, device):
    # few levels: equal neighbours and plateaus
    rng = np.random.default_rng(seed)
    luma = (rng.integers(0, 3, (4, 33, 41)) * 40).astype(np.uint8)
    on_device = torch.from_numpy(luma.astype(np.int32)).to(device)
    edges = cpbd.sobel_edges(luma)
    found = torch_cpbd.sobel_edges(on_device)
    assert edges.any()
    np.testing.assert_array_equal(found.cpu().numpy(), edges)
    widths = torch_cpbd.edge_widths(on_device, found).cpu().numpy()
    np.testing.assert_array_equal(widths, cpbd.edge_widths(luma, edges))
    assert widths.any()


def test_a_strength_that_meets_the_threshold_is_no_edge():
    # a step is as strong at 2x2 pixels: four times the mean of 4x4 pixels, five times that of 4x5
    for width, found in ((4, False), (5, True)):
        luma = np.zeros((1, 4, width), np.uint8)
        luma[..., 2:] = 80
        edges = torch_cpbd.sobel_edges(torch.from_numpy(luma.astype(np.int32)))
        assert edges.any().item() == cpbd.sobel_edges(luma).any() == found


def test_nothing_and_too_little():
    frames = pictures(64, 64)
    assert torch_cpbd.update(frames[:0], "cpu").shape == (0,)
    assert np.isnan(torch_cpbd.update(frames[:, :2], "cpu")).all()


def test_other_input_is_refused():
    with pytest.raises(UserError, match="uint8 RGB"):
        torch_cpbd.update(np.zeros((1, 64, 64, 3), np.float32), "cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_not_there():
    with pytest.raises(UserError, match="set `device: cpu`"):
        torch_cpbd.update(pictures(64, 64), "cuda")


def test_a_scene_is_scored_on_its_device(monkeypatch):
    used = []

    def spy(frames, device, update=torch_cpbd.update):
        used.append(device)
        return update(frames, "cpu")

    monkeypatch.setattr(torch_cpbd, "update", spy)
    frames = pictures(64, 64)
    scene = Scene(frames, np.zeros((len(frames), 68, 2)), np.zeros(1), None, None, None, None, None, None)
    settings = MetricsConfig(extra=["cpbd"], batch=3)
    ((_, on_cpu, count),) = measure_scene(scene, settings, "clip")
    assert used == []
    ((_, value, frames_of),) = measure_scene(scene, settings, "clip", device="cuda:0")
    assert used == ["cuda:0"] * 3
    assert (value, frames_of) == (on_cpu, count)
