"""Any two videos: brought to one clock, size and length, measured by every metric, and what was done to
them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from talkpose.clips.crop import fit_window
from talkpose.clips.decode import VideoInfo, VideoReader
from talkpose.clips.readers.source import VIDEO
from talkpose.clips.store import FPS
from talkpose.config import FaceConfig, MetricsConfig
from talkpose.errors import UserError
from talkpose.face.camera import Camera
from talkpose.face.fit import fit_clip
from talkpose.face.model import FaceModel, load_face_model
from talkpose.face.observed import observe
from talkpose.layout import OWN, item_id
from talkpose.metrics.base import COLUMNS
from talkpose.metrics.compute import LANDMARK_METRICS, Row, measure_item
from talkpose.metrics.detections import make_scorer
from talkpose.metrics.extra import Scene, measure_scene
from talkpose.metrics.poses import POSE_METRICS

MEMORY: Final = 3_000_000_000
"""Bytes that the frames of one video may take."""

EXTRA: Final = ("blink", "cpbd", "csim")
"""Metrics of `metrics.extra` that two videos without sound, persons or weight files allow."""

CROP = 256  # pixels of the window in which a head's pose is fitted
SHORT = 5  # frames: fewer in common say nothing


@dataclass(eq=False)
class Pair:
    """Two videos of equal shape, frame by frame."""

    real: np.ndarray
    """(T, H, W, 3) uint8 RGB at 25 fps"""
    generated: np.ndarray
    """(T, H, W, 3) uint8 RGB at 25 fps"""
    notes: list[str] = field(default_factory=list)
    """what was cut, resized or resampled, a sentence each"""


def load_pair(real: Path, generated: Path, align: int = 0, size: int | None = None) -> Pair:
    """Decode two videos and bring the generated one to the real one's size, clock and length.

    align: shift the generated video by the lag within so many frames at which the pictures differ least; 0
    leaves it. size: width in pixels to which both are brought; the real video's where not given. Raises
    UserError where a file can not be read, has too few frames in common, or takes too much memory.
    """
    readers = VideoReader(real), VideoReader(generated)
    infos = [reader.info for reader in readers]
    width, height = infos[0].width, infos[0].height
    if size is not None:
        width, height = size, max(round(size * height / width), 1)
    notes: list[str] = []
    for name, info in zip(("real", "generated"), infos, strict=True):
        notes += _said(name, info, width, height)
    own = infos[1].width / infos[1].height
    if abs(own * height / width - 1) > 0.02:
        notes.append(
            f"the pictures differ in shape ({own:.2f} and {width / height:.2f} wide a unit of height): "
            "the generated one was stretched"
        )
    r, g = (_frames(reader, width, height) for reader in readers)
    if align:
        lag = best_lag(r, g, align)
        r, g = (r[max(-lag, 0) :], g[max(lag, 0) :])
        notes.append(
            f"generated: taken {abs(lag)} frames {'later' if lag > 0 else 'earlier'}, where it fits best"
            if lag
            else f"generated: no lag within {align} frames fits better than none"
        )
    count = min(len(r), len(g))
    for name, frames in (("real", r), ("generated", g)):
        if len(frames) > count:
            notes.append(f"{name}: cut from {len(frames)} to {count} frames, the length of the other")
    if count < SHORT:
        raise UserError(
            f"{real} and {generated} have {count} frames in common; give videos of at least {SHORT}"
        )
    return Pair(r[:count], g[:count], notes)


def _said(name: str, info: VideoInfo, width: int, height: int) -> list[str]:
    notes = []
    if info.fps and abs(info.fps - FPS) > 0.01:
        notes.append(f"{name}: {info.fps:g} frames/s taken at {FPS}")
    if info.rotation:
        notes.append(f"{name}: turned upright by {info.rotation} degrees")
    if (info.width, info.height) != (width, height):
        notes.append(f"{name}: resized from {info.width}x{info.height} to {width}x{height}")
    return notes


def _frames(reader: VideoReader, width: int, height: int) -> np.ndarray:
    most = max(MEMORY // (3 * width * height), 1)
    shrink = width < reader.info.width
    frames = []
    for frame in islice(reader, most + 1):
        if frame.shape[:2] != (height, width):
            how = cv2.INTER_AREA if shrink else cv2.INTER_CUBIC
            frame = cv2.resize(frame, (width, height), interpolation=how)
        frames.append(frame)
    if len(frames) > most:
        raise UserError(
            f"{reader.path}: more than {most} frames of {width}x{height} do not fit in memory; give "
            f"`--size 256` "
            "or a shorter video"
        )
    return np.stack(frames)


def best_lag(real: np.ndarray, generated: np.ndarray, most: int) -> int:
    """Lag within +-`most` frames at which generated(t + lag) differs least from real(t), in 32x32 grey
    pictures.

    Ties go to the smallest lag; lags that leave fewer than SHORT frames in common are not tried.
    """
    r, g = (
        np.stack(
            [
                cv2.cvtColor(cv2.resize(f, (32, 32), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
                for f in frames
            ]
        ).astype(np.float32)
        for frames in (real, generated)
    )
    best, least = 0, np.inf
    for lag in sorted(range(-most, most + 1), key=abs):
        a, b = r[max(-lag, 0) :], g[max(lag, 0) :]
        count = min(len(a), len(b))
        if count < SHORT:
            continue
        error = float(np.square(a[:count] - b[:count]).mean())
        if error < least * (1 - 1e-6):
            best, least = lag, error
    return best


def measure_pair(
    pair: Pair, config: MetricsConfig, *, method: str, corpus: str, clip: str, device: str = "cpu"
) -> list[Row]:
    """Rows (base.COLUMNS) of every metric of `config.names` and EXTRA on two aligned videos.

    HS compares the poses of both videos, tracked by the face model `cc0` from the landmarks of
    `config.landmarks`, each in its own square window. Metrics of faces are nan where none is found.
    """
    points: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    names = set(config.names)
    faces = names & (LANDMARK_METRICS | POSE_METRICS) or {"blink", "csim"} & set(config.extra)
    kinds = [config.landmarks] if faces else []
    if names & LANDMARK_METRICS:
        kinds += [name for name in config.scorers if name not in kinds]
    for kind in kinds:
        detector = make_scorer(kind)
        points[kind] = detector.detect(pair.generated).points, detector.detect(pair.real).points
    generated, real = points.pop(config.landmarks, (None, None))
    poses_generated, poses_real = None, np.empty((0, 6))
    if names & POSE_METRICS and generated is not None and real is not None:
        model = load_face_model("cc0", None)
        poses_generated, poses_real = (poses_of(p, model) for p in (generated, real))
    rows = measure_item(
        pair.generated,
        pair.real,
        generated,
        real,
        poses_generated,
        poses_real,
        config,
        method=method,
        corpus=corpus,
        clip=clip,
        scored=points,
        device=device,
    )
    lost = np.full((len(pair.real), 468, 2), np.nan)
    seen = [lost if found is None else found for found in (generated, real)]
    scene = Scene(pair.generated, seen[0], np.empty(0, np.float32), pair.real, seen[1], None)
    only = config.model_copy(update={"extra": [name for name in config.extra if name in EXTRA]})
    for known, value, frames in measure_scene(scene, only, clip, device=device):
        values = (method, corpus, clip, known.metric, known.id, value, frames)
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def poses_of(points: np.ndarray, model: FaceModel) -> np.ndarray:
    """Poses (T, 6) of landmarks (T, N, 2) in pixels, in a square window of their own; nan without a face."""
    whole = np.isfinite(points).all((1, 2))
    if not whole.any():
        return np.full((len(points), 6), np.nan)
    window = fit_window(points, CROP, 0.62)
    known = window.to_crop(np.where(whole[:, None, None], points, np.nan))
    config = FaceConfig()
    observed = observe(model, points.shape[1])
    camera = Camera(CROP)
    return fit_clip(observed, known, camera, config.iterations, config.smoothness, config.key_frames).pose


def match(real: Path, folder: Path) -> tuple[list[tuple[str, Path, Path]], list[str]]:
    """(stem, real file, generated file) for every stem that both folders have, and the files that have no
    match.

    Raises UserError where a folder is missing, holds two videos of one stem, or nothing matches.
    """
    left, right = _videos(real), _videos(folder)
    both = sorted(left.keys() & right.keys())
    if not both:
        raise UserError(f"{real} and {folder} have no video name in common; name both files of a pair alike")
    alone = [str(files[stem]) for files in (left, right) for stem in sorted(files.keys() - set(both))]
    return [(stem, left[stem], right[stem]) for stem in both], alone


def _videos(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; with --against give folders of videos")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in VIDEO:
            if path.stem in found:
                raise UserError(f"{folder}: {found[path.stem].name} and {path.name} share a name; rename one")
            found[path.stem] = path
    return found


def clip_of(stem: str) -> str:
    """Name of a pair in metric rows: a person who speaks with their own sound."""
    return item_id(stem, OWN)


def wanted_config(metrics: Sequence[str]) -> MetricsConfig:
    """Configuration that measures the metrics named, all where none is; UserError for a name unknown."""
    every = [name for name in MetricsConfig().names if not name.endswith("-generated")]
    for name in metrics:
        if name not in (*every, *EXTRA):
            raise UserError(f"--metric: no metric `{name}`; use {', '.join((*every, *EXTRA))}")
    chosen = set(metrics or (*every, *EXTRA))
    parts = {"names": every, "extra": EXTRA}
    return MetricsConfig.model_validate({k: [n for n in v if n in chosen] for k, v in parts.items()})


def of_protocols(rows: list[Row], protocols: Sequence[str]) -> list[Row]:
    """Rows under the protocols named, or under those of the families named (atvg-v1 for atvg-v1-dlib).

    UserError where one names nothing.
    """
    known = sorted({row["protocol"] for row in rows})
    for name in protocols:
        if not any(_belongs(identifier, name) for identifier in known):
            raise UserError(f"--protocol: none of these metrics has `{name}`; use one of {', '.join(known)}")
    return [
        row for row in rows if not protocols or any(_belongs(row["protocol"], name) for name in protocols)
    ]


def _belongs(identifier: str, name: str) -> bool:
    return identifier == name or identifier.startswith(f"{name}-")
