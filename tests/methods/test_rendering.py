"""Backgrounds for re-rendering, and the regions in which stage 2 is judged."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from talkpose.methods.regions import judged_regions
from talkpose.methods.rendering import POSE_WEIGHTS, PersonRenderer, TargetRenderer, nearest_poses
from talkpose.refine.data import OUTER_LIPS


def test_nearest_pose_is_that_of_a_kd_tree():
    rng = np.random.default_rng(0)
    poses, real = rng.normal(size=(40, 6)), rng.normal(size=(90, 6))
    expected = cKDTree(real * POSE_WEIGHTS).query(poses * POSE_WEIGHTS)[1]
    assert np.array_equal(nearest_poses(poses, real), expected)


def test_with_a_gap_no_frame_stands_behind_its_neighbours():
    poses = np.cumsum(np.random.default_rng(1).normal(size=(100, 6)), axis=0)
    chosen = nearest_poses(poses, poses, 15)
    assert (np.abs(chosen - np.arange(100)) >= 15).all()
    free = nearest_poses(poses, poses, 1)
    assert (np.abs(free - np.arange(100)) < 15).mean() > 0.5, (
        "a random walk is near itself, so the gap matters"
    )


def test_a_short_clip_narrows_the_gap_rather_than_fail():
    poses = np.arange(6.0)[:, None] * np.ones(6)
    chosen = nearest_poses(poses, poses, 15)
    assert (np.abs(chosen - np.arange(6)) >= 3).all()


@pytest.fixture
def scene():
    y, x = np.mgrid[:128, :128] + 0.5
    faces = ((x - 64) ** 2 + (y - 64) ** 2 < 40**2)[None].repeat(2, 0)
    points = np.full((2, 468, 2), np.nan, np.float32)
    turn = np.linspace(0, 2 * np.pi, len(OUTER_LIPS), endpoint=False)
    points[0, OUTER_LIPS] = np.stack([64 + 12 * np.cos(turn), 85 + 6 * np.sin(turn)], 1)
    return faces, points


def test_regions_lie_where_they_should(scene):
    faces, points = scene
    regions = judged_regions(faces, points)
    y, x = np.nonzero(regions["mouth"][0])
    assert abs(x.mean() + 0.5 - 64) < 1
    assert abs(y.mean() + 0.5 - 85) < 1
    assert regions["mouth"][0].sum() == pytest.approx(np.pi * 15.5 * 9.5, rel=0.05), "lips, their rim, 3 px"
    distance = np.abs(np.hypot(*(np.mgrid[:128, :128] + 0.5 - 64)) - 40)
    edge = regions["edge"][0]
    assert (distance[edge] < 5.5).all()
    assert edge[distance < 3].all()


def test_a_frame_without_landmarks_has_no_mouth(scene):
    assert not judged_regions(*scene)["mouth"][1].any()


def test_colours_are_learnt_once_a_target_whatever_part_of_it_is_shown(monkeypatch):
    learnt = []

    def learn(config, footage, scheme):
        learnt.append((footage, scheme))
        return object()

    monkeypatch.setattr(PersonRenderer, "learn", learn)
    renderer = TargetRenderer(None, "mean")
    ann, bob = object(), object()
    first = renderer.of(ann, "a cut")
    assert renderer.of(ann, "the same cut, made anew") is first
    assert renderer.of(bob, "another cut") is not first
    assert learnt == [("a cut", "mean"), ("another cut", "mean")]
    renderer.of(ann, "a cut")  # only the last target is kept
    assert len(learnt) == 3
