"""Reader `voxceleb2`: the sounds of VoxCeleb2 (Chung et al. 2018), as foreign speech.

Layout: [dev|test/][aac/]<id00012>/<YouTube id>/<00001>.m4a, or .wav where they were converted.
"""

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from talkpose.clips.readers.scan import matches
from talkpose.clips.readers.source import ClipSource
from talkpose.config.clips import CorpusConfig


def select_voxceleb2(files: Iterable[PurePosixPath], root: Path, corpus: CorpusConfig) -> list[ClipSource]:
    """Every utterance; the id is <speaker>-<YouTube id>-<number>. A .wav stands for the .m4a beside it."""
    pattern = None if corpus.pattern == "*" else f"**/{corpus.pattern}"
    found: dict[str, ClipSource] = {}
    for file in files:
        parts = file.parts
        if len(parts) < 3 or not re.fullmatch(r"id\d+", parts[-3]):
            continue
        if corpus.split is not None and corpus.split not in parts[:-3]:
            continue
        if pattern is None or matches(file, pattern):
            clip = f"{parts[-3]}-{parts[-2]}-{file.stem}"
            if clip not in found or file.suffix.lower() == ".wav":
                found[clip] = ClipSource(clip, root / file, speaker=parts[-3])
    return list(found.values())
