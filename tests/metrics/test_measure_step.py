"""The metric step on a made run: the second scorer's landmarks are kept, the method's own poses are read."""

import numpy as np
import pandas as pd
import pytest

from talkpose.clips.store import write_lossless, write_wav
from talkpose.config import parse_config
from talkpose.face.coefficients import POSE, SIZE
from talkpose.face.landmarks import Detection
from talkpose.face.track import Track, save_track
from talkpose.files import read_json, write_json, write_npz
from talkpose.layout import RunLayout
from talkpose.metrics import step

HELD_OUT = 30


class Made:
    """Points that follow the picture's brightness; counts the frames it saw."""

    def __init__(self, name: str, points: int, seen: list[int]):
        self.name, self.n_points, self.seen = name, points, seen

    def detect(self, frames):
        self.seen.append(len(frames))
        base = np.random.default_rng(0).uniform(4, 28, (self.n_points, 2))
        base[[33, 36]], base[[263 % self.n_points, 45]] = (8, 10), (24, 10)
        points = np.stack(
            [base + frame.mean() / 50 * np.sin(np.arange(self.n_points))[:, None] for frame in frames]
        )
        return Detection(points.astype(np.float32), np.ones(len(frames), np.int32))


@pytest.fixture
def layout(tmp_path) -> RunLayout:
    layout = RunLayout(tmp_path / "run")
    corpora = {"people": {"role": "persons", "reader": "persons", "path": "x"}}
    metrics = {"extra": ["audio-pose", "cpbd", "fid"], "audio_pose_draws": 3, "audio_pose_frame_draws": 2}
    config = parse_config({"run": "run", "corpora": corpora, "train_seconds": 0.8, "metrics": metrics})
    assert config.held_out_start == 20
    write_json(layout.config_file, config.model_dump(mode="json"))
    rng = np.random.default_rng(1)
    frames = rng.integers(0, 256, (20 + HELD_OUT, 32, 32, 3), dtype=np.uint8)
    write_lossless(layout.clip_folder("people", "ann") / "frames.mkv", frames)
    audio = rng.normal(0, 0.1, 640 * len(frames))
    write_wav(layout.clip_folder("people", "ann") / "audio.wav", audio)
    coefficients = rng.normal(0, 0.1, (len(frames), SIZE)).astype(np.float32)
    points = Made("mediapipe", 468, []).detect(frames).points
    save_track(
        layout.track("people", "ann"),
        Track(coefficients, points, np.zeros(len(frames), np.float32), points[:, 0, 0] > 0),
    )
    item = {"person": "ann", "audio": "own", "train_frames": 20}
    for method in ("oracle", "ours-p"):
        folder = layout.video(method, "ann__own")
        write_lossless(folder / "frames.mkv", frames[20:])
        write_npz(folder / "coefficients.npz", coefficients=coefficients[20:])
        write_json(layout.videos_shard(method, "people", "0000"), {"items": [item]})
    return layout


def test_rows_of_a_run(layout, monkeypatch):
    seen: list[int] = []
    monkeypatch.setattr(
        step, "make_scorer", lambda name: Made(name, {"dlib": 68, "mediapipe": 468}[name], seen)
    )
    tracked = np.random.default_rng(2).normal(0, 0.1, (HELD_OUT, 6)).astype(np.float32)
    monkeypatch.setattr(step, "track_poses", lambda frames, detection, model, config, device: tracked)
    for method in ("oracle", "ours-p"):
        step.measure_shard(layout, method, "people", "0000")
    # each method's video by both detectors, the real one by dlib once for both methods
    assert seen == [HELD_OUT] * 5
    assert layout.track("people", "ann").with_name("ann.dlib.npz").is_file()
    step.collect(layout, [layout.metrics_shard(m, "people", "0000") for m in ("ours-p", "oracle")])
    table = pd.read_parquet(layout.metrics).set_index(["method", "metric", "protocol"])["value"]
    assert not table.index.has_duplicates
    assert table["oracle", "psnr", "atvg-v1"] == 100
    assert table["oracle", "lmd", "atvg-v1-dlib"] == 0
    assert table["oracle", "hs-generated", "pooled-20-linear"] == pytest.approx(1)
    assert table["oracle", "pose-velocity-generated", "w1-v1"] == pytest.approx(0)
    assert table["oracle", "hs", "pooled-20-linear"] < 1
    assert table["oracle", "cpbd", "cpbd-v1"] == table["ours-p", "cpbd", "cpbd-v1"]
    real = ("appendix-a-p", "appa-v1-frame-pooled-all-pearson-null2")
    assert ("oracle", *real) in table.index and ("ours-p", *real) not in table.index
    assert [entry["metric"] for entry in read_json(layout.not_attempted)] == ["fid"]
    assert {"hs-train", "mouth", "m-lmd"} <= set(table.index.get_level_values("metric"))


def test_a_method_that_says_nothing_of_its_poses(layout, monkeypatch, tmp_path):
    assert step._poses_made(tmp_path / "coefficients.npz") is None
    made = step._poses_made(layout.video("oracle", "ann__own") / "coefficients.npz")
    assert made is not None and made.shape == (HELD_OUT, POSE.stop - POSE.start)
