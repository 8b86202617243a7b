"""Reader `persons`: a folder of personal videos, whole or in the segments that a CSV names.

The CSV has the columns file, start, stop and name; several rows may cut one file. Times are seconds or mm:ss
(or h:mm:ss); an empty start or stop is the file's own.
"""

import csv
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from talkpose.clips.readers.scan import matches
from talkpose.clips.readers.source import ClipSource, clip_id
from talkpose.config.clips import CorpusConfig
from talkpose.errors import UserError

COLUMNS = ("file", "start", "stop", "name")


def select_persons(files: Iterable[PurePosixPath], root: Path, corpus: CorpusConfig) -> list[ClipSource]:
    """One clip a video that matches, or one a row of `segments` whose file matches; its name is its id."""
    chosen = {file for file in files if matches(file, corpus.pattern)}
    if corpus.segments is None:
        return [ClipSource(clip_id(file), root / file, speaker=clip_id(file)) for file in chosen]
    return _read_segments(root / corpus.segments, chosen, root)


def _read_segments(table: Path, files: set[PurePosixPath], root: Path) -> list[ClipSource]:
    try:
        with open(table, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            rows = [(reader.line_num, row) for row in reader]
            heads = reader.fieldnames or []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{table}: not a readable CSV ({error}); mend the corpus's `segments`") from error
    absent = [column for column in COLUMNS if column not in heads]
    if absent:
        raise UserError(f"{table}: no column {', '.join(absent)}; its first line must be {','.join(COLUMNS)}")
    sources = []
    for line, row in rows:
        values = {column: row[column].strip() for column in COLUMNS}
        if PurePosixPath(values["file"]) not in files:
            raise _wrong(
                table, line, "file", values, "not a video of the corpus that matches its `pattern`; name one"
            )
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", values["name"]):
            raise _wrong(
                table,
                line,
                "name",
                values,
                "no name for a clip; use letters, digits, dots, dashes and underscores",
            )
        start, stop = (_seconds(table, line, column, values) for column in ("start", "stop"))
        if stop is not None and stop <= (start or 0.0):
            raise _wrong(
                table, line, "stop", values, f"not after the start, {values['start'] or 0}; mend one"
            )
        sources.append(ClipSource(values["name"], root / values["file"], start, stop, values["name"]))
    return sources


def _seconds(table: Path, line: int, column: str, values: dict[str, str]) -> float | None:
    """`83.2`, `1:23.2` or `0:01:23.2` in seconds; None for an empty cell."""
    text = values[column]
    if not text:
        return None
    if not re.fullmatch(r"(\d+:){0,2}\d+(\.\d+)?", text):
        raise _wrong(table, line, column, values, "not a time; write seconds or mm:ss")
    seconds = 0.0
    for part in text.split(":"):
        seconds = seconds * 60 + float(part)
    return seconds


def _wrong(table: Path, line: int, column: str, values: dict[str, str], advice: str) -> UserError:
    return UserError(f"{table}: row {line}, column {column}: `{values[column]}` is {advice}")
