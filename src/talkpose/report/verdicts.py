"""One line a number that the paper prints: quoted beside reproduced, and what may be said of the two.

docs/verdicts.md tells how the words are chosen. A number of another corpus is never called reproduced,
however near it comes.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from talkpose.config import RunConfig
from talkpose.metrics.audio_pose import DEFAULT
from talkpose.report.provenance import features
from talkpose.report.published import TABLES, Quoted, quoted
from talkpose.report.tables import METHODS

REPRODUCED: Final = "reproduced"
WITHIN: Final = "within interval"
DEVIATES: Final = "deviates"
NOT_ATTEMPTED: Final = "not attempted"

COLUMNS: Final = (
    *("table", "row", "column", "quoted", "quoted_n", "quoted_protocol", "source", "reproduced", "kind", "n"),
    *("ci_low", "ci_high", "difference", "protocol", "verdict", "why"),
)
LRW_TEST: Final = 25_000
"""Clips of LRW's test set, on which Table 2 was measured."""

PAPER_SIZE: Final = 256
ELSEWHERE: Final = r"of metrics|of Ours-P|Backgrounds"
"""Parts of `provenance.features` that Ours-G's row of Table 2 does not depend on."""

ANSWERS: Final = ("table1", "hs_study", "appendix_b")
PROTOCOL_OF_TABLE_2: Final = {"psnr": "atvg-v1", "ssim": "atvg-v1", "lmd": "atvg-v1-mean-dlib"}


class Cell(NamedTuple):
    """A computed cell of a table."""

    value: float
    kind: str
    n: int
    ci_low: float
    ci_high: float
    protocol: str


def verdict_table(tables: Mapping[str, pd.DataFrame], config: RunConfig) -> pd.DataFrame:
    """A row a quoted number, with COLUMNS; numbers that were not computed are there with the reason."""
    computed = _computed(tables)
    rows = []
    for table in TABLES:
        for number in quoted(table):
            cell = computed.get((table, _row(table, number), number.column))
            verdict, why = judge_number(table, number, cell, config)
            found = cell or Cell(np.nan, "", 0, np.nan, np.nan, "")
            rows.append(
                (
                    *(table, number.row, number.column, number.value, number.n, number.protocol),
                    *(number.source, found.value, found.kind, found.n, found.ci_low, found.ci_high),
                    *(found.value - number.value, found.protocol, verdict, why),
                )
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _computed(tables: Mapping[str, pd.DataFrame]) -> dict[tuple[str, str, str], Cell]:
    found = {}
    for name, table in tables.items():
        known = table[table["kind"].isin(["reproduced", "simulated"]) & table["value"].notna()]
        for row in known.to_dict("records"):
            cell = Cell(*(row[key] for key in Cell._fields))
            found[name, str(row["row"]), str(row["column"])] = cell
    return found


def _row(table: str, number: Quoted) -> str:
    """Row in which a quoted number's own value stands."""
    if table == "appendix_a":
        return DEFAULT.id
    return METHODS.get(number.row, number.row)


def judge_number(table: str, number: Quoted, cell: Cell | None, config: RunConfig) -> tuple[str, str]:
    """(verdict, why) of one quoted number beside the cell that was computed for it, if any."""
    if cell is None:
        return NOT_ATTEMPTED, _why_absent(table, number, config)
    if cell.kind == "simulated":
        return NOT_ATTEMPTED, "the answers are simulated; no person gave them"
    unlike = unlikeness(table, number, cell, config)
    if unlike:
        return DEVIATES, f"not the paper's measurement: {'; '.join(unlike)}"
    unit = 0.5 * 10**-number.decimals + 1e-12
    if abs(cell.value - number.value) <= unit:
        return REPRODUCED, "agrees to the last digit that the paper prints"
    if cell.ci_low - unit <= number.value <= cell.ci_high + unit:
        return WITHIN, "the paper's number lies in the 95% interval over clips"
    return DEVIATES, "same corpus and protocol; the paper's number lies outside the 95% interval over clips"


def unlikeness(table: str, number: Quoted, cell: Cell, config: RunConfig) -> list[str]:
    """Everything that keeps a computed number from being the one that the paper measured."""
    found = []
    if config.synthetic is not None:
        found.append("embedded corpus of made persons")
    if table in ANSWERS:
        found.append("other participants and videos (the paper's videos were never published)")
        return found
    if table != "table2":
        found.append(f"other videos ({cell.n} for the paper's {number.n}, which were never published)")
        found.append(f"a reading of what the paper leaves open ({cell.protocol})")
        return found
    tested = [config.corpora[name] for name in config.corpora_with("test")]
    if [(corpus.reader, corpus.split) for corpus in tested] != [("lrw", "test")]:
        found.append("clips of other corpora than LRW's test set")
    elif cell.n != LRW_TEST:
        found.append(f"{cell.n} clips for LRW's {LRW_TEST}")
    if cell.protocol != PROTOCOL_OF_TABLE_2[number.column]:
        found.append(f"{cell.protocol} for {PROTOCOL_OF_TABLE_2[number.column]}, what the public script does")
    if config.scale != "paper":
        found.append("networks and training at small scale")
    if config.clips.size != PAPER_SIZE:
        found.append(f"frames of {config.clips.size} px for the paper's {PAPER_SIZE}")
    method = METHODS.get(number.row, number.row)
    if method.startswith("ours-"):
        # the protocol tells the landmarks of metrics; the others are Ours-P's alone, which Table 2 lacks
        parts = [part for part in features(config) if not part.same and not re.search(ELSEWHERE, part.part)]
        found += [f"{part.used} for {part.paper}" for part in parts]
    else:
        found.append("written anew from its paper and trained here, not its authors' program")
    return found


def _why_absent(table: str, number: Quoted, config: RunConfig) -> str:
    method = METHODS.get(number.row, "")
    if table in ANSWERS:
        return "needs people's answers: `talkpose study`, then build the report again"
    if table == "appendix_a":
        return "needs the control `oracle` and the metric of Appendix A in the configuration"
    if method not in config.all_methods:
        return f"{method} is not among the run's methods"
    return f"no clip gave a value of {number.column} for {method}"
