"""The metrics of `metrics.extra` on made items: which rows there are, and a shard on disk."""

import numpy as np
import pytest
import torch
from published_weights import published

from talkpose.clips.store import write_lossless, write_wav
from talkpose.config import MetricsConfig, parse_config
from talkpose.errors import UserError
from talkpose.face.coefficients import POSE, SIZE
from talkpose.face.track import Track, save_track
from talkpose.layout import RunLayout
from talkpose.metrics import csim
from talkpose.metrics.base import COLUMNS
from talkpose.metrics.compute import write_metrics
from talkpose.metrics.extra import ExtraMeter, measure_scene, needs_poses
from talkpose.metrics.fid import frechet
from talkpose.metrics.inception import Inception
from talkpose.metrics.lpips_network import Lpips
from talkpose.metrics.needs import NEEDS, missing_weights
from talkpose.metrics.pooled import fid_rows, not_attempted
from talkpose.metrics.registry import protocol as registered
from talkpose.metrics.scene import Scene
from talkpose.metrics.syncnet import SyncNet

COUNT, SIDE = 80, 64


class Pixel:
    name, size = "pixel", 3

    def describe(self, frames, landmarks):
        values = frames[:, 0, 0].astype(np.float32) + 1
        return values / np.linalg.norm(values, axis=1, keepdims=True)


@pytest.fixture(autouse=True)
def cheap_embedder(monkeypatch):
    monkeypatch.setattr(csim, "load_embedder", lambda kind, weights: Pixel())


def config(**metrics):
    metrics = {"audio_pose_draws": 4, "audio_pose_frame_draws": 2, "network_every": 40} | metrics
    people = {"role": "persons", "path": "x"}
    sounds = {"role": "foreign", "path": "y", "reader": "audio"}
    return parse_config(
        {"run": "r", "corpora": {"people": people, "f": sounds}, "train_seconds": 0.4, "metrics": metrics}
    )


def scene(own=True, count=COUNT, whole=False):
    rng = np.random.default_rng(0)
    frames, real = rng.integers(0, 256, (2, count, SIDE, SIDE, 3), dtype=np.uint8)
    points = rng.uniform(5, 59, (count, 468, 2)).astype(np.float32)
    sound = rng.normal(0, 0.1, 640 * count).astype(np.float32)
    poses = np.cumsum(rng.normal(0, 0.02, (count, 6)), 0)
    return Scene(
        frames,
        points,
        sound,
        real if own else None,
        points + 1 if own else None,
        poses,
        np.ones((1, 3), np.float32),
        (sound, poses) if whole else None,
    )


def names(values):
    return {p.metric for p, _, _ in values}


APPA = {"audio-pose", "audio-pose-p", "audio-pose-null"}
ALONE = {"beat", "blink-rate", "cpbd", "csim-train"}


def test_own_sound_foreign_sound_and_words():
    assert names(measure_scene(scene(), config().metrics, "a")) == {*APPA, *ALONE, "csim"}
    assert names(measure_scene(scene(own=False), config().metrics, "a")) == ALONE
    words = scene(count=29)._replace(poses=None)
    assert names(measure_scene(words, config().metrics, "a")) == {"cpbd", "csim", "csim-train"}


def test_every_choice_of_the_whole_video_with_its_null():
    values = measure_scene(scene(whole=True), config(extra=["audio-pose"]).metrics, "a")
    assert len(values) == 96
    assert {p.id.rpartition("-")[2] for p, _, _ in values if p.metric == "appendix-a-p"} == {"null4", "null2"}
    again = measure_scene(scene(whole=True), config(extra=["audio-pose"]).metrics, "a")
    np.testing.assert_array_equal([v for _, v, _ in values], [v for _, v, _ in again])
    plain = measure_scene(
        scene(), config(extra=["audio-pose"], audio_pose_draws=0, audio_pose_frame_draws=0).metrics, "a"
    )
    assert names(plain) == {"audio-pose"} and len(plain) == 16
    short = measure_scene(scene(), config(extra=["audio-pose"], audio_pose_seconds=2).metrics, "a")
    assert {n for _, _, n in short} == {50}
    assert all("-first2s" in p.id and registered(p.metric, p.id) == p for p, _, _ in short)
    assert not {p.id for p, _, _ in short} & {p.id for p, _, _ in values}, "other frames, another protocol"


def test_only_what_is_asked_for():
    assert names(measure_scene(scene(), config(extra=["cpbd"]).metrics, "a")) == {"cpbd"}
    assert measure_scene(scene(), config(extra=[]).metrics, "a") == []
    assert needs_poses(MetricsConfig(extra=["beat"])) and not needs_poses(MetricsConfig(extra=["cpbd"]))


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    lpips = published(Lpips())
    files = {
        "fid_weights": published(Inception()),
        "lpips_backbone": {k: v for k, v in lpips.items() if k.startswith("features.")},
        "lpips_weights": {k: v.abs() for k, v in lpips.items() if k.startswith("lin")},
        "syncnet_weights": published(SyncNet()),
    }
    for key, state in files.items():
        torch.save(state, folder / key)
    return {key: str(folder / key) for key in files}


def test_networks_are_measured_where_their_weights_are(weights):
    wanted = {"extra": ["fid", "lpips", "lse"]}
    assert measure_scene(scene(count=9), config(**wanted).metrics, "a") == []
    found = {
        p.metric: (v, n)
        for p, v, n in measure_scene(scene(count=9), config(**wanted, **weights).metrics, "a")
    }
    assert set(found) == {"lpips", "lse-d", "lse-c", "lse-offset"}
    assert found["lse-d"][1] == 4 and found["lpips"][1] == 1 and found["lpips"][0] > 0
    foreign = measure_scene(scene(own=False, count=9), config(**wanted, **weights).metrics, "a")
    assert names(foreign) == {"lse-d", "lse-c", "lse-offset"}
    faceless = scene(count=9)._replace(points=np.full((9, 468, 2), np.nan))
    lse = [
        v
        for p, v, _ in measure_scene(faceless, config(**wanted, **weights).metrics, "a")
        if p.metric == "lse-d"
    ]
    assert np.isnan(lse).all()


def test_what_is_missing_is_listed_with_the_fix(tmp_path, weights):
    plain = MetricsConfig()
    entries = {e["metric"]: e for e in not_attempted(plain, ["psnr", "csim"])}
    assert set(entries) == {"fid", "lpips", "lse"}
    assert {e["reason"] for e in entries.values()} == {"weights missing"}
    assert [n["key"] for n in entries["lpips"]["needs"]] == [
        "metrics.lpips_backbone",
        "metrics.lpips_weights",
    ]
    assert (
        "metrics.fid_weights" in entries["fid"]["fix"]
        and "pytorch-fid" in entries["fid"]["needs"][0]["source"]
    )
    there = MetricsConfig(**weights)
    assert not_attempted(there, ["fid", "lpips", "lse-d"]) == []
    late = not_attempted(there, ["fid", "lpips"])
    assert [(e["metric"], e["reason"]) for e in late] == [("lse", "measured without weights")]
    gone = MetricsConfig(fid_weights=str(tmp_path / "gone.pth"), extra=["fid"])
    assert [n.key for n in missing_weights(gone, "fid")] == ["fid_weights"]
    arcface = MetricsConfig(csim_embedder="arcface", extra=["csim"])
    assert [e["metric"] for e in not_attempted(arcface, [])] == ["csim"]
    assert not_attempted(MetricsConfig(extra=["csim"]), []) == []
    for needs in NEEDS.values():
        assert all(need.key in MetricsConfig.model_fields for need in needs)


def test_fid_is_pooled_over_shards(tmp_path):
    rng = np.random.default_rng(0)
    parts = rng.normal(size=(2, 2, 7, 50)).astype(np.float32)
    tables = [tmp_path / "ours-p" / f"my-people-000{shard}.parquet" for shard in (0, 1)]
    for table, (generated, real) in zip(tables, parts, strict=True):
        table.parent.mkdir(exist_ok=True)
        np.savez(table.with_suffix(".fid.npz"), generated=generated, real=real)
    (row,) = fid_rows([*tables, tmp_path / "still" / "my-people-0000.parquet"], 5)
    assert tuple(row) == COLUMNS
    assert list(row.values())[:5] == [
        "ours-p",
        "my-people",
        "all__own",
        "fid",
        "fid-inception-2015-v1-every5",
    ]
    expected = frechet(np.concatenate(parts[:, 0]), np.concatenate(parts[:, 1]))
    assert (row["value"], row["n_frames"]) == (pytest.approx(expected), 14)


@pytest.fixture
def run(tmp_path):
    """A person of 90 frames, of which 10 are to learn from, and a foreign sound."""
    layout, rng = RunLayout(tmp_path), np.random.default_rng(0)
    folder = layout.clip_folder("people", "ann")
    frames = rng.integers(0, 256, (90, SIDE, SIDE, 3), dtype=np.uint8)
    write_lossless(folder / "frames.mkv", frames)
    write_wav(folder / "audio.wav", rng.normal(0, 0.1, 640 * 90))
    write_wav(layout.clip_folder("f", "talk") / "audio.wav", rng.normal(0, 0.1, 640 * 85))
    coefficients = np.zeros((90, SIZE), np.float32)
    coefficients[:, POSE] = np.cumsum(rng.normal(0, 0.02, (90, 6)), 0)
    points = rng.uniform(5, 59, (90, 468, 2)).astype(np.float32)
    save_track(
        layout.track("people", "ann"),
        Track(coefficients, points, np.zeros(90, np.float32), np.ones(90, bool)),
    )
    return layout, frames, points, coefficients[:, POSE]


def test_a_shard_on_disk(run, tmp_path):
    layout, frames, points, poses = run
    meter = ExtraMeter(layout, config(), "oracle", "people")
    own = meter.measure(
        {"person": "ann", "audio": "own"}, frames[10:], points[10:], frames[10:], points[10:], poses[10:]
    )
    foreign = meter.measure(
        {"person": "ann", "audio": "talk"}, frames[:85], points[:85], None, None, poses[:85]
    )
    meter.write(tmp_path / "t.parquet")
    assert not (tmp_path / "t.fid.npz").exists()
    write_metrics(tmp_path / "t.parquet", own + foreign)  # refuses two rows of one name
    values = {(r["clip"], r["metric"]): r for r in own + foreign}
    assert values["ann__own", "csim"]["value"] == pytest.approx(1)
    assert (
        values["ann__own", "appendix-a"]["n_frames"] == 90
        and values["ann__own", "audio-pose"]["n_frames"] == 80
    )
    assert ("ann__talk", "appendix-a") not in values and ("ann__talk", "beat") in values
    kept = sorted(p.name for p in layout.track("people", "ann").parent.glob("ann.csim*"))
    assert kept == ["ann.csim-train.npz", "ann.csim.npz"]  # the next method finds them there
    # of a method, no whole video
    other = ExtraMeter(layout, config(), "ours-p", "people")
    rows = other.measure(
        {"person": "ann", "audio": "own"}, frames[10:], points[10:], frames[10:], points[10:], poses[10:]
    )
    assert {r["metric"] for r in rows} == {*APPA, *ALONE, "csim"}
    with pytest.raises(UserError, match="no sound nowhere"):
        other.measure({"person": "ann", "audio": "nowhere"}, frames, points, None, None, poses)


def test_a_shard_with_fid_weights_leaves_features(run, weights, tmp_path):
    layout, frames, points, poses = run
    settings = config(extra=["fid"], fid_weights=weights["fid_weights"])
    meter = ExtraMeter(layout, settings, "ours-p", "people")
    item = {"person": "ann", "audio": "own"}
    assert meter.measure(item, frames[10:], points[10:], frames[10:][::-1], points[10:], None) == []
    meter.write(tmp_path / "ours-p" / "people-0000.parquet")
    (row,) = fid_rows([tmp_path / "ours-p" / "people-0000.parquet"], 40)
    assert row["n_frames"] == 2 and row["value"] > 0
    # measured again without: no stale features stay
    ExtraMeter(layout, config(), "ours-p", "people").write(tmp_path / "ours-p" / "people-0000.parquet")
    assert fid_rows([tmp_path / "ours-p" / "people-0000.parquet"], 40) == []
