import numpy as np
import pytest
import torch

from talkpose.clips.decode import VideoReader
from talkpose.errors import UserError
from talkpose.face.landmarks import MainFace, count_comparable, make_detector, mouth_opening
from talkpose.face.landmarks.fan_weights import SOURCE, WEIGHTS, weights_folder

EYES = {"mediapipe": [33, 263], "dlib": [36, 45]}
NOSE = {"mediapipe": 4, "dlib": 30}


@pytest.fixture(scope="module")
def frames(clips_dir):
    return np.stack(list(VideoReader(clips_dir / "grid_lrwp9a.mpg")))[:50]


@pytest.fixture(scope="module")
def found(frames):
    return {name: make_detector(name).detect(frames) for name in EYES}


@pytest.mark.parametrize("name", EYES)
def test_shapes_and_one_face_everywhere(found, frames, name):
    points, n_faces, _ = found[name]
    assert points.shape == (50, make_detector(name).n_points, 2) and points.dtype == np.float32
    assert n_faces.tolist() == [1] * 50 and np.isfinite(points).all()
    assert (points > 0).all() and (points < frames.shape[2]).all()


def test_the_two_detectors_agree(found):
    """Independent detectors put eyes and nose in the same places, and open the mouth together."""
    mesh, shape = found["mediapipe"].points, found["dlib"].points
    distance = np.linalg.norm(mesh[:, 33] - mesh[:, 263], axis=1).mean()
    eyes = np.linalg.norm(mesh[:, EYES["mediapipe"]] - shape[:, EYES["dlib"]], axis=-1).mean()
    nose = np.linalg.norm(mesh[:, NOSE["mediapipe"]] - shape[:, NOSE["dlib"]], axis=-1).mean()
    assert eyes < 0.04 * distance and nose < 0.08 * distance
    a, b = (mouth_opening(found[name].points, name) for name in EYES)
    assert np.corrcoef(a, b)[0, 1] > 0.85
    assert a.min() >= 0 and a.max() < 0.6


@pytest.mark.parametrize("name", EYES)
def test_points_follow_the_picture(frames, name):
    """Moving the picture by 12 x 8 pixels moves the points by as much: coordinates are in pixels, x first."""
    detector = make_detector(name, max_faces=1)
    moved = np.roll(frames[:4], (8, 12), axis=(1, 2))
    shift = detector.detect(moved).points - detector.detect(frames[:4]).points
    assert np.abs(np.median(shift, axis=(0, 1)) - [12, 8]).max() < 0.6


@pytest.mark.parametrize("name", EYES)
def test_points_mirror_with_the_picture(frames, name):
    """Mirroring the picture mirrors the points: (0, 0) is a corner and not a pixel's centre."""
    detector = make_detector(name, max_faces=1)
    pair = EYES[name]
    there = detector.detect(frames[:6]).points[:, pair].mean((0, 1))
    back = detector.detect(frames[:6, :, ::-1]).points[:, pair].mean((0, 1))
    assert abs(there[0] + back[0] - frames.shape[2]) < 1.5


@pytest.mark.parametrize("name", EYES)
def test_each_call_is_a_fresh_video_and_repeats(frames, found, name):
    detector = make_detector(name)
    detector.detect(frames[::-1][:10])
    again = detector.detect(iter(frames[:20]))
    assert np.array_equal(again.points, found[name].points[:20])


@pytest.mark.parametrize("name", EYES)
def test_no_face_is_nan_and_faces_come_back(frames, name):
    blank = np.full_like(frames[:5], 128)
    video = np.concatenate([frames[:5], blank, frames[:30]])
    points, n_faces, _ = make_detector(name).detect(video)
    assert n_faces.tolist() == [1] * 5 + [0] * 5 + [1] * 30
    assert np.isnan(points[5:10]).all() and np.isfinite(np.delete(points, range(5, 10), 0)).all()
    assert make_detector(name).detect(frames[:0]).points.shape[0] == 0


@pytest.mark.parametrize("name", EYES)
def test_two_faces_are_counted_and_one_is_followed(frames, clips_dir, name):
    other = np.stack(list(VideoReader(clips_dir / "grid_bbaf2n.mpg")))[:30]
    points, n_faces, _ = make_detector(name).detect(np.concatenate([frames[:30], other], axis=2))
    assert (n_faces == 2).mean() > 0.9
    side = points[..., 0].mean(1) > frames.shape[2]
    assert len(set(side.tolist())) == 1, "never jumps to the other face"


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080)])
def test_a_small_face_in_a_large_picture(frames, found, size):
    """A face of a tenth of the width, that walks: the points are those of the small picture, moved."""
    width, height = size
    corners = np.stack([np.linspace(100, 500, 50), np.linspace(10, height - 300, 50)], 1).astype(int)
    video = np.full((50, height, width, 3), 90, np.uint8)
    for canvas, frame, (x, y) in zip(video, frames, corners, strict=True):
        canvas[y : y + 288, x : x + 360] = frame
    points, n_faces, _ = make_detector("mediapipe").detect(video)
    assert n_faces.tolist() == [1] * 50
    error = np.linalg.norm(points - corners[:, None] - found["mediapipe"].points, axis=-1)
    assert error.mean() < 1.5 and error.mean(1).max() < 4


def test_two_small_faces_are_counted(frames):
    video = np.full((4, 720, 1280, 3), 90, np.uint8)
    video[:, 50:338, 50:410], video[:, 400:688, 800:1160] = frames[:4], frames[:4]
    assert make_detector("mediapipe").detect(video).n_faces.tolist() == [2] * 4


def test_the_nearest_face_is_followed_even_when_another_is_wider():
    boxes = np.array([[0, 0, 10, 10], [50, 0, 62, 12]], float)
    follower = MainFace()
    assert follower.pick(boxes) == 1
    assert follower.pick(boxes[::-1]) == 0
    assert follower.pick(np.array([[0, 0, 40, 40], [53, 1, 64, 12]], float)) == 1
    assert follower.pick(np.array([[200, 0, 240, 40], [0, 0, 11, 11]], float)) == 0, "lost: the widest again"
    assert count_comparable(np.array([[0, 0, 10, 10], [0, 0, 4, 4], [0, 0, 5, 5]], float), 0) == 2


def test_mouth_opening_is_a_ratio():
    points = np.zeros((2, 68, 2), np.float32)
    points[:, 36], points[:, 45] = (0, 0), (100, 0)
    points[:, 62], points[:, 66] = (50, 60), (50, 85)
    points[1] *= 3
    assert np.allclose(mouth_opening(points, "dlib"), 0.25)
    points[0] = np.nan
    assert np.isnan(mouth_opening(points, "dlib")).tolist() == [True, False]
    with pytest.raises(UserError, match="mediapipe"):
        mouth_opening(points, "other")


def test_unknown_detector():
    with pytest.raises(UserError, match="mediapipe, dlib, face-alignment"):
        make_detector("other")


def test_face_alignment_names_its_missing_weights(tmp_path, monkeypatch):
    pytest.importorskip("face_alignment")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(UserError) as error:
        make_detector("face-alignment")
    for word in (*WEIGHTS, SOURCE, str(weights_folder()), str(tmp_path)):
        assert word in str(error.value)


def test_face_alignment_runs_on_weights_of_the_right_shape(tmp_path, monkeypatch, frames):
    """Zeros saved under the published names: they load, nothing is downloaded, shapes fit."""
    package = pytest.importorskip("face_alignment")
    from face_alignment.detection.sfd.net_s3fd import s3fd

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    weights_folder().mkdir(parents=True)
    with torch.device("meta"):
        networks = s3fd(), package.api.FAN(4)
    for name, network in zip(WEIGHTS, networks, strict=True):
        zeros = {
            key: torch.zeros(value.shape, dtype=value.dtype) for key, value in network.state_dict().items()
        }
        torch.save(zeros, weights_folder() / name)
    for name, function in vars(package.utils).items():
        if hasattr(function, "py_func"):  # compiling these takes longer than all the rest
            monkeypatch.setattr(package.utils, name, function.py_func)
    detector = make_detector("face-alignment")
    box = np.array([120.0, 90.0, 220.0, 230.0, 0.9])
    monkeypatch.setattr(detector._net.face_detector, "detect_from_image", lambda image: [box])
    points, n_faces, _ = detector.detect(frames[:1])
    assert points.shape == (1, 68, 2) and np.isfinite(points).all() and n_faces.tolist() == [1]
    monkeypatch.setattr(detector._net.face_detector, "detect_from_image", lambda image: [])
    assert np.isnan(detector.detect(frames[:1]).points).all()
