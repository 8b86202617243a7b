"""The rasteriser's rules against a slow reference that loops over triangles and all pixels."""

import numpy as np
import pytest
from raster_meshes import ellipsoid, random_triangles

from talkpose.errors import UserError
from talkpose.face.camera import Camera, project, transform
from talkpose.face.raster import NEAR, interpolate, rasterise

BACKENDS = ["numba", "torch"]


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param


def run(backend, projected, triangles, size, **options):
    """Rasterise with the backend's own kind of array, as NumPy."""
    if backend == "torch":
        import torch

        projected, triangles = torch.as_tensor(projected), torch.as_tensor(triangles)
    result = rasterise(projected, triangles, size, backend, **options)
    return type(result)(*(np.asarray(field) for field in result))


def reference(projected, triangles, size):
    """Nearest triangle under each pixel centre: solve for screen barycentrics, then divide by depth."""
    centres = np.stack(np.meshgrid(np.arange(size) + 0.5, np.arange(size) + 0.5), axis=-1)
    ids = np.full((size, size), -1)
    bary = np.zeros((size, size, 3))
    depth = np.full((size, size), np.inf)
    for f, corners in enumerate(projected.astype(float)[triangles]):
        if not (corners[:, 2] >= NEAR).all():
            continue
        system = np.concatenate([corners[:, :2].T, np.ones((1, 3))])
        if abs(np.linalg.det(system)) < 1e-12:
            continue
        screen = np.concatenate([centres, np.ones((size, size, 1))], axis=-1) @ np.linalg.inv(system).T
        over_depth = screen / corners[:, 2]
        z = 1 / over_depth.sum(-1)
        wins = (screen > 0).all(-1) & (z < depth)
        ids[wins], depth[wins] = f, z[wins]
        bary[wins] = (over_depth * z[..., None])[wins]
    return ids, bary, depth


@pytest.mark.parametrize("seed", range(4))
def test_equals_reference_on_random_triangles(backend, seed):
    projected, triangles = random_triangles(np.random.default_rng(seed), 60, 48)
    ids, bary, depth = reference(projected[0], triangles, 48)
    got = run(backend, projected, triangles, 48)
    assert (ids >= 0).mean() > 0.3
    assert (got.triangle[0] == ids).mean() >= 0.999
    same = (got.triangle[0] == ids) & (ids >= 0)
    np.testing.assert_allclose(got.barycentric[0][same], bary[same], atol=1e-4)
    np.testing.assert_allclose(got.depth[0][same], depth[same], rtol=1e-4)


def test_barycentrics_give_back_the_point_seen(backend):
    vertices, triangles = ellipsoid()
    camera = Camera(96)
    world = transform(vertices, np.array([[0.2, -0.4, 0.1, 0.1, -0.1, 0.5], [0, 0.8, 0, 0, 0, 0]]))
    projected = project(camera, world)
    got = run(backend, projected, triangles, 96)
    for frame in range(2):
        y, x = np.nonzero(got.triangle[frame] >= 0)
        corners = world[frame][triangles[got.triangle[frame, y, x]]]
        point = np.einsum("nk,nkc->nc", got.barycentric[frame, y, x].astype(float), corners)
        seen = project(camera, point)
        np.testing.assert_allclose(seen[:, :2], np.stack([x, y], 1) + 0.5, atol=1e-4)
        np.testing.assert_allclose(seen[:, 2], got.depth[frame, y, x], rtol=1e-5)


def test_nothing_is_background(backend):
    projected, triangles = random_triangles(np.random.default_rng(0), 1, 16)
    got = run(backend, projected - np.array([1000, 0, 0], np.float32), triangles, 16)
    assert (got.triangle == -1).all()
    assert (got.barycentric == 0).all()
    assert np.isinf(got.depth).all()


def test_mesh_without_triangles(backend):
    got = run(backend, np.zeros((2, 3, 3), np.float32), np.zeros((0, 3), np.int32), 8)
    assert got.triangle.shape == (2, 8, 8)
    assert (got.triangle == -1).all()


def test_each_centre_on_a_shared_edge_has_one_owner(backend):
    # vertices on pixel centres: rows, columns and diagonals of centres lie exactly on edges
    corner = np.array([[0.5, 0.5], [8.5, 0.5], [8.5, 8.5], [0.5, 8.5], [4.5, 4.5]])
    projected = np.concatenate([corner, np.full((5, 1), 7)], axis=1)[None].astype(np.float32)
    fan = np.array([[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]], np.int32)
    both = [run(backend, projected, order, 9).triangle[0] for order in (fan, fan[:, ::-1].copy())]
    assert (both[0] == both[1]).all(), "winding must not change who owns an edge"
    owned = [run(backend, projected, fan[[f]], 9).triangle[0] == 0 for f in range(4)]
    inside = np.sum(owned, axis=0)[1:-1, 1:-1]
    assert (inside == 1).all()
    # of the outer border one of each pair of opposite sides is in: 8 x 8 centres
    assert np.sum(owned) == 64


def test_no_cracks_in_a_closed_mesh(backend):
    rng = np.random.default_rng(3)
    side = 12
    grid = np.stack(np.meshgrid(np.linspace(2, 62, side), np.linspace(2, 62, side)), -1)
    grid[1:-1, 1:-1] += rng.normal(size=(side - 2, side - 2, 2)) * 0.8
    points = np.concatenate([grid, np.full((side, side, 1), 9.0)], -1).reshape(1, -1, 3).astype(np.float32)
    i = np.arange(side * side).reshape(side, side)
    a, b, c, d = (x.ravel() for x in (i[:-1, :-1], i[1:, :-1], i[1:, 1:], i[:-1, 1:]))
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)
    assert (run(backend, points, triangles, 64).triangle[0, 3:61, 3:61] >= 0).all()


def test_equal_depth_goes_to_the_lower_index(backend):
    square = np.array([[1, 1, 5], [15, 1, 5], [1, 15, 5]], np.float32)
    projected = np.concatenate([square, square])[None]
    got = run(backend, projected, np.array([[3, 4, 5], [0, 1, 2]], np.int32), 16)
    assert set(np.unique(got.triangle)) == {-1, 0}


@pytest.mark.parametrize(
    "broken",
    [
        [[2, 2, 5], [8, 8, 5], [14, 14, 5]],
        [[2, 2, 5], [2, 2, 5], [14, 3, 5]],
        [[2, 2, 5], [14, 2, -1], [2, 14, 5]],
        [[2, 2, 5], [14, 2, 0], [2, 14, 5]],
        [[2, 2, 5], [np.nan, 2, 5], [2, 14, 5]],
        [[2, 2, 5], [np.inf, 2, 5], [2, 14, 5]],
        [[2, 2, 5], [14, 2, np.inf], [2, 14, 5]],
        [[20, 2, 5], [30, 2, 5], [20, 14, 5]],
    ],
    ids=["line", "point twice", "behind", "at camera", "nan", "inf", "inf depth", "off screen"],
)
def test_broken_triangles_are_dropped(backend, broken):
    good = [[2, 2, 8], [14, 2, 8], [2, 14, 8]]
    projected = np.array([broken + good], np.float32)
    got = run(backend, projected, np.array([[0, 1, 2], [3, 4, 5]], np.int32), 16)
    assert set(np.unique(got.triangle)) == {-1, 1}


def test_huge_triangle_covers_the_image(backend):
    projected = np.array([[[-1e6, -1e6, 4], [1e6, -1e6, 6], [0, 2e6, 5]]], np.float32)
    assert (run(backend, projected, np.array([[0, 1, 2]], np.int32), 16).triangle == 0).all()


def test_culling_drops_the_back_only(backend):
    vertices, triangles = ellipsoid()
    projected = project(Camera(64), transform(vertices, np.zeros((1, 6))))
    plain = run(backend, projected, triangles, 64)
    culled = run(backend, projected, triangles, 64, cull_back=True)
    assert (plain.triangle == culled.triangle).all()
    inside_out = run(backend, projected, triangles[:, ::-1].copy(), 64, cull_back=True)
    seen = inside_out.triangle >= 0
    assert (inside_out.depth[seen] > plain.depth[seen]).all()


def test_interpolate_shared_and_per_frame(backend):
    vertices, triangles = ellipsoid()
    projected = project(
        Camera(48), transform(vertices, np.array([[0, 0.3, 0, 0, 0, 0], [0, -0.3, 0, 0, 0, 0]]))
    )
    fragments = run("numba", projected, triangles, 48)
    if backend == "torch":
        import torch

        fragments = type(fragments)(*(torch.as_tensor(field) for field in fragments))
        triangles, vertices = torch.as_tensor(triangles), torch.as_tensor(vertices)
    shared = np.asarray(interpolate(fragments, triangles, vertices))
    each = np.asarray(interpolate(fragments, triangles, vertices[None] * np.array([1.0, 2.0])[:, None, None]))
    assert shared.shape == (2, 48, 48, 3)
    np.testing.assert_allclose(each[0], shared[0])
    np.testing.assert_allclose(each[1], 2 * shared[1])
    assert (shared[np.asarray(fragments.triangle) < 0] == 0).all()


def test_bad_arguments_are_named():
    with pytest.raises(UserError, match="face.rasteriser"):
        rasterise(np.zeros((1, 3, 3)), np.zeros((1, 3), int), 8, backend="opengl")
    with pytest.raises(UserError, match=r"\(B, V, 3\)"):
        rasterise(np.zeros((3, 3)), np.zeros((1, 3), int), 8)
