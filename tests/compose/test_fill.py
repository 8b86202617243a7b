"""The least-squares colours on small meshes that can be worked out by hand."""

import numpy as np
import pytest
from scipy.sparse import csc_array, diags_array

from talkpose.compose.fill import laplacian, solve_colours
from talkpose.errors import UserError

STRIP = np.array([[i, i + 1, i + 2] for i in range(8)])
NOBODY = np.full(10, -1)


def solve(seen, colours, texture, mirror=NOBODY, smooth=1e-3):
    weight = np.asarray(seen, float)
    return solve_colours(
        csc_array(diags_array(weight)), weight[:, None] * colours, texture, STRIP, mirror, smooth
    )


def test_laplacian_is_the_sum_of_squared_differences():
    pairs, weight = np.array([[0, 1], [1, 2], [2, 2 + 1]]), np.array([1.0, 2.0, 0.5])
    x = np.array([0.3, -1.0, 2.0, 5.0])
    expected = sum(w * (x[a] - x[b]) ** 2 for (a, b), w in zip(pairs, weight, strict=True))
    assert x @ (laplacian(pairs, weight, 4) @ x) == pytest.approx(expected)


def test_what_is_fully_seen_stays():
    colours = np.random.default_rng(0).random((10, 3))
    got = solve(np.ones(10), colours, np.full((10, 3), 0.5), smooth=1e-9)
    np.testing.assert_allclose(got, colours, atol=1e-6)


def test_unseen_vertices_keep_the_textures_features():
    texture = np.full((10, 3), 0.4)
    texture[7] = 0.1  # a dark feature that was not seen
    seen = np.arange(10) < 4
    got = solve(seen, np.full((10, 3), 0.8), texture)
    np.testing.assert_allclose(got[[5, 6, 8, 9]], 0.8, atol=0.01)
    np.testing.assert_allclose(got[7], 0.2, atol=0.01)


def test_gain_stays_between_what_was_seen():
    colours = np.linspace(0.02, 0.9, 10)[:, None] * np.ones(3)
    seen = np.isin(np.arange(10), [2, 3, 6])
    got = solve(seen, colours, np.full((10, 3), 0.5))
    assert got.min() > 0.15, "extrapolation must not run into black"
    assert got.max() < 0.7


def test_mirror_beats_the_neighbour():
    colours = np.full((10, 3), 0.2)
    colours[0] = 0.9
    mirror = NOBODY.copy()
    mirror[9] = 0
    seen = np.arange(10) < 8
    with_mirror = solve(seen, colours, np.full((10, 3), 0.5), mirror)
    assert with_mirror[9, 0] > 0.5
    assert solve(seen, colours, np.full((10, 3), 0.5))[9, 0] < 0.25


def test_black_texture_can_be_brightened():
    got = solve(np.ones(10), np.full((10, 3), 0.7), np.zeros((10, 3)), smooth=1e-6)
    np.testing.assert_allclose(got, 0.7, atol=1e-3)


def test_nothing_seen_is_named():
    with pytest.raises(UserError, match="no vertex"):
        solve(np.zeros(10), np.zeros((10, 3)), np.full((10, 3), 0.5))
