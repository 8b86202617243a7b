"""Cells of long tables: value, count, interval, protocol, kind, and the hashes of what they came from."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from talkpose.metrics.statistics import bootstrap_intervals
from talkpose.report.published import published_hash, quoted
from talkpose.report.tables.aligned import Aligned, short_hash

COLUMNS = (
    *("table", "row", "column", "value", "kind", "n", "ci_low", "ci_high", "protocol"),
    *("rows_hash", "receipts_hash"),
)
"""Columns of every table. `rows_hash`: of the metric rows, the answers or the published file that a value was
computed from; `receipts_hash`: of the receipts of the videos that were measured."""

KINDS = ("quoted", "reproduced", "simulated", "not-attempted")

METHODS = {
    "Ours-P": "ours-p",
    "Ours-G": "ours-g",
    "Chen": "chen2018",
    "Wiles": "x2face",
    "You said that": "yousaidthat",
    "DAVS": "davs",
    "ATVG": "atvg",
}
"""Methods of the paper's rows."""


class Builder:
    """Collects the cells of one table; means and intervals are taken over clips."""

    def __init__(self, table: str, seed: int, samples: int, receipts: Mapping[str, str] | None = None):
        self.table, self.seed, self.samples = table, seed, samples
        self.receipts = receipts or {}
        self.cells: list[tuple[str | float, ...]] = []

    def means(
        self,
        aligned: Aligned,
        *,
        row: str | None = None,
        column: str | None = None,
        titles: Mapping[str, str] | None = None,
    ) -> None:
        """A cell a method: mean over clips with its interval.

        The method's title (its name, or what `titles` has) stands where `row` or `column` is not given.
        """
        values = aligned.wide.to_numpy()
        low, high = self._interval(values, aligned)
        named = {method: (titles or {}).get(method, method) for method in aligned.methods}
        for place, method in sorted(enumerate(named), key=lambda pair: named[pair[1]]):
            names = row or named[method], column or named[method]
            if not len(values):
                self.missing(*names, aligned.protocol)
                continue
            self._cell(
                *names, float(values[:, place].mean()), "reproduced", len(values), low[place], high[place],
                aligned.protocol, aligned.rows_hash(method), self.receipt(method),
            )  # fmt: skip

    def difference(self, aligned: Aligned, a: str, b: str, row: str, column: str) -> float:
        """A cell: mean over clips of method `a` less method `b`, with its interval; returns the low end."""
        self.differences(aligned, [(a, b, row)], column)
        return float(self.cells[-1][COLUMNS.index("ci_low")])

    def differences(self, aligned: Aligned, pairs: Sequence[tuple[str, str, str]], column: str) -> None:
        """`difference` of several (a, b, row) in one column."""
        values = np.column_stack([aligned.values(a) - aligned.values(b) for a, b, _ in pairs])
        low, high = self._interval(values, aligned)
        for place, (a, b, row) in enumerate(pairs):
            self._cell(
                row, column, float(values[:, place].mean()), "reproduced", len(values), low[place],
                high[place], aligned.protocol, aligned.rows_hash(a, b), self.receipt(a, b),
            )  # fmt: skip

    def _interval(self, values: np.ndarray, aligned: Aligned) -> np.ndarray:
        """(2, k) ends of the intervals of the means of values (n, k); nan for one person alone."""
        found = bootstrap_intervals(values, self.samples, self.seed, aligned.draw, groups=aligned.persons)
        return np.full((2, values.shape[1]), np.nan) if found is None else found

    def plain(self, row: str, column: str, value: float, n: int, aligned: Aligned, *methods: str) -> None:
        """A computed cell that is no mean, such as a minimum or a p value."""
        self._cell(
            row, column, value, "reproduced", n, np.nan, np.nan, aligned.protocol,
            aligned.rows_hash(*methods), self.receipt(*methods),
        )  # fmt: skip

    def missing(self, row: str, column: str, protocol: str = "") -> None:
        """A cell that this run did not attempt."""
        self._cell(row, column, np.nan, "not-attempted", 0, np.nan, np.nan, protocol, "", "")

    def quote(self) -> None:
        """The paper's cells; for rows that were not computed, the same cells as not-attempted."""
        computed = {str(cell[1]) for cell in self.cells}
        source = published_hash(self.table)
        for cell in quoted(self.table):
            low, high = cell.interval or (np.nan, np.nan)
            self._cell(
                cell.row, cell.column, cell.value, "quoted", cell.n, low, high, cell.protocol, source, ""
            )
        for cell in quoted(self.table):
            if not {cell.row, METHODS.get(cell.row, cell.row)} & computed:
                self.missing(cell.row, cell.column)

    def append(self, table: pd.DataFrame) -> None:
        """Finished cells, such as those of a user study."""
        self.cells += list(table[list(COLUMNS)].itertuples(index=False, name=None))

    def receipt(self, *methods: str) -> str:
        """Hash of the receipts of these methods' videos; empty where a run has none."""
        found = [self.receipts.get(method.partition(":")[0], "") for method in methods]
        if len(found) == 1 or not all(found):
            return found[0] if all(found) else ""
        return short_hash("\n".join(found))

    def _cell(self, *values: str | float) -> None:
        self.cells.append((self.table, *values))

    def frame(self) -> pd.DataFrame:
        """The table in long form, with COLUMNS."""
        table = pd.DataFrame(self.cells, columns=list(COLUMNS))
        return table.astype({"value": "float64", "n": "int64", "ci_low": "float64", "ci_high": "float64"})
