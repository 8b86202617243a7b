"""LMD, HS and mouth correlation against SciPy, POT, MediaPipe's own point lists and closed forms."""

import numpy as np
import ot
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from talkpose.errors import UserError
from talkpose.metrics import hs, lmd, mouth
from talkpose.metrics.registry import protocol


def _faces(seed: int, frames: int = 6, points: int = 68) -> np.ndarray:
    face = np.random.default_rng(seed).uniform(20, 108, (frames, points, 2)).astype(np.float32)
    face[:, 36], face[:, 45] = (40, 50), (88, 50)
    return face


def test_mouth_points_are_mediapipes_lips():
    face_mesh = pytest.importorskip("mediapipe").solutions.face_mesh
    assert {i for edge in face_mesh.FACEMESH_LIPS for i in edge} == set(lmd.MOUTH["mediapipe"])
    assert len(lmd.MOUTH["mediapipe"]) == 40
    assert len(lmd.MOUTH["dlib"]) == 20


def test_lmd_closed_form():
    real = _faces(0)
    generated = real.copy()
    generated[:, 48:58] += (3, 0)  # half of the points moved by 3: after centring each is off by 1.5
    generated[:, :48] = 0  # points outside the mouth do not count
    assert lmd.compute([lmd.update(generated, real, "dlib", 128)]) == (pytest.approx(1.5), 6)
    assert lmd.update(generated, real, "dlib", 128, normalised=True) == pytest.approx(100 * 1.5 / 48)


def test_lmd_does_not_depend_on_place_or_resolution():
    real, other = _faces(1), _faces(2)
    base = lmd.update(other, real, "dlib", 128)
    np.testing.assert_allclose(lmd.update(other + 17, real, "dlib", 128), base, rtol=1e-5)
    np.testing.assert_allclose(lmd.update(other * 2, real * 2, "dlib", 256), base, rtol=1e-5)
    relative = lmd.update(other, real, "dlib", 128, normalised=True)
    np.testing.assert_allclose(
        lmd.update(other * 3, real * 3, "dlib", 384, normalised=True), relative, rtol=1e-5
    )


def test_lmd_counts_only_frames_where_both_show_a_face():
    real, generated = _faces(3), _faces(4)
    known = lmd.update(generated, real, "dlib", 128)
    real[1], generated[4] = np.nan, np.nan
    value, frames = lmd.compute([lmd.update(generated, real, "dlib", 128)])
    assert frames == 4
    assert value == pytest.approx(known[[0, 2, 3, 5]].mean())
    nothing, none = lmd.compute([lmd.update(np.full_like(real, np.nan), real, "dlib", 128)])
    assert np.isnan(nothing)
    assert none == 0


def test_lmd_refuses_other_landmark_sets():
    with pytest.raises(UserError, match="mediapipe"):
        lmd.update(_faces(0), _faces(1), "sift", 128)
    with pytest.raises(UserError, match="same landmark set"):
        lmd.update(_faces(0), _faces(1, points=468), "dlib", 128)


def _poses(seed: int, frames: int, spread: float = 0.1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, spread, (frames, 3))


def test_hs_is_the_wasserstein_distance_of_scipy_and_pot():
    a, b = _poses(0, 200), _poses(1, 150, 0.2) + (0.1, 0, -0.1)
    expected_scipy, expected_pot = [], []
    for axis in range(3):
        pooled = np.r_[a[:, axis], b[:, axis]]
        edges = np.linspace(pooled.min(), pooled.max(), 21)
        p, q = (np.histogram(x[:, axis], edges)[0] / len(x) for x in (a, b))
        bins = np.arange(20.0)
        expected_scipy.append(stats.wasserstein_distance(bins, bins, p, q) / 19)
        cost = ot.dist(bins[:, None], bins[:, None], metric="euclidean")
        expected_pot.append(ot.emd2(p, q, cost / cost.max()))
    np.testing.assert_allclose(hs.axis_distances(a, b), expected_scipy, atol=1e-9)
    np.testing.assert_allclose(hs.axis_distances(a, b), expected_pot, atol=1e-9)
    value, frames = hs.compute([a], [b])
    assert (value, frames) == (pytest.approx(1 - np.mean(expected_scipy)), 200)


def test_hs_bounds():
    moving = _poses(2, 100)
    assert hs.compute([moving], [moving])[0] == pytest.approx(1)
    left, right = np.zeros((10, 3)), np.ones((30, 3))
    assert hs.compute([left], [right])[0] == pytest.approx(0)  # all mass crosses the whole range
    assert hs.compute([left], [np.zeros((5, 3))])[0] == 1  # neither moves, both agree
    value, frames = hs.compute([], [moving])
    assert np.isnan(value)
    assert frames == 0


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999), scale=st.floats(0.01, 100), shift=st.floats(-3, 3))
def test_hs_properties(seed, scale, shift):
    a, b = _poses(seed, 60), _poses(seed + 1, 90, 0.15)
    value = hs.compute([a], [b])[0]
    assert 0 <= value <= 1
    assert hs.compute([b], [a])[0] == pytest.approx(value)  # symmetric
    assert hs.compute([a[::-1]], [b])[0] == pytest.approx(value)  # blind to temporal order
    assert hs.compute([a[:20], a[20:]], [b])[0] == pytest.approx(value)  # batches do not matter
    # Unit (degrees) and origin do not matter, but for angles that land on a bin's edge.
    assert hs.compute([a * scale + shift], [b * scale + shift])[0] == pytest.approx(value, abs=0.02)


def test_hs_drops_frames_without_a_pose_and_takes_257_layout_poses():
    poses = np.random.default_rng(3).normal(size=(20, 6)).astype(np.float32)
    poses[3] = np.nan
    assert hs.update(poses).shape == (19, 3)
    with pytest.raises(UserError, match="pitch, yaw, roll"):
        hs.update(np.zeros((4, 2)))


def _opening(seed: int, frames: int = 200) -> np.ndarray:
    return np.convolve(np.random.default_rng(seed).normal(0, 0.1, frames), np.ones(4) / 4, "same")


def test_mouth_is_pearsons_r():
    a, b = _opening(0), _opening(1) + 0.5 * _opening(0)
    value, frames, _, _ = mouth.compute([mouth.update(a[:50], b[:50]), mouth.update(a[50:], b[50:])])
    assert value == pytest.approx(stats.pearsonr(a, b).statistic)
    assert frames == 200


@pytest.mark.parametrize("lag", [-7, 0, 5])
def test_mouth_finds_the_lag_of_a_late_mouth(lag):
    real = _opening(2)
    generated = np.roll(real, lag)  # positive: generated opens later
    _, _, found, best = mouth.compute([mouth.update(generated, real)], 12)
    assert found == lag
    assert best == pytest.approx(1)


def test_a_still_mouth_says_nothing():
    real = _opening(3)
    flat = np.full_like(real, 0.1) + 1e-5 * _opening(4)
    assert mouth.compute([mouth.update(flat, real)], 3)[0] == 0
    value, frames, lag, best = mouth.compute([mouth.update(real[:5], real[:5])], 3)
    assert np.isnan([value, best]).all()
    assert (frames, lag) == (5, 0)


def test_mouth_skips_frames_without_a_face():
    a, b = _opening(5), _opening(6)
    gap = a.copy()
    gap[20:40] = np.nan
    keep = np.r_[0:20, 40:200]
    assert mouth.correlation(gap, b) == (pytest.approx(stats.pearsonr(a[keep], b[keep]).statistic), 180)


def test_registry_knows_every_protocol_that_metrics_write():
    written = [*lmd.protocols("mediapipe"), *lmd.protocols("dlib"), *hs.protocols(20), *hs.protocols(10)]
    written += mouth.protocols("mediapipe", 12)
    for entry in written:
        assert protocol(entry.metric, entry.id) is not None
        assert protocol(entry.metric, entry.id) == entry
    assert "not defined" in protocol("fid", "v9").definition
