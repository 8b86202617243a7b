"""The workflow's metric steps: videos on disk to tidy rows."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from talkpose.clips.store import read_frames
from talkpose.config import RunConfig
from talkpose.face.coefficients import POSE
from talkpose.face.landmarks import Detector
from talkpose.face.model import load_face_model
from talkpose.face.track import load_track, track_poses
from talkpose.files import read_json, write_json
from talkpose.layout import OWN, RunLayout, item_id
from talkpose.metrics.compute import LANDMARK_METRICS, Row, measure_item, measure_regions, write_metrics
from talkpose.metrics.detections import make_scorer, points_to_track, real_landmarks
from talkpose.metrics.extra import ExtraMeter, needs_poses
from talkpose.metrics.pooled import fid_rows, not_attempted
from talkpose.metrics.poses import POSE_METRICS
from talkpose.progress import progress


def measure_shard(layout: RunLayout, method: str, corpus: str, shard: str) -> None:
    """Measure every video that `method` made for a shard of persons.

    Real landmarks by `metrics.landmarks` are those detected in the source video at its own size (where
    `face.landmarks` is another detector: in the video at the run's size), generated ones are detected in the
    generated frames: the control `oracle` then shows what detection at the smaller size costs. The further
    `metrics.scorers` see both videos at the run's size, as the public ATVG script does.
    """
    config = layout.load_config()
    receipt = read_json(layout.videos_shard(method, corpus, shard))
    if not receipt["items"]:  # it failed, or every person is quarantined
        write_metrics(layout.metrics_shard(method, corpus, shard), [])
        return
    detectors = [make_scorer(config.metrics.landmarks)]
    if LANDMARK_METRICS & set(config.metrics.names):
        detectors += [
            make_scorer(name) for name in config.metrics.scorers if name != config.metrics.landmarks
        ]
    meter = ExtraMeter(layout, config, method, corpus)
    rows: list[Row] = []
    with progress(f"measure {method}", len(receipt["items"])) as bar:
        for done, item in enumerate(receipt["items"]):
            rows += _measure(layout, config, detectors, meter, method, corpus, item)
            bar.update(done + 1)
    meter.write(layout.metrics_shard(method, corpus, shard))
    write_metrics(layout.metrics_shard(method, corpus, shard), rows)


def _measure(
    layout: RunLayout,
    config: RunConfig,
    detectors: list[Detector],
    meter: ExtraMeter,
    method: str,
    corpus: str,
    item: dict[str, Any],
) -> list[Row]:
    person, audio, n_train = item["person"], item["audio"], item["train_frames"]
    words = config.corpora[corpus].role == "test"
    start = 0 if words else config.held_out_start
    name = item_id(person, audio)
    folder = layout.video(method, name)
    frames = read_frames(folder / "frames.mkv")
    track = load_track(layout.track(corpus, person))
    detector, *scorers = detectors
    detection = detector.detect(frames)
    real = real_points = None
    scored: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    if audio == OWN:
        source, part = layout.clip_folder(corpus, person) / "frames.mkv", slice(start, start + len(frames))
        real = read_frames(source, part.start, part.stop)
        real_points = track.landmarks[part]
        if config.face.landmarks != config.metrics.landmarks:  # the track's are another detector's
            known = real_landmarks(layout.track(corpus, person), source, start, detector)
            real_points = known[: len(frames)]
        for scorer in scorers:
            known = real_landmarks(layout.track(corpus, person), source, start, scorer)
            scored[scorer.name] = scorer.detect(frames).points, known[: len(frames)]
    retracked = made = None
    wanted = bool(POSE_METRICS & set(config.metrics.names)) or needs_poses(config.metrics)
    if wanted and not words:  # 29 frames say nothing of how a head moves
        face = load_face_model(config.face.model, config.face.model_path)
        points = points_to_track(frames, detection.points, detector.name, config)
        retracked = track_poses(frames, points, face, config.face, config.device)
        made = _poses_made(folder / "coefficients.npz")
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
        poses_made=made,
        scored=scored,
        device=config.device,
    )
    rows += meter.measure(item, frames, detection.points, real, real_points, retracked)
    return rows + _measure_stages(layout, config, method, corpus, name, frames, real)


def _poses_made(path: Path) -> np.ndarray | None:
    """Poses (T, 6) that a method wrote beside its video; None where it says nothing of them."""
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as stored:
        return stored["coefficients"][:, POSE]


def _measure_stages(
    layout: RunLayout,
    config: RunConfig,
    method: str,
    corpus: str,
    name: str,
    frames: np.ndarray,
    real: np.ndarray | None,
) -> list[Row]:
    """Rows `<method>:rendered` and `<method>:refined` of a video that comes with masks of its regions."""
    folder, rows = layout.video(method, name), []
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
    """Join metric tables into metrics.parquet, with what is pooled over them; list what was not attempted."""
    config = layout.load_config().metrics
    rows: list[Row] = []
    for path in tables:
        rows += cast(list[Row], pd.read_parquet(path).to_dict("records"))
    rows += fid_rows(tables, config.network_every)
    write_json(layout.not_attempted, not_attempted(config, [row["metric"] for row in rows]))
    write_metrics(layout.metrics, rows)
