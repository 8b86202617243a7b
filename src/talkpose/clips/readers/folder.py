"""Readers `folder` and `audio`: any files that match a pattern."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from talkpose.clips.readers.scan import matches
from talkpose.clips.readers.source import ClipSource, clip_id
from talkpose.config.clips import CorpusConfig


def select_folder(files: Iterable[PurePosixPath], root: Path, corpus: CorpusConfig) -> list[ClipSource]:
    """Every file whose path inside the folder matches; the id is that path with `-` for `/`."""
    return [ClipSource(clip_id(file), root / file) for file in files if matches(file, corpus.pattern)]
