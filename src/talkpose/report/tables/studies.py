"""Tables of people's answers: quoted votes, and what `talkpose study analyse` left in results/<run>/study."""

from pathlib import Path

import pandas as pd

from talkpose.errors import UserError
from talkpose.files import sha256
from talkpose.report.tables.aligned import HASH
from talkpose.report.tables.cells import COLUMNS, Builder

STUDIES = ("table1", "hs_study", "appendix_b")
"""Tables that user studies fill."""

NEEDED = COLUMNS[:9]
ANSWERED = ("reproduced", "simulated")


def study_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Tables of a run's study folder by name, with COLUMNS; empty where nobody has answered yet.

    Every Parquet or CSV file there and in its subfolder `tables` that has the columns of a table is read;
    others, such as lists of answers, are left alone. Where a file lacks the hash columns, `rows_hash` is the
    file's own. Raises UserError for cells that are neither `reproduced` nor `simulated`: an answer is never
    `quoted`.
    """
    parts: dict[str, list[pd.DataFrame]] = {}
    files = {p.with_suffix("").as_posix(): p for s in ("csv", "parquet") for p in _files(folder, s)}
    for path in sorted(files.values()):
        table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype={"row": str})
        if not set(NEEDED) <= set(table.columns):
            continue
        wrong = sorted(set(table["kind"]) - set(ANSWERED) - {"not-attempted"})
        if wrong:
            raise UserError(
                f"{path}: cells of the kind {', '.join(wrong)}; a study's answers are `reproduced` or "
                "`simulated`; analyse the study again"
            )
        table = table.assign(
            rows_hash=table.get("rows_hash", sha256(path)[:HASH]),
            receipts_hash=table.get("receipts_hash", ""),
        )
        for name, cells in table[list(COLUMNS)].groupby("table", sort=True):
            parts.setdefault(str(name), []).append(cells)
    return {name: pd.concat(found, ignore_index=True) for name, found in parts.items()}


def _files(folder: Path, suffix: str) -> list[Path]:
    return [*folder.glob(f"*.{suffix}"), *folder.glob(f"tables/*.{suffix}")]


def study(builder: Builder, answers: pd.DataFrame | None) -> None:
    """One study's table: its answers, then the paper's numbers."""
    if answers is not None:
        builder.append(answers)
    builder.quote()
