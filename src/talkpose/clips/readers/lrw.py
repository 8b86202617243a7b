"""Reader `lrw`: Lip Reading in the Wild (Chung and Zisserman 2016), one word in the middle of each clip.

Layout: [lipread_mp4/]<WORD>/<train|val|test>/<WORD>_<00001>.mp4, with <WORD>_<00001>.txt beside it. A clip
has 29 frames at 25 fps.
"""

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from talkpose.clips.readers.scan import matches
from talkpose.clips.readers.source import ClipSource
from talkpose.config.clips import CorpusConfig
from talkpose.errors import UserError

CLIP_SECONDS = 29 / 25


class LrwMetadata(NamedTuple):
    """What LRW says of a clip."""

    duration_seconds: float
    """of the word, which stands in the clip's middle"""
    disk_reference: str = ""
    channel: str = ""
    program_start: str = ""
    clip_start: str = ""

    def word_span(self, clip_seconds: float = CLIP_SECONDS) -> tuple[float, float]:
        """(start, stop) of the word in seconds from the clip's first frame."""
        half = min(self.duration_seconds, clip_seconds) / 2
        return clip_seconds / 2 - half, clip_seconds / 2 + half


def select_lrw(files: Iterable[PurePosixPath], root: Path, corpus: CorpusConfig) -> list[ClipSource]:
    """Clips of one split; the id is the file's name, which is unique in a split."""
    pattern = None if corpus.pattern == "*" else f"**/{corpus.pattern}"
    sources = []
    for file in files:
        parts = file.parts
        if len(parts) < 3 or parts[-2] != corpus.split or file.suffix.lower() != ".mp4":
            continue
        word, stem = parts[-3], file.stem
        if not (stem.startswith(word + "_") and stem[len(word) + 1 :].isdigit()):
            continue
        if pattern is None or matches(file, pattern):
            sources.append(ClipSource(stem, root / file, word=word))
    return sources


def read_lrw_metadata(path: Path) -> LrwMetadata:
    """The text file beside a clip; `Duration: 0.53 seconds` must be in it. UserError where it is not."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UserError(
            f"{path}: no metadata of LRW ({error.strerror}); unpack the .txt files too"
        ) from error
    found = re.findall(r"^\s*([A-Za-z ]+?)\s*:\s*(.*?)\s*$", text, re.MULTILINE)
    values = {key.lower().replace(" ", "_"): value for key, value in found}
    duration = re.fullmatch(r"(\d*\.?\d+)(?: seconds?)?", values.get("duration", ""))
    if duration is None:
        raise UserError(f"{path}: no line such as `Duration: 0.53 seconds`; unpack LRW's .txt files anew")
    others = {key: values.get(key, "") for key in LrwMetadata._fields if key != "duration_seconds"}
    return LrwMetadata(float(duration[1]), **others)
