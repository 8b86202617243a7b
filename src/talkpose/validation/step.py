"""The workflow's validation step: every clip of a run that has a truth beside its raw file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from talkpose.clips.listing import read_list
from talkpose.clips.store import read_frames, read_wav
from talkpose.config import RunConfig
from talkpose.errors import UserError
from talkpose.face.ingest import load_landmarks, load_window
from talkpose.face.model import FaceModel, load_face_model
from talkpose.face.track import Track, load_track
from talkpose.face.track_step import track_parts
from talkpose.face.truth import read_truth, truth_path
from talkpose.files import read_json, write_json, write_parquet
from talkpose.layout import RunLayout
from talkpose.metrics import audio_pose, hs
from talkpose.speech.sync import correct_offset
from talkpose.validation.compare import AXES, Compared, compare


class Bound(NamedTuple):
    """What a tracker must reach."""

    quantity: str
    text: str
    unit: str
    most: float | None = None
    least: float | None = None


BOUNDS = (
    *(
        bound
        for axis in (*AXES, "rotation")
        for bound in (
            Bound(f"{axis}-median", f"{axis}, median error over frames", "degrees", most=1.0),
            Bound(f"{axis}-p95", f"{axis}, 95th percentile of the error", "degrees", most=3.0),
        )
    ),
    Bound("landmarks", "landmarks, mean error over the distance of the outer eye corners", "", most=0.02),
    Bound("mouth", "mouth opening, least correlation of a clip with the true one", "", least=0.95),
    Bound("hs", "HS, largest difference between tracked and true poses", "", most=0.02),
    Bound("audio-pose", "audio-pose correlation, largest such difference", "", most=0.05),
    Bound("sync", "offset of mouth and sound, largest error", "frames", most=0.0),
)
"""Bounds on personal clips; landmarks and mouth opening hold for all clips of the run."""

APPENDIX_A = next(c for c in audio_pose.CHOICES if c.id == "appa-v1-window-pooled-all-pearson")


class _Clip(NamedTuple):
    corpus: str
    clip: str
    person: bool
    errors: Compared
    audio: np.ndarray
    sync: int
    beside: Compared | None = None
    """errors of the points before the detector mended them, where it does"""


def validate_run(layout: RunLayout) -> None:
    """Compare tracks with truths; write validation.json (bounds) and validation.parquet (a row a clip).

    A run without any truth gets an empty list of bounds.
    """
    config = layout.load_config()
    clips = list(_clips(layout, config))
    rows = [_row(clip) for clip in clips]
    write_parquet(
        layout.validation.with_suffix(".parquet"), pd.DataFrame(rows, columns=None if rows else ["clip"])
    )
    found = _found(clips, config) if clips else {}
    mended = [clip._replace(errors=clip.beside) for clip in clips if clip.beside is not None]
    beside = _found(mended, config) if clips and len(mended) == len(clips) else {}
    lines = [
        {
            **bound._asdict(),
            "found": round(value, 6),
            "n": n,
            "passed": _passes(bound, value),
            "unmended": round(beside[bound.quantity][0], 6) if bound.quantity in beside else None,
        }
        for bound in BOUNDS
        if (known := found.get(bound.quantity)) is not None
        for value, n in [known]
        if np.isfinite(value)  # a clip too short for its measure says nothing
    ]
    write_json(layout.validation, {"landmarks": config.face.landmarks, "bounds": lines, "clips": rows})


def _passes(bound: Bound, value: float) -> bool:
    return (bound.most is None or value <= bound.most) and (bound.least is None or value >= bound.least)


def _clips(layout: RunLayout, config: RunConfig) -> Iterator[_Clip]:
    model = load_face_model(config.face.model, config.face.model_path)
    for corpus, section in config.corpora.items():
        if section.sound_only:
            continue
        usable = set(pd.read_parquet(layout.clips_index(corpus))["clip"])
        for source in (s for part in read_list(layout.clip_list(corpus)).values() for s in part):
            if source.clip not in usable or source.start is not None or not truth_path(source.path).is_file():
                continue
            folder = layout.clip_folder(corpus, source.clip)
            row = read_json(folder / "clip.json")
            audio, count = read_wav(folder / "audio.wav"), row["n_frames"]
            kept = slice(0, count)
            if row["sync_applied"]:
                kept = correct_offset(count + abs(row["sync_offset"]), audio, row["sync_offset"])[0]
            truth = read_truth(truth_path(source.path))
            track = load_track(layout.track(corpus, source.clip))
            errors = compare(track, truth, load_window(folder), kept, model)
            person, beside = section.role == "persons", None
            if config.face.landmarks == "dense":
                split = config.train_frames if person else count
                beside = compare(
                    _unmended(folder, model, config, split), truth, load_window(folder), kept, model
                )
            yield _Clip(corpus, source.clip, person, errors, audio, row["sync_offset"] or 0, beside)


def _unmended(folder: Path, model: FaceModel, config: RunConfig, split: int) -> Track:
    """The clip's track by MediaPipe's own points."""
    points = load_landmarks(folder).unmended
    if points is None:
        raise UserError(f"{folder}: no points of MediaPipe's own; ingest the clip again")
    plain = config.face.model_copy(update={"landmarks": "mediapipe"})
    return track_parts(read_frames(folder / "frames.mkv"), points, model, plain, split, config.device)


def _row(clip: _Clip) -> dict[str, Any]:
    errors = clip.errors
    row: dict[str, Any] = {"corpus": clip.corpus, "clip": clip.clip, "frames": len(errors.rotation)}
    for axis, values in zip(AXES, errors.pose.T, strict=True):
        row[f"{axis} bias"] = round(float(values.mean()), 3)
        row[f"{axis} median"] = round(float(np.median(np.abs(values))), 3)
    row["rotation median"] = round(float(np.median(errors.rotation)), 3)
    row["landmarks"] = round(float(errors.landmarks.mean()), 5)
    row["mouth r"] = round(errors.mouth, 4)
    return row


def _found(clips: list[_Clip], config: RunConfig) -> dict[str, tuple[float, int]]:
    """Value and number of clips of every quantity that these clips allow."""
    persons = [clip for clip in clips if clip.person]
    found: dict[str, tuple[float, int]] = {}
    if persons:
        errors = np.concatenate(
            [np.column_stack([np.abs(c.errors.pose), c.errors.rotation]) for c in persons]
        )
        for axis, values in zip((*AXES, "rotation"), errors.T, strict=True):
            found[f"{axis}-median"] = float(np.median(values)), len(persons)
            found[f"{axis}-p95"] = float(np.percentile(values, 95)), len(persons)
        found["hs"] = _hs_difference(persons, config), len(persons)
        found["audio-pose"] = max(map(_audio_pose_difference, persons)), len(persons)
        found["sync"] = float(max(abs(c.sync) for c in persons)), len(persons)
    found["landmarks"] = float(np.mean(np.concatenate([c.errors.landmarks for c in clips]))), len(clips)
    found["mouth"] = min(c.errors.mouth for c in clips), len(clips)
    return found


def _hs_difference(persons: list[_Clip], config: RunConfig) -> float:
    """Largest |HS of tracked - HS of true poses|, training against held-out part, over pairs of persons."""
    split = config.train_frames
    differences = []
    for a in persons:
        for b in persons:
            values = [
                hs.compute([hs.update(x[:split])], [hs.update(y[split:])], config.metrics.hs_bins)[0]
                for x, y in ((a.errors.tracked, b.errors.tracked), (a.errors.true, b.errors.true))
            ]
            differences.append(abs(values[0] - values[1]))
    return max(differences)


def _audio_pose_difference(clip: _Clip) -> float:
    values = [
        audio_pose.compute(audio_pose.update(clip.audio, pose[:, :3], APPENDIX_A.feature), APPENDIX_A)[0]
        for pose in (clip.errors.tracked, clip.errors.true)
    ]
    return abs(values[0] - values[1])
