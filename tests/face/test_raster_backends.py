"""The backends agree: the same triangles at 99.9% of the pixels and barycentrics to 1e-4."""

import sys

import numpy as np
import pytest
import torch
from raster_meshes import ellipsoid, random_triangles

from talkpose.errors import UserError
from talkpose.face.camera import Camera, project, transform
from talkpose.face.raster import interpolate, rasterise, torch_backend


def agreement(projected, triangles, size, backend="torch", **options):
    """Share of equal ids, largest difference of barycentrics and of relative depth there."""
    one = rasterise(projected, triangles, size, "numba", **options)
    other = rasterise(torch.as_tensor(projected), torch.as_tensor(triangles), size, backend, **options)
    same = one.triangle == other.triangle.numpy()
    hit = same & (one.triangle >= 0)
    assert hit.any()
    bary = np.abs(one.barycentric - other.barycentric.numpy())[hit].max()
    depth = np.abs(1 - one.depth[hit] / other.depth.numpy()[hit]).max()
    return same.mean(), bary, depth


@pytest.mark.parametrize("seed", range(6))
def test_random_triangles(seed):
    rng = np.random.default_rng(seed)
    projected, triangles = random_triangles(rng, 400, 80, big=rng.choice([0.02, 0.1, 0.6]))
    same, bary, depth = agreement(projected, triangles, 80)
    assert same >= 0.999
    assert max(bary, depth) < 1e-4


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_batch_of_heads(dtype):
    vertices, triangles = ellipsoid(rings=60, around=120)
    rng = np.random.default_rng(0)
    vertices = vertices * (1 + 0.05 * np.sin(7 * vertices[:, :1]) * np.cos(9 * vertices[:, 1:2]))
    pose = np.concatenate([rng.normal(size=(5, 3)) * 0.4, rng.normal(size=(5, 3)) * 0.3], axis=1)
    projected = project(Camera(128), transform(vertices, pose)).astype(dtype)
    for options in ({}, {"cull_back": True}):
        same, bary, depth = agreement(projected, triangles, 128, **options)
        assert same == 1.0, "one formula in float64: not a pixel may differ"
        assert max(bary, depth) < 1e-6


def test_vertices_on_pixel_centres():
    rng = np.random.default_rng(1)
    points = np.concatenate([rng.integers(0, 24, (200, 2)) + 0.5, rng.integers(5, 9, (200, 1))], axis=1)
    triangles = rng.integers(0, 200, (150, 3)).astype(np.int32)
    same, bary, _ = agreement(points[None].astype(np.float32), triangles, 24)
    assert same == 1.0
    assert bary < 1e-6


def test_chunks_do_not_change_the_result(monkeypatch):
    projected, triangles = random_triangles(np.random.default_rng(2), 200, 40)
    whole = rasterise(torch.as_tensor(projected), torch.as_tensor(triangles), 40, "torch")
    monkeypatch.setattr(torch_backend, "CHUNK", 700)
    parts = rasterise(torch.as_tensor(projected), torch.as_tensor(triangles), 40, "torch")
    for one, other in zip(whole, parts, strict=True):
        assert torch.equal(one, other)


def test_interpolate_agrees_and_is_differentiable():
    vertices, triangles = ellipsoid(rings=8, around=10)
    projected = project(Camera(24), transform(vertices, np.zeros((2, 6))))
    fragments = rasterise(projected, triangles, 24)
    tensors = rasterise(torch.as_tensor(projected), torch.as_tensor(triangles), 24, "torch")
    colours = np.random.default_rng(3).random((2, len(vertices), 3))
    expected = interpolate(fragments, triangles, colours)
    leaf = torch.tensor(colours, requires_grad=True)
    got = interpolate(tensors, torch.as_tensor(triangles), leaf)
    np.testing.assert_allclose(got.detach().numpy(), expected, atol=1e-6)
    # each pixel hands its gradient to three vertices with weights that sum to 1
    got.sum().backward()
    hits = (fragments.triangle >= 0).sum((1, 2))
    np.testing.assert_allclose(leaf.grad.sum((1, 2)).numpy(), 3 * hits, rtol=1e-5)
    assert torch.autograd.gradcheck(
        lambda values: interpolate(tensors, torch.as_tensor(triangles), values)[:, 10:14, 10:14], (leaf,)
    )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_equals_cpu():
    vertices, triangles = ellipsoid(rings=60, around=120)
    pose = np.random.default_rng(4).normal(size=(4, 6)) * 0.3
    projected = torch.as_tensor(project(Camera(128), transform(vertices, pose)).astype(np.float32))
    index = torch.as_tensor(triangles)
    cpu = rasterise(projected, index, 128, "torch")
    gpu = rasterise(projected.cuda(), index.cuda(), 128, "torch")
    assert (cpu.triangle == gpu.triangle.cpu()).float().mean() >= 0.999
    same = cpu.triangle == gpu.triangle.cpu()
    assert (cpu.barycentric - gpu.barycentric.cpu())[same].abs().max() < 1e-4


def test_missing_pytorch3d_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pytorch3d.structures", None)  # as if it were not installed
    with pytest.raises(UserError, match="pytorch3d cannot be imported"):
        rasterise(torch.zeros(1, 3, 3), torch.zeros(1, 3, dtype=torch.int32), 8, "pytorch3d")
