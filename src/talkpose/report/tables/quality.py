"""Tables of image quality and lips: Table 2, section 4.2's ablations, training lengths, persons, stages."""

from collections.abc import Mapping

import pandas as pd

from talkpose.report.tables.aligned import Aligned, person_of
from talkpose.report.tables.cells import Builder
from talkpose.report.tables.rows import Rows, per_person, quality_metrics

ALL = "all"
"""Row of a table by person that averages over persons."""

REGIONS = ("face", "mouth", "edge")
RERENDER = "rerender"
"""Method whose rows `rerender:rendered` and `rerender:refined` measure stage 2 alone."""

ABLATIONS = ("ours-p-fixed-pose", "ours-p-no-identity", "ours-p-mean-identity")


def table2(builder: Builder, rows: Rows, lacking: Mapping[str, str]) -> None:
    """Table 2: every method on the test corpora, the metrics by ATVG's protocol first.

    `lacking`: why a metric that was asked for has no value, such as missing weights.
    """
    _quality(builder, rows, rows.tested, paper=True)
    builder.quote()
    for metric, why in lacking.items():
        builder.missing(f"{metric}: {why}", metric)


def heldout(builder: Builder, rows: Rows) -> None:
    """Every method on the persons' held-out frames, where Table 2 is about other clips."""
    if not rows.words.empty:
        _quality(builder, rows, rows.own)


def ablations(builder: Builder, rows: Rows) -> None:
    """Section 4.2: the ablations beside Ours-P."""
    if rows.own.method.isin(ABLATIONS).any():
        _quality(builder, rows, rows.own[rows.own.method.isin(["ours-p", *ABLATIONS])], more=("hs",))


def lengths(builder: Builder, rows: Rows, train_frames: int | None) -> None:
    """Appendix B: Ours-P by the number of frames that it is trained on."""
    methods = rows.own["method"].astype("str")
    length = methods.str.extract(r"^ours-p-n(\d+)$")[0]
    if length.notna().any():
        length = length.where(methods != "ours-p", str(train_frames))
        names = {
            str(method): str(frames).zfill(5)
            for method, frames in set(zip(methods, length, strict=True))
            if isinstance(frames, str)
        }
        _quality(builder, rows, rows.own[length.notna()], more=("hs",), names=names)


def _quality(
    builder: Builder,
    rows: Rows,
    clips: pd.DataFrame,
    paper: bool = False,
    more: tuple[str, ...] = (),
    names: dict[str, str] | None = None,
) -> None:
    for metric in [*quality_metrics(clips), *more]:
        for column, aligned in rows.of(clips, builder.table, metric, paper):
            builder.means(aligned, column=column, titles=names)


def persons(builder: Builder, rows: Rows) -> None:
    """One clip a row: each person's held-out frames by every method."""
    for metric in [*quality_metrics(rows.own), "hs"]:
        for column, aligned in rows.of(rows.own, builder.table, metric):
            for item in aligned.wide.index:
                one = Aligned(metric, aligned.protocol, aligned.wide.loc[[item]], rows.speakers)
                who = person_of(str(item))
                if who == ALL:  # a value of all frames together, such as FID
                    continue
                builder.means(one, column=column, titles={m: f"{who} / {m}" for m in aligned.methods})


def stage1(builder: Builder, rows: Rows) -> None:
    """Does the mouth follow the sound? By person, methods as columns."""
    aligned = rows.first(rows.own, builder.table, "mouth")
    for row, values in [] if aligned is None else _by_person(aligned):
        builder.means(values, row=row)
    ours = rows.own[rows.own.method == "ours-p"]
    for metric in ("mouth-lag", "mouth-best"):
        aligned = rows.first(ours, builder.table, metric)
        for row, values in [] if aligned is None else _by_person(aligned):
            if row != ALL:
                builder.means(values, row=row, column=f"ours-p {metric}")


def stage2(builder: Builder, rows: Rows) -> None:
    """What refinement adds to the rendering of real coefficients, by person and region."""
    stages = (f"{RERENDER}:rendered", f"{RERENDER}:refined")
    parts: list[tuple[str, str, Aligned]] = []
    clips = rows.stages[rows.stages.method.isin(stages)]
    for region in REGIONS:
        aligned = rows.first(clips, builder.table, f"psnr-{region}")
        if aligned is not None and len(aligned.methods) == 2:
            parts += [(person, region, values) for person, values in _by_person(aligned)]
    for person, region, values in sorted(parts, key=lambda part: (part[0] == ALL, part[0])):
        row = f"{person} / {region}"
        builder.means(values, row=row, titles={stage: stage.partition(":")[2] for stage in stages})
        builder.difference(values, stages[1], stages[0], row, "gain")


def _by_person(aligned: Aligned) -> list[tuple[str, Aligned]]:
    """(person, their values), then (ALL, every value) where there is more than one person."""
    found = list(per_person(aligned))
    return [*found, (ALL, aligned)] if len(found) > 1 else found
