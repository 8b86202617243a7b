"""The workflow's tracking step: clips of one shard to tracks, a table of their fit, and overlay videos."""

from typing import Any

import numpy as np
import pandas as pd

from talkpose.clips.store import FPS, SAMPLES_PER_FRAME, read_frames, read_wav, write_mp4
from talkpose.config import FaceConfig
from talkpose.face.ingest import load_landmarks
from talkpose.face.model import FaceModel, load_face_model
from talkpose.face.overlay import overlay_frames
from talkpose.face.track import Track, save_track, summary, track_clip
from talkpose.files import sha256, write_parquet
from talkpose.layout import RunLayout
from talkpose.progress import progress

COLUMNS = ("corpus", "clip", "frames", "valid", "landmark_error", "lips_error", "mouth_correlation")


def track_shard(layout: RunLayout, corpus: str, shard: str) -> None:
    """Track every usable clip of a shard; a shard of quarantined clips alone gives an empty table."""
    config = layout.load_config()
    table = pd.read_parquet(layout.clips_shard(corpus, shard))
    model = load_face_model(config.face.model, config.face.model_path)
    persons = config.corpora[corpus].role == "persons"
    rows: list[dict[str, Any]] = []
    with progress(f"track {corpus}", len(table)) as bar:
        for done, clip in enumerate(table["clip"]):
            folder = layout.clip_folder(corpus, clip)
            frames = read_frames(folder / "frames.mkv")
            points = load_landmarks(folder).points
            split = config.train_frames if persons else len(frames)
            track = track_parts(frames, points, model, config.face, split, config.device)
            path = layout.track(corpus, clip)
            save_track(path, track)
            if persons or done == 0:  # of many short clips one a shard is enough to look at
                shown = round(config.face.overlay_seconds * FPS)
                overlay = overlay_frames(frames[:shown], Track(*(part[:shown] for part in track)), model)
                sound = read_wav(folder / "audio.wav")[: len(overlay) * SAMPLES_PER_FRAME]
                write_mp4(path.with_suffix(".mp4"), overlay, sound, title=f"Track: {clip}")
            rows.append(
                {
                    "corpus": corpus,
                    "clip": clip,
                    **summary(track, model, config.clips.size),
                    "sha256": sha256(path),
                }
            )
            bar.update(done + 1)
    write_parquet(
        layout.tracks_shard(corpus, shard), pd.DataFrame(rows, columns=None if rows else list(COLUMNS))
    )


def track_parts(
    frames: np.ndarray,
    points: np.ndarray,
    model: FaceModel,
    config: FaceConfig,
    split: int,
    device: str = "cpu",
) -> Track:
    """Track a clip so that its first `split` frames know nothing of the rest.

    Identity and texture come from the first part and are kept in the second; a part without a face cannot be
    told apart from its neighbour, so then the clip is tracked whole.
    """
    seen = np.isfinite(points).all((1, 2))
    if split >= len(frames) or not (seen[:split].any() and seen[split:].any()):
        return track_clip(frames, points, model, config, device=device)
    first = track_clip(frames[:split], points[:split], model, config, device=device)
    known = first.coefficients[0]
    rest = track_clip(frames[split:], points[split:], model, config, known, device)
    return Track(*(np.concatenate(pair) for pair in zip(first, rest, strict=True)))
