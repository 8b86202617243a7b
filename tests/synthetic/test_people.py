import numpy as np
import pytest

from talkpose.face.camera import rotation_matrix
from talkpose.face.landmarks import make_detector
from talkpose.face.model import load_face_model
from talkpose.face.preview import expression_of
from talkpose.face.track import fitted_landmarks
from talkpose.synthetic.body import neck_weights
from talkpose.synthetic.contract import PIVOT
from talkpose.synthetic.hair import STYLES
from talkpose.synthetic.looks import sample_look
from talkpose.synthetic.render import coefficients_of, render_performance, true_landmarks

SIZE = 128
MODEL = load_face_model("cc0")


def turned(*degrees):
    angles = np.radians(degrees)
    return np.concatenate([angles, PIVOT - rotation_matrix(angles) @ PIVOT])


def picture(look, units=None, pose=None, size=SIZE):
    expression = expression_of(MODEL, units or {})[None]
    return render_performance(
        MODEL, look, expression, (turned(0, 0, 0) if pose is None else pose)[None], size
    )[0]


@pytest.fixture(scope="module")
def look():
    return sample_look(MODEL, 1, "p", presents="male")


def eye_patch(frame, look, size, left):
    """Pixels about one open eye, (N, 3)."""
    points = true_landmarks(MODEL, coefficients_of(look, np.zeros((1, 64)), np.zeros((1, 6))), size)[0][0]
    ring = points[42:48] if left else points[36:42]
    (x0, y0), (x1, y1) = np.floor(ring.min(0)).astype(int), np.ceil(ring.max(0)).astype(int)
    return frame[y0:y1, x0:x1].astype(float)


def test_equal_seeds_give_equal_bytes_and_others_others(look):
    again = sample_look(MODEL, 1, "p", presents="male")
    assert (picture(look) == picture(again)).all()
    other = sample_look(MODEL, 2, "p", presents="male")
    assert np.abs(picture(look).astype(int) - picture(other)).mean() > 5


def test_frames_do_not_depend_on_what_follows(look):
    pose = np.stack([turned(0, a, 0) for a in range(20)])
    whole = render_performance(MODEL, look, np.zeros((20, 64)), pose, 32)
    part = render_performance(MODEL, look, np.zeros((16, 64)), pose[:16], 32)
    assert (whole[:16] == part).all()


@pytest.mark.parametrize("style", sorted(set(STYLES) - {"receding", "bald"}))
def test_hair_covers_the_skull(look, style):
    green = np.array([0.0, 1.0, 0.0])  # no skin is green, so what is not green here is not hair
    frame = picture(look._replace(hair_style=style, hair_colour=green), size=96).astype(int)
    chi = coefficients_of(look, np.zeros((1, 64)), np.zeros((1, 6)))
    points = true_landmarks(MODEL, chi, 96)[0][0]
    brow, chin = points[17:27, 1].min(), points[8, 1]
    crown = int(brow - 0.47 * (chin - brow))
    row = frame[crown, int(points[36, 0]) : int(points[45, 0])]
    assert (row[:, 1] > row[:, 0] + 10).all()


def test_blink_hides_the_iris(look):
    look = look._replace(iris=np.array([0.0, 0.0, 1.0]))
    blue = [
        (patch[..., 2] - patch[..., 0] > 25).sum()
        for units in ({}, {"eyeBlinkLeft": 1, "eyeBlinkRight": 1})
        for patch in [eye_patch(picture(look, units, size=256), look, 256, left=True)]
    ]
    assert blue[0] > 20 and blue[1] < 0.15 * blue[0]


@pytest.mark.parametrize("unit, sign", [("eyeLookOutLeft", 1), ("eyeLookInLeft", -1)])
def test_gaze_moves_the_iris(look, unit, sign):
    look = look._replace(iris=np.array([0.0, 0.0, 1.0]))

    def middle(units):
        patch = eye_patch(picture(look, units, size=256), look, 256, left=True)
        blue = patch[..., 2] - patch[..., 0] > 25
        return np.nonzero(blue)[1].mean()

    assert sign * (middle({unit: 0.8}) - middle({})) > 2


def test_landmarks_are_those_of_an_independent_projection(look):
    rng = np.random.default_rng(3)
    pose = rng.normal(0, 0.1, (4, 6))
    chi = coefficients_of(look, rng.normal(0, 0.3, (4, 64)), pose)
    np.testing.assert_allclose(chi[:, 254:], pose[:, 3:] + look.framing, atol=1e-5)
    few, many = true_landmarks(MODEL, chi, SIZE)
    assert np.abs(few - fitted_landmarks(chi, MODEL, SIZE, 68)).max() < 0.02
    assert np.abs(many - fitted_landmarks(chi, MODEL, SIZE, 468)).max() < 0.02


def test_shoulders_stay_while_the_head_turns(look):
    look = look._replace(hair_style="short")
    straight, aside = picture(look), picture(look, pose=turned(5, 25, 0))
    low = np.s_[-10:]
    assert np.abs(straight[low].astype(int) - aside[low]).mean() < 2.5  # the sensor's noise is the same
    assert np.abs(straight[30:90].astype(int) - aside[30:90]).mean() > 6


def test_the_neck_joins_head_and_body():
    weight = neck_weights(MODEL)
    assert weight.min() == 0 and weight.max() == 1
    steps = np.abs(np.diff(weight[MODEL.triangles], axis=1))
    assert steps.max() < 0.35


@pytest.mark.parametrize("name, least", [("mediapipe", 0.99), ("dlib", 0.95)])
def test_detectors_find_people(name, least):
    pose = np.stack([turned(p, y, r) for p, y, r in [(0, 0, 0), (5, 12, 3), (-5, -12, -3)]])
    speaking = np.stack([expression_of(MODEL, {"jawOpen": v}) for v in (0, 0.2, 0.4)])
    found = []
    for person in range(4):
        look = sample_look(MODEL, person, "found", presents=("female", "male")[person % 2])
        frames = render_performance(MODEL, look, speaking, pose, 160)
        found.append(np.isfinite(make_detector(name, max_faces=1).detect(frames).points).all((1, 2)))
    assert np.mean(found) >= least
