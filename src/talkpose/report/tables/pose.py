"""Tables of head pose: section 4.4's summary of HS, its variants and sensitivity, Appendix A."""

import numpy as np
import pandas as pd

from talkpose.metrics.audio_pose import DEFAULT
from talkpose.metrics.base import REAL
from talkpose.metrics.hs_sensitivity import METRIC
from talkpose.report.table_names import TELLS
from talkpose.report.tables.aligned import Aligned, by_protocol
from talkpose.report.tables.cells import Builder
from talkpose.report.tables.rows import Rows, per_person

SAME, OTHER, STILL = "pingpong", "other-person", "still"
"""Controls: the person's own poses of another time, another person's, and a head that does not move."""

TOLD_APART = "persons told apart"


def hs(builder: Builder, rows: Rows) -> None:
    """Section 4.4: HS of every method over persons, beside the paper's mean, least and largest."""
    aligned = rows.first(rows.own, builder.table, "hs")
    if aligned is not None:
        builder.means(aligned, column="mean")
        _ends(builder, aligned)
        for column, clips, metric in (("foreign", rows.foreign, "hs"), ("training", rows.own, "hs-train")):
            other = rows.first(clips, builder.table, metric)
            if other is not None:
                builder.means(other, column=column)
    builder.quote()


def _ends(builder: Builder, aligned: Aligned) -> None:
    for method in aligned.methods if len(aligned.wide) else []:
        values = aligned.values(method)
        builder.plain(method, "min", float(values.min()), len(values), aligned, method)
        builder.plain(method, "max", float(values.max()), len(values), aligned, method)


def hs_variants(builder: Builder, rows: Rows) -> None:
    """HS by every reading of Eq. 6 and both sources of the pose, and which can tell a person from another.

    Row `pingpong less other-person`: the person's own poses of another time against another person's, and
    `pingpong less still` likewise; `persons told apart`: share of the persons for whom the former are above;
    TELLS is 1 where all are and the interval of the difference is above zero, else 0; not for one person.
    """
    for metric in ("hs", "hs-generated"):
        for _, aligned in rows.of(rows.own, builder.table, metric):
            column = aligned.protocol if metric == "hs" else f"{aligned.protocol} as generated"
            builder.means(aligned, column=column)
            if not {SAME, OTHER} <= set(aligned.methods) or not len(aligned.wide):
                continue
            low = builder.difference(aligned, SAME, OTHER, f"{SAME} less {OTHER}", column)
            if STILL in aligned.methods:
                builder.difference(aligned, SAME, STILL, f"{SAME} less {STILL}", column)
            persons = [values for _, values in per_person(aligned)]
            above = [np.mean(p.values(SAME)) > np.mean(p.values(OTHER)) for p in persons]
            builder.plain(TOLD_APART, column, float(np.mean(above)), len(persons), aligned, SAME, OTHER)
            if np.isfinite(low):
                tells = float(all(above) and low > 0)
                builder.plain(TELLS, column, tells, len(persons), aligned, SAME, OTHER)


def dynamics(builder: Builder, rows: Rows) -> None:
    """How heads move, which HS ignores: velocity, acceleration and spectra, against the held-out frames."""
    metrics = sorted(m for m in map(str, rows.own["metric"].unique()) if m.startswith("pose-"))
    for metric in metrics:
        for column, aligned in rows.of(rows.own, builder.table, metric):
            builder.means(aligned, column=column)


def hs_sensitivity(builder: Builder, measured: pd.DataFrame | None, rows: Rows) -> None:
    """HS of the generated poses by number of bins and range."""
    if measured is not None and len(measured):
        found = by_protocol(measured, builder.table, METRIC, (), rows.speakers)
        for aligned in sorted(found, key=lambda a: [_number(part) for part in a.protocol.split("-")]):
            column = aligned.protocol
            builder.means(aligned, column=column)


def _number(text: str) -> tuple[str, int]:
    digits = "".join(filter(str.isdigit, text))
    return text.removesuffix(digits), int(digits or 0)


def appendix_a(builder: Builder, rows: Rows) -> None:
    """Appendix A: correlation of sound and pose in the real videos, a row a reading; the null beside it."""
    real = rows.own[rows.own.method == REAL]
    for _, aligned in rows.of(real, builder.table, "appendix-a"):
        row = aligned.protocol
        if not aligned.methods:  # sound too varied for neighbours: no clip has a value by this reading
            builder.missing(row, "mean", aligned.protocol)
        builder.means(aligned, row=row, column="mean")
        if len(aligned.wide) and REAL in aligned.wide:
            values = aligned.values(REAL)
            builder.plain(row, "min", float(values.min()), len(values), aligned, REAL)
            builder.plain(row, "max", float(values.max()), len(values), aligned, REAL)
    for name in ("null", "p"):
        for _, aligned in rows.of(real, builder.table, f"appendix-a-{name}"):
            row = aligned.protocol.partition("-null")[0]
            if name == "null":
                builder.means(aligned, row=row, column="null")
            elif len(aligned.wide) and REAL in aligned.wide:
                significant = aligned.values(REAL) <= 0.05
                builder.plain(row, "p <= 0.05", float(significant.mean()), len(significant), aligned, REAL)
    builder.cells.sort(key=lambda cell: (cell[1] != DEFAULT.id, cell[1]))
    builder.quote()
