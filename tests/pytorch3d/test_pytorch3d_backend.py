"""The pytorch3d backend against numba and torch; runs in a venv of its own (`make test-pytorch3d`)."""

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pytorch3d.renderer", reason="pytorch3d is not here; `make test-pytorch3d` checks it")
import torch  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "face"))
from raster_meshes import ellipsoid, random_triangles  # noqa: E402

from talkpose.face.camera import Camera, project, transform  # noqa: E402
from talkpose.face.raster import rasterise  # noqa: E402


def agreement(projected, triangles, size, **options):
    """Share of equal ids with numba and torch, and the largest difference of barycentrics there."""
    points, index = torch.as_tensor(projected), torch.as_tensor(triangles)
    got = rasterise(points, index, size, "pytorch3d", **options)
    results = []
    for backend in ("numba", "torch"):
        other = rasterise(
            points.numpy() if backend == "numba" else points, triangles, size, backend, **options
        )
        same = got.triangle.numpy() == np.asarray(other.triangle)
        hit = same & (got.triangle.numpy() >= 0)
        bary = np.abs(got.barycentric.numpy() - np.asarray(other.barycentric))[hit].max()
        np.testing.assert_allclose(got.depth.numpy()[hit], np.asarray(other.depth)[hit], rtol=1e-4)
        results.append((same.mean(), bary))
    return results


@pytest.mark.parametrize("cull_back", [False, True])
def test_heads(cull_back):
    vertices, triangles = ellipsoid(rings=24, around=40)
    pose = np.random.default_rng(0).normal(size=(3, 6)) * 0.3
    projected = project(Camera(96), transform(vertices, pose)).astype(np.float32)
    for same, bary in agreement(projected, triangles, 96, cull_back=cull_back):
        assert same >= 0.999
        assert bary < 1e-4


@pytest.mark.parametrize("seed", range(3))
def test_random_triangles_off_screen_and_behind(seed):
    projected, triangles = random_triangles(np.random.default_rng(seed), 100, 64)
    for same, bary in agreement(projected, triangles, 64):
        assert same >= 0.999
        assert bary < 1e-4


def test_nothing_to_see():
    projected = np.full((2, 3, 3), -1, np.float32)
    got = rasterise(torch.as_tensor(projected), torch.zeros(1, 3, dtype=torch.int32), 8, "pytorch3d")
    assert (got.triangle == -1).all()
    assert torch.isinf(got.depth).all()
