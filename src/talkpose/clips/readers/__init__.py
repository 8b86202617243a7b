"""Readers of corpora: which clips a folder holds, and in which order."""

from talkpose.clips.readers.grid import grid_sentence
from talkpose.clips.readers.lrw import LrwMetadata, read_lrw_metadata
from talkpose.clips.readers.select import list_clips, select_clips
from talkpose.clips.readers.source import SOUND, VIDEO, ClipSource, clip_id, shards

__all__ = [
    "SOUND",
    "VIDEO",
    "ClipSource",
    "LrwMetadata",
    "clip_id",
    "grid_sentence",
    "list_clips",
    "read_lrw_metadata",
    "select_clips",
    "shards",
]
