"""Paired tests of every method against a chosen one, on the same clips, corrected by Holm."""

from collections.abc import Sequence

import pandas as pd

from talkpose.metrics.paired import Paired, holm, paired_test
from talkpose.metrics.registry import protocol
from talkpose.report.tables.aligned import Aligned
from talkpose.report.tables.cells import Builder
from talkpose.report.tables.rows import Rows, quality_metrics


def comparisons(builder: Builder, rows: Rows, compare_to: Sequence[str]) -> None:
    """Rows `<table> / <method> less <chosen>`: difference, p and p corrected over the methods of that column.

    The chosen method is the first of `compare_to` that the table has; a table without any has no tests.
    """
    tables = [("table2", rows.tested, True)]
    if not rows.words.empty:
        tables.append(("heldout", rows.own, False))
    for table, clips, paper in tables:
        _compare(builder, rows, clips, table, quality_metrics(clips), compare_to, paper)
    _compare(builder, rows, rows.own, "hs", ["hs"], compare_to, False)


def _compare(
    builder: Builder,
    rows: Rows,
    clips: pd.DataFrame,
    table: str,
    metrics: Sequence[str],
    compare_to: Sequence[str],
    paper: bool,
) -> None:
    methods = set(clips["method"].unique())
    chosen = next((name for name in compare_to if name in methods), None)
    if chosen is None:
        return
    for metric in metrics:
        for column, aligned in rows.of(clips, table, metric, paper):
            ranked = protocol(metric, aligned.protocol).direction != "none"
            if ranked and chosen in aligned.methods and len(aligned.wide):
                _one_column(builder, aligned, table, column, chosen)


def _one_column(builder: Builder, aligned: Aligned, table: str, column: str, chosen: str) -> None:
    others = [method for method in aligned.methods if method != chosen]
    tests: list[Paired] = [
        paired_test(
            aligned.values(method), aligned.values(chosen), aligned.persons, builder.seed, aligned.draw
        )
        for method in others
    ]
    corrected = holm([test.permutation for test in tests])
    titles = {method: f"{table} / {method} less {chosen}" for method in others}
    if others:
        builder.differences(aligned, [(method, chosen, titles[method]) for method in others], column)
    for method, test, adjusted in zip(others, tests, corrected, strict=True):
        row = titles[method]
        for name, value in (
            ("p", test.permutation),
            ("p-holm", float(adjusted)),
            ("wilcoxon p", test.wilcoxon),
            ("least p", test.least),
        ):
            builder.plain(row, f"{column} {name}", value, test.n, aligned, method, chosen)
