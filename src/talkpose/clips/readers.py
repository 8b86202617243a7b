"""Readers of corpora: which clips a folder holds, and in which order."""

from pathlib import Path
from typing import TypeVar

from talkpose.config.clips import CorpusConfig
from talkpose.errors import UserError

VIDEO = {".avi", ".flv", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ts", ".webm", ".wmv"}
SOUND = {".aac", ".aif", ".aiff", ".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".wav", ".wma"}

Clip = TypeVar("Clip")


def list_clips(corpus: CorpusConfig) -> list[tuple[str, Path]]:
    """(clip id, file) of every clip of the corpus, sorted by id.

    `folder`: every video whose path inside the folder matches the pattern; `grid`: the same for GRID's layout
    of one folder a speaker, or none; `audio`: every sound file, or the sound of a video. The id is the path
    inside the folder without its suffix, with `-` for `/`. UserError where the folder is missing, nothing
    matches, or two files share an id.
    """
    root = Path(corpus.path)
    if not root.is_dir():
        raise UserError(f"{root}: no such folder; set the corpus's `path` to the folder of its files")
    kinds = VIDEO | SOUND if corpus.reader == "audio" else VIDEO
    pattern = f"**/{corpus.pattern}" if corpus.reader == "grid" else corpus.pattern
    found = sorted(p for p in set(root.glob(pattern)) if p.is_file() and p.suffix.lower() in kinds)
    if not found:
        what = "sound" if corpus.reader == "audio" else "video"
        raise UserError(f"{root}: no {what} file matches `{corpus.pattern}`; mend the corpus's `pattern`")
    clips: dict[str, Path] = {}
    for path in found:
        clip = clip_id(path.relative_to(root))
        if clip in clips:
            raise UserError(f"{path} and {clips[clip].name} share the clip id `{clip}`; rename one of them")
        clips[clip] = path
    return sorted(clips.items())


def clip_id(path: Path) -> str:
    """Id of a clip from its path inside the corpus; a run refuses ids that make no safe file name."""
    return "-".join(path.with_suffix("").parts)


def shards(clips: list[Clip], size: int) -> dict[str, list[Clip]]:
    """The clips in their order, `size` at a time, named 0000, 0001, ...; the last may be shorter."""
    return {f"{i // size:04d}": clips[i : i + size] for i in range(0, len(clips), size)}
