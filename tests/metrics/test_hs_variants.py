"""HS's variants against SciPy and POT, and how heads move."""

import numpy as np
import ot
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from talkpose.config import MetricsConfig
from talkpose.metrics import hs, pose_dynamics
from talkpose.metrics.poses import pose_metrics
from talkpose.metrics.registry import protocol

VARIANTS = hs.variants()
DEGREE = np.pi / 180


def poses(seed: int, frames: int, spread: float = 8) -> np.ndarray:
    """A head's slow motion, in radians."""
    steps = np.random.default_rng(seed).normal(0, 1, (frames, 3))
    slow = np.stack([np.convolve(s, np.ones(9) / 3, "same") for s in steps.T], 1)
    return slow * spread * DEGREE / 3


@pytest.mark.parametrize("name", [n for n, v in VARIANTS.items() if not v.joint])
def test_axis_variants_are_scipys_and_pots_distance(name):
    variant = VARIANTS[name]
    a, b = poses(0, 200), poses(1, 150, 12) + (0.1, 0, -0.1)
    expected = []
    for axis in range(3):
        pooled = np.r_[a[:, axis], b[:, axis]]
        limit = None if variant.limit is None else variant.limit * DEGREE
        low, high = (pooled.min(), pooled.max()) if limit is None else (-limit, limit)
        edges = np.linspace(low, high, variant.bins + 1)
        p, q = (np.histogram(x[:, axis], edges)[0] / len(x) for x in (a, b))
        bins = np.arange(variant.bins, dtype=float)
        cost = ot.dist(bins[:, None], bins[:, None], metric="euclidean") ** variant.power
        expected.append(ot.emd2(p, q, cost / cost.max()))
        if variant.power == 1:
            scipys = stats.wasserstein_distance(bins, bins, p, q) / (variant.bins - 1)
            assert scipys == pytest.approx(expected[-1], abs=1e-9)
    assert hs.distance(a, b, variant) == pytest.approx(np.mean(expected), abs=1e-9)


@pytest.mark.parametrize("name", [n for n, v in VARIANTS.items() if v.joint])
def test_joint_variants_are_pots_distance_of_the_whole_histogram(name):
    variant = VARIANTS[name]._replace(bins=5)
    a, b = poses(2, 120), poses(3, 90, 12)
    low, high = (
        (np.r_[a, b].min(0), np.r_[a, b].max(0))
        if variant.limit is None
        else (np.full(3, -variant.limit * DEGREE), np.full(3, variant.limit * DEGREE))
    )
    ranges = list(zip(low, high, strict=True))
    p, q = (np.histogramdd(x, 5, ranges)[0].ravel() / len(x) for x in (a, b))
    places = np.stack(np.meshgrid(*[np.arange(5.0)] * 3, indexing="ij"), -1).reshape(-1, 3)
    cost = ot.dist(places, places, metric="euclidean") ** variant.power
    assert hs.distance(a, b, variant) == pytest.approx(ot.emd2(p, q, cost / cost.max()), abs=1e-9)


@pytest.mark.parametrize("name", VARIANTS)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 999), spread=st.floats(0.5, 40))
def test_properties(name, seed, spread):
    variant = VARIANTS[name]
    a, b = poses(seed, 60, spread), poses(seed + 1, 45, 10)
    value = hs.compute([a], [b], variant)[0]
    assert 0 <= value <= 1
    assert hs.compute([a], [a], variant)[0] == pytest.approx(1)
    assert hs.compute([b], [a], variant)[0] == pytest.approx(value, abs=1e-9)
    assert hs.compute([a[::-1]], [b], variant)[0] == pytest.approx(value, abs=1e-9)


def test_angles_beyond_a_fixed_range_stay_in_its_last_bin():
    far, end = np.full((9, 3), 80 * DEGREE), np.full((9, 3), 44.9 * DEGREE)
    assert hs.compute([far], [end], VARIANTS["fixed-45-linear"])[0] == pytest.approx(1)
    assert hs.compute([far], [-far], VARIANTS["fixed-45-linear"])[0] == pytest.approx(0)
    assert hs.compute([far], [-far], VARIANTS["joint-45-squared"])[0] == pytest.approx(0)


def test_wide_ranges_hide_differences_and_squares_more_so():
    """What the reference's measurements show, as it must be."""
    a, b = poses(4, 300, 6), poses(5, 300, 12) + 5 * DEGREE
    value = {name: hs.compute([a], [b], variant)[0] for name, variant in VARIANTS.items()}
    assert (
        value["pooled-linear"]
        < value["fixed-45-linear"]
        < value["fixed-90-linear"]
        < value["fixed-180-linear"]
    )
    assert value["pooled-linear"] < value["pooled-squared"]
    assert value["joint-10-linear"] < value["pooled-linear"] + 0.02


def test_rows_of_both_sources_are_known():
    config = MetricsConfig()
    written = [
        entry
        for generated in (False, True)
        for entry in pose_metrics(poses(0, 200), poses(1, 90), config, generated)
    ]
    assert len({(p.metric, p.id) for p, _, _ in written}) == 2 * (7 + 3)
    for entry, value, frames in written:
        assert protocol(entry.metric, entry.id) == entry
        assert np.isfinite(value) and frames == 200
    few = MetricsConfig(names=["hs"], hs_variants=["fixed-90-linear"], hs_bins=10)
    assert [p.id for p, _, _ in pose_metrics(poses(0, 9), poses(1, 9), few)] == [
        "pooled-10-linear",
        "fixed-90-linear",
    ]


def test_dynamics_in_closed_form_and_by_scipy():
    real, other = (pose_dynamics.update(poses(seed, 150)) for seed in (0, 1))
    for order, measure in ((1, "velocity"), (2, "acceleration")):
        values = [np.diff(x, n=order, axis=0) * 25**order for x in (real, other)]
        expected = np.mean(
            [stats.wasserstein_distance(a, b) for a, b in zip(values[0].T, values[1].T, strict=True)]
        )
        assert pose_dynamics.compute(other, real, measure)[0] == pytest.approx(expected)
        assert pose_dynamics.compute(real, real, measure) == (pytest.approx(0), 150)
        still = pose_dynamics.compute(np.zeros((40, 3)), real, measure)[0]
        assert still == pytest.approx(np.abs(values[0]).mean())
    nods = np.radians(3) * np.sin(2 * np.pi * 25 / 64 * 4 * np.arange(300) / 25)[:, None] * np.ones(3)
    twice = pose_dynamics.compute(pose_dynamics.update(2 * nods), pose_dynamics.update(nods), "spectrum")[0]
    power = pose_dynamics.spectrum(pose_dynamics.update(nods))
    assert power[:, 0].argmax() == 3  # the fourth multiple of 25 / 64 Hz; the band begins at the first
    assert 1 < twice < 20 * np.log10(2)  # 6 dB at the peak, less where there is only the floor
    assert np.isnan(pose_dynamics.compute(real[:50], real, "spectrum")[0])


def test_order_in_time_is_what_hs_does_not_see():
    real = poses(0, 200)
    shuffled = np.random.default_rng(0).permutation(real)
    assert hs.compute([shuffled], [real])[0] == pytest.approx(1)
    degrees = pose_dynamics.update(shuffled), pose_dynamics.update(real)
    assert pose_dynamics.compute(*degrees, "velocity")[0] > 10
    assert pose_dynamics.compute(*degrees, "spectrum")[0] > 3


def test_gaps_are_left_out_or_bridged():
    real = pose_dynamics.update(poses(0, 200))
    gap = real.copy()
    gap[50] = np.nan
    assert len(pose_dynamics.derivative(gap, 1)) == 197
    assert np.isfinite(pose_dynamics.spectrum(gap)).all()
    assert np.isnan(pose_dynamics.compute(np.full((80, 3), np.nan), real, "velocity")[0])
