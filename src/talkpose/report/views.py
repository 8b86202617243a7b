"""Long tables as the columns, groups, rows and cells that a page shows."""

from dataclasses import dataclass, field, replace

import pandas as pd

from talkpose.metrics.base import Protocol
from talkpose.report.layouts import GROUP_LABELS, LAYOUTS, Layout
from talkpose.report.outcomes import notes_of
from talkpose.report.published import PROTOCOLS
from talkpose.report.roster import Roster
from talkpose.report.shown import Cell, Head, Row, is_known, known_protocol, make_rows, row_title

__all__ = ["Cell", "Column", "Group", "Row", "View", "is_known", "split", "view"]

UNRANKED = ("min", "max", "training", "gain", "null")
"""Columns that no arrow belongs to, whatever their metric."""


@dataclass(frozen=True)
class Column:
    """A column's head."""

    label: str
    arrow: str = ""
    unit: str = ""
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
    absent: str = "Not attempted in this run"
    """what `not_attempted` lists"""
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
    layout = LAYOUTS.get(name) or _plain_layout(name)
    known = table[table.value.notna()]
    computed, quoted = known[known.kind != "quoted"], known[known.kind == "quoted"]
    definitions = {p: PROTOCOLS.get(p, "") for p in dict.fromkeys(quoted.protocol) if p}
    heads: list[Head] = []
    columns: list[Column] = []
    for head in _heads(layout, known):
        identifiers = dict.fromkeys(p for p in computed[computed.column == head.column].protocol if p)
        used = [known_protocol(head, p, layout.metrics) for p in identifiers]
        heads.append(head)
        columns.append(_column(head, used, layout, roster))
        definitions |= {f"{p.title}, {p.id}": p.definition for p in used if is_known(p)}
    groups = [
        Group(GROUP_LABELS.get(kind, kind), rows, kind)
        for kind, rows in make_rows(layout, computed, quoted, heads, roster)
        if rows
    ]
    told = notes_of(table, computed.row)
    if told and columns:
        rows = [_lost_row(row_title(lost, roster), text, len(columns)) for lost, text in told.items()]
        groups.append(Group(GROUP_LABELS["lost"], rows, "lost"))
    skipped = table[(table.kind == "not-attempted") & ~table.row.isin([*computed.row, *told])].row
    absent = ", ".join(row_title(str(row), roster) for row in dict.fromkeys(skipped))
    return View(
        name, layout.title, layout.about, layout.head, columns, groups, list(definitions.items()),
        absent, simulated=bool((known.kind == "simulated").any()),
    )  # fmt: skip


def _lost_row(title: str, text: str, columns: int) -> Row:
    """A method without numbers: every cell says so, and why."""
    return Row(title, [Cell(text.partition(":")[0], title=text) for _ in range(columns)], "0", text)


def split(name: str, table: pd.DataFrame, whole: View, roster: Roster) -> list[View]:
    """The parts of a table's page: the whole, or a view for what stands before ` / ` in the rows."""
    layout = LAYOUTS.get(name)
    if layout is None or not layout.split:
        return [whole]
    first = table["row"].str.partition(" / ")[0]
    parts = []
    for part in dict.fromkeys(first):
        shown = view(name, table[first == part], roster)
        title = LAYOUTS[part].title if part in LAYOUTS else str(part)
        groups = [replace(group, label="") for group in shown.groups]
        parts.append(
            replace(shown, name=f"{name}-{part}", title=title, groups=groups, about="", definitions=[])
        )
    return parts


def _plain_layout(name: str) -> Layout:
    """Layout of a table that has none of its own: its columns under their own names."""
    return Layout(name.replace("-", " ").replace("_", " ").capitalize(), "", "Row", ())


def _heads(layout: Layout, known: pd.DataFrame) -> list[Head]:
    """Columns that have a number: those of the layout, each followed by its other protocols, then the rest.

    A metric by another than its first protocol stands in the column `<metric> [<protocol>]`.
    """
    present = [c for c in dict.fromkeys(known.column) if not any(c.endswith(end) for end in layout.hidden)]
    listed = {column: Head(column, metric, label) for column, metric, label in layout.columns}
    found: list[Head] = []
    for column, head in listed.items():
        found += [head] if column in present else []
        others = [c for c in present if c.startswith((f"{column} [", f"{column} p"))]
        found += [Head(c, head.metric, "") for c in others]
    if layout.closed:
        return found
    taken = {head.column for head in found}
    return found + [Head(c, c.partition(" ")[0], "") for c in present if c not in taken]


def _column(head: Head, used: list[Protocol], layout: Layout, roster: Roster) -> Column:
    """A head's label: the layout's, the metric's title, a method's title, or the column's own name."""
    if not used:
        return Column(head.label or roster[head.column].title)
    first = used[0]
    ranked = not layout.rows_have_protocols and head.column not in UNRANKED and not head.suffix
    shown = "" if layout.rows_have_protocols else first.id if len(used) == 1 else "<region>-v1"
    named = first.title if is_known(first) and head.metric == first.metric else ""
    if head.column in roster.cards:
        named = roster[head.column].title
    if head.column.startswith(first.id) and is_known(first):  # the column is a protocol
        named = first.title
    label = head.label or (f"{named} {head.suffix}".strip() if named else head.column)
    arrow = first.arrow if ranked or head.column == "foreign" else ""
    return Column(label, arrow, "" if head.suffix else first.unit, shown)
