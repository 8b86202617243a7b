"""Tidy metric rows and the paper's numbers to tables: one long CSV a table."""

from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from talkpose.errors import UserError
from talkpose.files import write_text
from talkpose.layout import OWN
from talkpose.metrics.base import COLUMNS as METRIC_COLUMNS
from talkpose.metrics.statistics import bootstrap_interval
from talkpose.report.published import quoted

COLUMNS = ("table", "row", "column", "value", "kind", "n", "ci_low", "ci_high", "protocol")
KINDS = ("quoted", "reproduced", "simulated", "not-attempted")
REGIONS = ("face", "mouth", "edge")
ALL = "all"
"""Row of a table by person that averages over persons."""

RERENDER = "rerender"
"""Method whose rows `rerender:rendered` and `rerender:refined` measure stage 2 alone."""


class Builder:
    """Collects the cells of one table; means and intervals are taken over clips."""

    def __init__(self, table: str, seed: int, samples: int):
        self.table, self.seed, self.samples = table, seed, samples
        self.cells: list[tuple[str | float, ...]] = []

    def add(self, row: str, column: str, values: np.ndarray, protocol: str) -> None:
        """A computed cell: mean of `values`, one a clip, with its interval; no clip, no number."""
        if not len(values):
            self.missing(row, column, protocol)
            return
        interval = bootstrap_interval(values, self.samples, self.seed, self.table, row, column)
        low, high = interval or (np.nan, np.nan)
        self._cell(row, column, float(np.mean(values)), "reproduced", len(values), low, high, protocol)

    def plain(self, row: str, column: str, value: float, n: int, protocol: str) -> None:
        """A computed cell that is no mean, such as a minimum."""
        self._cell(row, column, value, "reproduced", n, np.nan, np.nan, protocol)

    def missing(self, row: str, column: str, protocol: str = "") -> None:
        """A cell that this run did not attempt."""
        self._cell(row, column, np.nan, "not-attempted", 0, np.nan, np.nan, protocol)

    def quote(self) -> None:
        """The paper's cells; for methods that did not run, the same cells as not-attempted."""
        computed = {str(cell[1]).lower() for cell in self.cells}
        for cell in quoted(self.table):
            self._cell(cell.row, cell.column, cell.value, "quoted", cell.n, np.nan, np.nan, cell.protocol)
        for cell in quoted(self.table):
            if cell.row.lower() not in computed:
                self.missing(cell.row, cell.column)

    def _cell(self, *values: str | float) -> None:
        self.cells.append((self.table, *values))

    def frame(self) -> pd.DataFrame:
        """The table in long form, with COLUMNS."""
        return pd.DataFrame(self.cells, columns=list(COLUMNS))


def comparable(metrics: pd.DataFrame, table: str, metric: str) -> tuple[pd.DataFrame, str]:
    """Values of one metric as item x method, and their protocol; the index is <corpus>/<clip>.

    A clip on which any method has no value (no face found) is left out for all of them. Raises UserError
    where methods were measured on different clips or by different protocols: such columns must not stand
    side by side.
    """
    rows = metrics[metrics.metric == metric]
    rows = rows.assign(item=rows["corpus"] + "/" + rows["clip"], seen=True)
    protocols = sorted(rows.protocol.unique())
    if len(protocols) > 1:
        raise UserError(
            f"table {table}: {metric} mixes the protocols {', '.join(protocols)}; measure all methods again "
            "with one (delete results/<run>/metrics and run again)"
        )
    wide = rows.pivot(index="item", columns="method", values="value")
    measured = rows.pivot(index="item", columns="method", values="seen").notna()
    for method in measured.columns:
        lacking = measured.index[~measured[method]]
        if len(lacking):
            raise UserError(
                f"table {table}: {metric} would compare methods on different clips: {method} lacks "
                f"{', '.join(lacking)}; generate and measure them (`make run` again) or take {method} out of "
                "`methods` in the configuration"
            )
    return wide.dropna(axis=0, how="any"), (protocols[0] if protocols else "")


def person_of(item: str) -> str:
    """Person of an item <corpus>/<person>__<audio>, or without the corpus."""
    return item.rpartition("/")[2].partition("__")[0]


def build_tables(
    metrics: pd.DataFrame,
    seed: int,
    samples: int,
    tests: Collection[str] = (),
    train_frames: int | None = None,
) -> dict[str, pd.DataFrame]:
    """All tables of metrics.parquet's rows, each with COLUMNS; seed and samples are the bootstrap's.

    `tests`: corpora whose clips are their own targets; Table 2 is about them, and about the persons' held-out
    frames where a run has none. `train_frames`: what Ours-P is trained on, for its row by training length.
    """
    if tuple(metrics.columns) != METRIC_COLUMNS:
        raise UserError(
            f"metrics table has the columns {', '.join(metrics.columns)}; expected "
            f"{', '.join(METRIC_COLUMNS)}; measure again"
        )
    whole = metrics[~metrics.method.str.contains(":")]
    with_own_sound = whole["clip"].str.endswith(f"__{OWN}")
    tested = whole["corpus"].isin(list(tests))
    words = whole[tested]
    own, foreign = whole[with_own_sound & ~tested], whole[~with_own_sound]
    builders = {name: Builder(name, seed, samples) for name in TABLES}
    _table1(builders["table1"])
    _quality(builders["table2"], own if words.empty else words)
    builders["table2"].quote()
    if not words.empty:
        _quality(builders["heldout"], own)
    _ablations(builders["ablations"], own)
    _lengths(builders["lengths"], own, train_frames)
    _hs(builders["hs"], own, foreign)
    _persons(builders["persons"], own)
    _stage1(builders["stage1"], own)
    _stage2(builders["stage2"], metrics)
    wanted = {name: b for name, b in builders.items() if b.cells or name not in OPTIONAL}
    return {name: builder.frame() for name, builder in wanted.items()}


TABLES = ("table1", "table2", "heldout", "hs", "ablations", "lengths", "persons", "stage1", "stage2")
OPTIONAL = ("heldout", "ablations", "lengths")
"""Tables that only some runs have."""
QUALITY = ("psnr", "ssim", "lmd", "lmd-normalised", "mouth")


def _table1(builder: Builder) -> None:
    builder.quote()


def _quality(builder: Builder, own: pd.DataFrame, metrics: tuple[str, ...] = QUALITY) -> None:
    for metric in metrics:
        wide, protocol = comparable(own, builder.table, metric)
        for method in wide.columns:
            builder.add(method, metric, wide[method].to_numpy(), protocol)


ABLATIONS = ("ours-p-fixed-pose", "ours-p-no-identity", "ours-p-mean-identity")


def _ablations(builder: Builder, own: pd.DataFrame) -> None:
    """Section 4.2: the ablations beside Ours-P."""
    if own.method.isin(ABLATIONS).any():
        _quality(builder, own[own.method.isin(["ours-p", *ABLATIONS])], (*QUALITY, "hs"))


def _lengths(builder: Builder, own: pd.DataFrame, train_frames: int | None) -> None:
    """Appendix B: Ours-P by the number of frames that it is trained on."""
    length = own.method.str.extract(r"^ours-p-n(\d+)$")[0]
    length = length.where(own.method != "ours-p", str(train_frames))
    if length.notna().any() and own.method.str.fullmatch(r"ours-p-n\d+").any():
        rows = own[length.notna()].assign(method=length.dropna().str.zfill(5))
        _quality(builder, rows, (*QUALITY, "hs"))


def _hs(builder: Builder, own: pd.DataFrame, foreign: pd.DataFrame) -> None:
    wide, protocol = comparable(own, builder.table, "hs")
    others, _ = comparable(foreign, builder.table, "hs")
    training, _ = comparable(own, builder.table, "hs-train")
    for method in wide.columns:
        values = wide[method].to_numpy()
        builder.add(method, "mean", values, protocol)
        if len(values):
            builder.plain(method, "min", float(values.min()), len(values), protocol)
            builder.plain(method, "max", float(values.max()), len(values), protocol)
        for column, source in (("foreign", others), ("training", training)):
            if method in source:
                builder.add(method, column, source[method].to_numpy(), protocol)
    builder.quote()


def _persons(builder: Builder, own: pd.DataFrame) -> None:
    for metric in (*QUALITY, "hs"):
        wide, protocol = comparable(own, builder.table, metric)
        for item, values in wide.iterrows():
            for method in wide.columns:
                row = f"{person_of(str(item))} / {method}"
                builder.add(row, metric, np.array([values[method]]), protocol)


def _stage1(builder: Builder, own: pd.DataFrame) -> None:
    wide, protocol = comparable(own, builder.table, "mouth")
    for row, values in _by_person(wide):
        for method in wide.columns:
            builder.add(row, method, values[method].to_numpy(), protocol)
    for metric in ("mouth-lag", "mouth-best"):
        wide, protocol = comparable(own[own.method == "ours-p"], builder.table, metric)
        for row, values in _by_person(wide):
            if row != ALL and "ours-p" in values:
                builder.add(row, f"ours-p {metric}", values["ours-p"].to_numpy(), protocol)


def _stage2(builder: Builder, metrics: pd.DataFrame) -> None:
    stages = metrics[metrics.method.isin([f"{RERENDER}:rendered", f"{RERENDER}:refined"])]
    regions = {region: comparable(stages, builder.table, f"psnr-{region}") for region in REGIONS}
    parts = [
        (person, region, values, protocol)
        for region, (wide, protocol) in regions.items()
        for person, values in _by_person(wide)
        if len(values.columns) == 2
    ]
    for person, region, values, protocol in sorted(parts, key=lambda part: (part[0] == ALL, part[0])):
        rendered, refined = (values[f"{RERENDER}:{stage}"].to_numpy() for stage in ("rendered", "refined"))
        builder.add(f"{person} / {region}", "rendered", rendered, protocol)
        builder.add(f"{person} / {region}", "refined", refined, protocol)
        builder.add(f"{person} / {region}", "gain", refined - rendered, protocol)


def _by_person(wide: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """(person, its rows), then (ALL, every row) where there is more than one person."""
    if wide.empty:
        return
    persons = wide.index.map(person_of)
    yield from ((str(person), rows) for person, rows in wide.groupby(persons, sort=True))
    if persons.nunique() > 1:
        yield ALL, wide


def write_tables(folder: Path, tables: dict[str, pd.DataFrame]) -> None:
    """Write each table as <folder>/<name>.csv; equal tables give equal bytes."""
    for name, table in tables.items():
        write_text(
            folder / f"{name}.csv", table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
        )
