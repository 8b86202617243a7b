"""Values of single videos as tables."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from talkpose.metrics.base import Protocol
from talkpose.metrics.registry import protocol
from talkpose.report.browser import FIRST
from talkpose.report.roster import Roster
from talkpose.report.shown import fixed
from talkpose.report.tables.aligned import preferred
from talkpose.report.views import Cell, Column, Group, Row, View, is_known

HEADLINE = ("psnr", "ssim", "lmd", "mouth", "mouth-lag", "hs")


class Fact(NamedTuple):
    """How a number that a method leaves about its own video is shown."""

    title: str
    unit: str
    decimals: int
    definition: str


FACTS = {
    "attention_mean": Fact(
        "Mean attention",
        "",
        2,
        "Mean of the attention map (Eq. 3): 1 keeps the rendering, 0 repaints it. ATVG's own map runs the "
        "other way: 1 moves, 0 keeps the image.",
    ),
    "attention_low": Fact("Repainted", "% of pixels", 1, "Pixels with attention below 0.05."),
    "attention_high": Fact("Kept", "% of pixels", 1, "Pixels with attention above 0.95."),
    "key_frames": Fact("Key frames", "", 0, "Frames of the training video that the backgrounds hang on."),
    "background_jump_max": Fact(
        "Background step",
        "frames",
        0,
        "Largest step, in frames of the training video, between the backgrounds of neighbouring frames.",
    ),
}
"""Facts that pages show, in order; others stay in item.json."""


def item_view(
    rows: pd.DataFrame, clip: str, facts: Mapping[str, Mapping[str, float]], roster: Roster
) -> View | None:
    """Headline values of every method on one item, with the facts that methods left; None without any.

    `rows` are the item's metric rows. Where a metric has several protocols, the one that tables prefer is
    shown.
    """
    rows = rows[~rows["method"].str.contains(":")]
    if rows.empty:
        return None
    used = {
        str(metric): protocol(str(metric), preferred(part["protocol"])[0])
        for metric, part in rows.groupby("metric")
    }
    shown = [metric for metric in HEADLINE if metric in used]
    extra = [name for name in FACTS if any(name in own for own in facts.values())]
    lines = []
    for method in roster.in_order(rows["method"]):
        mine = rows[rows["method"] == method]
        records = {(r["metric"], r["protocol"]): r for r in mine.to_dict("records")}
        cells = [_item_cell(records.get((metric, used[metric].id)), used[metric]) for metric in shown]
        cells += [_fact_cell(facts.get(method, {}).get(name), FACTS[name]) for name in extra]
        lines.append(Row(roster[method].title, cells, str(int(mine["n_frames"].max()))))
    heads = [Column(used[m].title, used[m].arrow, used[m].unit, used[m].id) for m in shown]
    heads += [Column(FACTS[name].title, unit=FACTS[name].unit) for name in extra]
    definitions = [(f"{used[m].title}, {used[m].id}", used[m].definition) for m in shown]
    definitions += [(FACTS[name].title, FACTS[name].definition) for name in extra]
    groups = [Group("", lines)]
    return View(clip, "Values of these videos", "", "Method", heads, groups, definitions, count="frames")


def all_values(rows: pd.DataFrame, clip: str, roster: Roster) -> View | None:
    """Every metric by every protocol on one item: a row each, a column a method; None without any."""
    rows = rows[~rows["method"].str.contains(":")]
    if rows.empty:
        return None
    methods = roster.in_order(rows["method"])
    rank = {metric: i for i, metric in enumerate(FIRST)}
    found = {
        (r["metric"], r["protocol"], r["method"]): r for r in rows.to_dict("records")
    }  # one row each: write_metrics refuses others
    metrics = sorted({metric for metric, _, _ in found}, key=lambda name: (rank.get(name, len(rank)), name))
    pairs = [(m, p) for m in metrics for p in preferred(key[1] for key in found if key[0] == m)]
    lines, definitions, empty = [], [], Counter[str]()
    for metric, identifier in pairs:
        used = protocol(metric, identifier)
        if not any(np.isfinite(r["value"]) for key, r in found.items() if key[:2] == (metric, identifier)):
            empty[used.title] += 1
            continue
        cells = [_item_cell(found.get((metric, identifier, method)), used) for method in methods]
        frames = max(int(r["n_frames"]) for key, r in found.items() if key[:2] == (metric, identifier))
        label = " ".join(part for part in (used.title, used.arrow, used.unit) if part)
        lines.append(Row(label, cells, str(frames), protocol=identifier))
        if is_known(used):
            definitions.append((f"{used.title}, {used.id}", used.definition))
    heads = [Column(roster[method].title) for method in methods]
    groups = [Group("", lines)]
    return View(
        clip, "All values of this clip", "", "Metric", heads, groups, definitions, _counted(empty),
        "Without a value on this clip", "frames",
    )  # fmt: skip


def _counted(titles: Counter[str]) -> str:
    return ", ".join(f"{t} by {n} {'protocol' if n == 1 else 'protocols'}" for t, n in titles.items())


def _fact_cell(value: float | None, fact: Fact) -> Cell:
    if value is None:
        return Cell("–", title="not left by this method")
    value *= 100 if fact.unit.startswith("%") else 1
    return Cell(fixed(value, fact.decimals), repr(value))


def _item_cell(row: dict[Any, Any] | None, used: Protocol) -> Cell:
    if row is None or not np.isfinite(row["value"]):
        return Cell("–", title="not measured")
    value = float(row["value"])
    return Cell(fixed(value, used.decimals), repr(value), title=f"{row['n_frames']} frames, {used.id}")
