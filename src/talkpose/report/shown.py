"""Cells and rows of a table as text: digits, intervals, names, groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from talkpose.metrics.base import Protocol
from talkpose.metrics.registry import protocol
from talkpose.report.layouts import REGION, Layout
from talkpose.report.roster import KINDS, Roster
from talkpose.report.table_names import TELLS

ALL = "all"
"""Row that averages over persons."""

LESS = " less "
"""Between the two methods of a row of differences."""


@dataclass(frozen=True)
class Head:
    """A column: its name in the table, the metric behind it, and a label where that says it better."""

    column: str
    metric: str
    label: str = ""

    @property
    def suffix(self) -> str:
        """What follows the metric's name and protocol, such as `p`."""
        _, _, rest = self.column.rpartition("]") if "]" in self.column else self.column.partition(" ")
        return rest.strip() if self.column.startswith(f"{self.metric} ") else ""


@dataclass(frozen=True)
class Cell:
    """One cell: what it shows, what it sorts by, and what a pointer over it tells."""

    text: str
    sort: str = ""
    interval: str = ""
    title: str = ""
    simulated: bool = False


@dataclass(frozen=True)
class Row:
    """A row: head, and cells in the order of the columns."""

    label: str
    cells: list[Cell]
    n: str = ""
    title: str = ""
    protocol: str = ""


def fixed(value: float, digits: int, sign: str = "") -> str:
    """A number with so many digits behind the point; what rounds to zero has no minus."""
    text = f"{value:{sign}.{digits}f}"
    return text.replace("-", "", 1) if float(text) == 0 else text


def is_known(used: Protocol) -> bool:
    """Whether this version defines the protocol."""
    return not used.definition.startswith("not defined")


def known_protocol(head: Head, identifier: str, metrics: Sequence[str] = ()) -> Protocol:
    """Protocol of a cell: of its column's metric, else of the first of `metrics` that knows it."""
    metric = f"psnr-{identifier.removesuffix('-v1')}" if head.metric == REGION else head.metric
    candidates = [protocol(name, identifier) for name in (metric, *metrics)]
    return next((found for found in candidates if is_known(found)), candidates[0])


def make_rows(
    layout: Layout, computed: pd.DataFrame, quoted: pd.DataFrame, heads: Sequence[Head], roster: Roster
) -> list[tuple[str, list[Row]]]:
    """(kind or name of a group, its rows), the paper's last."""
    rows = [str(row) for row in dict.fromkeys(computed.row)]
    cells = {row: part.to_dict("records") for row, part in computed.groupby("row", sort=False)}

    def shown(row: str) -> Row:
        return _row(row, cells[row], heads, layout, roster)

    if layout.groups == "first part":
        parts: dict[str, list[str]] = {}
        for row in rows:
            parts.setdefault(row.partition(" / ")[0], []).append(row)
        ordered = {part: _in_order(part, names, roster) for part, names in parts.items()}
        found = [(part, [shown(row) for row in names]) for part, names in ordered.items()]
    elif layout.groups == "kinds":
        methods = [m for m in roster.in_order(rows) if m in roster.cards or LESS not in m]
        listed = [m for m in methods if m in roster.cards]
        found = [(kind, [shown(m) for m in listed if roster[m].kind == kind]) for kind in KINDS]
        found.append(("others", [shown(row) for row in rows if row not in listed]))
    else:
        found = [("", [shown(row) for row in rows])]
    paper = {row: part.to_dict("records") for row, part in quoted.groupby("row", sort=False)}
    return [
        *found,
        ("quoted", [_row(str(row), mine, heads, layout, Roster()) for row, mine in paper.items()]),
    ]


def _in_order(part: str, rows: list[str], roster: Roster) -> list[str]:
    """Rows `<part> / <method>` in the methods' order; others as they came."""
    place = {f"{part} / {name}": i for i, name in enumerate(roster.cards)}
    return sorted(rows, key=lambda row: place.get(row, len(place)))


def _row(
    row: str, records: list[dict[Any, Any]], heads: Sequence[Head], layout: Layout, roster: Roster
) -> Row:
    mine = {cell["column"]: cell for cell in records}
    cells = [_cell(mine.get(head.column), head, layout) for head in heads]
    counts = sorted({int(cell["n"]) for cell in mine.values()})
    n = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}" if counts else ""
    name = row.partition(" / ")[2] if layout.groups == "first part" else row
    if layout.rows_have_protocols and is_known(used := known_protocol(heads[0], row, layout.metrics)):
        return Row(used.title, cells, n, used.definition, row)
    return Row(row_title(name or row, roster), cells, n, roster[name or row].about)


def row_title(row: str, roster: Roster) -> str:
    """A row's name as shown: methods by their titles, training lengths without padding."""
    if row.isdigit():
        return str(int(row))
    if row == ALL or row.startswith(f"{ALL} / "):
        return "mean of persons" + row.removeprefix(ALL)
    if LESS in row:
        return LESS.join(roster[part].title for part in row.split(LESS))
    return roster[row].title


def _cell(cell: dict[Any, Any] | None, head: Head, layout: Layout) -> Cell:
    if cell is None:
        return Cell("–", title="not measured")
    digits = _digits(cell, head, layout)
    value = float(cell["value"])
    if cell["row"] == TELLS:
        title = f"{cell['kind']}, n = {int(cell['n'])} persons, protocol {cell['protocol']}"
        return Cell("yes" if value else "no", repr(value), title=title)
    sign = "+" if cell["column"] == "gain" or (LESS in str(cell["row"]) and not head.suffix) else ""
    interval = ""
    if np.isfinite([cell["ci_low"], cell["ci_high"]]).all():
        interval = f"{fixed(cell['ci_low'], digits)} … {fixed(cell['ci_high'], digits)}"
    title = f"{cell['kind']}, n = {int(cell['n'])}, protocol {cell['protocol']}"
    if cell.get("rows_hash"):
        title += f", from {cell['rows_hash']}"
    return Cell(fixed(value, digits, sign), repr(value), interval, title, cell["kind"] == "simulated")


def _digits(cell: dict[Any, Any], head: Head, layout: Layout) -> int:
    if cell["column"].startswith("votes"):
        return 0
    if cell["kind"] == "quoted":  # as many digits as the paper prints
        return 3 if head.metric == "hs" else layout.quoted_digits.get(cell["column"], 2)
    if head.suffix:  # p values
        return 3
    used = known_protocol(head, cell["protocol"], layout.metrics)
    return used.decimals if is_known(used) else layout.quoted_digits.get(cell["column"], 2)
