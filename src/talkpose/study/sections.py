"""What an analysis hands on: cells for the report's tables, and sections with all else that it found."""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypedDict

import numpy as np

TABLE_COLUMNS = ("table", "row", "column", "value", "kind", "n", "ci_low", "ci_high", "protocol")


class Section(TypedDict):
    """A small table of analysis.json."""

    design: str
    """name of the design"""
    title: str
    about: str
    """method, in a sentence or two"""
    columns: list[str]
    rows: list[list[str | float | int | None]]


class Analysed(NamedTuple):
    """One design's analysis of one set of participants."""

    cells: list[dict[str, Any]]
    """with TABLE_COLUMNS"""
    sections: list[Section]


def cell(
    table: str,
    row: str,
    column: str,
    value: float,
    n: int,
    interval: Sequence[float] | np.ndarray | None,
    protocol: str,
    simulated: bool,
) -> dict[str, Any]:
    """One cell; `interval` (low, high) or None."""
    low, high = (float("nan"), float("nan")) if interval is None else (float(interval[0]), float(interval[1]))
    kind = "simulated" if simulated else "reproduced"
    values = (table, row, column, float(value), kind, int(n), low, high, protocol)
    return dict(zip(TABLE_COLUMNS, values, strict=True))


def section(
    design: str, title: str, about: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> Section:
    """A section with plain values: no NumPy types, nan as None."""
    return Section(
        design=design,
        title=title,
        about=about,
        columns=list(columns),
        rows=[[_plain(value) for value in row] for row in rows],
    )


def _plain(value: Any) -> str | float | int | None:
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, (int, np.integer)):
        return int(value)
    number = float(value)
    return round(number, 6) if np.isfinite(number) else None
