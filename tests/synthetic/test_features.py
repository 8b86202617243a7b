"""Brows, lips and lashes as functions over the mean head."""

import numpy as np
import pytest

from talkpose.face.model import load_face_model
from talkpose.synthetic.features import BROW_LINE, LID_LINE, LIP_LINE, brow_density, lash_share, lip_share

MODEL = load_face_model("cc0")
GRID = np.linspace(-0.7, 0.7, 141)


def region_points(name):
    """Vertices (N, 3) of a region of the mean head."""
    used = np.unique(MODEL.triangles[MODEL.triangle_region == MODEL.regions.index(name)])
    return MODEL.mean_shape[used]


@pytest.mark.parametrize("function", [brow_density, lip_share, lash_share])
def test_left_and_right_are_alike_and_values_are_shares(function):
    for x in GRID[71::4]:
        for y in GRID[::4]:
            rest = (1.0, 0.01, 0.0) if function is brow_density else (0.95,)
            here, there = function(x, y, *rest), function(-x, y, *rest)
            assert here == there and 0 <= here <= 1


def test_a_brow_lies_on_its_line_and_nowhere_else():
    for x, y, _ in BROW_LINE[1:4]:
        assert brow_density(x, y, 1.0, 0.0, 0.0) > 0.7
        assert brow_density(x, y + 0.09, 1.0, 0.0, 0.0) == 0
    assert brow_density(0.0, 0.46, 1.0, 0.0, 0.0) == 0, "none over the nose"
    assert brow_density(0.3, 0.3, 1.0, 0.0, 0.0) == 0, "none on the lid"


def test_a_wider_brow_covers_more_and_an_arch_lifts_it():
    columns = [[brow_density(0.33, y, width, 0.0, 0.0) for y in GRID] for width in (0.7, 1.0, 1.3)]
    assert sum(columns[0]) < sum(columns[1]) < sum(columns[2])
    flat, arched = ([brow_density(0.37, y, 1.0, a, 0.0) for y in GRID] for a in (0.0, 0.03))
    assert np.average(GRID, weights=arched) > np.average(GRID, weights=flat) + 0.01


def test_lips_are_where_the_mesh_has_its_lips():
    # the model's own lip landmarks, outer ring, on the mean head
    corners = MODEL.landmarks68
    outer = np.arange(48, 60)
    points = np.einsum(
        "nk,nkc->nc",
        corners.barycentric[outer],
        MODEL.mean_shape[MODEL.triangles[corners.triangle[outer]]],
    )
    centre = points.mean(0)
    inside = centre + 0.7 * (points - centre)
    outside = centre + 1.6 * (points - centre)
    assert np.mean([lip_share(*p[:2], 0.9) for p in inside]) > 0.9
    assert np.mean([lip_share(*p[:2], 0.9) for p in outside]) < 0.1
    assert lip_share(*centre[:2], 0.5) == 0, "the inside of the head has none"


def test_lashes_are_dark_at_the_margins_and_fade_from_them():
    for x, top, low in LID_LINE[2:-2]:
        assert lash_share(x, top, 0.9) > 0.3 and lash_share(x, low, 0.9) > 0.05
        assert lash_share(x, (top + low) / 2, 0.9) < lash_share(x, top, 0.9)
        assert lash_share(x, top + 0.05, 0.9) < 0.02
    assert lash_share(0.3, 0.326, 0.2) == 0


def test_the_upper_lashes_are_darker_than_the_lower():
    x, top, low = LID_LINE[5]
    assert lash_share(x, top, 0.9) > 1.5 * lash_share(x, low, 0.9)


def test_lines_run_outwards():
    for line in (BROW_LINE, LIP_LINE, LID_LINE):
        assert (np.diff(line[:, 0]) > 0).all()
    assert (LIP_LINE[:, 1] > LIP_LINE[:, 2]).all() and (LID_LINE[:-1, 1] > LID_LINE[:-1, 2]).all()
