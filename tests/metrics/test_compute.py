"""Rows of one item, their file, and intervals over clips."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from talkpose.config import MetricsConfig
from talkpose.errors import UserError
from talkpose.metrics.compute import COLUMNS, measure_item, measure_regions, metrics_table, write_metrics
from talkpose.metrics.registry import protocol
from talkpose.metrics.statistics import bootstrap_interval

IDS = {"method": "ours-p", "corpus": "persons", "clip": "ann__own"}


def _item(frames: int = 30):
    rng = np.random.default_rng(0)
    real = rng.integers(0, 256, (frames, 24, 24, 3), dtype=np.uint8)
    generated = np.clip(real.astype(int) + rng.integers(-9, 10, real.shape), 0, 255).astype(np.uint8)
    points = rng.uniform(0, 24, (frames, 468, 2)).astype(np.float32)
    poses = rng.normal(0, 0.1, (frames, 6)).astype(np.float32)
    return generated, real, points + 0.5, points, poses, poses[:10]


def test_own_sound_gives_every_metric():
    item = _item()
    dlib = np.random.default_rng(1).uniform(0, 24, (30, 68, 2)).astype(np.float32)
    extra = {"poses_train": np.zeros((5, 3)), "poses_made": item[4], "scored": {"dlib": (dlib, dlib)}}
    rows = metrics_table(measure_item(*item, MetricsConfig(batch=7), **IDS, **extra))
    assert tuple(rows.columns) == COLUMNS
    assert set(rows.metric) == {
        *("psnr", "ssim", "lmd", "lmd-normalised", "m-lmd", "f-lmd", "lvd-mouth", "lvd-face"),
        *("mouth", "mouth-lag", "mouth-best", "hs", "hs-train", "hs-generated"),
        *(f"pose-{n}{s}" for n in ("velocity", "acceleration", "spectrum") for s in ("", "-generated")),
    }
    assert rows[["metric", "protocol"]].apply(lambda row: protocol(*row).direction, axis=1).notna().all()
    assert rows.metric.value_counts()[["psnr", "ssim", "lmd", "hs", "hs-generated"]].tolist() == [
        3,
        3,
        8,
        7,
        7,
    ]
    assert (rows.n_frames == 30)[~rows.metric.str.startswith("lvd-")].all()
    value = rows.set_index(["metric", "protocol"]).value
    # a shift of all points is no mouth error
    assert value["lmd", "full-v1-mediapipe"] == pytest.approx(0, abs=1e-4)
    assert value["lmd", "full-v1-dlib"] == 0
    assert value["mouth", "full-v1-mediapipe"] == pytest.approx(1)
    assert value["mouth-lag", "full-v1-mediapipe-lag12"] == 0
    assert value["hs-generated", "joint-10-linear"] == value["hs", "joint-10-linear"]


def test_batch_size_does_not_matter():
    small, large = (measure_item(*_item(), MetricsConfig(batch=n), **IDS) for n in (4, 64))
    np.testing.assert_allclose([r["value"] for r in small], [r["value"] for r in large], rtol=1e-9)


def test_foreign_sound_has_poses_alone():
    generated, _, _, _, poses, real_poses = _item()
    rows = measure_item(generated, None, None, None, poses, real_poses, MetricsConfig(), **IDS)
    assert {r["metric"] for r in rows} == {"hs", "pose-velocity", "pose-acceleration", "pose-spectrum"}


def test_only_the_configured_metrics():
    few = MetricsConfig(names=["psnr"], protocols=["atvg-v1"])
    assert [r["protocol"] for r in measure_item(*_item(), few, **IDS)] == ["atvg-v1"]
    rows = measure_item(*_item(), MetricsConfig(names=["lmd"], protocols=["full-v1"]), **IDS)
    assert [r["metric"] for r in rows] == ["lmd", "lmd-normalised"]


def test_what_does_not_match_is_refused():
    generated, real, points, real_points, poses, real_poses = _item()
    with pytest.raises(UserError, match="ours-p, ann__own: 29 generated and 30 real"):
        measure_item(generated[1:], real, points, real_points, poses, real_poses, MetricsConfig(), **IDS)
    with pytest.raises(UserError, match="landmarks of both"):
        measure_item(generated, real, None, real_points, poses, real_poses, MetricsConfig(), **IDS)


def test_regions():
    generated, real, *_ = _item()
    mask = np.zeros(real.shape[:3], bool)
    mask[:, 2:9, 3:8] = True
    whole = measure_item(*_item(), MetricsConfig(names=["psnr"]), **IDS)[0]["value"]
    everywhere = np.ones_like(mask)
    rows = measure_regions(
        generated, real, {"face": everywhere, "mouth": mask}, MetricsConfig(batch=8), **IDS
    )
    assert [(r["metric"], r["protocol"]) for r in rows] == [
        ("psnr-face", "face-v1"),
        ("psnr-mouth", "mouth-v1"),
    ]
    assert rows[0]["value"] == pytest.approx(whole)
    assert rows[1]["value"] != pytest.approx(whole)


def test_file_does_not_depend_on_the_order_of_rows(tmp_path):
    rows = measure_item(*_item(), MetricsConfig(), **IDS)
    write_metrics(tmp_path / "a.parquet", rows)
    write_metrics(tmp_path / "b.parquet", rows[::-1])
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert tuple(pd.read_parquet(tmp_path / "a.parquet").columns) == COLUMNS
    with pytest.raises(UserError, match="two rows"):
        write_metrics(tmp_path / "c.parquet", rows + rows[:1])


def test_bootstrap_is_scipys_percentile_interval_expanded():
    """The percentile interval at the level that Student's t asks for 25 clips (Hesterberg 2015)."""
    values = np.random.default_rng(1).normal(3, 1, 25)
    low, high = bootstrap_interval(values, 20_000, 0, "psnr") or (0, 0)
    tail = stats.norm.cdf(np.sqrt(25 / 24) * stats.t.ppf(0.025, 24))
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", random_state=1,
        confidence_level=1 - 2 * tail,
    ).confidence_interval  # fmt: skip
    assert (low, high) == (pytest.approx(expected.low, abs=0.03), pytest.approx(expected.high, abs=0.03))


def test_bootstrap_needs_two_clips_and_is_named():
    assert bootstrap_interval(np.array([1.0]), 100, 0) is None
    values = np.arange(5.0)
    assert bootstrap_interval(values, 500, 0, "a") == bootstrap_interval(values, 500, 0, "a")
    assert bootstrap_interval(values, 500, 0, "a") != bootstrap_interval(values, 500, 0, "b")
    assert bootstrap_interval(np.array([2.0, 2.0]), 100, 0) == (2.0, 2.0)
