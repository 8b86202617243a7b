"""The check for collapse passes what listens and fails what does not."""

import numpy as np
import pytest
import torch

from talkpose.errors import UserError
from talkpose.face.model import load_face_model
from talkpose.motion.check import check_listening, mouth_opening_of
from talkpose.motion.network import MotionNetwork


def opening(expression):
    return expression[:, 0]


@pytest.fixture
def listening(small):
    network = MotionNetwork(small, 3)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(2)
    return network


def sounds(clips):
    return {clip.name: clip.audio for clip in clips[:3]}


def spread(network, clips):
    return np.mean(list(check_listening(network, sounds(clips), opening, 1.0)["spread"].values())[:3])


def test_a_network_that_listens_passes(listening, clips):
    found = check_listening(listening, sounds(clips), opening, spread(listening, clips))
    assert found["passed"] and found["reason"] == ""
    assert found["spread_ratio"] == pytest.approx(1)
    assert len(found["difference"]) == 3 and min(found["difference"].values()) > 0.5
    assert found["spread"]["silence"] < min(found["spread"][clip.name] for clip in clips[:3])


def test_a_still_mouth_fails(listening, clips):
    with torch.no_grad():
        for member in listening.members:
            member.output.weight.zero_()
    found = check_listening(listening, sounds(clips), opening, 0.05)
    assert not found["passed"] and "hardly moves" in found["reason"]


def test_a_mouth_that_moves_the_same_for_any_sound_fails(listening, clips):
    real = spread(listening, clips)
    sway = np.sin(np.arange(200) / 3) * real

    def deaf(expression):
        return sway[: len(expression)] + 0.1 * opening(expression)

    found = check_listening(listening, sounds(clips), deaf, real)
    assert not found["passed"] and "same mouth" in found["reason"]


def test_one_sound_is_not_enough(listening, clips):
    with pytest.raises(UserError, match="two sounds"):
        check_listening(listening, {"only": clips[0].audio}, opening, 1.0)
    with pytest.raises(UserError, match="needs 32"):
        check_listening(listening, {"a": clips[0].audio, "b": clips[1].audio[:6400]}, opening, 1.0)


def test_mouth_opening_of_the_face_model():
    model = load_face_model("cc0")
    measure = mouth_opening_of(model, np.zeros(80, np.float32))
    jaw = model.unit_to_expression[model.units.index("jawOpen")]
    open_mouth = measure(np.linspace(0, 1, 5, dtype=np.float32)[:, None] * jaw)
    assert (np.diff(open_mouth) > 0.01).all()
    assert open_mouth[0] < 0.1 < open_mouth[-1]
    blink = model.unit_to_expression[model.units.index("eyeBlinkLeft")]
    assert measure(blink[None])[0] == pytest.approx(open_mouth[0], abs=0.01)
