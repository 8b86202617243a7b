"""Long tables as the rows, columns and cells that a page shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from talkpose.metrics.base import Protocol
from talkpose.metrics.registry import protocol
from talkpose.report.layouts import GROUP_LABELS, LAYOUTS, REGION, Layout
from talkpose.report.published import PROTOCOLS
from talkpose.report.roster import KINDS, Roster
from talkpose.report.tables import ALL


@dataclass(frozen=True)
class Column:
    """A column's head."""

    label: str
    arrow: str = ""
    unit: str = ""
    protocol: str = ""


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


@dataclass(frozen=True)
class Group:
    """Rows that may be compared with each other; sorting stays inside."""

    label: str
    rows: list[Row]
    kind: str = "reproduced"


@dataclass(frozen=True)
class View:
    """A table as shown."""

    name: str
    title: str
    about: str
    head: str
    columns: list[Column]
    groups: list[Group]
    definitions: list[tuple[str, str]] = field(default_factory=list)
    not_attempted: str = ""
    count: str = "n"
    """What the last column counts."""
    simulated: bool = False
    """whether a made value stands in it; such a table must say so"""

    @property
    def rows(self) -> int:
        """Rows in all groups."""
        return sum(len(group.rows) for group in self.groups)


def view(name: str, table: pd.DataFrame, roster: Roster) -> View:
    """One table of tables.py as a page shows it; columns and rows without any number are left out."""
    layout = LAYOUTS.get(name) or _plain_layout(name, table)
    known = table[table.value.notna()]
    columns = [entry for entry in layout.columns if (known.column == entry[0]).any()]
    computed, quoted = known[known.kind != "quoted"], known[known.kind == "quoted"]
    definitions = {p: PROTOCOLS.get(p, "") for p in dict.fromkeys(quoted.protocol) if p}
    heads = []
    for column, metric, label in columns:
        known_here = _protocols(computed[computed.column == column], metric)
        used = known_here[0]
        arrow = used.arrow if column not in ("min", "max", "training", "gain") else ""
        shown_id = used.id if len(known_here) == 1 else "<region>-v1"
        heads.append(Column(label or _label(column, used, roster), arrow, used.unit, shown_id))
        definitions |= {f"{p.title}, {p.id}": p.definition for p in known_here if p.id and is_known(p)}
    groups = [
        Group(GROUP_LABELS.get(kind, kind), rows, kind)
        for kind, rows in _grouped(name, computed, quoted, columns, roster)
        if rows
    ]
    skipped = table[(table.kind == "not-attempted") & ~table.row.isin(computed.row)].row
    return View(
        name, layout.title, layout.about, layout.head, heads, groups, list(definitions.items()),
        ", ".join(dict.fromkeys(skipped)), simulated=bool((known.kind == "simulated").any()),
    )  # fmt: skip


def _plain_layout(name: str, table: pd.DataFrame) -> Layout:
    """Layout of a table that has none of its own: its columns under their own names."""
    columns = tuple((column, column, column) for column in dict.fromkeys(table.column))
    return Layout(name.replace("-", " ").replace("_", " ").capitalize(), "", "Row", columns)


def is_known(used: Protocol) -> bool:
    """Whether this version defines the protocol."""
    return not used.definition.startswith("not defined")


def _protocols(cells: pd.DataFrame, metric: str) -> list[Protocol]:
    """Protocols of a column, one but for columns of regions; an empty one where nothing was computed."""
    identifiers = list(dict.fromkeys(p for p in cells.protocol if p))
    return [_protocol(metric, p) for p in identifiers] or [protocol(metric, "")]


def _protocol(metric: str, identifier: str) -> Protocol:
    if metric == REGION:
        metric = f"psnr-{identifier.removesuffix('-v1')}"
    return protocol(metric, identifier)


def _label(column: str, used: Protocol, roster: Roster) -> str:
    return used.title if column == used.metric else roster[column].title


def _grouped(
    name: str,
    computed: pd.DataFrame,
    quoted: pd.DataFrame,
    columns: Sequence[tuple[str, str, str]],
    roster: Roster,
) -> list[tuple[str, list[Row]]]:
    if name == "persons":
        groups: dict[str, list[str]] = {}
        for row in dict.fromkeys(computed.row):
            person, _, method = row.partition(" / ")
            groups.setdefault(person, []).append(method)
        found = [
            (
                person,
                [_row(computed, f"{person} / {m}", columns, roster, m) for m in roster.in_order(methods)],
            )
            for person, methods in groups.items()
        ]
    elif name in ("table2", "heldout", "hs"):
        rows = roster.in_order(computed.row)
        found = [
            (kind, [_row(computed, m, columns, roster) for m in rows if roster[m].kind == kind])
            for kind in KINDS
        ]
    else:
        found = [("", [_row(computed, row, columns, roster) for row in dict.fromkeys(computed.row)])]
    return [*found, ("quoted", [_row(quoted, row, columns, Roster()) for row in dict.fromkeys(quoted.row)])]


def _row(
    cells: pd.DataFrame,
    row: str,
    columns: Sequence[tuple[str, str, str]],
    roster: Roster,
    method: str | None = None,
) -> Row:
    mine = {cell["column"]: cell for cell in cells[cells.row == row].to_dict("records")}
    shown = [_cell(mine.get(column), metric) for column, metric, _ in columns]
    counts = sorted({int(cell["n"]) for cell in mine.values()})
    n = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}" if counts else ""
    card = roster[method or row]
    if row.isdigit():  # a training length, padded for its order
        row = str(int(row))
    title = (
        row
        if row.isdigit()
        else "mean of persons"
        if row == ALL
        else card.title.replace(f"{ALL} / ", "mean of persons / ")
    )
    return Row(title, shown, n, card.about)


def _cell(cell: dict[Any, Any] | None, metric: str) -> Cell:
    if cell is None:
        return Cell("–", title="not measured")
    digits = _protocol(metric, cell["protocol"]).decimals
    if cell["kind"] == "quoted":  # as many digits as the paper prints
        digits = 3 if metric == "hs" else 2
    value = float(cell["value"])
    sign = "+" if cell["column"] == "gain" else ""
    interval = ""
    if np.isfinite([cell["ci_low"], cell["ci_high"]]).all():
        interval = f"{cell['ci_low']:.{digits}f} … {cell['ci_high']:.{digits}f}"
    title = f"{cell['kind']}, n = {int(cell['n'])}, protocol {cell['protocol']}"
    made = cell["kind"] == "simulated"
    return Cell(f"{value:{sign}.{digits}f}", repr(value), interval, title, made)
