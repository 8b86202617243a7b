"""Key frames on sequences whose turns are known, and on those that made upstream's loop run for ever."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talkpose.compose.keyframes import key_frames, smooth_hanning
from talkpose.errors import UserError


def test_turns_of_a_sine_are_found():
    t = np.arange(200)
    keys = key_frames(np.sin(2 * np.pi * t / 50))
    expected = [0, 12.5, 37.5, 62.5, 87.5, 112.5, 137.5, 162.5, 187.5, 199]
    assert len(keys) == len(expected)
    np.testing.assert_allclose(keys, expected, atol=1)


def test_small_wiggles_are_smoothed_away():
    t = np.arange(200)
    rng = np.random.default_rng(0)
    clean = np.sin(2 * np.pi * t / 50)
    np.testing.assert_allclose(key_frames(clean + rng.normal(0, 0.01, 200)), key_frames(clean), atol=4)


@pytest.mark.parametrize(
    "angle",
    [
        np.zeros(1),
        np.zeros(2),
        np.zeros(100),
        np.arange(100.0),
        -np.arange(3.0),
        np.tile([0.0, 1.0], 200),
        np.tile([0.0, 1.0, 1.0, 0.0], 100),
        np.repeat([0.0, 1.0, 0.0], 30),
        np.random.default_rng(0).normal(size=1000),
    ],
    ids=["one", "two", "constant", "rising", "short", "zigzag", "plateaus", "step", "noise"],
)
@pytest.mark.parametrize("smooth", [1, 7])
def test_always_ends_within_the_ratio(angle, smooth):
    keys = key_frames(angle, smooth=smooth, key_ratio=0.1, min_gap=3)
    assert keys[0] == 0
    assert keys[-1] == len(angle) - 1
    assert (np.diff(keys) > 0).all()
    assert len(keys) <= max(2, 0.1 * len(angle))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=60),
    st.integers(1, 9),
    st.floats(0.01, 1),
    st.integers(1, 6),
)
def test_properties(angle, smooth, ratio, gap):
    keys = key_frames(np.array(angle), smooth, ratio, gap)
    assert {0, len(angle) - 1} <= set(keys.tolist())
    assert len(keys) <= max(2, ratio * len(angle))
    if len(keys) > 2:
        assert np.diff(keys).min() >= gap


def test_close_turns_keep_the_larger_angle():
    angle = np.zeros(60)
    angle[29], angle[30], angle[31], angle[45] = 1.0, 0.2, 2.0, -3.0
    assert key_frames(angle, smooth=1, key_ratio=0.5, min_gap=4).tolist() == [0, 31, 45, 59]


def test_smoothing_keeps_constants_and_lines():
    np.testing.assert_allclose(smooth_hanning(np.full(20, 0.3), 7), 0.3)
    np.testing.assert_allclose(smooth_hanning(np.arange(20.0), 7)[3:-3], np.arange(20)[3:-3])
    np.testing.assert_array_equal(smooth_hanning(np.arange(5.0), 1), np.arange(5))


@pytest.mark.parametrize("angle", [np.zeros(0), np.array([0.0, np.nan]), np.zeros((4, 3))])
def test_broken_sequences_are_refused(angle):
    with pytest.raises(UserError, match="key frames"):
        key_frames(angle)
