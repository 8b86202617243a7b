"""The workflow's metric steps: videos on disk to tidy rows."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from talkpose.clips.store import read_frames
from talkpose.config import RunConfig
from talkpose.face.coefficients import POSE
from talkpose.face.landmarks import Detector, make_detector
from talkpose.face.model import load_face_model
from talkpose.face.track import load_track, track_clip
from talkpose.files import read_json
from talkpose.layout import OWN, RunLayout, item_id
from talkpose.metrics.compute import Row, measure_item, measure_regions, write_metrics
from talkpose.progress import progress


def measure_shard(layout: RunLayout, method: str, corpus: str, shard: str) -> None:
    """Measure every video that `method` made for a shard of persons.

    Real landmarks are those detected in the source video at its own size, generated ones are detected in the
    generated frames: the control `oracle` then shows what detection at the smaller size costs.
    """
    config = layout.load_config()
    receipt = read_json(layout.videos_shard(method, corpus, shard))
    if not receipt["items"]:  # it failed, or every person is quarantined
        write_metrics(layout.metrics_shard(method, corpus, shard), [])
        return
    detector = make_detector(config.metrics.landmarks, max_faces=1)
    rows: list[Row] = []
    with progress(f"measure {method}", len(receipt["items"])) as bar:
        for done, item in enumerate(receipt["items"]):
            rows += _measure(layout, config, detector, method, corpus, item)
            bar.update(done + 1)
    write_metrics(layout.metrics_shard(method, corpus, shard), rows)


def _measure(
    layout: RunLayout, config: RunConfig, detector: Detector, method: str, corpus: str, item: dict[str, Any]
) -> list[Row]:
    person, audio, n_train = item["person"], item["audio"], item["train_frames"]
    words = config.corpora[corpus].role == "test"
    start = 0 if words else config.held_out_start
    name = item_id(person, audio)
    folder = layout.video(method, name)
    frames = read_frames(folder / "frames.mkv")
    track = load_track(layout.track(corpus, person))
    real = real_points = None
    if audio == OWN:
        real = read_frames(layout.clip_folder(corpus, person) / "frames.mkv", start, start + len(frames))
        real_points = track.landmarks[start : start + len(frames)]
    detection = detector.detect(frames)
    retracked = None
    if "hs" in config.metrics.names and not words:  # 29 frames say nothing of how a head moves
        face = load_face_model(config.face.model, config.face.model_path)
        retracked = track_clip(frames, detection, face, config.face).coefficients[:, POSE]
    rows = measure_item(
        frames,
        real,
        detection.points,
        real_points,
        retracked,
        track.coefficients[start:, POSE],
        config.metrics,
        method=method,
        corpus=corpus,
        clip=name,
        poses_train=track.coefficients[:n_train, POSE],
    )
    masks = folder / "masks.npz"
    if real is not None and masks.is_file():
        regions = {
            region: np.unpackbits(packed, axis=-1).astype(bool) for region, packed in np.load(masks).items()
        }
        for stage, pictures in [("rendered", read_frames(folder / "rendered.mkv")), ("refined", frames)]:
            rows += measure_regions(
                pictures, real, regions, config.metrics, method=f"{method}:{stage}", corpus=corpus, clip=name
            )
    return rows


def collect(layout: RunLayout, tables: list[Path]) -> None:
    """Join metric tables into metrics.parquet."""
    rows: list[Row] = []
    for path in tables:
        rows += cast(list[Row], pd.read_parquet(path).to_dict("records"))
    write_metrics(layout.metrics, rows)
