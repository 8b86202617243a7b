"""Reader `voxceleb-meta`: VoxCeleb's metadata (Nagrani et al. 2017) and the videos that a user has of them.

Layout: txt/<id10001>/<YouTube id>/<00001>.txt and videos/<YouTube id>.<mp4|mkv|webm>. A text file is one
segment: header lines (Identity, Reference, Offset, FV Conf, ASD Conf), then a table FRAME X Y W H at 25 fps.
"""

import re
import warnings
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from talkpose.clips.readers.scan import matches
from talkpose.clips.readers.source import ClipSource
from talkpose.clips.store import FPS
from talkpose.config.clips import CorpusConfig
from talkpose.errors import UserError

KINDS = (".mp4", ".mkv", ".webm")


class VoxCelebSegment(NamedTuple):
    """What one text file says."""

    identity: str
    reference: str
    """YouTube id"""
    first: int
    """first frame of the segment, of the video at 25 fps"""
    last: int
    """last frame, part of the segment"""


def select_voxceleb_meta(
    files: Iterable[PurePosixPath], root: Path, corpus: CorpusConfig
) -> list[ClipSource]:
    """One clip a text file whose video is there; the id is <identity>-<YouTube id>-<number>.

    Warns in one sentence of videos that are missing; UserError where none is there.
    """
    pattern = f"**/{corpus.pattern}"
    videos: dict[str, PurePosixPath] = {}
    texts: list[PurePosixPath] = []
    for file in files:
        if len(file.parts) == 2 and file.parts[0] == "videos" and file.suffix.lower() in KINDS:
            videos[file.stem] = file
        elif len(file.parts) == 4 and file.parts[0] == "txt" and matches(file, pattern):
            texts.append(file)
    wanted = {file.parts[2] for file in texts}
    missing = wanted - set(videos)
    if missing:
        said = f"{root}: {len(missing)} of {len(wanted)} videos that the metadata name are missing"
        if len(missing) == len(wanted):
            raise UserError(f"{said}; put them into {root / 'videos'} as <YouTube id>.mp4, .mkv or .webm")
        warnings.warn(f"{said} in {root / 'videos'}; their segments are left out", stacklevel=2)
    sources = []
    for file in texts:
        _, identity, reference, _ = file.parts
        if reference in videos:
            segment = read_voxceleb_segment(root / file)
            start, stop = segment.first / FPS, (segment.last + 1) / FPS
            clip = f"{identity}-{reference}-{file.stem}"
            sources.append(ClipSource(clip, root / videos[reference], start, stop, speaker=identity))
    return sources


def read_voxceleb_segment(path: Path) -> VoxCelebSegment:
    """Identity, video and frames of one segment; UserError where the file is not of that form."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UserError(
            f"{path}: no such metadata ({error.strerror}); unpack VoxCeleb's txt archive"
        ) from error
    head, table, rows = text.partition("FRAME")
    header = dict(re.findall(r"^\s*(\w[\w ]*?)\s*:\s*(\S+)", head, re.MULTILINE))
    frames = [int(number) for number in re.findall(r"^\s*(\d+)\s", rows.partition("\n")[2], re.MULTILINE)]
    if not table or not frames or frames[-1] < frames[0]:
        raise UserError(f"{path}: no table FRAME X Y W H with frames in order; unpack VoxCeleb's txt anew")
    return VoxCelebSegment(header.get("Identity", ""), header.get("Reference", ""), frames[0], frames[-1])
