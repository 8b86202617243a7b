"""One line of the report's verdicts, and the computed values that verdicts are made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import pandas as pd

from talkpose.report.roster import Roster

Verdict = Literal["pass", "direction holds", "deviates", "not attempted"]
VERDICTS: Final = ("pass", "direction holds", "deviates", "not attempted")
"""docs/verdicts.md tells how they are chosen."""


@dataclass(frozen=True)
class Claim:
    """One line of the report's verdicts."""

    source: str
    text: str
    expected: str
    found: str
    verdict: Verdict
    why: str = ""
    basis: str = ""
    """protocol and number of clips of what was found"""


class Values:
    """Computed values of the tables by (table, row, column); simulated answers only where asked for."""

    def __init__(self, tables: Mapping[str, pd.DataFrame], roster: Roster | None = None):
        self.roster = roster or Roster()
        cells = [
            ((cell["table"], str(cell["row"]), cell["column"]), cell)
            for table in tables.values()
            for cell in table.to_dict("records")
            if cell["kind"] in ("reproduced", "simulated")
        ]
        self._cells: dict[tuple[str, str, str], tuple[float, str]] = {
            place: (cell["value"], cell["kind"]) for place, cell in cells
        }
        self._bases = {place: f"{cell['protocol']}, n = {cell['n']:.0f}" for place, cell in cells}

    def get(self, table: str, row: str, column: str) -> float | None:
        """Value that was computed from videos or from people's answers, or None where this run has none."""
        value, kind = self._cells.get((table, row, column), (None, ""))
        return value if kind == "reproduced" else None

    def basis(self, table: str, row: str, column: str) -> str:
        """Protocol and number of clips of a value; nothing where this run has none."""
        return self._bases.get((table, row, column), "").removeprefix(", ")

    def title(self, method: str) -> str:
        """A method's name as pages show it."""
        return self.roster[method].title

    def simulated(self, table: str) -> bool:
        """Whether a table holds simulated answers."""
        return any(t == table and kind == "simulated" for (t, _, _), (_, kind) in self._cells.items())

    def rows(self, table: str, column: str) -> list[str]:
        """Rows of a table that have a value in this column, in order."""
        return [r for (t, r, c), (_, kind) in self._cells.items() if (t, c) == (table, column) and kind]
