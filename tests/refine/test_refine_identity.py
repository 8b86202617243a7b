"""Identity features: real faces, and the smoothing over time."""

from itertools import islice

import cv2
import numpy as np
import pytest
from refine_made import tiny, unit
from skimage.transform import SimilarityTransform

from talkpose.errors import UserError
from talkpose.refine.identity import describe_clip, interpolate_features, make_identity_feature

CLIPS = ("grid_bbaf2n.mpg", "grid_lrwp9a.mpg", "personal_a.mp4")


class Recorder:
    """Feature of a frame: its first pixel, unit; keeps what it was asked for."""

    name, size = "recorder", 3

    def __init__(self):
        self.asked = []

    def describe(self, frames, landmarks):
        assert len(frames) == len(landmarks) and np.isfinite(landmarks).all()
        self.asked += frames[:, 0, 0, 0].tolist()
        return unit(frames[:, 0, 0])


@pytest.fixture(scope="module")
def faces(clips_dir):
    from talkpose.clips.decode import VideoReader
    from talkpose.face.landmarks import make_detector

    detector = make_detector("mediapipe")
    found = {}
    for name in CLIPS:
        frames = np.stack(list(islice(iter(VideoReader(clips_dir / name)), 41)))
        kept = frames[::20]
        found[name] = kept, detector.detect(frames).points[::20]
    return found


@pytest.fixture(scope="module")
def described(faces):
    feature = make_identity_feature(tiny(identity_feature="dlib"))
    assert feature.name == "dlib-128"
    return feature, {name: feature.describe(*face) for name, face in faces.items()}


def test_dlib_keeps_a_person_together_and_people_apart(described):
    feature, features = described
    for name, vectors in features.items():
        assert vectors.shape == (3, feature.size) == (3, 128) and vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        assert (vectors @ vectors.T).min() > 0.95, name
        for other, theirs in features.items():
            assert other == name or (vectors @ theirs.T).max() < 0.92, (name, other)


def test_dlib_of_many_frames_is_that_of_each(described, faces):
    feature, features = described
    frames, points = faces[CLIPS[0]]
    again = np.concatenate([feature.describe(frames[i : i + 1], points[i : i + 1]) for i in range(3)])
    np.testing.assert_allclose(again, features[CLIPS[0]], atol=1e-5)


def test_dlib_describes_the_face_that_the_landmarks_name(described, faces):
    feature, features = described
    (frames, points), name = faces[CLIPS[1]], CLIPS[1]
    scene = np.zeros((1, 2 * frames.shape[1], 2 * frames.shape[2], 3), np.uint8)
    scene[:, frames.shape[1] :, frames.shape[2] :] = frames[:1]
    moved = points[:1] + [frames.shape[2], frames.shape[1]]
    assert feature.describe(scene, moved.astype(np.float32))[0] @ features[name][0] > 0.99


def test_no_frames_no_features():
    feature = make_identity_feature(tiny(identity_feature="dlib"))
    empty = feature.describe(np.zeros((0, 8, 8, 3), np.uint8), np.zeros((0, 468, 2), np.float32))
    assert empty.shape == (0, 128)


@pytest.mark.parametrize("given", [None, "nowhere.onnx"])
def test_arcface_without_weights_names_the_key(tmp_path, given):
    weights = None if given is None else str(tmp_path / given)
    with pytest.raises(UserError, match=r"refine\.arcface_weights"):
        make_identity_feature(tiny(identity_feature="arcface", arcface_weights=weights))


@pytest.fixture(scope="module")
def arcface(tmp_path_factory):
    """(file, matrix): an .onnx of ArcFace's shapes that pools the face to 16x16 and multiplies it."""
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    from onnx import TensorProto, helper, numpy_helper

    matrix = np.random.default_rng(0).normal(size=(3 * 16 * 16, 512)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("AveragePool", ["data"], ["small"], kernel_shape=[7, 7], strides=[7, 7]),
            helper.make_node("Flatten", ["small"], ["flat"]),
            helper.make_node("MatMul", ["flat", "matrix"], ["feature"]),
        ],
        "made",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, ["n", 3, 112, 112])],
        [helper.make_tensor_value_info("feature", TensorProto.FLOAT, ["n", 512])],
        [numpy_helper.from_array(matrix, "matrix")],
    )
    path = tmp_path_factory.mktemp("arcface") / "made.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(path))
    return path, matrix


def test_arcface_sees_the_aligned_face_in_rgb(arcface, faces):
    """The five points land on the published template; the network gets (x - 127.5) / 127.5."""
    path, matrix = arcface
    feature = make_identity_feature(tiny(identity_feature="arcface", arcface_weights=str(path)))
    assert (feature.name, feature.size) == ("arcface", 512)
    frames, points = faces[CLIPS[0]]
    found = feature.describe(frames, points)
    assert found.shape == (len(frames), 512)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
    template = np.array(
        [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
    )
    known = points[0]
    five = np.array(
        [
            known[[33, 133]].mean(0),
            known[[362, 263]].mean(0),
            known[1],
            known[61],
            known[291],
        ]
    )
    turn = SimilarityTransform.from_estimate(five, template)
    face = cv2.warpAffine(frames[0], turn.params[:2], (112, 112), borderValue=0.0)
    pooled = ((face.astype(np.float64) - 127.5) / 127.5).reshape(16, 7, 16, 7, 3).mean((1, 3))
    expected = pooled.transpose(2, 0, 1).ravel() @ matrix
    assert found[0] @ (expected / np.linalg.norm(expected)) > 0.999
    assert feature.describe(frames[:0], points[:0]).shape == (0, 512)


@pytest.mark.parametrize("at", [[0, 5, 10], [2, 3, 9], [4], [0, 12]])
def test_interpolation_is_numpys(at):
    known = np.random.default_rng(0).normal(size=(len(at), 4)).astype(np.float32)
    got = interpolate_features(known, np.array(at), 13)
    expected = np.stack([np.interp(np.arange(13), at, column) for column in known.T], axis=1)
    assert got.shape == (13, 4) and got.dtype == np.float32
    np.testing.assert_allclose(got, expected, atol=1e-6)


def made_video(n):
    frames = np.random.default_rng(0).integers(1, 255, (n, 4, 4, 3)).astype(np.uint8)
    frames[:, 0, 0, 0] = 10 + np.arange(n)
    return frames, np.ones((n, 468, 2), np.float32)


def test_a_clip_is_described_every_so_many_frames_and_at_its_end():
    frames, points = made_video(13)
    feature = Recorder()
    got = describe_clip(feature, frames, points, every=5)
    assert feature.asked == [10, 15, 20, 22]
    known = unit(frames[[0, 5, 10, 12], 0, 0])
    expected = [np.interp(np.arange(13), [0, 5, 10, 12], column) for column in known.T]
    np.testing.assert_allclose(got, np.stack(expected, axis=1), atol=1e-6)


def test_frames_without_a_face_are_bridged():
    frames, points = made_video(9)
    points[[0, 3, 8], 17] = np.nan
    feature = Recorder()
    got = describe_clip(feature, frames, points, every=2)
    assert feature.asked == [10 + i for i in (1, 4, 6, 7)]
    np.testing.assert_allclose(got[[0, 8]], got[[1, 7]])
    np.testing.assert_allclose(got[3], got[1] / 3 + got[4] * 2 / 3, atol=1e-6)


def test_a_clip_without_faces_is_refused():
    frames, points = made_video(4)
    with pytest.raises(UserError, match="no face|landmarks"):
        describe_clip(Recorder(), frames, points * np.nan, every=2)
