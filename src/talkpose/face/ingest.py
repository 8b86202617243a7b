"""From a raw file to a normalised clip: decode, find the face, check, crop, bring the sound in sync.

A video becomes a folder with `frames.mkv` (lossless crop), `audio.wav`, `landmarks.npz` (the detector's
points in crop pixels, found in the full picture) and `clip.json`; a sound file becomes one with `audio.wav`
and `clip.json`. The row that `clip.json` holds is also the clip's row in the corpus's table.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from talkpose.clips import quarantine
from talkpose.clips.audio import decode_audio, place
from talkpose.clips.crop import CropWindow, crop_frames, fit_window
from talkpose.clips.decode import VideoReader
from talkpose.clips.quarantine import QuarantineRow
from talkpose.clips.readers import ClipSource
from talkpose.clips.store import FPS, SAMPLE_RATE, SAMPLES_PER_FRAME, write_lossless, write_wav
from talkpose.config.clips import ClipsConfig
from talkpose.errors import ClipError, UserError
from talkpose.face.landmarks import Detection, Detector, mouth_opening
from talkpose.files import atomic_path, read_json, sha256, write_json, write_npz
from talkpose.speech.sync import correct_offset, estimate_offset

KEEP_BYTES = 400_000_000  # a shorter video is decoded once, a longer one once for each of the two passes

COLUMNS = (
    "corpus", "clip", "source", "start", "stop", "sha256", "n_frames", "seconds", "width", "height",
    "source_fps", "codec", "rotation", "crop_x0", "crop_y0", "crop_side", "crop_size", "face_pixels",
    "missing_share", "detector", "sync_offset", "sync_correlation", "sync_confidence", "sync_applied",
    "silence_seconds", "audio_rate", "audio_channels",
)  # fmt: skip
"""Columns of a row: sizes in pixels of the upright source, face_pixels in the crop (median width), offsets
in frames (positive: sound later than mouth), start and stop in seconds of the source (None: whole). Columns
that make no sense for a sound file are None there."""


def ingest_clip(
    path: str | Path,
    folder: str | Path,
    detector: Detector,
    config: ClipsConfig,
    corpus: str = "",
    clip: str | None = None,
    start: float | None = None,
    stop: float | None = None,
) -> dict[str, Any]:
    """Normalise one video, or its seconds [start, stop), into `folder`, and return its row (see COLUMNS).

    `clip` defaults to the folder's name. Raises ClipError with a reason of clips.quarantine.REASONS where the
    video can not be used; the folder is written whole or not at all.
    """
    path, folder = Path(path), Path(folder)
    reader = VideoReader(path, KEEP_BYTES, start, stop)
    sound = decode_audio(path, *reader.span)
    thumbnails: list[np.ndarray] = []
    detection = detector.detect(_watched(reader, thumbnails))
    quarantine.check_length(reader.n_frames, config, path.name)
    quarantine.check_faces(detection.points, detection.n_faces, config, path.name)
    quarantine.check_cuts(np.stack(thumbnails), detection.points, config, path.name)
    audio, silence = reader.place(sound)
    sync, kept, audio = _synchronise(detection, detector, audio, config, path.name)
    window = fit_window(detection.points[kept], config.size, config.face_fraction)
    points = window.to_crop(detection.points[kept])
    info = reader.info
    row = _row(path, corpus, clip or folder.name, len(points), sound.rate, sound.channels)
    row |= {
        "start": start,
        "stop": stop,
        "width": info.width,
        "height": info.height,
        "source_fps": round(info.fps, 4),
        "codec": info.codec,
        "rotation": info.rotation,
        **{f"crop_{key}": value for key, value in window.as_dict().items()},
        "face_pixels": round(float(np.nanmedian(np.ptp(points[..., 0], axis=1))), 2),
        "missing_share": round(quarantine.missing_share(detection.points), 4),
        "detector": detector.name,
        "silence_seconds": round(silence, 4),
        **sync,
    }
    with atomic_path(folder) as temporary:
        temporary.mkdir(parents=True)
        frames = islice(iter(reader), kept.start, kept.stop)
        write_lossless(temporary / "frames.mkv", crop_frames(frames, window))
        write_wav(temporary / "audio.wav", audio)
        found = {"points": points, "n_faces": detection.n_faces[kept]}
        if detection.unmended is not None:
            found["unmended"] = window.to_crop(detection.unmended[kept])
        write_npz(temporary / "landmarks.npz", **found)
        write_json(temporary / "clip.json", row)
    return row


def ingest_sound(
    path: str | Path,
    folder: str | Path,
    config: ClipsConfig,
    corpus: str = "",
    clip: str | None = None,
    start: float | None = None,
    stop: float | None = None,
) -> dict[str, Any]:
    """Normalise one sound file, or a part of it, into `folder` and return its row; ClipError as ingest_clip.

    start, stop: seconds on the file's clock.
    """
    path, folder = Path(path), Path(folder)
    sound = decode_audio(path, start, stop)
    first = sound.start if start is None else max(start, sound.start)
    last = sound.start + len(sound.samples) / SAMPLE_RATE
    n_frames = int((last if stop is None else min(last, stop)) * FPS - first * FPS + 1e-6)
    quarantine.check_length(n_frames, config, path.name)
    row = _row(path, corpus, clip or folder.name, n_frames, sound.rate, sound.channels)
    row |= {"start": start, "stop": stop, "silence_seconds": 0.0}
    with atomic_path(folder) as temporary:
        temporary.mkdir(parents=True)
        write_wav(temporary / "audio.wav", place(sound, first, n_frames * SAMPLES_PER_FRAME)[0])
        write_json(temporary / "clip.json", row)
    return row


def ingest_shard(
    clips: Iterable[ClipSource],
    folder: str | Path,
    detector: Detector | None,
    config: ClipsConfig,
    corpus: str,
    done: Callable[[int], None] | None = None,
) -> tuple[list[dict[str, Any]], list[QuarantineRow]]:
    """Normalise clips into folder/<clip id>; rows of the usable, reasons of the others.

    Without a detector the files are taken for sound. A clip that is now quarantined loses its old folder.
    `done` is told how many clips are, after each.
    """
    rows, set_aside = [], []
    for number, (clip, path, start, stop, *_) in enumerate(clips, 1):
        target = Path(folder) / clip
        try:
            if detector is None:
                rows.append(ingest_sound(path, target, config, corpus, clip, start, stop))
            else:
                rows.append(ingest_clip(path, target, detector, config, corpus, clip, start, stop))
        except ClipError as error:
            set_aside.append(QuarantineRow(corpus, clip, error.reason, str(error)))
            shutil.rmtree(target, ignore_errors=True)
        if done is not None:
            done(number)
    return rows, set_aside


def load_landmarks(folder: str | Path) -> Detection:
    """Landmarks of a normalised clip, in crop pixels, as the ingestion found them."""
    path = Path(folder) / "landmarks.npz"
    if not path.is_file():
        raise UserError(f"{path}: no landmarks; ingest the clip again with `talkpose clips ingest`")
    with np.load(path, allow_pickle=False) as data:
        return Detection(data["points"], data["n_faces"], data.get("unmended"))


def load_window(folder: str | Path) -> CropWindow:
    """Crop window of a normalised clip, to paste results back into the full frame."""
    row = read_json(Path(folder) / "clip.json")
    return CropWindow(**{key: row[f"crop_{key}"] for key in ("x0", "y0", "side", "size")})


def _watched(frames: Iterable[np.ndarray], thumbnails: list[np.ndarray]) -> Iterator[np.ndarray]:
    for frame in frames:
        thumbnails.append(quarantine.thumbnail(frame))
        yield frame


def _synchronise(
    detection: Detection, detector: Detector, audio: np.ndarray, config: ClipsConfig, name: str
) -> tuple[dict[str, Any], slice, np.ndarray]:
    """Columns about sync, frames to keep, and the sound for them."""
    n_frames = len(detection.points)
    columns: dict[str, Any] = {"sync_applied": False}
    if config.sync == "off":
        return columns, slice(0, n_frames), audio
    estimate = estimate_offset(mouth_opening(detection.points, detector.name), audio, config.sync_max_frames)
    columns["sync_offset"] = estimate.offset_frames
    columns["sync_correlation"] = round(estimate.correlation, 4)
    columns["sync_confidence"] = round(estimate.confidence, 4)
    certain = estimate.confidence >= config.sync_min_confidence
    if config.sync == "report" or not certain or estimate.offset_frames == 0:
        return columns, slice(0, n_frames), audio
    columns["sync_applied"] = True
    kept, audio = correct_offset(n_frames, audio, estimate.offset_frames)
    quarantine.check_length(kept.stop - kept.start, config, name)
    return columns, kept, audio


def _row(path: Path, corpus: str, clip: str, n_frames: int, rate: int, channels: int) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    row |= {
        "corpus": corpus,
        "clip": clip,
        "source": path.name,
        "sha256": sha256(path),
        "n_frames": n_frames,
        "seconds": n_frames / FPS,
        "audio_rate": rate,
        "audio_channels": channels,
    }
    return row
