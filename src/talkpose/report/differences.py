"""What differs between the tables of two runs, cell by cell."""

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from talkpose.errors import UserError
from talkpose.layout import RunLayout
from talkpose.report.tables.export import read_table

KEY: Final = ["table", "row", "column", "kind"]
COLUMNS: Final = (*KEY, "a", "b", "difference", "what")


def compare_runs(a: Path, b: Path, tolerance: float = 0.0) -> pd.DataFrame:
    """Cells that differ between the tables of runs `a` and `b`: a row each, with COLUMNS.

    `tolerance`: values that are no further apart, in the cell's own unit, are alike. `what` says `value`,
    `interval`, `only in a`, `only in b`, `n`, `protocol` or `verdict`, several joined by a comma. Hashes are
    not compared: other rows with the same means are no difference of a table. Raises UserError where a run
    has no tables.
    """
    if not tolerance >= 0:
        raise UserError(f"tolerance {tolerance}; give a number of at least 0")
    left, right = _cells(a), _cells(b)
    both = left.merge(right, how="outer", on=KEY, suffixes=("_a", "_b"), indicator=True)
    x, y = (both[f"value_{side}"].to_numpy(float) for side in "ab")
    difference = np.where(np.isfinite(x) & np.isfinite(y), y - x, np.nan)
    low, high = (
        _apart(both[f"{end}_a"].to_numpy(float), both[f"{end}_b"].to_numpy(float), tolerance)
        for end in ("ci_low", "ci_high")
    )
    unlike = {
        "value": _apart(x, y, tolerance),
        "interval": low | high,
        **{
            name: (both[f"{name}_a"] != both[f"{name}_b"]).to_numpy() for name in ("n", "protocol", "verdict")
        },
    }
    only = both["_merge"].map({"left_only": "only in a", "right_only": "only in b", "both": ""}).astype(str)
    words = [
        side or ", ".join(name for name, flags in unlike.items() if flags[i]) for i, side in enumerate(only)
    ]
    found = both[KEY].assign(a=x, b=y, difference=difference, what=words)
    return found[found["what"] != ""].reset_index(drop=True)


def _apart(x: np.ndarray, y: np.ndarray, tolerance: float) -> np.ndarray:
    """(n,) whether x and y (n,) are further apart than `tolerance`, or one alone has a value."""
    one = np.isfinite(x) != np.isfinite(y)
    return one | (np.abs(np.where(np.isfinite(x) & np.isfinite(y), y - x, 0.0)) > tolerance)


def _cells(root: Path) -> pd.DataFrame:
    """Every cell of a run's tables; a verdict stands as a cell of its own."""
    folder = RunLayout(root).tables
    paths = sorted(folder.glob("*.parquet"))
    if not paths:
        raise UserError(f"{folder}: no tables; build the report first: `talkpose report build {root}`")
    parts = []
    for path in paths:
        table = read_table(path)
        if path.stem == "verdicts":
            table = table.assign(value=np.nan, kind="verdict", table="verdicts of " + table["table"])
        whole = table.assign(
            verdict=table.get("verdict", ""),
            ci_low=table.get("ci_low", np.nan),
            ci_high=table.get("ci_high", np.nan),
        )
        parts.append(whole[[*KEY, "value", "ci_low", "ci_high", "n", "protocol", "verdict"]])
    return pd.concat(parts, ignore_index=True).astype({"row": str, "column": str})


def show(differences: pd.DataFrame, a: str, b: str) -> str:
    """Differences as lines, `a` and `b` being the runs' names."""
    lines = []
    for cell in differences.to_dict("records"):
        where = f"{cell['table']}: {cell['row']}, {cell['column']} ({cell['kind']})"
        x, y, what = cell["a"], cell["b"], str(cell["what"])
        if what.startswith("only in"):
            lines.append(f"{where}: only in {a if what.endswith('a') else b}")
            continue
        values = f"{x:.6g} -> {y:.6g}" if not (np.isnan(x) and np.isnan(y)) else "no value"
        by = "" if np.isnan(cell["difference"]) else f" ({cell['difference']:+.6g})"
        lines.append(f"{where}: {values}{by} [{what}]")
    return "\n".join(lines)
