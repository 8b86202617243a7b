"""Long tables as the rows, columns and cells that a page shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from talkpose.metrics.base import Protocol
from talkpose.metrics.registry import protocol
from talkpose.report.layouts import GROUP_LABELS, LAYOUTS, REGION
from talkpose.report.outcomes import notes_of
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


@dataclass(frozen=True)
class Row:
    """A row: head, and cells in the order of the columns."""

    label: str
    cells: list[Cell]
    n: str = ""
    title: str = ""


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


def view(name: str, table: pd.DataFrame, roster: Roster) -> View:
    """One table of tables.py as a page shows it; columns and rows without any number are left out."""
    layout = LAYOUTS[name]
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
        definitions |= {f"{p.title}, {p.id}": p.definition for p in known_here if p.id}
    groups = [
        Group(GROUP_LABELS.get(kind, kind), rows, kind)
        for kind, rows in _grouped(name, computed, quoted, columns, roster)
        if rows
    ]
    told = notes_of(table, computed.row)
    if told and columns:
        rows = [_lost_row(roster[name].title, text, len(columns)) for name, text in told.items()]
        groups.append(Group(GROUP_LABELS["lost"], rows, "lost"))
    skipped = table[(table.kind == "not-attempted") & ~table.row.isin([*computed.row, *told])].row
    return View(
        name, layout.title, layout.about, layout.head, heads, groups, list(definitions.items()),
        ", ".join(dict.fromkeys(skipped)),
    )  # fmt: skip


def _lost_row(title: str, text: str, columns: int) -> Row:
    """A method without numbers: every cell says so, and why."""
    return Row(title, [Cell(text.partition(":")[0], title=text) for _ in range(columns)], "0", text)


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
    return Cell(f"{value:{sign}.{digits}f}", repr(value), interval, title)


def item_view(
    metrics: pd.DataFrame, clip: str, facts: Mapping[str, Mapping[str, float]], roster: Roster
) -> View | None:
    """Values of every method on one item with the facts that methods left; None where none was measured."""
    rows = metrics[(metrics["clip"] == clip) & ~metrics["method"].str.contains(":")]
    if rows.empty:
        return None
    wanted = ("psnr", "ssim", "lmd", "mouth", "mouth-lag", "hs")
    used = {r["metric"]: protocol(r["metric"], r["protocol"]) for r in rows.to_dict("records")}
    shown = [metric for metric in wanted if metric in used]
    extra = sorted({name for own in facts.values() for name in own})
    lines = []
    for method in roster.in_order(rows["method"]):
        mine = {r["metric"]: r for r in rows[rows.method == method].to_dict("records")}
        cells = [_item_cell(mine.get(metric), used[metric]) for metric in shown]
        cells += [_fact_cell(facts.get(method, {}).get(name)) for name in extra]
        frames = max(int(r["n_frames"]) for r in mine.values())
        lines.append(Row(roster[method].title, cells, str(frames)))
    heads = [Column(used[m].title, used[m].arrow, used[m].unit, used[m].id) for m in shown]
    heads += [Column(name.replace("_", " ")) for name in extra]
    definitions = [(f"{used[m].title}, {used[m].id}", used[m].definition) for m in shown]
    return View(
        clip, "Values of these videos", "", "Method", heads, [Group("", lines)], definitions, "", "frames"
    )


def _fact_cell(value: float | None) -> Cell:
    return Cell("–") if value is None else Cell(f"{value:.3g}", repr(value))


def _item_cell(row: dict[Any, Any] | None, used: Protocol) -> Cell:
    if row is None or not np.isfinite(row["value"]):
        return Cell("–", title="not measured")
    value = float(row["value"])
    return Cell(f"{value:.{used.decimals}f}", repr(value), title=f"{row['n_frames']} frames, {used.id}")


def plain(table: pd.DataFrame, columns: dict[str, str], digits: int = 2) -> tuple[list[str], list[Row]]:
    """Any table as heads and rows: `columns` maps its column names to heads; those it lacks are left out."""
    present = [name for name in columns if name in table.columns]
    rows = [
        Row("", [_plain_cell(record[name], digits) for name in present])
        for record in table.to_dict("records")
    ]
    return [columns[name] for name in present], rows


def _plain_cell(value: Any, digits: int) -> Cell:
    if pd.isna(value):
        return Cell("–")
    if isinstance(value, (bool, np.bool_)):
        return Cell("yes" if value else "no", str(int(value)))
    if isinstance(value, (int, np.integer)):
        return Cell(str(value), str(value))
    if isinstance(value, (float, np.floating)):
        return Cell(f"{value:.{digits}f}".rstrip("0").rstrip("."), repr(float(value)))
    return Cell(str(value), str(value))
