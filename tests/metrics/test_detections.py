"""Landmarks kept beside the track: found once, found again when the video changes, by one job at a time."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import talkpose.metrics.detections as detections
from talkpose.clips.store import write_lossless
from talkpose.config import parse_config
from talkpose.errors import UserError
from talkpose.face.landmarks import Detection
from talkpose.metrics.detections import make_scorer, points_to_track, real_landmarks
from talkpose.metrics.kept import kept_path


class Made:
    """A detector that says how bright each frame is."""

    name, n_points, calls = "dlib", 68, 0

    def detect(self, frames):
        self.calls += 1
        points = np.stack([np.full((68, 2), float(frame.mean()), np.float32) for frame in frames])
        return Detection(points, np.ones(len(points), np.int32))


def clip(folder, brightness: int):
    frames = np.arange(brightness, brightness + 6, dtype=np.uint8)[:, None, None, None] * np.ones(
        (1, 16, 16, 3)
    )
    write_lossless(folder / "frames.mkv", frames.astype(np.uint8))
    return folder / "ann.npz", folder / "frames.mkv"


def test_found_once_and_again_when_the_video_changes(tmp_path):
    track, frames = clip(tmp_path, 10)
    track.write_bytes(b"a track")
    detector = Made()
    first = real_landmarks(track, frames, 2, detector)
    assert first[:, 0, 0].tolist() == [12, 13, 14, 15]
    np.testing.assert_array_equal(real_landmarks(track, frames, 2, detector), first)
    assert detector.calls == 1
    assert {p.name for p in tmp_path.iterdir()} == {"ann.npz", "ann.dlib.npz", "frames.mkv"}
    assert kept_path(track, "dlib").name == "ann.dlib.npz"
    clip(tmp_path, 50)
    assert real_landmarks(track, frames, 2, detector)[0, 0, 0] == 52
    assert real_landmarks(track, frames, 0, detector)[0, 0, 0] == 50
    assert detector.calls == 3
    assert track.read_bytes() == b"a track"


def test_what_can_not_be_read_is_found_again(tmp_path):
    track, frames = clip(tmp_path, 10)
    track.touch()
    kept_path(track, "dlib").write_bytes(b"PK\x03\x04 half a file")
    assert real_landmarks(track, frames, 0, Made())[0, 0, 0] == 10


def test_several_at_a_time_search_once(tmp_path):
    track, frames = clip(tmp_path, 10)
    track.touch()
    detector = Made()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: real_landmarks(track, frames, 0, detector), range(8)))
    assert detector.calls == 1
    assert all((points == found[0]).all() for points in found)


def test_no_track_is_named(tmp_path):
    track, frames = clip(tmp_path, 10)
    with pytest.raises(UserError, match=r"ann\.npz: no track"):
        real_landmarks(track, frames, 0, Made())


def test_scorers():
    assert make_scorer("dlib").n_points == 68
    assert make_scorer("mediapipe").n_points == 468
    with pytest.raises(UserError, match="no detector"):
        make_scorer("sift")


def run_with(landmarks: str):
    corpus = {"role": "persons", "path": "videos"}
    made = {"synthetic": {}} if landmarks == "dense" else {}
    return parse_config({"run": "r", "corpora": {"p": corpus}, "face": {"landmarks": landmarks}} | made)


def test_the_scorers_points_serve_the_tracker_of_the_same_name():
    found = np.random.default_rng(0).normal(0, 1, (4, 468, 2))
    assert (
        points_to_track(np.zeros((4, 8, 8, 3), np.uint8), found, "mediapipe", run_with("mediapipe")) is found
    )


def test_another_tracker_looks_for_its_own(monkeypatch):
    """Poses of a real and of a generated video are comparable only if one detector saw both."""
    monkeypatch.setattr(detections, "make_detector", lambda name, **_: {"dlib": Made()}[name])
    frames = np.full((4, 8, 8, 3), 7, np.uint8)
    points = points_to_track(frames, np.zeros((4, 468, 2)), "mediapipe", run_with("dlib"))
    assert points.shape == (4, 68, 2) and (points == 7).all()


def test_the_tracker_dense_mends_what_was_found(monkeypatch):
    seen = []

    def refine(frames, points, device):
        seen.append((frames, points, device))
        return points + 1

    monkeypatch.setattr("talkpose.face.landmarks.dense.refine_points", refine)
    monkeypatch.setattr(detections, "make_detector", lambda name, **_: {"dense": Made()}[name])
    frames, found = np.zeros((4, 8, 8, 3), np.uint8), np.zeros((4, 468, 2))
    assert (points_to_track(frames, found, "mediapipe", run_with("dense")) == 1).all()
    assert seen[0][0] is frames and seen[0][1] is found and seen[0][2] == "cpu"
    # points of another kind can not be mended: it looks for its own
    assert points_to_track(frames, np.zeros((4, 68, 2)), "dlib", run_with("dense")).shape == (4, 68, 2)
