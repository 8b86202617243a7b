"""Votes to percentages: the paper's own numbers, statsmodels, and what must hold for any counts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from talkpose.errors import UserError
from talkpose.study.votes import (
    best_of,
    exact,
    mean_score,
    recover_count,
    select_all,
    share_of_scores,
    wilson,
)

TABLE_1 = {
    "image quality": {"DAVS": 13, "You said that": 21, "ATVG": 34, "Ours-P": 532},
    "lip synchronization": {"DAVS": 14, "You said that": 123, "ATVG": 194, "Ours-P": 269},
    "natural": {"DAVS": 16, "You said that": 25, "ATVG": 57, "Ours-P": 502},
}
PRINTED = {
    "image quality": [2.17, 3.50, 5.67, 88.67],
    "lip synchronization": [2.33, 20.50, 32.33, 44.83],
    "natural": [2.67, 4.17, 9.50, 83.67],
}
HS_VOTES = {1: 25, 2: 47, 3: 35, 4: 110, 5: 83}


@pytest.mark.parametrize("criterion", TABLE_1)
def test_table_1_from_its_votes(criterion):
    shares = best_of(TABLE_1[criterion])
    assert [round(share.percent, 2) for share in shares.values()] == PRINTED[criterion]
    assert {share.n for share in shares.values()} == {600}
    counts = [recover_count(percent, 600, 2) for percent in PRINTED[criterion]]
    assert counts == list(TABLE_1[criterion].values())


def test_the_head_pose_study_from_its_votes():
    score = mean_score(HS_VOTES)
    assert (score.n, round(score.mean, 2)) == (300, 3.60)
    assert round(share_of_scores(HS_VOTES, (4, 5)).percent, 1) == 64.3
    assert round(share_of_scores(HS_VOTES, (1, 2)).percent, 1) == 24.0


def test_appendix_b_from_its_votes():
    shares = select_all({"100": 0, "200": 0, "300": 4, "500": 4, "800": 7}, 11)
    assert [round(share.percent, 1) for share in shares.values()] == [0, 0, 36.4, 36.4, 63.6]
    assert shares["100"].high == pytest.approx(100 * (1 - 0.025 ** (1 / 11)))  # closed form at 0 of n


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 700).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_intervals_are_statsmodels(pair):
    count, n = pair
    for function, method in ((wilson, "wilson"), (exact, "beta")):
        share = function(count, n)
        theirs = 100 * np.array(proportion_confint(count, n, method=method))
        np.testing.assert_allclose([share.low, share.high], theirs, atol=1e-7)
        assert 0 <= share.low <= share.percent <= share.high <= 100


def test_mean_score_is_the_t_interval_of_the_votes():
    votes = np.repeat(list(HS_VOTES), list(HS_VOTES.values()))
    theirs = stats.ttest_1samp(votes, 0).confidence_interval()
    score = mean_score(HS_VOTES)
    np.testing.assert_allclose([score.low, score.high], theirs)
    assert np.isnan(mean_score({3: 1, 4: 0}).low)


def test_wilson_covers():
    """At 600 votes of 5%: 95% of the intervals hold the truth, give or take."""
    counts = np.random.default_rng(0).binomial(600, 0.05, 2000)
    hits = [wilson(int(count), 600) for count in counts]
    assert np.mean([h.low <= 5 <= h.high for h in hits]) == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize(("count", "n"), [(1, 0), (3, 2), (-1, 4)])
def test_what_is_no_share_is_refused(count, n):
    for function in (wilson, exact):
        with pytest.raises(UserError, match="0 <= count <= n"):
            function(count, n)


def test_percentages_that_no_count_gives_are_refused():
    with pytest.raises(UserError, match="0 counts"):
        recover_count(36.0, 11, 1)
    with pytest.raises(UserError, match="counts print so"):
        recover_count(50.0, 60_000, 1)
