"""Two aligned videos measured by every metric that two videos allow."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from talkpose.clips.crop import fit_window
from talkpose.clips.readers.source import VIDEO
from talkpose.config import FaceConfig, MetricsConfig
from talkpose.errors import UserError
from talkpose.face.camera import Camera
from talkpose.face.fit import fit_clip
from talkpose.face.model import FaceModel, load_face_model
from talkpose.face.observed import observe
from talkpose.layout import OWN, item_id
from talkpose.metrics.align import Pair
from talkpose.metrics.base import COLUMNS
from talkpose.metrics.compute import LANDMARK_METRICS, Row, measure_item
from talkpose.metrics.detections import make_scorer
from talkpose.metrics.extra import measure_scene, needs_poses
from talkpose.metrics.needs import NEEDS, missing_weights
from talkpose.metrics.poses import POSE_METRICS
from talkpose.metrics.scene import Scene

SOUND: Final = ("audio-pose", "beat", "lse")
"""Metrics of `metrics.extra` that compare a video with its sound."""

EXTRA: Final = ("blink", "cpbd", "csim", "lpips", *SOUND)
"""Metrics of `metrics.extra` that two videos allow; `fid` needs many."""

ROWS: Final = {"velocity": "lvd-", "pose-dynamics": "pose-", "blink": "blink-rate"}
"""Beginnings of the metrics that rows bear, where those are not the name that is asked for."""

LEAST = 75  # frames from which on `audio-pose` and `beat` say something of how a head moves

FACES: Final = {"blink", "csim", *SOUND}
CROP = 256  # pixels of the window in which a head's pose is fitted


def measure_pair(
    pair: Pair, config: MetricsConfig, *, method: str, corpus: str, clip: str, device: str = "cpu"
) -> list[Row]:
    """Rows (base.COLUMNS) of every metric of `config.names` and EXTRA on two aligned videos.

    HS compares the poses of both videos, tracked by the face model `cc0` from the landmarks of
    `config.landmarks`, each in its own square window. Metrics of faces are nan where none is found; those of
    SOUND have no row for a pair without sound, and of them those of poses none below LEAST frames.
    """
    points: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    names = set(config.names)
    faces = names & (LANDMARK_METRICS | POSE_METRICS) or FACES & set(config.extra)
    kinds = [config.landmarks] if faces else []
    if names & LANDMARK_METRICS:
        kinds += [name for name in config.scorers if name not in kinds]
    for kind in kinds:
        detector = make_scorer(kind)
        points[kind] = detector.detect(pair.generated).points, detector.detect(pair.real).points
    generated, real = points.pop(config.landmarks, (None, None))
    poses_generated, poses_real = None, np.empty((0, 6))
    if (names & POSE_METRICS or needs_poses(config)) and generated is not None and real is not None:
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
    sound, without = pair.sound, set(SOUND) if pair.sound is None else set()
    if sound is None:
        sound = np.empty(0, np.float32)
    long = poses_generated if len(pair.generated) >= LEAST else None
    scene = Scene(pair.generated, seen[0], sound, pair.real, seen[1], long)
    wanted = [name for name in config.extra if name in EXTRA and name not in without]
    only = config.model_copy(update={"extra": wanted})
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


def without_value(config: MetricsConfig, rows: Sequence[Row], sound: bool, several: bool) -> dict[str, str]:
    """Why a metric that was asked for has no row: a sentence by name. sound: whether any pair has one."""
    found: dict[str, str] = {}
    for name in (*config.names, *config.extra):
        measured = any(row["metric"].startswith(ROWS.get(name, name)) for row in rows)
        if measured or name in not_attempted(config) or (name == "fid" and not several):
            continue
        if name in SOUND and not sound:
            found[name] = "no value: the videos have no sound"
        else:
            found[name] = f"no value: the videos are too short (below {LEAST} frames) or show no face"
    return found


def wanted_config(
    metrics: Sequence[str], weights: Sequence[str] = (), several: bool = False
) -> MetricsConfig:
    """Configuration that measures the metrics named, all where none is; `several` videos allow `fid` too.

    weights: `key=file` of the section `metrics` (arcface_weights, lpips_weights, ...). Raises UserError for a
    name or key unknown, a file missing, and a metric that is named and lacks its weights.
    """
    every = [name for name in MetricsConfig().names if not name.endswith("-generated")]
    extra = (*EXTRA, "fid") if several else EXTRA
    for name in metrics:
        if name == "fid" and not several:
            raise UserError("--metric fid: needs many videos; give folders by --against")
        if name not in (*every, *extra):
            raise UserError(f"--metric: no metric `{name}`; use {', '.join((*every, *extra))}")
    chosen = set(metrics or (*every, *extra))
    files: dict[str, str] = {}
    keys = [need.key for needs in NEEDS.values() for need in needs]
    for given in weights:
        key, _, path = given.partition("=")
        if key not in keys or not Path(path).is_file():
            raise UserError(
                f"--weights {given}: give KEY=FILE, a file that is there, KEY one of {', '.join(keys)}"
            )
        files[key] = path
    parts = {"names": every, "extra": extra}
    config = MetricsConfig.model_validate(
        {k: [n for n in v if n in chosen] for k, v in parts.items()} | files
    )
    if files.get("arcface_weights"):
        config = config.model_copy(update={"csim_embedder": "arcface"})
    lacking = not_attempted(config)
    for name in metrics:
        if name in lacking:
            raise UserError(f"--metric {name}: {lacking[name]}")
    return config


def not_attempted(config: MetricsConfig) -> dict[str, str]:
    """Metrics of `config.extra` whose weights are missing, and what to give."""
    found: dict[str, str] = {}
    for name in config.extra:
        lacking = missing_weights(config, name)
        if lacking:
            give = " and ".join(f"`--weights {need.key}=FILE` ({need.source})" for need in lacking)
            found[name] = f"not attempted: weights missing; give {give}"
    return found


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
