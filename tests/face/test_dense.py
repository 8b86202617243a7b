"""The detector `dense`: on people whom its network never saw, against their truth and MediaPipe's points."""

import numpy as np
import pytest
import torch

import talkpose.face.landmarks.dense as dense
from talkpose.clips.crop import CropWindow
from talkpose.clips.decode import iter_frames
from talkpose.clips.store import write_mp4
from talkpose.config.face import FaceConfig
from talkpose.errors import UserError
from talkpose.face.camera import Camera
from talkpose.face.coefficients import POSE
from talkpose.face.landmarks import make_detector, mouth_opening
from talkpose.face.landmarks.dense_net import (
    EYES,
    PLACE,
    SIDE,
    camera_pose,
    eye_frame,
    picture_matrix,
    seen_pose,
)
from talkpose.face.model import CC0_PATH, load_face_model
from talkpose.face.track import track_clip, track_poses
from talkpose.face.truth import Spans, Truth, truth_in_crop
from talkpose.files import read_json, sha256
from talkpose.synthetic.perform import perform_sentences
from talkpose.synthetic.render import coefficients_of, render_performance, true_landmarks
from talkpose.synthetic.write import CRF, speaker

SIZE, SECONDS, PEOPLE = 160, 5, 4
SEED = 9_000
"""Of people who are neither the network's (seed 1077) nor a run's."""


@pytest.fixture(scope="module")
def model():
    return load_face_model("cc0")


@pytest.fixture(scope="module")
def people(model, tmp_path_factory):
    """Frames as the embedded corpus is encoded, coefficients and true points of each."""
    path = tmp_path_factory.mktemp("people") / "encoded.mp4"
    made = []
    for n in range(PEOPLE):
        name = f"stranger-{n}"
        who = speaker(model, SEED, name)
        said = perform_sentences(model, SECONDS, who.voice, who.style, SEED, name)
        chi = coefficients_of(who.look, said.expression, said.pose)
        write_mp4(path, render_performance(model, who.look, said.expression, said.pose, SIZE), None, crf=CRF)
        frames = np.stack(list(iter_frames(path)))
        made.append((frames, chi, true_landmarks(model, chi, SIZE)[1]))
    return made


@pytest.fixture(scope="module")
def found(people):
    detector = make_detector("dense", max_faces=1)
    return [detector.detect(frames) for frames, _, _ in people]


def error(points, true):
    apart = np.linalg.norm(points - true, axis=2).mean(1)
    return float((apart / np.linalg.norm(true[:, 33] - true[:, 263], axis=1)).mean())


def test_points_are_nearer_to_the_truth_than_mediapipes(people, found):
    ours = [error(d.points, true) for d, (_, _, true) in zip(found, people, strict=True)]
    theirs = [error(d.unmended, true) for d, (_, _, true) in zip(found, people, strict=True)]
    assert np.mean(ours) < 0.02 and np.mean(ours) < 0.8 * np.mean(theirs)


def test_mouths_open_as_they_do(people, found):
    for detection, (_, _, true) in zip(found, people, strict=True):
        real = mouth_opening(true, "mediapipe")
        ours, theirs = (
            np.corrcoef(mouth_opening(points, "dense"), real)[0, 1]
            for points in (detection.points, detection.unmended)
        )
        assert ours > 0.95 and ours > theirs - 0.005


def test_tracked_poses_are_within_their_bounds(people, found, model):
    """Median at most 1 degree and 95th percentile at most 3, as the report's validation asks."""
    config = FaceConfig(landmarks="dense")
    errors = np.concatenate(
        [
            np.degrees(track_poses(frames, d, model, config)[:, :3] - chi[:, POSE][:, :3])
            for d, (frames, chi, _) in zip(found, people, strict=True)
        ]
    )
    assert (np.median(np.abs(errors), 0) < 1).all(), np.median(np.abs(errors), 0)
    assert (np.percentile(np.abs(errors), 95, axis=0) < 3).all()


def test_the_whole_track_and_the_poses_alone_agree(people, found, model):
    config, (frames, _, _) = FaceConfig(landmarks="dense"), people[0]
    track = track_clip(frames[:40], found[0].points[:40], model, config)
    poses = track_poses(frames[:40], found[0].points[:40], model, config)
    assert np.allclose(track.coefficients[:, POSE], poses, atol=1e-6)
    plain = track_poses(frames[:40], found[0].points[:40], model, FaceConfig())
    assert np.abs(plain - poses).max() > 1e-4  # the network's word counts


def test_mediapipes_points_are_kept_and_can_be_mended_later(people, found):
    frames = people[0][0]
    assert np.array_equal(found[0].unmended, make_detector("mediapipe", max_faces=1).detect(frames).points)
    assert np.allclose(dense.refine_points(frames, found[0].unmended), found[0].points, atol=1e-3)


def test_the_number_of_threads_changes_nothing(people, found):
    frames, points = people[0][0], found[0].unmended
    before, values = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            values.append((dense.told_pose(frames, points), dense.refine_points(frames, points)))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert all(np.array_equal(a, b) for a, b in zip(*values, strict=True))


def test_frames_without_a_face_stay_so(people, found):
    frames, points = people[0][0][:6], found[0].points[:6].copy()
    points[2] = np.nan
    told, mended = dense.told_pose(frames, points), dense.refine_points(frames, points)
    for values in (told, mended):
        bad = ~np.isfinite(values).all(tuple(range(1, values.ndim)))
        assert bad.tolist() == [False, False, True, False, False, False]
    nobody = make_detector("dense").detect(np.zeros((3, 64, 64, 3), np.uint8))
    assert np.isnan(nobody.points).all() and nobody.n_faces.tolist() == [0, 0, 0]


def test_the_eyes_lie_where_the_network_expects_them():
    rng = np.random.default_rng(0)
    points = rng.uniform(20, 140, (5, 468, 2))
    turn, middle = eye_frame(points)
    for k in range(5):
        matrix = picture_matrix(turn[k], middle[k])
        corners = points[k][[33, 263]] @ matrix[:, :2].T + matrix[:, 2]
        assert np.allclose(corners, PLACE * SIDE + np.array([[-EYES / 2, 0], [EYES / 2, 0]]))


def test_poses_there_and_back():
    rng = np.random.default_rng(1)
    angles, points, camera = rng.normal(0, 0.3, (50, 3)), rng.uniform(0, 160, (50, 468, 2)), Camera(160)
    frame = eye_frame(points)
    assert np.allclose(camera_pose(seen_pose(angles, *frame, camera), *frame, camera), angles)


def test_the_picture_shows_one_pose_whatever_is_cut_out_of_it(people, model):
    """The pose against the ray to the eyes is that of the whole picture and of a crop in the corner."""
    _, chi, true = people[1]
    nothing = Spans(np.zeros(0, "U1"), np.zeros(0), np.zeros(0))
    truth = Truth(
        chi, np.zeros((len(chi), 68, 2), np.float32), true.astype(np.float32), SIZE, nothing, nothing
    )
    window = CropWindow(x0=10, y0=0, side=110, size=96)
    cut = truth_in_crop(truth, window, slice(0, len(chi)), model).truth
    shown = [
        seen_pose(c[:, POSE][:, :3].astype(np.float64), *eye_frame(p), Camera(size))
        for c, p, size in ((chi, true, SIZE), (cut.coefficients, cut.points468, 96))
    ]
    moved = np.degrees(chi[:, POSE][:, :3] - cut.coefficients[:, POSE][:, :3])
    apart = np.degrees(shown[0] - shown[1])
    assert np.abs(moved).max() > 0.5 and np.abs(apart).max() < 0.3 * np.abs(moved).max()


def test_the_shipped_network_is_the_one_that_the_code_names():
    facts = read_json(dense.DENSE_PATH.with_suffix(".json"))
    assert facts["sha256"] == dense.DENSE_SHA256 == sha256(dense.DENSE_PATH)
    assert facts["cc0_sha256"] == sha256(CC0_PATH), "learn it anew for another face model"
    assert facts["test"]["dense_landmark_error"] < facts["test"]["mediapipe_landmark_error"]


def test_another_network_or_none_is_refused(tmp_path, monkeypatch):
    load = dense.load_dense.__wrapped__
    monkeypatch.setattr(dense, "DENSE_PATH", tmp_path / "dense.safetensors")
    with pytest.raises(UserError, match="learn-landmarks"):
        load()
    (tmp_path / "dense.safetensors").write_bytes(b"other")
    with pytest.raises(UserError, match="not the network of this version"):
        load()
