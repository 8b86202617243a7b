"""Beat alignment: against loops, against made onsets and movements, and its invariances."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from talkpose.errors import UserError
from talkpose.face.camera import rotation_matrix
from talkpose.metrics.beat import alignment, angular_speed, compute, motion_beats, onsets

PERIOD = 20  # frames


def nodding(frames=200, shift=0.0):
    """A head that swings in pitch and rests every 20 frames, at 10 + shift, 30 + shift, ..."""
    t = np.arange(frames)
    return np.stack([0.2 * np.sin(np.pi * (t - shift) / PERIOD), 0 * t, 0 * t], 1)


def clicks(frames=200, shift=0.0):
    """Sound that sets in every 20 frames, at 10 + shift, 30 + shift, ... (middles of frames)"""
    audio = np.zeros(640 * frames, np.float32)
    rng = np.random.default_rng(0)
    for frame in np.arange(10 + shift, frames - 3, PERIOD):
        start = round((frame + 0.5) * 640)
        audio[start : start + 1500] = rng.normal(0, 0.3, len(audio[start : start + 1500]))
    return audio


def test_onsets_and_rests_are_where_they_were_made():
    made = np.arange(10, 197, PERIOD)
    found = onsets(clicks())
    assert len(found) == len(made) and np.abs(found - made).max() < 1.5
    beats = motion_beats(nodding())
    assert np.abs(beats[:, None] - made).min(0).max() < 1


def test_what_moves_with_the_sound_scores_high_and_half_a_period_off_low():
    together = compute(clicks(), nodding())[0]
    apart = compute(clicks(shift=10), nodding())[0]
    assert together > 0.9 and apart < 0.2
    # both moved by the same time: the same score
    assert compute(clicks(shift=4), nodding(shift=4))[0] == pytest.approx(together, abs=0.05)


frames = st.lists(st.floats(0, 500), min_size=1, max_size=20).map(np.array)


@given(frames, frames, st.floats(-50, 50))
def test_equals_a_loop_and_does_not_know_where_time_starts(sounds, motions, shift):
    expected = np.mean([math.exp(-min((a - m) ** 2 for m in motions) / 18) for a in sounds])
    value = alignment(sounds, motions)
    assert value == pytest.approx(expected) and 0 <= value <= 1
    assert alignment(sounds + shift, motions + shift) == pytest.approx(value, abs=1e-6)
    assert alignment(sounds, sounds) == 1


def test_angular_speed_is_that_of_the_face_models_rotation():
    rng = np.random.default_rng(0)
    poses = np.cumsum(rng.normal(0, 0.05, (30, 6)), 0)
    turns = rotation_matrix(poses[:, :3])
    between = np.einsum("tij,tkj->tik", turns[1:], turns[:-1])
    expected = np.degrees(np.arccos((np.trace(between, axis1=1, axis2=2) - 1) / 2))
    np.testing.assert_allclose(angular_speed(poses), expected, rtol=1e-6)


def test_stillness_silence_and_short_videos():
    still = np.zeros((200, 6))
    assert compute(clicks(), still) == (0, 200)
    # one frame held and tracked: what moves is the tracker
    scatter = np.random.default_rng(0).normal(0, np.radians(0.1), (200, 6))
    assert compute(clicks(), scatter) == (0, 200)
    assert compute(clicks(), 10 * scatter)[0] > 0
    assert math.isnan(compute(np.zeros(640 * 200, np.float32), nodding())[0])
    assert math.isnan(compute(clicks(20), nodding(20))[0])
    with pytest.raises(UserError, match="same frames"):
        compute(clicks(200), nodding(199))
