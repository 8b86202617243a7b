"""The steps `clips ingest` and `clips index` of a run."""

import pandas as pd

from talkpose.clips.listing import read_list
from talkpose.clips.quarantine import read_quarantine, write_quarantine
from talkpose.clips.store import FPS
from talkpose.errors import UserError
from talkpose.face.ingest import COLUMNS
from talkpose.face.ingest import ingest_shard as ingest_clips
from talkpose.face.landmarks import make_detector
from talkpose.files import write_parquet
from talkpose.layout import RunLayout
from talkpose.progress import progress

_TYPES = {
    **dict.fromkeys(("corpus", "clip", "source", "sha256", "codec", "detector"), "string"),
    **dict.fromkeys(("n_frames", "width", "height", "rotation", "audio_rate", "audio_channels"), "Int64"),
    **dict.fromkeys(("crop_x0", "crop_y0", "crop_side", "crop_size", "sync_offset"), "Int64"),
    **dict.fromkeys(("start", "stop", "seconds", "source_fps", "face_pixels", "missing_share"), "Float64"),
    **dict.fromkeys(("sync_correlation", "sync_confidence", "silence_seconds"), "Float64"),
    "sync_applied": "boolean",
}


def ingest_shard(layout: RunLayout, corpus: str, shard: str, min_seconds: float | None = None) -> None:
    """Normalise one shard of a corpus; write its table and its quarantine list.

    Clips shorter than `min_seconds` are quarantined. By default that is `clips.min_seconds`, and for personal
    videos also what training takes, with as much left to test on.
    """
    config = layout.load_config()
    section = config.corpora[corpus]
    parts = read_list(layout.clip_list(corpus))
    if shard not in parts:
        raise UserError(f"corpus {corpus} has no shard {shard}, only {', '.join(parts)}; plan the run again")
    detector = None if section.sound_only else make_detector(config.face.landmarks, device=config.device)
    folder = layout.clip_folder(corpus, "clip").parent
    if min_seconds is None:
        least = config.clips.min_seconds
        min_seconds = config.held_out_start / FPS + least if section.role == "persons" else least
    clips = config.clips.model_copy(update={"min_seconds": min_seconds})
    with progress(f"read {corpus}", len(parts[shard])) as bar:
        rows, set_aside = ingest_clips(parts[shard], folder, detector, clips, corpus, bar.update)
    for row in set_aside:
        print(f"quarantined: {row.message}")
    write_quarantine(layout.quarantine_shard(corpus, shard), set_aside)
    write_parquet(layout.clips_shard(corpus, shard), _table(rows))


def index_corpora(layout: RunLayout) -> None:
    """Join the shards of every corpus into one table, and all quarantine lists into one."""
    config = layout.load_config()
    set_aside = []
    for corpus in config.corpora:
        names = list(read_list(layout.clip_list(corpus)))
        tables = [pd.read_parquet(layout.clips_shard(corpus, name)) for name in names]
        write_parquet(layout.clips_index(corpus), pd.concat(tables, ignore_index=True))
        for name in names:
            set_aside += read_quarantine(layout.quarantine_shard(corpus, name))
    write_quarantine(layout.quarantine, set_aside)


def _table(rows: list[dict]) -> pd.DataFrame:
    """Rows with the same columns and types in every shard, even an empty one."""
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(_TYPES)
