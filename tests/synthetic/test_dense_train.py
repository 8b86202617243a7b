"""What teaches the detector `dense`: its samples, their mirror images, and that training learns."""

import numpy as np
import pytest
import torch

from talkpose.face.landmarks.dense_net import SIDE
from talkpose.synthetic.dense_samples import WIDE, Samples, draw_person
from talkpose.synthetic.dense_train import _cut, learn_landmarks, mirror_order, train, worth


@pytest.fixture(scope="module")
def samples():
    people = [draw_person(5, number) for number in range(3)]
    return Samples(*(np.concatenate(parts) for parts in zip(*people, strict=True)))


def test_samples_are_faces_with_level_eyes(samples):
    count = len(samples.pictures)
    assert 44 <= count <= 48 and samples.pictures.shape == (count, WIDE, WIDE, 3)
    assert np.allclose(samples.points[:, 33], [-0.5, 0], atol=1e-5)
    assert np.allclose(samples.points[:, 263], [0.5, 0], atol=1e-5)
    assert 0.01 < np.linalg.norm(samples.offsets, axis=2).mean() < 0.06
    assert np.abs(samples.pose[:, 2]).max() < 6  # what the eyes' line leaves of the roll
    assert samples.pose[:, :2].std() > 1


def test_a_person_is_drawn_the_same_twice(samples):
    again = draw_person(5, 1)
    assert all(np.array_equal(a[samples.person == 1], b) for a, b in zip(samples, again, strict=True))


def test_mirrored_points_are_their_partners(samples):
    order = mirror_order(samples.points, samples.points + samples.offsets)
    assert sorted(order) == list(range(468))
    pairs = {33: 263, 61: 291, 133: 362, 70: 300, 234: 454, 13: 13, 14: 14, 1: 1, 152: 152}
    assert {k: int(order[k]) for k in pairs} == pairs


def test_a_cut_that_is_mirrored_mirrors_the_picture():
    class Still:
        """No chance: nothing is moved, turned, scaled or blurred."""

        def normal(self, mean, spread, size=None):
            return np.zeros(size) if size else 0.0

        def random(self):
            return 1.0

    picture = np.random.default_rng(0).integers(0, 256, (WIDE, WIDE, 3)).astype(np.uint8)
    plain, mirrored = (_cut(picture, turned, Still()) for turned in (False, True))
    margin = (WIDE - SIDE) // 2
    assert np.array_equal(plain, picture[margin : margin + SIDE, margin : margin + SIDE])
    assert np.array_equal(mirrored, plain[:, ::-1])


def test_training_learns_and_is_the_same_twice(samples):
    first, second = train(samples, 60, 3), train(samples, 60, 3)
    for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    start, learned = worth(train(samples, 1, 3), samples), worth(first, samples)
    assert learned["dense_landmark_error"] < 0.9 * start["dense_landmark_error"]
    assert learned["pitch_median"] < start["pitch_median"]


def test_what_is_written_says_what_it_is_worth(tmp_path, monkeypatch):
    drawn = []

    def draw(people, seed):
        drawn.append(people)
        parts = [draw_person(seed, number) for number in range(people)]
        return Samples(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    monkeypatch.setattr("talkpose.synthetic.dense_train.draw_samples", draw)
    learn_landmarks(tmp_path / "net.safetensors", 3, 2, test_people=1, seed=5)
    from safetensors.torch import load_file

    from talkpose.face.landmarks.dense_net import DenseNet
    from talkpose.files import read_json, sha256

    facts = read_json(tmp_path / "net.json")
    assert drawn == [3] and facts["people"] == 2 and facts["sha256"] == sha256(tmp_path / "net.safetensors")
    assert {"dense_landmark_error", "mediapipe_landmark_error", "pitch_p95"} <= facts["test"].keys()
    DenseNet().load_state_dict({k: v.float() for k, v in load_file(tmp_path / "net.safetensors").items()})
