"""Ground truth on disk, and the pose that a crop's own camera sees."""

import numpy as np
import pytest
from fit_world import made_model, made_motion, seen_points

from talkpose.clips.crop import CropWindow
from talkpose.errors import UserError
from talkpose.face.camera import Camera, rotation_matrix
from talkpose.face.coefficients import EXPRESSION, IDENTITY, POSE, SIZE
from talkpose.face.model import load_face_model
from talkpose.face.track import fitted_landmarks
from talkpose.face.truth import (
    Spans,
    Truth,
    read_truth,
    spread_vertices,
    truth_in_crop,
    truth_path,
    write_truth,
)


@pytest.fixture(scope="module")
def model():
    return load_face_model("cc0")


@pytest.fixture(scope="module")
def truth(model) -> Truth:
    identity, weights, pose = made_motion(model, 20)
    coefficients = np.zeros((20, SIZE), np.float32)
    coefficients[:, IDENTITY] = identity
    coefficients[:, EXPRESSION] = weights @ model.unit_to_expression * 0.3
    coefficients[:, POSE] = pose
    points = [fitted_landmarks(coefficients, model, 200, n).astype(np.float32) for n in (68, 468)]
    words = Spans(np.array(["one", "two"]), np.array([0.0, 0.4]), np.array([0.3, 0.8]))
    phonemes = Spans(np.array(["w", "V", "n", ""]), np.arange(4) / 10, np.arange(1, 5) / 10)
    return Truth(coefficients, *points, 200, phonemes, words)


def test_what_is_written_is_read(truth, tmp_path):
    path = truth_path(tmp_path / "a.b.mp4")
    assert path.name == "a.b.truth.npz"
    write_truth(path, truth)
    read = read_truth(path)
    for left, right in zip(truth[:3], read[:3], strict=True):
        np.testing.assert_array_equal(left, right)
        assert right.dtype == np.float32
    assert read.size == 200
    assert read.words.labels.tolist() == ["one", "two"]
    assert read.phonemes.end.tolist() == truth.phonemes.end.tolist()
    first = path.read_bytes()
    write_truth(path, read)
    assert path.read_bytes() == first


@pytest.mark.parametrize("what", ["missing", "text", "other arrays", "no archive"])
def test_what_is_no_truth_is_refused(what, tmp_path):
    path = tmp_path / "x.truth.npz"
    if what == "text":
        path.write_text("no")
    elif what == "other arrays":
        np.savez(path, a=np.zeros(3))
    elif what == "no archive":
        path.write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(UserError, match="no ground truth"):
        read_truth(path)


def test_wrong_shapes_are_refused(truth, tmp_path):
    path = tmp_path / "x.truth.npz"
    write_truth(path, truth._replace(points68=truth.points468))
    with pytest.raises(UserError, match="shapes"):
        read_truth(path)


def test_the_whole_picture_keeps_the_pose(truth, model):
    seen = truth_in_crop(truth, CropWindow(0, 0, 200, 200), slice(0, 20), model)
    np.testing.assert_allclose(seen.truth.coefficients[:, POSE], truth.coefficients[:, POSE], atol=1e-5)
    np.testing.assert_allclose(seen.truth.points468, truth.points468, atol=1e-4)
    assert seen.residual.max() < 1e-4


def test_the_size_alone_changes_no_pose(truth, model):
    seen = truth_in_crop(truth, CropWindow(0, 0, 200, 128), slice(0, 20), model)
    np.testing.assert_allclose(seen.truth.coefficients[:, POSE], truth.coefficients[:, POSE], atol=1e-5)
    np.testing.assert_allclose(seen.truth.points68, truth.points68 * 0.64, atol=1e-3)


def test_a_shifted_smaller_crop_is_explained(truth, model):
    window = CropWindow(24, 10, 164, 128)
    seen = truth_in_crop(truth, window, slice(3, 18), model)
    assert seen.residual.shape == (15,)
    assert seen.residual.max() < 0.3
    reprojected = fitted_landmarks(seen.truth.coefficients, model, 128)
    distance = np.linalg.norm(reprojected - seen.truth.points468, axis=-1)
    assert np.nanmean(distance) < 0.3
    np.testing.assert_array_equal(seen.truth.coefficients[:, IDENTITY], truth.coefficients[3:18, IDENTITY])


def test_a_crop_beside_the_axis_turns_the_head(truth, model):
    """A window of the same size moved to the right sees the head turned by the angle between the axes."""
    moved = truth_in_crop(truth, CropWindow(20, 0, 200, 200), slice(0, 20), model).truth
    angle = np.arctan(20 / Camera(200).focal)
    turned = rotation_matrix(np.array([0, angle, 0])) @ rotation_matrix(truth.coefficients[:, POSE][:, :3])
    found = rotation_matrix(moved.coefficients[:, POSE][:, :3])
    cosine = (np.einsum("tij,tij->t", turned, found) - 1) / 2
    assert np.degrees(np.arccos(cosine.clip(-1, 1))).max() < 0.25


def test_spans_move_to_the_first_kept_frame(truth, model):
    cut = truth_in_crop(truth, CropWindow(0, 0, 200, 128), slice(5, 20), model).truth
    np.testing.assert_allclose(cut.words.start, truth.words.start - 0.2)
    assert cut.words.labels.tolist() == ["one", "two"]


def test_too_short_a_truth_is_refused(truth, model):
    with pytest.raises(UserError, match="20 frames"):
        truth_in_crop(truth, CropWindow(0, 0, 200, 128), slice(0, 21), model)


def test_vertices_are_spread(model):
    chosen = spread_vertices(model, 60)
    places = model.mean_shape[chosen]
    distance = np.linalg.norm(places[:, None] - places, axis=-1) + 9 * np.eye(60)
    assert len(np.unique(chosen)) == 60
    assert distance.min() > 0.1
    assert np.ptp(places, axis=0).min() > 0.5


def test_a_model_of_few_vertices_gives_them_all():
    made = made_model(rows=6)
    assert len(spread_vertices(made)) == 36
    identity, weights, pose = made_motion(made, 4)
    assert seen_points(made, Camera(64), identity, weights, pose).shape == (4, 468, 2)
