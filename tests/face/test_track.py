"""Tracks: made heads in pictures, the disk, the numbers, the overlay, and the real clips."""

from itertools import islice

import numpy as np
import pytest
from fit_world import made_model, made_motion, paint, seen_points

from talkpose.clips.crop import crop_frames, fit_window
from talkpose.clips.decode import VideoReader
from talkpose.config import FaceConfig
from talkpose.errors import UserError
from talkpose.face.camera import Camera
from talkpose.face.coefficients import EXPRESSION, IDENTITY, LIGHT, POSE, SIZE, TEXTURE
from talkpose.face.landmarks import Detection, make_detector, mouth_opening
from talkpose.face.model import load_face_model
from talkpose.face.overlay import DETECTED, FITTED, overlay_frames
from talkpose.face.track import Track, fitted_landmarks, load_track, save_track, summary, track_clip
from talkpose.face.track_step import track_parts

FRAMES, PIXELS = 30, 96


@pytest.fixture(scope="module")
def model():
    return made_model()


@pytest.fixture(scope="module")
def footage(model):
    identity, weights, pose = made_motion(model, FRAMES)
    truth = np.zeros((FRAMES, SIZE), np.float32)
    truth[:, IDENTITY], truth[:, POSE] = identity, pose
    truth[:, EXPRESSION] = weights @ model.unit_to_expression
    truth[:, LIGHT] = np.tile([0.4, 0, 0.1, 0, 0, 0, 0, 0, 0], 3)
    points = seen_points(model, Camera(PIXELS), identity, weights, pose).astype(np.float32)
    return truth, paint(model, truth, PIXELS), points


@pytest.fixture(scope="module")
def track(model, footage):
    return track_clip(footage[1], Detection(footage[2], np.ones(FRAMES, np.int32)), model, FaceConfig())


def test_track_fits_a_made_head(model, footage, track):
    assert track.coefficients.shape == (FRAMES, SIZE)
    assert track.coefficients.dtype == np.float32
    assert track.valid.all()
    assert track.landmark_error.max() < 0.01
    assert (track.coefficients[:, IDENTITY] == track.coefficients[0, IDENTITY]).all()
    assert (track.coefficients[:, TEXTURE] == track.coefficients[0, TEXTURE]).all()
    picture = paint(model, track.coefficients, PIXELS).astype(float)
    assert np.abs(picture - footage[1]).mean() < 4  # of 255


def test_the_training_part_knows_nothing_of_the_rest(model, footage):
    _, frames, points = footage
    first = track_parts(frames, points, model, FaceConfig(), 18)
    turned = track_parts(
        np.concatenate([frames[:18], 255 - frames[:17:-1]]),
        np.concatenate([points[:18], points[:17:-1] + 3]),
        model,
        FaceConfig(),
        18,
    )
    for one, other in zip(first, turned, strict=True):
        assert one[:18].tobytes() == other[:18].tobytes()
    assert not np.array_equal(first.coefficients[18:], turned.coefficients[18:])
    assert len(np.unique(first.coefficients[:, IDENTITY], axis=0)) == 1


def test_fitted_landmarks_equal_the_model_s(model, footage):
    truth, _, points = footage
    got = fitted_landmarks(truth, model, PIXELS)
    np.testing.assert_allclose(got, points, atol=1e-2)


def test_frames_without_a_face_are_bridged(model, footage):
    truth, frames, points = footage
    holes = points.copy()
    holes[10:13] = np.nan
    holes[20, 5] = np.nan  # one point missing: the frame does not count
    track = track_clip(frames, holes, model, FaceConfig())
    assert np.flatnonzero(~track.valid).tolist() == [10, 11, 12, 20]
    assert np.isnan(track.landmark_error[~track.valid]).all()
    assert np.isnan(track.landmarks[20]).all()
    assert np.isfinite(track.coefficients).all()
    turned = np.abs(track.coefficients[10:13, POSE] - truth[10:13, POSE])[:, :3]
    assert turned.max() < 0.05


def test_known_person_is_kept(model, footage, track):
    later = track_clip(footage[1][15:], footage[2][15:], model, FaceConfig(), known=track.coefficients[0])
    np.testing.assert_array_equal(later.coefficients[0, IDENTITY], track.coefficients[0, IDENTITY])
    np.testing.assert_array_equal(later.coefficients[0, TEXTURE], track.coefficients[0, TEXTURE])
    assert later.landmark_error.max() < 0.01


def test_summary_of_a_perfect_and_of_a_shifted_track(model, footage):
    truth, _, points = footage
    perfect = Track(truth, points, np.zeros(FRAMES, np.float32), np.ones(FRAMES, bool))
    numbers = summary(perfect, model, PIXELS)
    assert numbers["landmark_error"] < 1e-3
    assert numbers["mouth_correlation"] > 0.999
    assert numbers["jitter"] == pytest.approx(numbers["detected_jitter"], rel=0.05)
    assert abs(numbers["drift"]) < 1e-3
    off = perfect._replace(landmarks=points + np.array([3, 4], np.float32))
    eyes = np.linalg.norm(points[:, 33] - points[:, 263], axis=1).mean()
    assert summary(off, model, PIXELS)["landmark_error"] == pytest.approx(5 / eyes, rel=1e-3)
    assert summary(off, model, PIXELS)["lips_error"] == pytest.approx(5 / eyes, rel=1e-3)


def test_a_track_comes_back_from_disk(tmp_path, track):
    first, second = tmp_path / "a.npz", tmp_path / "b.npz"
    save_track(first, track)
    save_track(second, track)
    assert first.read_bytes() == second.read_bytes()
    for got, want in zip(load_track(first), track, strict=True):
        np.testing.assert_array_equal(got, want)


def test_what_is_no_track_is_told(tmp_path, track):
    with pytest.raises(UserError, match="is no track"):
        load_track(tmp_path / "missing.npz")
    (tmp_path / "text.npz").write_text("no")
    with pytest.raises(UserError, match="is no track"):
        load_track(tmp_path / "text.npz")
    save_track(tmp_path / "short.npz", track._replace(valid=track.valid[:3]))
    with pytest.raises(UserError, match="257"):
        load_track(tmp_path / "short.npz")


def test_unequal_lengths_are_refused(model, footage):
    with pytest.raises(UserError, match="30 frames but 29"):
        track_clip(footage[1], footage[2][:-1], model, FaceConfig())


def test_overlay_shows_landmarks_mesh_and_missing_faces(model, footage, track):
    part = Track(*(field[:4].copy() for field in track))
    part.valid[2] = False
    part.landmarks[:] += 5  # apart from the fitted ones
    pictures = overlay_frames(footage[1][:4], part, model, panel=128)
    assert pictures.shape == (4, 128, 384, 3)
    assert pictures.dtype == np.uint8
    for colour in (DETECTED, FITTED):
        near = np.abs(pictures[0, :, :128].astype(int) - colour).sum(-1)
        assert near.min() < 100
    blue = pictures[0, 64, 128 + 64].astype(int)
    assert blue[2] > blue[0]  # the shaded face is bluish
    assert (pictures[2, 0, :] == FITTED).all()
    assert not (pictures[1, 0, :] == FITTED).all()


CLIPS = [
    *((f"grid_{name}.mpg", 75) for name in ("bbaf2n", "brbk7n", "lbbc2a", "lrwp9a", "sbia1a", "swiz3n")),
    ("personal_a.mp4", 120),
    ("personal_b.mp4", 250),
]


@pytest.mark.clips
@pytest.mark.parametrize(("name", "count"), CLIPS)
def test_real_clips_are_tracked(clips_dir, name, count):
    source = np.stack(list(islice(iter(VideoReader(clips_dir / name)), count)))
    points = make_detector("mediapipe", max_faces=1).detect(source).points
    window = fit_window(points, 128, 0.62)
    frames, points = np.stack(list(crop_frames(source, window))), window.to_crop(points)
    model = load_face_model("cc0")
    track = track_clip(frames, points, model, FaceConfig())
    numbers = summary(track, model, 128)
    assert numbers["landmark_error"] < 0.012
    assert numbers["lips_error"] < 0.012
    assert numbers["mouth_correlation"] > 0.98
    assert abs(numbers["drift"]) < 0.004
    assert numbers["jitter"] < 0.9 * numbers["detected_jitter"]
    gap = mouth_opening(fitted_landmarks(track.coefficients, model, 128), "mediapipe")
    match = np.correlate(gap - gap.mean(), (d := mouth_opening(points, "mediapipe")) - d.mean(), "full")
    assert np.argmax(match) == count - 1  # no lag


@pytest.mark.clips
def test_dlib_points_are_tracked(clips_dir):
    source = np.stack(list(islice(iter(VideoReader(clips_dir / "grid_bbaf2n.mpg")), 40)))
    points = make_detector("dlib", max_faces=1).detect(source).points
    window = fit_window(points, 128, 0.62)
    frames, points = np.stack(list(crop_frames(source, window))), window.to_crop(points)
    model = load_face_model("cc0")
    numbers = summary(track_clip(frames, points, model, FaceConfig()), model, 128)
    assert numbers["landmark_error"] < 0.03  # the jaw line of dlib slides along the cheek
    assert numbers["lips_error"] < 0.02
    assert numbers["mouth_correlation"] > 0.95
