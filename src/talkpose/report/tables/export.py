"""Tables as files: CSV, JSON, Parquet and LaTeX, the same bytes for the same cells."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from talkpose.files import write_parquet, write_text
from talkpose.report.published import quoted

DIGITS = 10
"""Significant digits that are kept: more would tell apart sums of another order."""

SUFFIXES = (".csv", ".json", ".parquet", ".tex")

ESCAPES = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "→": r"$\to$",
    "≤": r"$\le$",
    "°": r"\textdegree{}",
    **{c: f"\\{c}" for c in "&%$#_{}"},
}
MARKS = {"quoted": "q", "simulated": "s", "not-attempted": "n/a"}


def write_tables(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write each table as <folder>/<name>.csv, .json, .parquet and .tex; equal tables give equal bytes.

    Files of tables that are no more are removed.
    """
    wanted = {f"{name}{suffix}" for name in tables for suffix in SUFFIXES}
    for path in folder.glob("*"):
        if path.suffix in SUFFIXES and path.name not in wanted:
            path.unlink()
    for name, table in tables.items():
        known = rounded(table)
        write_text(
            folder / f"{name}.csv", known.to_csv(index=False, float_format="%.10g", lineterminator="\n")
        )
        write_text(folder / f"{name}.json", _json(name, known))
        write_parquet(folder / f"{name}.parquet", known)
        write_text(folder / f"{name}.tex", latex(name, known))


def read_table(path: Path) -> pd.DataFrame:
    """A table as `write_tables` left it, from its Parquet file."""
    return pd.read_parquet(path)


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """The table with floats at DIGITS significant digits."""
    known = table.copy()
    for column in known.select_dtypes("float"):
        values = known[column].to_numpy()
        known[column] = [float(f"{v:.{DIGITS}g}") if np.isfinite(v) else v for v in values]
    return known


def _json(name: str, table: pd.DataFrame) -> str:
    """{"table": name, "cells": [{column: value}]}; an unknown number is null."""
    records = [
        {k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in record.items()}
        for record in table.to_dict("records")
    ]
    return json.dumps({"table": name, "cells": records}, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def escape(text: str) -> str:
    """Text as LaTeX shows it."""
    return "".join(ESCAPES.get(character, character) for character in text)


def latex(name: str, table: pd.DataFrame) -> str:
    r"""The table for a paper, with `booktabs`: rows and columns as in the long form, quoted numbers apart.

    A computed cell is `value [low, high]`; the paper's numbers stand in lines of their own with their mark.
    Wide tables may need \resizebox or a landscape page.
    """
    if "kind" not in table or "value" not in table:
        return _latex_plain(name, table)
    columns = list(dict.fromkeys(table["column"]))
    lines = []
    for kind in ("reproduced", "simulated", "quoted", "not-attempted"):
        part = table[table["kind"] == kind]
        if part.empty:
            continue
        lines.append("\\midrule")
        digits = {(q.row, q.column): q.decimals for q in quoted(name)} if kind == "quoted" else {}
        cells = {
            (r, c): cell for r, c, cell in zip(part["row"], part["column"], _cells(part, digits), strict=True)
        }
        for row in dict.fromkeys(part["row"]):
            mark = f"\\textsuperscript{{{MARKS[kind]}}}" if kind in MARKS else ""
            shown = [cells.get((row, column), "--") for column in columns]
            lines.append(" & ".join([escape(str(row)) + mark, *shown]) + r" \\")
    head = " & ".join(["", *map(escape, columns)]) + r" \\"
    notes = (
        "q: quoted from the paper; s: simulated answers; n/a: not attempted. Protocols: "
        + "; ".join(dict.fromkeys(escape(p) for p in table["protocol"] if p))
        + "."
    )
    return _latex_frame(name, "l" + "r" * len(columns), head, lines, notes)


def _cells(part: pd.DataFrame, digits: Mapping[tuple[str, str], int]) -> list[str]:
    """Values with their intervals; quoted ones with as many digits behind the point as the paper prints."""
    found = []
    columns = ("row", "column", "value", "ci_low", "ci_high")
    for row, column, value, low, high in zip(*(part[name] for name in columns), strict=True):
        printed = f".{digits[row, column]}f" if (row, column) in digits else ".4g"
        text = "--" if not np.isfinite(value) else f"{value:{printed}}"
        found.append(f"{text} [{low:.4g}, {high:.4g}]" if np.isfinite([low, high]).all() else text)
    return found


def _latex_plain(name: str, table: pd.DataFrame) -> str:
    lines = ["\\midrule"]
    lines += [
        " & ".join(_plain(value) for value in record) + r" \\" for record in table.itertuples(index=False)
    ]
    head = " & ".join(map(escape, table.columns)) + r" \\"
    return _latex_frame(name, "l" * len(table.columns), head, lines, "")


def _plain(value: object) -> str:
    if isinstance(value, float):
        return "--" if not np.isfinite(value) else f"{value:.4g}"
    return escape(str(value))


def _latex_frame(name: str, alignment: str, head: str, lines: list[str], notes: str) -> str:
    parts = [
        "% needs \\usepackage{booktabs}",
        "\\begin{table}",
        "\\centering",
        f"\\begin{{tabular}}{{{alignment}}}",
        "\\toprule",
        head,
        *lines,
        "\\bottomrule",
        "\\end{tabular}",
        f"\\caption{{{escape(name)}. {notes}}}",
        "\\end{table}",
    ]
    return "\n".join(parts) + "\n"
