"""Numbers that the paper prints, with the table or section they stand in."""

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

from talkpose.files import sha256
from talkpose.study.votes import exact, wilson

PROTOCOLS = {
    "best-of-4 votes": "20 people, 30 groups, 600 votes a criterion: percent that chose it as best; Wilson's "
    "interval of the votes, which takes one person's votes as independent",
    "atvg-lrw": "LRW test set by ATVG's evaluation code (256x256, grey, uint8 PSNR that wraps, uniform "
    "SSIM window, dlib landmarks); settings used for Ours-G are not published",
    "hs-unstated": "15 pairs of personal videos; the paper leaves bins, range, cost and normaliser open",
    "pose rating 1-5": "20 people, 15 pairs, 300 votes on how alike head poses are: 1 not similar, "
    "2 maybe not, 3 don't know, 4 maybe, 5 similar",
    "appendix-a-unstated": "15 short videos; MFCC distance against Euler distance within radius 0.5 |s|; the "
    "paper leaves feature, pooling, neighbours in time and statistic open",
    "select-all": "11 people chose every result that they found best: percent that chose it; exact interval",
}
"""What is known of the protocols behind the quoted numbers."""

INTERVALS = {"best-of-4 votes": wilson, "select-all": exact, "pose rating 1-5": wilson}
TABLES = ("table1", "table2", "hs", "hs_study", "appendix_a", "appendix_b")
"""Tables that the paper prints numbers of."""


class Quoted(NamedTuple):
    """One number of the paper; `n` clips or votes, `source` its table or section."""

    row: str
    column: str
    value: float
    n: int
    protocol: str
    source: str
    decimals: int
    """digits behind the point, as printed"""
    votes: int | None
    """votes behind a percentage, recovered from it"""

    @property
    def interval(self) -> tuple[float, float] | None:
        """95% interval in percent of a share, from its votes; None for other numbers."""
        if self.votes is None or self.protocol not in INTERVALS or self.column.startswith("votes"):
            return None
        share = INTERVALS[self.protocol](self.votes, self.n)
        return share.low, share.high


@cache
def quoted(table: str) -> tuple[Quoted, ...]:
    """Quoted numbers of one of TABLES."""
    with _path(table).open(encoding="utf-8", newline="") as file:
        return tuple(
            Quoted(
                r["row"],
                r["column"],
                float(r["value"]),
                int(r["n"]),
                r["protocol"],
                r["source"],
                len(r["value"].partition(".")[2]),
                int(r["count"]) if r.get("count") else None,
            )
            for r in csv.DictReader(file)
        )


def printed(table: str, row: str, *columns: str) -> list[str]:
    """Quoted numbers of one row of a table in the named columns, with the digits that the paper prints."""
    known = {(q.row, q.column): f"{q.value:.{q.decimals}f}" for q in quoted(table)}
    return [known[row, column] for column in columns]


@cache
def published_hash(table: str) -> str:
    """Start of the SHA-256 of the file that holds a table's quoted numbers."""
    return sha256(_path(table))[:16]


def _path(table: str) -> Path:
    return Path(__file__).parent / f"{table}.csv"
