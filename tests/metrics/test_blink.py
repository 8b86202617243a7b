"""Blinks of made eyes, and of the embedded world's own blinks."""

import numpy as np
import pytest

from talkpose.errors import UserError
from talkpose.metrics.blink import EYES, blinks, compute, eye_opening, protocol
from talkpose.metrics.registry import protocol as known
from talkpose.synthetic.gestures import BLINK, blink_times


def landmarks(opening: np.ndarray, kind: str = "mediapipe", size: float = 20.0) -> np.ndarray:
    """Landmarks whose eyes have this aspect ratio, `size` pixels wide."""
    points = np.zeros((len(opening), 468 if kind == "mediapipe" else 68, 2))
    for eye, left in zip(EYES[kind], (30, 80), strict=True):
        half = opening * size / 2
        for place, (x, up) in zip(eye, ((0, 0), (1, -1), (2, -1), (3, 0), (2, 1), (1, 1)), strict=True):
            points[:, place, 0] = left + x * size / 3
            points[:, place, 1] = 50 + up * half
    return points


def world(seed: int, frames: int = 1500, rate: float = 0.3) -> tuple[np.ndarray, int]:
    """Eye opening with the embedded world's blinks, drift and scatter, and how many blinks it shows."""
    rng = np.random.default_rng(seed)
    times = (np.arange(frames) + 0.5) / 25
    moments, closure = zip(*BLINK, strict=True)
    middles = blink_times(rng, frames / 25, rate)
    middles = middles[(middles > 0.1) & (middles < frames / 25 - 0.1)]
    shut = np.max([np.interp(times - middle, moments, closure) for middle in middles], axis=0)
    opening = 0.3 * (1 + 0.1 * np.sin(times / 3)) * (1 - 0.85 * shut)
    return opening + rng.normal(0, 0.008, frames), len(middles)


@pytest.mark.parametrize("kind", ["mediapipe", "dlib"])
def test_the_aspect_ratio_is_that_of_the_eyes(kind):
    wanted = np.array([0.05, 0.2, 0.35])
    np.testing.assert_allclose(eye_opening(landmarks(wanted, kind), kind), wanted)
    turned = landmarks(wanted, kind) @ np.array([[0.6, 0.8], [-0.8, 0.6]]) * 3 + 7
    np.testing.assert_allclose(eye_opening(turned, kind), wanted)


@pytest.mark.parametrize("seed", range(6))
def test_every_blink_of_the_embedded_world_is_found_once(seed):
    opening, made = world(seed)
    assert made > 8 and len(blinks(opening)) == made
    rate, seen = compute(landmarks(opening), "mediapipe")
    assert (rate, seen) == (pytest.approx(made), 1500)  # of one minute


def test_a_blink_that_trembles_is_one_blink():
    opening = np.full(100, 0.3)
    opening[40:46] = [0.15, 0.2, 0.12, 0.21, 0.1, 0.27]
    assert blinks(opening).tolist() == [[40, 44]]
    opening[42] = 0.29  # rises above OPEN between: two
    assert blinks(opening).tolist() == [[40, 41], [44, 44]]


def test_shut_eyes_and_narrow_eyes_are_no_blinks():
    opening = np.full(300, 0.3)
    opening[100:140] = 0.1
    assert len(blinks(opening)) == 0
    narrow = np.full(300, 0.3)
    narrow[150:] = 0.22
    assert len(blinks(narrow)) == 0


def test_frames_without_a_face_are_bridged():
    opening, made = world(1, 500)
    points = landmarks(opening)
    gap = np.flatnonzero(opening > 0.28)[[5, 60, 200]]
    points[gap] = np.nan
    rate, seen = compute(points, "mediapipe")
    assert seen == 497 and rate == pytest.approx(made * 3)
    assert np.isnan(compute(points * np.nan, "mediapipe")[0])
    assert np.isnan(compute(points[:74], "mediapipe")[0]), "too short for a rate"


def test_protocol_and_unknown_detectors():
    assert known("blink-rate", "blink-v1-dlib") == protocol("dlib")
    with pytest.raises(UserError, match="no eye points"):
        eye_opening(np.zeros((1, 68, 2)), "other")
