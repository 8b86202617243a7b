"""What a face does besides speaking."""

import numpy as np
import pytest

from talkpose.face.model import load_face_model
from talkpose.seeds import numpy_rng
from talkpose.synthetic.gestures import BLINK, REFRACTORY, blink_times, gestures, sample_gestures
from talkpose.synthetic.prosody import Prosody

MODEL = load_face_model("cc0")
FRAMES = 1500


def weights_of(style, pose=None, seed=0):
    """Weights (T, units) with quiet speech, by name of the unit."""
    sound = Prosody(*(np.zeros(FRAMES) for _ in Prosody._fields))
    pose = np.zeros((FRAMES, 6)) if pose is None else pose
    made = gestures(MODEL, style, sound, pose, seed, "someone")
    return {name: made[:, i] for i, name in enumerate(MODEL.units)}


@pytest.fixture(scope="module")
def style():
    return sample_gestures(4, "someone")


def test_blinks_come_as_often_as_asked_and_never_too_close():
    seconds, rate = 4000.0, 0.3
    times = blink_times(numpy_rng(1, "blinks"), seconds, rate)
    assert abs(len(times) / seconds - rate) < 0.02
    assert np.diff(times).min() >= REFRACTORY


def test_blinks_do_not_start_together():
    """The first blink of many people is spread over the mean time between two."""
    first = [blink_times(numpy_rng(n, "first"), 60, 0.3)[0] for n in range(300)]
    assert np.std(first) > 0.8


def test_a_blink_shuts_both_eyes_for_a_few_frames(style):
    weights = weights_of(style)
    left, right = weights["eyeBlinkLeft"], weights["eyeBlinkRight"]
    assert (left == right).all()
    starts = np.flatnonzero((left[1:] > 0) & (left[:-1] == 0))
    longest = (BLINK[-1][0] - BLINK[0][0]) * 25 + 1
    runs = [int((left[s + 1 : s + 9] > 0).cumprod().sum()) for s in starts]
    assert starts.size == pytest.approx(style.blink_rate * FRAMES / 25, rel=0.4)
    assert max(runs) <= longest and left.max() > 0.9


def test_the_eyes_stay_and_then_jump(style):
    weights = weights_of(style)
    yaw = weights["eyeLookOutLeft"] - weights["eyeLookInLeft"]
    still = np.abs(np.diff(yaw)) < 1e-4
    assert still.mean() > 0.75, "mostly fixations"
    assert np.abs(np.diff(yaw)).max() > 0.02, "some jumps"


def test_both_eyes_look_the_same_way(style):
    weights = weights_of(style)
    left = weights["eyeLookOutLeft"] - weights["eyeLookInLeft"]
    right = weights["eyeLookInRight"] - weights["eyeLookOutRight"]
    np.testing.assert_array_equal(left, right)


def test_the_eyes_make_up_for_half_of_the_heads_turn(style):
    pose = np.zeros((FRAMES, 6))
    pose[:, 1] = np.deg2rad(20) * np.sin(np.arange(FRAMES) / 15)
    turned, straight = weights_of(style, pose), weights_of(style)
    yaw = [w["eyeLookOutLeft"] - w["eyeLookInLeft"] for w in (turned, straight)]
    slope = np.polyfit(pose[:, 1], yaw[0] - yaw[1], 1)[0]
    assert slope == pytest.approx(-0.5 / np.deg2rad(30), rel=0.05)


def test_brows_rise_with_an_accent_alone(style):
    flat = weights_of(style)
    assert flat["browInnerUp"].max() == 0
    pitch = np.zeros(FRAMES)
    pitch[600:640] = 8.0
    sound = Prosody(*(pitch if name == "pitch" else np.ones(FRAMES) for name in Prosody._fields))
    made = gestures(MODEL, style, sound, np.zeros((FRAMES, 6)), 0, "someone")
    brows = made[:, MODEL.units.index("browInnerUp")]
    assert brows[595:645].max() > 0.5 * style.brows
    assert brows.max() <= style.brows + 1e-6


def test_weights_are_weights_and_come_from_the_seed(style):
    one, again, other = (weights_of(style, seed=s) for s in (1, 1, 2))
    for name in MODEL.units:
        assert one[name].min() >= 0 and one[name].max() <= 1
        np.testing.assert_array_equal(one[name], again[name])
    assert any((one[name] != other[name]).any() for name in MODEL.units)


def test_people_differ_within_what_people_do():
    styles = [sample_gestures(n, "p") for n in range(200)]
    rates = np.array([60 * s.blink_rate for s in styles])
    assert rates.min() > 10 and rates.max() < 30 and rates.std() > 2
    assert max(s.smile for s in styles) < 0.2
