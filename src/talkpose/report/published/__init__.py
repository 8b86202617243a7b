"""Numbers that the paper prints, with the table or section they stand in."""

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

PROTOCOLS = {
    "best-of-4 votes": "20 people, 30 groups, 600 votes a criterion: percent that chose it as best",
    "atvg-lrw": "LRW test set by ATVG's evaluation code (256x256, grey, uint8 PSNR that wraps, uniform "
    "SSIM window, dlib landmarks); settings used for Ours-G are not published",
    "hs-unstated": "15 pairs of personal videos; the paper leaves bins, range, cost and normaliser open",
}
"""What is known of the protocols behind the quoted numbers."""


class Quoted(NamedTuple):
    """One number of the paper; `n` clips or votes, `source` its table or section."""

    row: str
    column: str
    value: float
    n: int
    protocol: str
    source: str


@cache
def quoted(table: str) -> tuple[Quoted, ...]:
    """Quoted numbers of `table` (table1, table2, hs)."""
    path = Path(__file__).parent / f"{table}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(
            Quoted(r["row"], r["column"], float(r["value"]), int(r["n"]), r["protocol"], r["source"])
            for r in csv.DictReader(file)
        )
