"""Which reader reads a corpus, on disk or from a list of files that will be there."""

from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from talkpose.clips.readers.folder import select_folder
from talkpose.clips.readers.grid import select_grid
from talkpose.clips.readers.lrw import select_lrw
from talkpose.clips.readers.persons import select_persons
from talkpose.clips.readers.scan import depth_of, scan
from talkpose.clips.readers.source import SOUND, VIDEO, ClipSource, in_order
from talkpose.clips.readers.tcd_timit import CAMERAS, select_tcd_timit
from talkpose.clips.readers.voxceleb2 import select_voxceleb2
from talkpose.clips.readers.voxceleb_meta import select_voxceleb_meta
from talkpose.config.clips import SPLITS, CorpusConfig
from talkpose.errors import UserError


class Reader(NamedTuple):
    """A corpus's layout: files of these kinds, and the clips among them."""

    select: Callable[[Iterable[PurePosixPath], Path, CorpusConfig], list[ClipSource]]
    kinds: set[str]
    layout: str
    """what a file of it looks like, for messages; "" where a file may lie anywhere"""


READERS = {
    "folder": Reader(select_folder, VIDEO, ""),
    "grid": Reader(select_grid, VIDEO, ""),
    "audio": Reader(select_folder, VIDEO | SOUND, ""),
    "lrw": Reader(select_lrw, {".mp4"}, "<WORD>/{split}/<WORD>_<00001>.mp4"),
    "voxceleb2": Reader(select_voxceleb2, {".m4a", ".wav"}, "<id00012>/<YouTube id>/<00001>.m4a"),
    "tcd-timit": Reader(select_tcd_timit, {".mp4", ".wav"}, "<01M>/{split}/<sa1>.mp4"),
    "voxceleb-meta": Reader(
        select_voxceleb_meta, {".txt", ".mp4", ".mkv", ".webm"}, "txt/<id10001>/<YouTube id>/<00001>.txt"
    ),
    "persons": Reader(select_persons, VIDEO, ""),
}


def list_clips(corpus: CorpusConfig) -> list[ClipSource]:
    """Every clip of a corpus on disk, sorted by id.

    UserError where the folder is missing, nothing matches, or two files share an id.
    """
    root = Path(corpus.path)
    if not root.is_dir():
        raise UserError(f"{root}: no such folder; set the corpus's `path` to the folder of its files")
    whole = corpus.reader in {"folder", "audio", "persons"}
    depth = depth_of(corpus.pattern) if whole else None
    return select_clips(scan(root, READERS[corpus.reader].kinds, depth, _skipped(corpus)), root, corpus)


def select_clips(files: Iterable[PurePosixPath], root: Path, corpus: CorpusConfig) -> list[ClipSource]:
    """The clips, sorted by id, among `files` (paths inside `root`), which need not be there yet.

    Two readers read a list besides: `persons` its `segments`, `voxceleb-meta` its text files. UserError where
    no file is one of the corpus's, or two share an id.
    """
    reader = READERS[corpus.reader]
    known = (file for file in files if file.suffix.lower() in reader.kinds)
    clips = in_order(reader.select(known, root, corpus))
    if not clips:
        raise UserError(_nothing(root, corpus, reader.layout))
    return clips


def _nothing(root: Path, corpus: CorpusConfig, layout: str) -> str:
    what = "sound" if corpus.sound_only else "video"
    if not layout:
        return f"{root}: no {what} file matches `{corpus.pattern}`; mend the corpus's `pattern`"
    layout = layout.format(split=corpus.split or CAMERAS[0])
    return (
        f"{root}: no file of reader {corpus.reader} ({layout}) matches `{corpus.pattern}`; "
        "mend the corpus's `path`, `split` or `pattern`"
    )


def _skipped(corpus: CorpusConfig) -> set[str]:
    """Folders of other splits, which hold most of a corpus's files."""
    chosen = corpus.split or (CAMERAS[0] if corpus.reader == "tcd-timit" else None)
    return set() if chosen is None else set(SPLITS[corpus.reader]) - {chosen}
