"""Appendix A's correlation against a plain double loop, and its properties."""

import numpy as np
import pytest
from scipy.stats import kstest, pearsonr, spearmanr

from talkpose.errors import UserError
from talkpose.metrics import audio_pose
from talkpose.metrics.audio_pose import (
    CHOICES,
    Choice,
    Series,
    compute,
    every_protocol,
    measure,
    null,
    protocols,
    update,
)
from talkpose.metrics.registry import protocol


def made(rows: int = 140, rows_per_frame: int = 1, seed: int = 0, drive: float = 1.0) -> Series:
    """Slow features about a mean that makes some pairs neighbours, and angles that they drive in part."""
    rng = np.random.default_rng(seed)
    slow = rng.normal(size=(rows, 6))
    for i in range(1, rows):
        slow[i] += 0.8 * slow[i - 1]
    features = slow + 5 * rng.choice([-1, 1], 6)
    angles = drive * features[:, :3] + rng.normal(size=(rows, 3))
    return Series(features, angles, rows_per_frame)


def plain(series: Series, choice: Choice) -> tuple[float, int]:
    """Appendix A word by word."""
    correlate = pearsonr if choice.statistic == "pearson" else spearmanr
    gap = 25 * series.rows_per_frame if choice.neighbours == "far" else 0
    pooled, anchors = [], []
    for i, s in enumerate(series.features):
        pairs = []
        for j, other in enumerate(series.features):
            distance = np.linalg.norm(other - s)
            if abs(i - j) > gap and distance <= 0.5 * np.linalg.norm(s):
                pairs.append((distance, np.linalg.norm(series.angles[i] - series.angles[j])))
        pooled += pairs
        if len(pairs) >= 10:
            anchors.append(correlate(*np.array(pairs).T).statistic)
    value = np.mean(anchors) if choice.pooling == "anchor" else correlate(*np.array(pooled).T).statistic
    return float(value), len(pooled)


@pytest.mark.parametrize("choice", CHOICES[:8], ids=lambda choice: choice.id)
@pytest.mark.parametrize("rows_per_frame", [1, 2])
def test_equals_a_double_loop(choice, rows_per_frame, monkeypatch):
    monkeypatch.setattr(audio_pose, "CHUNK", 33)
    series = made(rows_per_frame=rows_per_frame)
    value, pairs = compute(series, choice)
    expected, count = plain(series, choice)
    assert pairs == count > 100
    assert value == pytest.approx(expected, abs=1e-9)


def test_every_choice_is_a_protocol_of_the_registry():
    assert len({p.id for p in protocols()}) == 16
    assert protocols()[0].id == "appa-v1-window-pooled-all-pearson"
    for known in protocols():
        assert protocol("audio-pose", known.id) is known or protocol("audio-pose", known.id) == known
    assert "not defined" in protocol("audio-pose", "appa-v1-other").definition


@pytest.mark.parametrize("choice", CHOICES[:8], ids=lambda choice: choice.id)
def test_units_and_offsets_of_the_pose_do_not_matter(choice):
    series = made()
    moved = series._replace(angles=np.radians(series.angles) + 0.3)
    assert compute(moved, choice)[0] == pytest.approx(compute(series, choice)[0], abs=1e-9)


def test_what_the_sound_drives_correlates_and_noise_does_not():
    choice = Choice("window", "pooled", "far", "pearson")
    assert compute(made(400, drive=1.0), choice)[0] > 0.3
    assert abs(compute(made(400, drive=0.0), choice)[0]) < 0.1


def test_equal_distances_give_one():
    series = made()
    series = series._replace(
        angles=series.features[:, :3], features=np.pad(series.features[:, :3], ((0, 0), (0, 1)))
    )
    assert compute(series, CHOICES[0])[0] == pytest.approx(1)


def test_a_still_head_and_lone_features_give_nan():
    series = made()
    still = series._replace(angles=np.zeros((140, 3)))
    assert np.isnan([compute(still, choice)[0] for choice in CHOICES[:8]]).all()
    lone = series._replace(features=np.diag(np.arange(1.0, 141)))
    assert [compute(lone, choice)[1] for choice in CHOICES[:8]] == [0] * 8
    assert np.isnan([compute(lone, choice)[0] for choice in CHOICES[:8]]).all()


def test_the_null_lies_below_what_is_driven_and_is_seeded():
    series, choice = made(400), Choice("window", "pooled", "far", "pearson")
    first = null(series, choice, 20, 3, "person")
    np.testing.assert_array_equal(first, null(series, choice, 20, 3, "person"))
    assert not np.array_equal(first, null(series, choice, 20, 4, "person"))
    assert compute(series, choice)[0] > first.max()


def test_series_of_a_sound():
    rng = np.random.default_rng(0)
    audio = rng.normal(0, 0.1, 640 * 30).astype(np.float32)
    poses = np.outer(np.arange(30), [0.01, 0.02, -0.01, 1, 1, 1])
    window, frame = update(audio, poses, "window"), update(audio, poses, "frame")
    assert window.features.shape == (30, 336)
    assert frame.features.shape == (120, 12)
    # window t holds the rows from three frames before t on
    np.testing.assert_array_equal(window.features[10].reshape(28, 12), frame.features[28:56])
    np.testing.assert_allclose(window.angles[:, 1], np.degrees(poses[:, 1]))
    # the pose of video frame t holds at its middle, 20 ms in; row 4 t's middle is at 12.5 ms
    np.testing.assert_allclose(np.diff(frame.angles[4:100, 1]), np.degrees(0.02) / 4)
    assert frame.angles[40, 1] == pytest.approx(np.degrees(0.02 * (10 - 7.5 / 40)))


def test_a_trackers_scatter_over_a_still_head_is_no_pose():
    rng = np.random.default_rng(0)
    audio = rng.normal(0, 0.1, 640 * 120).astype(np.float32)
    scatter = rng.normal(0, np.radians(0.1), (120, 6))
    for feature in ("window", "frame"):
        assert (update(audio, scatter, feature).angles == 0).all()
        assert update(audio, 10 * scatter, feature).angles.std() > 0.5
    assert np.isnan([r.value for r in measure(update(audio, scatter, "frame"), "frame", 0, 0)]).all()


def test_other_lengths_are_refused():
    with pytest.raises(UserError, match="same frames"):
        update(np.zeros(640 * 10, np.float32), np.zeros((9, 6)), "window")


def test_measure_gives_every_choice_as_compute_and_null_do():
    series = made(rows_per_frame=2)
    results = measure(series, "window", 15, 3, "person")
    assert [r.choice for r in results] == list(CHOICES[:8])
    for result in results:
        assert (result.value, result.pairs) == pytest.approx(compute(series, result.choice))
        drawn = null(series, result.choice, 15, 3, "person")
        assert result.null == pytest.approx(drawn.mean())
        assert result.p == pytest.approx((1 + (drawn >= result.value).sum()) / 16)


def test_p_is_small_for_what_is_driven_and_uniform_for_what_is_not(monkeypatch):
    choice = Choice("window", "pooled", "far", "pearson")
    assert [r.p for r in measure(made(400), "window", 9, 0) if r.choice == choice] == [1 / 10]
    monkeypatch.setattr(audio_pose, "BLOCK", 8)
    rng, p = np.random.default_rng(0), []
    for seed in range(30):
        series = made(80, seed=seed)._replace(angles=rng.normal(size=(80, 3)))
        drawn = null(series, choice, 19, seed, "person")
        p.append((1 + (drawn >= compute(series, choice)[0]).sum()) / 20)
    assert kstest(p, "uniform").pvalue > 0.05


def test_nearness_in_time_alone_correlates_under_all_neighbours():
    rng = np.random.default_rng(1)
    slow = np.cumsum(rng.normal(size=(300, 9)), 0)
    series = Series(slow[:, :6] + 40, slow[:, 6:], 1)
    by_choice = {r.choice: r for r in measure(series, "window", 20, 0)}
    anchored = [by_choice[Choice("window", "anchor", near, "pearson")].null for near in ("all", "far")]
    assert anchored[0] > 0.1 and abs(anchored[1]) < anchored[0] / 2


def test_no_draws_and_still_heads_have_no_p():
    series = made()
    still = series._replace(angles=np.zeros((140, 3)))
    for results in (measure(series, "window", 0, 0), measure(still, "window", 3, 0)):
        assert np.isnan([(r.p, r.null) for r in results]).all()


def test_nulls_are_protocols_that_name_their_draws():
    known = {(p.metric, p.id): p for p in every_protocol(40)}
    assert len(known) == 6 * 16
    one = known["appendix-a-p", "appa-v1-window-pooled-all-pearson-null40"]
    assert "40 orders" in one.definition and protocol(one.metric, one.id) == one


def test_features_are_those_of_python_speech_features():
    from python_speech_features import mfcc

    audio = np.random.default_rng(0).normal(0, 0.1, 640 * 12).astype(np.float32)
    rows = mfcc(np.pad(audio.astype(float), (1920, 2160)), 16000)[:, 1:]
    ours = update(audio, np.zeros((12, 6)), "frame").features
    np.testing.assert_allclose(ours, rows[12 : 12 + 48], atol=1e-4)
    distance = np.linalg.norm(rows[12:60, None] - rows[None, 12:60], axis=-1)
    np.testing.assert_allclose(audio_pose._euclidean(ours, ours), distance, atol=1e-3)
