"""Reader `tcd-timit`: TCD-TIMIT (Harte and Gillen 2015), sentences read by volunteers and lipspeakers.

Layout: [volunteers|lipspeakers/]<01M>/[Clips/]<straightcam|30degcam>/<sa1>.mp4, with <sa1>.wav beside it.
"""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from talkpose.clips.readers.scan import matches
from talkpose.clips.readers.source import ClipSource
from talkpose.config.clips import CorpusConfig

CAMERAS = ("straightcam", "30degcam")
GROUPS = ("volunteers", "lipspeakers")


def select_tcd_timit(files: Iterable[PurePosixPath], root: Path, corpus: CorpusConfig) -> list[ClipSource]:
    """Clips of the camera that `split` names; the id is <speaker>-<sentence>.

    Videos; as foreign sound the .wav of a sentence, else the sound of its video.
    """
    pattern = None if corpus.pattern == "*" else f"**/{corpus.pattern}"
    camera = corpus.split or CAMERAS[0]
    kinds = (".mp4", ".wav") if corpus.role == "foreign" else (".mp4",)
    found: dict[str, ClipSource] = {}
    for file in files:
        if file.suffix.lower() not in kinds or len(file.parts) < 3 or file.parts[-2] != camera:
            continue
        owners = [part for part in file.parts[:-2] if part not in GROUPS and part.lower() != "clips"]
        if owners and (pattern is None or matches(file, pattern)):
            clip = f"{owners[-1]}-{file.stem}"
            if clip not in found or file.suffix.lower() == ".wav":
                found[clip] = ClipSource(clip, root / file, speaker=owners[-1])
    return list(found.values())
