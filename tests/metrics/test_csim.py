"""CSIM against scipy's cosine and its own definition."""

import numpy as np
import pytest
from scipy.spatial.distance import cosine

from talkpose.config import MetricsConfig
from talkpose.errors import UserError
from talkpose.metrics.csim import (
    compute,
    describe,
    embedder_id,
    load_embedder,
    mean_feature,
    protocols,
    spread,
    update,
)
from talkpose.metrics.registry import protocol


class Pixel:
    """A feature that is the first pixel, and keeps what it was asked for."""

    name, size = "pixel", 3

    def __init__(self):
        self.asked = []

    def describe(self, frames, landmarks):
        assert np.isfinite(landmarks).all()
        self.asked += frames[:, 0, 0, 0].tolist()
        values = frames[:, 0, 0].astype(np.float32)
        return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-9)


def test_is_scipys_cosine_of_each_frame_and_does_not_know_lengths():
    rng = np.random.default_rng(0)
    g, r = rng.normal(size=(2, 20, 128)).astype(np.float32)
    expected = [1 - cosine(a, b) for a, b in zip(g, r, strict=True)]
    np.testing.assert_allclose(update(g, r), expected, atol=1e-6)
    np.testing.assert_allclose(update(3 * g, 0.1 * r), expected, atol=1e-6)
    np.testing.assert_allclose(update(g, g), 1)
    np.testing.assert_allclose(update(g, r[:1]), [1 - cosine(a, r[0]) for a in g], atol=1e-6)


def test_frames_without_a_face_do_not_count():
    frames = np.random.default_rng(0).integers(1, 255, (13, 4, 4, 3)).astype(np.uint8)
    frames[:, 0, 0, 0] = 10 + np.arange(13)
    points = np.ones((13, 468, 2), np.float32)
    points[4, 7] = np.nan
    feature = Pixel()
    found = describe(feature, frames, points, 2)
    assert feature.asked == [10, 12, 16, 18, 20, 22]
    assert found.shape == (7, 3) and np.isnan(found).any(1).tolist() == [False, False, True, *[False] * 4]
    value, count = compute([update(found, found[::-1])])
    assert count == 5 and 0 < value <= 1
    known = found[[0, 1, 3, 4, 5, 6]].mean(0)
    np.testing.assert_allclose(mean_feature(found)[0], known)
    assert np.isnan(update(found, mean_feature(found[2:3]))).all()
    assert np.isnan(compute([])[0])


def test_protocols_name_the_embedder_and_how_many_frames():
    assert embedder_id(MetricsConfig()) == "dlib-resnet"
    arcface = MetricsConfig(csim_embedder="arcface", arcface_weights="/x/w600k_r50.onnx")
    assert embedder_id(arcface) == "arcface-w600k-r50"
    by_frame, by_person = protocols(embedder_id(arcface), 5)
    assert by_frame.id == "csim-arcface-w600k-r50-v1-every5"
    assert protocols("dlib-resnet", 1)[0].id == "csim-dlib-resnet-v1"
    for known in (by_frame, by_person, *protocols("dlib-resnet", 1)):
        assert protocol(known.metric, known.id) == known


@pytest.mark.parametrize(
    ("count", "expected"), [(1, [0]), (3, [0, 1, 2]), (29, [0, 4, 8, 12, 16, 20, 24, 28])]
)
def test_known_frames_are_spread_from_first_to_last(count, expected):
    assert spread(count).tolist() == expected


def test_what_does_not_match_is_refused():
    with pytest.raises(UserError, match="one embedder"):
        update(np.zeros((3, 128)), np.zeros((3, 512)))
    with pytest.raises(UserError, match="both of one video"):
        describe(Pixel(), np.zeros((3, 4, 4, 3), np.uint8), np.zeros((2, 468, 2)), 1)
    with pytest.raises(UserError, match=r"metrics\.arcface_weights: no file"):
        load_embedder("arcface", None)
