"""LMD of the ATVG protocols, M-LMD, F-LMD and landmark velocity against plain loops and closed forms."""

import numpy as np
import pytest

from talkpose.errors import UserError
from talkpose.metrics import eat_lmd, lmd, velocity
from talkpose.metrics.registry import protocol


def faces(seed: int, frames: int = 6, points: int = 68) -> np.ndarray:
    face = np.random.default_rng(seed).integers(20, 108, (frames, points, 2)).astype(np.float32) + 0.5
    face[:, 36], face[:, 45] = (40, 50), (88, 50)
    return face


def test_atvg_is_the_sum_over_whole_pixels_word_by_word():
    generated, real = faces(0), faces(1)
    expected = []
    for g, r in zip(generated, real, strict=True):
        a, b = (np.array([[int(x), int(y)] for x, y in p[48:68]], float) for p in (g, r))
        a, b = a - a.mean(0), b - b.mean(0)
        expected.append(sum(np.sqrt(((a - b) ** 2).sum(1))))
    np.testing.assert_allclose(lmd.update_atvg(generated, real, "dlib"), expected)


def test_families():
    generated, real = faces(2), faces(3)
    real[1] = np.nan
    found = {
        (p.metric, p.id): (v, n)
        for p, v, n in lmd.measure(generated, real, "dlib", 256, ["atvg-v1", "atvg-fixed-v1"])
    }
    assert set(found) == {("lmd", f"{name}-dlib") for name in ("atvg-v1", "atvg-v1-mean", "atvg-fixed-v1")}
    total, mean, fixed = (
        found["lmd", f"{name}-dlib"] for name in ("atvg-v1", "atvg-v1-mean", "atvg-fixed-v1")
    )
    assert total[1] == 5
    assert mean[0] == pytest.approx(total[0] / 20)
    assert fixed[0] == pytest.approx(mean[0] / 2)  # at 128 rather than 256 pixels; these points are whole
    full = {
        p.id: v for p, v, _ in lmd.measure(generated, real, "dlib", 256, ["full-v1"]) if p.metric == "lmd"
    }
    assert full == {"full-v1-dlib": pytest.approx(fixed[0])}


@pytest.mark.parametrize(("kind", "count"), [("dlib", 68), ("mediapipe", 468)])
def test_every_protocol_is_known(kind, count):
    written = [*lmd.atvg_protocols(kind), *eat_lmd.protocols(kind), *velocity.protocols(kind)]
    assert len({(p.metric, p.id) for p in written}) == 7
    for entry in written:
        assert protocol(entry.metric, entry.id) == entry
    a, b = faces(4, points=count), faces(5, points=count)
    assert eat_lmd.update(a, b, kind, 128, "face").shape == (6,)


def test_mouth_and_face_distance():
    real = faces(6)
    generated = real.copy()
    generated[:, 48:58] += (3, 0)
    assert eat_lmd.update(generated, real, "dlib", 128, "mouth") == pytest.approx(1.5)
    # 10 of 68 moved by 3: the centre follows by 30 / 68
    shift = 30 / 68
    assert eat_lmd.update(generated, real, "dlib", 128, "face") == pytest.approx(
        (10 * (3 - shift) + 58 * shift) / 68
    )
    assert eat_lmd.update(generated + 9, real, "dlib", 128, "face") == pytest.approx(
        eat_lmd.update(generated, real, "dlib", 128, "face")
    )


def test_a_longer_video_is_sampled_evenly():
    real = faces(7, frames=5)
    slow = real.repeat(2, 0)[:9]
    assert len(eat_lmd.update(slow, real, "dlib", 128, "mouth")) == 5
    line = np.arange(9.0)[:, None, None] * np.ones((1, 68, 2))
    assert eat_lmd.resample(line, 5)[:, 0, 0].tolist() == [0, 2, 4, 6, 8]
    with pytest.raises(UserError, match="468"):
        eat_lmd.update(faces(0, points=51), real, "dlib", 128, "mouth")


def test_velocity_of_a_known_motion():
    real = np.repeat(faces(8, frames=1), 5, 0)
    generated = real.copy()
    # half of the mouth runs 1 px a frame: centred, each point by half of it; 48 px between the eyes
    generated[:, 58:68, 1] += np.arange(5)[:, None]
    expected = 100 * 25 * 0.5 / 48
    assert velocity.update(generated, real, "dlib", "mouth") == pytest.approx(expected, rel=1e-5)
    drift = real + np.arange(5)[:, None, None]  # the head's own path does not count
    assert velocity.update(drift, real, "dlib", "face") == pytest.approx(0, abs=1e-3)
    generated[2] = np.nan
    value, steps = velocity.compute([velocity.update(generated, real, "dlib", "mouth")])
    assert (value, steps) == (pytest.approx(expected, rel=1e-5), 2)
    nothing, none = velocity.compute([velocity.update(real, np.full_like(real, np.nan), "dlib", "face")])
    assert np.isnan(nothing) and none == 0
