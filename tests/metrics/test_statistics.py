"""Intervals and tests against SciPy, statsmodels, closed forms and simulation."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from statsmodels.stats.multitest import multipletests

from talkpose.metrics import paired
from talkpose.metrics.paired import holm, paired_test
from talkpose.metrics.statistics import bootstrap_interval, bootstrap_intervals


def test_interval_of_many_clips_is_scipys():
    values = np.random.default_rng(0).gamma(2, 1, 200)
    low, high = bootstrap_interval(values, 4000, 0, "a")
    theirs = stats.bootstrap((values,), np.mean, n_resamples=4000, method="percentile", rng=1)
    width = theirs.confidence_interval.high - theirs.confidence_interval.low
    assert abs(low - theirs.confidence_interval.low) < 0.06 * width
    assert abs(high - theirs.confidence_interval.high) < 0.06 * width


def test_interval_of_few_clips_is_students():
    """Eight normal values: the plain percentile interval would be a fifth too narrow."""
    values = stats.norm.ppf((np.arange(8) + 0.5) / 8)
    low, high = bootstrap_interval(values, 40_000, 0, "a")
    half = stats.t.ppf(0.975, 7) * values.std(ddof=1) / np.sqrt(8)
    assert (high - low) / (2 * half) == pytest.approx(1, abs=0.08)


def test_two_values_give_their_range_and_one_gives_nothing():
    assert bootstrap_interval(np.array([1.0, 3.0]), 200, 0, "a") == (1, 3)
    assert bootstrap_interval(np.array([1.0]), 200, 0, "a") is None
    assert bootstrap_interval(np.array([]), 200, 0, "a") is None
    assert bootstrap_intervals(np.empty((3, 0)), 200, 0, "a").shape == (2, 0)
    assert bootstrap_interval(np.arange(9.0), 200, 0, "a", groups=["ann"] * 9) is None


def test_draws_are_named_and_columns_share_them():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 40))
    assert bootstrap_interval(a, 300, 0, "x") == bootstrap_interval(a, 300, 0, "x")
    assert bootstrap_interval(a, 300, 0, "x") != bootstrap_interval(a, 300, 0, "y")
    both = bootstrap_intervals(np.column_stack([a, b, a - a]), 300, 0, "x")
    np.testing.assert_allclose(both[:, 0], bootstrap_interval(a, 300, 0, "x"), rtol=1e-12)
    np.testing.assert_allclose(both[:, 2], 0, atol=1e-15)


def test_a_chunked_draw_is_the_whole_draw(monkeypatch):
    values = np.random.default_rng(0).normal(size=(30, 2))
    whole = bootstrap_intervals(values, 500, 0, "a")
    monkeypatch.setattr("talkpose.metrics.statistics.CHUNK", 100)
    np.testing.assert_allclose(bootstrap_intervals(values, 500, 0, "a"), whole, rtol=1e-12)


def _covered(count: int, clips: int, level: float = 0.95) -> float:
    """Share of 400 made data sets whose interval holds the true mean, 0: persons differ, clips hardly."""
    rng = np.random.default_rng(count)
    hits = 0
    for trial in range(400):
        person = rng.normal(size=count)
        values = np.repeat(person, clips) + 0.1 * rng.normal(size=count * clips)
        groups = np.repeat(np.arange(count), clips)
        low, high = bootstrap_interval(values, 400, trial, "coverage", groups=groups, level=level)
        hits += low <= 0 <= high
    return hits / 400


def test_coverage_by_simulation():
    assert _covered(20, 1) == pytest.approx(0.95, abs=0.035)
    assert _covered(15, 4) == pytest.approx(0.95, abs=0.035)
    assert 0.6 < _covered(3, 1) < 0.85, "three persons: their range, which the docstring says is too narrow"


def test_clips_of_one_person_taken_as_strangers_cover_too_little():
    """Why persons are drawn, not clips."""
    rng = np.random.default_rng(0)
    hits = 0
    for trial in range(200):
        values = np.repeat(rng.normal(size=10), 8)
        low, high = bootstrap_interval(values, 300, trial, "naive")
        hits += low <= 0 <= high
    assert hits / 200 < 0.75


def test_groups_of_unequal_size_weigh_clips_alike():
    values, groups = np.array([0.0, 0, 0, 10]), np.array(["a", "a", "a", "b"])
    low, high = bootstrap_interval(values, 500, 0, "a", groups=groups)
    assert (low, high) == (0, 10)


def test_sign_flip_by_hand():
    """Differences 1, 2, 3: of eight patterns only +++ and --- reach 6."""
    found = paired_test(np.array([2.0, 4, 6]), np.array([1.0, 2, 3]), None, 0, "a")
    assert (found.n, found.persons, found.difference) == (3, 3, 2)
    assert found.permutation == found.least == 0.25
    assert found.wilcoxon == 0.25


def test_sign_flip_is_scipys_exact_permutation_test():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 9)) + [[0.6], [0]]
    theirs = stats.permutation_test(
        (a, b), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=np.inf
    )
    found = paired_test(a, b, None, 0, "a")
    assert found.permutation == pytest.approx(theirs.pvalue)
    assert found.wilcoxon == pytest.approx(stats.wilcoxon(a - b, method="exact").pvalue)


@pytest.mark.parametrize("count", [20, 3000])
def test_sampled_and_limit_p_agree_with_the_t_test_for_many(count):
    rng = np.random.default_rng(count)
    a, b = rng.normal(size=(2, count)) + [[2.2 / np.sqrt(count)], [0]]
    found = paired_test(a, b, None, 0, "a")
    assert found.permutation == pytest.approx(stats.ttest_rel(a, b).pvalue, abs=0.02)
    assert found.wilcoxon == pytest.approx(stats.wilcoxon(a - b).pvalue)


def test_exact_and_sampled_agree(monkeypatch):
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(2, 12)) + [[0.7], [0]]
    exact = paired_test(a, b, None, 0, "a").permutation
    monkeypatch.setattr(paired, "EXACT", 5)
    assert paired_test(a, b, None, 0, "a").permutation == pytest.approx(exact, abs=0.02)


def test_wilcoxon_with_ties_and_zeros_counts_every_pattern():
    values = np.array([0.0, 1, 1, -1, 2, 2, 3])
    ranks = stats.rankdata(np.abs(values[values != 0]))
    observed = ranks[values[values != 0] > 0].sum()
    centre = ranks.sum() / 2
    sums = [np.dot(ranks, bits) for bits in itertools.product((0, 1), repeat=6)]
    by_hand = np.mean([abs(s - centre) >= abs(observed - centre) for s in sums])
    found = paired_test(values, np.zeros(7), None, 0, "a")
    assert found.wilcoxon == pytest.approx(by_hand)


def test_persons_flip_together():
    """Forty clips of four persons tell no more than four persons do."""
    a = np.repeat([1.0, 1.1, 0.9, 1.2], 10)
    found = paired_test(a, np.zeros(40), np.repeat(["a", "b", "c", "d"], 10), 0, "a")
    assert (found.n, found.persons, found.permutation) == (40, 4, 0.125)


def test_equal_methods_and_bad_columns():
    assert paired_test(np.ones(5), np.ones(5), None, 0, "a")[2:5] == (0, 1, 1)
    with pytest.raises(ValueError, match="two"):
        paired_test(np.ones(5), np.ones(4), None, 0, "a")


def test_false_alarms_are_as_rare_as_promised():
    rng = np.random.default_rng(0)
    p = [paired_test(*rng.normal(size=(2, 8)), None, 0, "a").permutation for _ in range(400)]
    assert np.mean(np.array(p) <= 0.05) < 0.08


@settings(max_examples=30, deadline=None)
@given(arrays(float, st.integers(1, 12), elements=st.floats(0, 1)))
def test_holm_is_statsmodels(p):
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1], atol=1e-12)
    assert np.all(holm(p) >= p - 1e-15)
