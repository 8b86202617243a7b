"""What a reader gives: one clip of a corpus, whole or a segment of a file."""

from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import NamedTuple, TypeVar

from talkpose.errors import UserError

VIDEO = {".avi", ".flv", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ts", ".webm", ".wmv"}
SOUND = {".aac", ".aif", ".aiff", ".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".wav", ".wma"}

Clip = TypeVar("Clip")


class ClipSource(NamedTuple):
    """A clip before anything is decoded."""

    clip: str
    """id: letters, digits, dots, dashes and underscores; unique in its corpus"""
    path: Path
    start: float | None = None
    """seconds after the video's first frame, or on the clock of a sound file, where it begins; None: 0"""
    stop: float | None = None
    """seconds at which it ends; None: the file's end"""
    speaker: str = ""
    """who speaks, as the corpus names them; "" unknown"""
    word: str = ""
    """the word that is spoken in the middle of the clip; "" none"""


def clip_id(path: PurePath) -> str:
    """Id of a clip from its path inside the corpus; a run refuses ids that make no safe file name."""
    return "-".join(path.with_suffix("").parts)


def in_order(sources: Iterable[ClipSource]) -> list[ClipSource]:
    """The clips sorted by id; UserError where two share one."""
    clips = sorted(sources, key=lambda source: source.clip)
    for one, other in zip(clips, clips[1:], strict=False):
        if one.clip == other.clip:
            raise UserError(
                f"{other.path} and {one.path.name} share the clip id `{one.clip}`; rename one of them"
            )
    return clips


def shards(clips: list[Clip], size: int) -> dict[str, list[Clip]]:
    """The clips in their order, `size` at a time, named 0000, 0001, ...; the last may be shorter."""
    return {f"{i // size:04d}": clips[i : i + size] for i in range(0, len(clips), size)}
