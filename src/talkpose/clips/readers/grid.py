"""Reader `grid`: GRID (Cooke et al. 2006), sentences of six words such as "bin blue at f two now".

Layout: <s1>/<bbaf2n>.mpg or <s1>/video/<bbaf2n>.mpg, or clips without folders of speakers.
"""

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from talkpose.clips.readers.scan import matches
from talkpose.clips.readers.source import ClipSource, clip_id
from talkpose.config.clips import CorpusConfig
from talkpose.errors import UserError

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
CODE: tuple[dict[str, str], ...] = (
    {"b": "bin", "l": "lay", "p": "place", "s": "set"},
    {"b": "blue", "g": "green", "r": "red", "w": "white"},
    {"a": "at", "b": "by", "i": "in", "w": "with"},
    {letter: letter for letter in "abcdefghijklmnopqrstuvxyz"},
    {"z": "zero", **{str(i): word for i, word in enumerate(DIGITS) if i}},
    {"a": "again", "n": "now", "p": "please", "s": "soon"},
)
"""Command, colour, preposition, letter (w is not used), digit, adverb."""


def select_grid(files: Iterable[PurePosixPath], root: Path, corpus: CorpusConfig) -> list[ClipSource]:
    """Every video whose name matches, in whatever folder; the folder s<number> names the speaker."""
    pattern = f"**/{corpus.pattern}"
    return [
        ClipSource(clip_id(file), root / file, speaker=_speaker(file))
        for file in files
        if matches(file, pattern)
    ]


def grid_sentence(stem: str) -> str:
    """The words of a GRID file name, whose last six letters are its sentence: `bbaf2n`, `s1_bbaf2n`."""
    code = re.split(r"[^A-Za-z0-9]", stem)[-1].lower()
    if len(code) != len(CODE) or any(letter not in words for letter, words in zip(code, CODE, strict=True)):
        raise UserError(
            f"{stem}: not a GRID name, which ends in six letters for command, colour, preposition, letter, "
            "digit and adverb, such as bbaf2n; rename the file as GRID has it"
        )
    return " ".join(words[letter] for letter, words in zip(code, CODE, strict=True))


def _speaker(file: PurePosixPath) -> str:
    return next((part for part in file.parts[:-1] if re.fullmatch(r"s\d+", part)), "")
