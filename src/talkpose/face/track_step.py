"""The workflow's tracking step: clips of one shard to tracks, a table of their fit, and overlay videos."""

from typing import Any

import pandas as pd

from talkpose.clips.store import read_frames, read_wav, write_mp4
from talkpose.face.ingest import load_landmarks
from talkpose.face.model import load_face_model
from talkpose.face.overlay import overlay_frames
from talkpose.face.track import save_track, summary, track_clip
from talkpose.files import sha256, write_parquet
from talkpose.layout import RunLayout
from talkpose.progress import progress

COLUMNS = ("corpus", "clip", "frames", "valid", "landmark_error", "lips_error", "mouth_correlation")


def track_shard(layout: RunLayout, corpus: str, shard: str) -> None:
    """Track every usable clip of a shard; a shard of quarantined clips alone gives an empty table."""
    config = layout.load_config()
    table = pd.read_parquet(layout.clips_shard(corpus, shard))
    model = load_face_model(config.face.model, config.face.model_path)
    rows: list[dict[str, Any]] = []
    with progress(f"track {corpus}", len(table)) as bar:
        for done, clip in enumerate(table["clip"]):
            folder = layout.clip_folder(corpus, clip)
            frames = read_frames(folder / "frames.mkv")
            track = track_clip(frames, load_landmarks(folder), model, config.face)
            path = layout.track(corpus, clip)
            save_track(path, track)
            overlay = overlay_frames(frames, track, model)
            write_mp4(
                path.with_suffix(".mp4"), overlay, read_wav(folder / "audio.wav"), title=f"Track: {clip}"
            )
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
