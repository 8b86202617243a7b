"""The paper's numbers beside this run's, with the verdict on each: rows of the table `verdicts` as shown."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from talkpose.report.published import TABLES, quoted
from talkpose.report.roster import Roster
from talkpose.report.shown import row_title

METRICS = {name: name.upper() for name in ("psnr", "ssim", "lmd")}


@dataclass(frozen=True)
class Line:
    """One number that the paper prints; what this run lacks is empty."""

    row: str
    column: str
    quoted: str
    quoted_n: int
    here: str
    interval: str
    difference: str
    n: str
    protocol: str
    verdict: str
    why: str
    simulated: bool


def beside(verdicts: pd.DataFrame, table: str, roster: Roster) -> list[Line]:
    """Lines of one table, in the paper's order; none where the paper prints no number of it."""
    digits = (
        {(number.row, number.column): number.decimals for number in quoted(table)} if table in TABLES else {}
    )
    records = verdicts[verdicts["table"] == table].to_dict("records")
    return [_line(r, digits[r["row"], r["column"]], roster) for r in records]


def _line(record: dict[Any, Any], digits: int, roster: Roster) -> Line:
    known = np.isfinite(record["reproduced"])
    more = digits + 1 if digits else 0
    has_interval = known and np.isfinite([record["ci_low"], record["ci_high"]]).all()
    return Line(
        row=row_title(str(record["row"]), roster),
        column=METRICS.get(record["column"], record["column"]),
        quoted=f"{record['quoted']:.{digits}f}",
        quoted_n=int(record["quoted_n"]),
        here=f"{record['reproduced']:.{more}f}" if known else "",
        interval=f"{record['ci_low']:.{more}f} … {record['ci_high']:.{more}f}" if has_interval else "",
        difference=f"{record['difference']:+.{more}f}" if known else "",
        n=str(int(record["n"])) if known else "",
        protocol=str(record["protocol"]) if known else "",
        verdict=record["verdict"],
        why=record["why"],
        simulated=record["kind"] == "simulated",
    )
