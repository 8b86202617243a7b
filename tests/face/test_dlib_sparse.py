"""dlib's landmarks with a box looked for once a second, against the plain loop of detector and predictor."""

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from talkpose.clips.decode import VideoReader
from talkpose.face.landmarks import make_detector
from talkpose.face.landmarks.dlib_sparse import SparseDlibDetector
from talkpose.metrics import lmd


def plain(frames: np.ndarray) -> np.ndarray:
    """Detector and predictor in every frame, as the public scripts run them."""
    import dlib
    import face_recognition_models

    detector = dlib.get_frontal_face_detector()
    predictor = dlib.shape_predictor(face_recognition_models.pose_predictor_model_location())
    points = np.full((len(frames), 68, 2), np.nan, np.float32)
    for i, frame in enumerate(frames):
        found = detector(np.ascontiguousarray(frame), 1)
        if len(found):
            shape = predictor(np.ascontiguousarray(frame), found[0])
            points[i] = [(p.x + 0.5, p.y + 0.5) for p in shape.parts()]
    return points


class Counting(SparseDlibDetector):
    """Counts its searches."""

    searches = 0

    def _search(self, frame, main):
        self.searches += 1
        super()._search(frame, main)


@pytest.fixture(scope="module")
def video() -> np.ndarray:
    """A face of 128x128 that walks by a pixel a frame."""
    face = cv2.resize(astronaut()[10:190, 130:310], (120, 120), interpolation=cv2.INTER_AREA)
    canvas = np.full((31, 128, 160, 3), 90, np.uint8)
    for i, frame in enumerate(canvas):
        frame[4:124, i : i + 120] = face
    return canvas


def test_with_a_search_in_every_frame_it_is_the_plain_loop(video):
    np.testing.assert_array_equal(SparseDlibDetector(1).detect(video[:6]).points, plain(video[:6]))


def test_a_walking_face_is_followed_with_few_searches(video):
    detector = Counting()
    points, n_faces, _ = detector.detect(iter(video))
    assert n_faces.tolist() == [1] * 31
    assert detector.searches < 15
    walk = points - np.arange(31)[:, None, None] * [1, 0]
    assert np.linalg.norm(walk - np.median(walk, 0), axis=-1).mean() < 1


def test_a_still_head_costs_two_searches_and_nothing_moves(video):
    detector = Counting()
    points = detector.detect(video[:1].repeat(25, 0)).points
    assert detector.searches == 2
    assert np.ptp(points, axis=0).max() == 0


def test_faces_come_and_go(video):
    blank = np.full_like(video[:5], 128)
    points, n_faces, _ = SparseDlibDetector().detect(np.concatenate([video[:4], blank, video[:20]]))
    assert n_faces.tolist() == [1] * 4 + [0] * 5 + [1] * 20
    assert np.isnan(points[4:9]).all() and np.isfinite(np.delete(points, range(4, 9), 0)).all()
    assert SparseDlibDetector().detect(video[:0]).points.shape == (0, 68, 2)
    assert SparseDlibDetector().detect(blank[:1]).n_faces.tolist() == [0]


def test_a_jump_is_searched(video):
    """A cut to another place: the points are there at once."""
    jump = np.concatenate([video[:1].repeat(7, 0), video[-1:].repeat(7, 0)])
    points = SparseDlibDetector().detect(jump).points
    np.testing.assert_allclose(points[7:].mean((0, 1)) - points[:7].mean((0, 1)), [30, 0], atol=1.5)
    assert np.linalg.norm(np.diff(points, axis=0), axis=-1).mean(1)[[5, 7]].max() < 1


@pytest.mark.parametrize(("name", "size"), [("grid_lrwp9a.mpg", None), ("personal_b.mp4", 128)])
def test_agrees_with_the_plain_loop_as_well_as_that_with_itself(clips_dir, name, size):
    """On real clips: nearer to the plain loop than it is to itself when the picture moves by one pixel."""
    frames = [frame for _, frame in zip(range(30), VideoReader(clips_dir / name), strict=False)]
    if size:
        frames = [cv2.resize(frame, (size, size), interpolation=cv2.INTER_AREA) for frame in frames]
    video = np.stack(frames)
    detector = Counting()
    expected, moved = plain(video), plain(np.roll(video, (1, 1), (1, 2))) - 1
    points = detector.detect(video).points
    assert detector.searches <= 8
    eyes = np.linalg.norm(expected[:, 36] - expected[:, 45], axis=1)
    own, tolerance = (np.linalg.norm(p - expected, axis=-1).mean(1) / eyes for p in (points, moved))
    assert own.mean() <= tolerance.mean() < 0.02
    assert own.max() < 0.03
    late, plain_late = (np.nanmean(lmd.update(p[5:], p[:-5], "dlib", 128)) for p in (points, expected))
    assert late == pytest.approx(plain_late, rel=0.05)


def test_the_other_detector_agrees_on_the_walk(video):
    dense, sparse = (
        make_detector("dlib", max_faces=1).detect(video).points,
        SparseDlibDetector().detect(video).points,
    )
    eyes = np.linalg.norm(dense[0, 36] - dense[0, 45])
    assert np.linalg.norm(dense - sparse, axis=-1).mean() < 0.04 * eyes
