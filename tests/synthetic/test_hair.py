"""The skull in polar coordinates, and hair over it."""

import numpy as np
import pytest

from talkpose.face.model import load_face_model
from talkpose.synthetic.grids import grid_normals, grid_triangles, smooth_noise, unit
from talkpose.synthetic.hair import STYLES, growth, hair_parts
from talkpose.synthetic.looks import sample_look
from talkpose.synthetic.skull import CENTRE, Skull, direction, hair_line, polar

MODEL = load_face_model("cc0")


@pytest.fixture(scope="module")
def look():
    return sample_look(MODEL, 1, "p", presents="male")


@pytest.fixture(scope="module")
def skull():
    return Skull(MODEL, MODEL.mean_shape)


def test_polar_is_the_inverse_of_direction():
    azimuth, elevation = np.meshgrid(np.arange(-170.0, 180, 20), np.arange(-60.0, 90, 15))
    back = polar(CENTRE + 1.7 * direction(azimuth, elevation))
    np.testing.assert_allclose(back[0], azimuth, atol=1e-9)
    np.testing.assert_allclose(back[1], elevation, atol=1e-9)


def test_the_skull_is_the_head_seen_from_its_middle(skull):
    """A vertex of the scalp lies on the surface that its own direction finds."""
    scalp = np.unique(MODEL.triangles[MODEL.triangle_region == MODEL.regions.index("scalp")])
    points = MODEL.mean_shape[scalp]
    points = points[np.linalg.norm(points - CENTRE, axis=1) > 0.7]
    azimuth, elevation = polar(points)
    high = elevation > 20
    found = skull.at(azimuth[high], elevation[high])
    assert np.median(np.linalg.norm(found - points[high], axis=1)) < 0.02
    assert np.quantile(np.linalg.norm(found - points[high], axis=1), 0.95) < 0.06


def test_the_skull_closes_behind(skull):
    there, here = (skull.at(np.array(turn), np.full(2, 30)) for turn in ([180, 200], [-180, -160]))
    np.testing.assert_allclose(there, here, atol=1e-6)


def test_the_hair_line_is_symmetric_and_recedes():
    sides = np.linspace(0, 180, 37)
    np.testing.assert_array_equal(hair_line(sides, 0.2, 5.0), hair_line(-sides, 0.2, 5.0))
    assert (hair_line(sides, 0.0, 26.0) >= hair_line(sides, 0.0, 0.0)).all()
    assert hair_line(np.array([36.0]), 0, 26.0) > hair_line(np.array([36.0]), 0, 0.0) + 15
    assert hair_line(np.array([0.0]), 1, 0) > hair_line(np.array([0.0]), -1, 0)


@pytest.mark.parametrize("style", sorted(STYLES))
def test_hair_lies_outside_the_head_and_grows_where_it_should(look, skull, style):
    look = look._replace(hair_style=style)
    parts = hair_parts(look, skull)
    assert len(parts) == (2 if style == "bun" else 1)
    cap = parts[0]
    azimuth, elevation = polar(cap.vertices)
    reach = np.linalg.norm(cap.vertices - CENTRE, axis=1)
    skin = np.linalg.norm(skull.at(azimuth, elevation) - CENTRE, axis=1)
    top = elevation > 60
    if style != "bald":
        assert (reach[top] > skin[top] - 0.03).all()
        assert 0 < np.median((reach - skin)[top]) < 0.6
    assert (cap.triangles < len(cap.vertices)).all() and len(cap.triangles) > 100
    assert ((cap.weight >= 0) & (cap.weight <= 1)).all()
    assert (cap.weight[top] == 1).all(), "the crown moves with the head"
    np.testing.assert_allclose(np.linalg.norm(cap.normals, axis=1), 1, atol=1e-6)


def test_hair_does_not_grow_on_the_face(look):
    nose = CENTRE + direction(np.array([0.0]), np.array([-10.0]))
    crown = CENTRE + direction(np.array([0.0]), np.array([80.0]))
    for style in STYLES:
        own = look._replace(hair_style=style)
        assert growth(own, nose)[0] < 0
        assert (growth(own, crown)[0] > 0) == (style != "bald")


def test_long_hair_falls_lower_than_a_bob_and_swings_free(look, skull):
    lows = {}
    for style in ("bob", "long"):
        cap = hair_parts(look._replace(hair_style=style), skull)[0]
        lows[style] = cap.vertices[:, 1].min()
        low = cap.vertices[:, 1] < -1.8
        if low.any():
            assert cap.weight[low].max() < 0.1, "what lies on the shoulders stays with them"
    assert lows["long"] < lows["bob"] - 1


def test_volume_makes_hair_thicker(look, skull):
    reach = [
        np.linalg.norm(
            hair_parts(look._replace(hair_style="short", hair_volume=v), skull)[0].vertices - CENTRE, axis=1
        )
        for v in (0.8, 1.25)
    ]
    assert (reach[1] - reach[0]).mean() > 0.01


def test_grids_face_outwards():
    """A sphere as a grid: normals are its radii, triangles turn the same way."""
    down, across = np.meshgrid(np.linspace(80, -80, 17), np.linspace(-180, 180, 33), indexing="ij")
    points = direction(across, down)
    normals = grid_normals(points, closed=True)
    assert np.einsum("ijk,ijk->ij", normals, points)[1:-1].min() > 0.99
    triangles = grid_triangles(*down.shape)
    a, b, c = (points.reshape(-1, 3)[triangles[:, k]] for k in range(3))
    assert (np.einsum("fk,fk->f", np.cross(b - a, c - a), a + b + c) > 0).all()


def test_quads_without_a_kept_corner_are_left_out():
    keep = np.zeros((4, 5), bool)
    assert len(grid_triangles(4, 5, keep)) == 0
    keep[1, 1] = True
    assert len(grid_triangles(4, 5, keep)) == 8
    assert len(grid_triangles(4, 5)) == 2 * 3 * 4


def test_smooth_noise_is_smooth_and_closes():
    rng = np.random.default_rng(0)
    noise = smooth_noise(rng, 40, 121, (5, 12))
    assert np.abs(noise).max() <= 1 and noise.std() > 0.2
    np.testing.assert_allclose(noise[:, 0], noise[:, -1], atol=1e-9)
    assert np.abs(np.diff(noise, axis=1)).max() < 0.35


def test_unit_leaves_zero_alone():
    made = unit(np.array([[3.0, 0, 4.0], [0, 0, 0]]))
    np.testing.assert_allclose(made, [[0.6, 0, 0.8], [0, 0, 0]])
