"""Key backgrounds: nearest poses, within reach, at an even pace; and the pose that fits them."""

import itertools

import numpy as np
import pytest

from talkpose.compose.backgrounds import (
    bend,
    blend_frames,
    match_backgrounds,
    match_greedily,
    match_together,
)
from talkpose.config.compose import ComposeConfig
from talkpose.errors import UserError


def head_motion(frames, seed):
    rng = np.random.default_rng(seed)
    t = np.arange(frames)[:, None]
    phase, pace = rng.uniform(0, 6, 6), rng.uniform(0.02, 0.12, 6)
    return np.sin(t * pace + phase) * np.array([0.1, 0.2, 0.1, 0.05, 0.05, 0.1])


def test_greedy_keys_take_the_nearest_frame_within_the_period():
    real = np.zeros((100, 3))
    real[:, 1] = np.arange(100) * 0.01
    angles = np.array([[0, 0.5, 0], [0, 0.52, 0], [0, 0.95, 0], [0, 0.0, 0]])
    assert match_greedily(angles, real, np.arange(4), period=10).tolist() == [50, 52, 62, 52]
    assert match_greedily(angles, real, np.arange(4), period=1000).tolist() == [50, 52, 95, 0]


def test_greedy_keys_equal_an_exhaustive_search():
    pose, real = head_motion(80, 0)[:, :3], head_motion(150, 1)[:, :3]
    keys = np.array([0, 20, 45, 79])
    previous = None
    for key, index in zip(keys, match_greedily(pose, real, keys, period=12), strict=True):
        reach = [i for i in range(150) if previous is None or abs(i - previous) <= 12]
        assert index == min(reach, key=lambda i: np.abs(real[i] - pose[key]).sum())
        previous = index


@pytest.mark.parametrize("pace", [0.1, 1.0, 2.0])
def test_keys_together_equal_trying_all_paths(pace):
    pose, real = head_motion(16, 0)[:, :3], head_motion(14, 1)[:, :3]
    keys = np.array([0, 4, 9, 15])

    def cost(path):
        for (a, b), gap in zip(itertools.pairwise(path), np.diff(keys), strict=True):
            if abs(a - b) > max(int(pace * gap), 1):
                return np.inf
        return sum(np.abs(real[i] - pose[key]).sum() for i, key in zip(path, keys, strict=True))

    best = min(itertools.product(range(14), repeat=4), key=cost)
    assert match_together(pose, real, keys, pace).tolist() == list(best)


def test_blended_frames():
    frames = np.array([[0, 100], [10, 200], [20, 0]], np.uint8)
    blended = blend_frames(frames, np.array([0.0, 0.5, 1.25, 2.0]))
    assert blended.tolist() == [[0, 100], [5, 150], [13, 150], [20, 0]]
    assert blended.dtype == np.uint8
    np.testing.assert_allclose(blend_frames(frames / 10, np.array([0.5])), [[0.5, 15]])


def test_upstream_replaces_the_pose():
    pose, real = head_motion(120, 2), head_motion(300, 3)
    got = match_backgrounds(pose, real, ComposeConfig(background="upstream"))
    np.testing.assert_allclose(got.pose, real[got.source], rtol=1e-6)


@pytest.mark.parametrize("variant", ["paper", "upstream"])
def test_backgrounds_run_evenly_between_keys(variant):
    pose, real = head_motion(120, 2), head_motion(300, 3)
    config = ComposeConfig(background=variant)
    got = match_backgrounds(pose, real, config)
    for a, b in itertools.pairwise(got.keys):
        line = np.linspace(got.place[a], got.place[b], b - a + 1)
        assert np.abs(got.place[a : b + 1] - line).max() <= 0.5
    assert np.abs(got.source - got.place).max() <= 0.5
    if variant == "paper":
        assert np.abs(np.diff(got.place)).max() <= config.pace + 1e-9
    else:
        assert np.abs(np.diff(got.source[got.keys])).max() <= config.period
        np.testing.assert_array_equal(got.source, got.place)


def test_own_poses_find_their_own_frames():
    real = head_motion(200, 4)
    got = match_backgrounds(real, real, ComposeConfig())
    np.testing.assert_array_equal(got.source, np.arange(200))
    np.testing.assert_allclose(got.pose, real, atol=1e-6)


def test_paper_meets_the_background_at_keys_and_stays_near():
    pose, real = head_motion(200, 5), head_motion(300, 6)
    config = ComposeConfig(background="paper")
    got = match_backgrounds(pose, real, config)
    gap = np.abs(got.pose - blend_frames(real, got.place))
    assert gap[got.keys].max() < 1e-6
    assert gap[:, :3].max() <= config.bend_angle + 1e-6
    assert gap[:, 3:].max() <= config.bend_shift + 1e-6
    assert gap.max() > 1e-3, "between keys the predicted motion must show"


def test_bending_keeps_small_residuals_of_the_predicted_motion():
    t = np.arange(41)
    pose = np.zeros((41, 6))
    pose[:, 1] = 0.004 * np.sin(2 * np.pi * t / 20)
    real = np.full((41, 6), 0.3)
    got = bend(pose, real, np.array([0, 20, 40]), np.full(6, 0.05))
    np.testing.assert_allclose(got[:, 1] - 0.3, pose[:, 1], atol=2e-5)


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_very_short_sequences(frames):
    got = match_backgrounds(head_motion(frames, 7), head_motion(3, 8), ComposeConfig())
    assert len(got.source) == frames
    assert got.pose.dtype == np.float32
    assert ((got.source >= 0) & (got.source <= 2)).all()


def test_bad_poses_are_refused():
    with pytest.raises(UserError, match="real poses"):
        match_backgrounds(head_motion(5, 0), np.zeros((0, 6)), ComposeConfig())
    with pytest.raises(UserError, match="predicted poses"):
        match_backgrounds(np.full((5, 6), np.nan), head_motion(5, 0), ComposeConfig())
