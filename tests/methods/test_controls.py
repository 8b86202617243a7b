"""Controls have known answers."""

import numpy as np
import pytest

from talkpose.errors import UserError
from talkpose.face.coefficients import POSE, SIZE
from talkpose.face.track import Track
from talkpose.methods.contract import Footage, Target
from talkpose.methods.controls import Oracle, OtherPerson, PingPong, Shuffled, Still, pingpong_indices
from talkpose.methods.footage import SAMPLES, cut


def footage(count, start=0):
    frames = (
        np.arange(start, start + count, dtype=np.uint8)[:, None, None, None]
        .repeat(4, 1)
        .repeat(4, 2)
        .repeat(3, 3)
    )
    coefficients = np.zeros((count, SIZE), np.float32)
    coefficients[:, POSE] = np.arange(start, start + count)[:, None]
    nothing = np.zeros((count, 468, 2), np.float32)
    track = Track(coefficients, nothing, np.zeros(count, np.float32), np.ones(count, bool))
    audio = np.repeat(np.arange(start, start + count, dtype=np.float32), SAMPLES)
    return Footage(frames, track, audio)


@pytest.fixture
def target():
    whole = footage(30)
    return Target("p", cut(whole, 0, 10), cut(whole, 10))


def sound(frames):
    return np.zeros(frames * SAMPLES, np.float32)


def test_cut_keeps_frames_tracks_and_sound_together(target):
    part = cut(target.held_out, 5, 8)
    assert part.frames[:, 0, 0, 0].tolist() == [15, 16, 17]
    assert part.track.coefficients[:, POSE][:, 0].tolist() == [15, 16, 17]
    assert part.audio[::SAMPLES].tolist() == [15, 16, 17]
    assert len(cut(target.held_out, 15, 99).audio) == 5 * SAMPLES


def test_oracle_is_the_real_continuation(target):
    made = Oracle().generate(target, sound(12), is_own=True)
    assert np.array_equal(made.frames, target.held_out.frames[:12])
    with pytest.raises(UserError, match="held-out"):
        Oracle().generate(target, sound(12), is_own=False)


def test_still_holds_the_first_frame(target):
    made = Still().generate(target, sound(7), is_own=False)
    assert len(made.frames) == 7
    assert not made.frames.any()
    assert not made.coefficients[:, POSE].any()


def test_pingpong_goes_back_and_forth(target):
    made = PingPong().generate(target, sound(25), is_own=False)
    shown = made.frames[:, 0, 0, 0].tolist()
    assert shown == [*range(10), *range(8, 0, -1), *range(7)]
    assert np.array_equal(made.coefficients[:, POSE][:, 0], np.array(shown, np.float32))


@pytest.mark.parametrize(("count", "n"), [(0, 5), (1, 1), (9, 1), (50, 2), (50, 7)])
def test_pingpong_steps_by_one_and_stays_inside(count, n):
    indices = pingpong_indices(count, n)
    assert len(indices) == count
    assert ((indices >= 0) & (indices < n)).all()
    if n > 1:
        assert (np.abs(np.diff(indices)) == 1).all()


def test_shuffled_frames_are_the_training_frames_in_another_order(target):
    made = Shuffled(0).generate(target, sound(25), True)
    shown = made.frames[:, 0, 0, 0].astype(int)
    assert sorted(shown[:10]) == list(range(10)) and list(shown[:10]) != list(range(10))
    assert np.array_equal(made.coefficients[:, POSE][:, 0], shown)
    again = Shuffled(0).generate(target, sound(25), True)
    assert np.array_equal(made.frames, again.frames)
    assert not np.array_equal(made.frames, Shuffled(1).generate(target, sound(25), True).frames)


def test_another_person_shows_nothing_of_the_target(target):
    stranger = footage(6, start=100)
    made = OtherPerson(stranger).generate(target, sound(8), True)
    assert made.frames[:, 0, 0, 0].tolist() == [100, 101, 102, 103, 104, 105, 104, 103]
