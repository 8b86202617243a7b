"""Values of single videos as tables."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from talkpose.metrics.base import Protocol
from talkpose.metrics.registry import protocol
from talkpose.report.browser import FIRST
from talkpose.report.roster import Roster
from talkpose.report.views import Cell, Column, Group, Row, View, is_known

HEADLINE = ("psnr", "ssim", "lmd", "mouth", "mouth-lag", "hs")


def item_view(
    rows: pd.DataFrame, clip: str, facts: Mapping[str, Mapping[str, float]], roster: Roster
) -> View | None:
    """Headline values of every method on one item, with the facts that methods left; None without any.

    `rows` are the item's metric rows. Where a metric has several protocols, the first by name is shown.
    """
    rows = rows[~rows["method"].str.contains(":")].sort_values("protocol", kind="stable")
    if rows.empty:
        return None
    used = {r["metric"]: protocol(r["metric"], r["protocol"]) for r in rows[::-1].to_dict("records")}
    shown = [metric for metric in HEADLINE if metric in used]
    extra = sorted({name for own in facts.values() for name in own})
    lines = []
    for method in roster.in_order(rows["method"]):
        records = rows[rows.method == method].to_dict("records")
        mine = {r["metric"]: r for r in records[::-1]}
        cells = [_item_cell(mine.get(metric), used[metric]) for metric in shown]
        cells += [_fact_cell(facts.get(method, {}).get(name)) for name in extra]
        frames = max(int(r["n_frames"]) for r in mine.values())
        lines.append(Row(roster[method].title, cells, str(frames)))
    heads = [Column(used[m].title, used[m].arrow, used[m].unit, used[m].id) for m in shown]
    heads += [Column(name.replace("_", " ")) for name in extra]
    definitions = [(f"{used[m].title}, {used[m].id}", used[m].definition) for m in shown]
    return View(
        clip, "Values of these videos", "", "Method", heads, [Group("", lines)], definitions, "", "frames"
    )


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
    pairs = sorted({key[:2] for key in found}, key=lambda pair: (rank.get(pair[0], len(rank)), *pair))
    lines, definitions = [], []
    for metric, identifier in pairs:
        used = protocol(metric, identifier)
        cells = [_item_cell(found.get((metric, identifier, method)), used) for method in methods]
        frames = max(int(r["n_frames"]) for key, r in found.items() if key[:2] == (metric, identifier))
        label = " ".join(part for part in (used.title, used.arrow, used.unit) if part)
        lines.append(Row(label, cells, str(frames), protocol=identifier))
        if is_known(used):
            definitions.append((f"{used.title}, {used.id}", used.definition))
    heads = [Column(roster[method].title) for method in methods]
    groups = [Group("", lines)]
    return View(clip, "All values of this clip", "", "Metric", heads, groups, definitions, "", "frames")


def _fact_cell(value: float | None) -> Cell:
    return Cell("–") if value is None else Cell(f"{value:.3g}", repr(value))


def _item_cell(row: dict[Any, Any] | None, used: Protocol) -> Cell:
    if row is None or not np.isfinite(row["value"]):
        return Cell("–", title="not measured")
    value = float(row["value"])
    return Cell(f"{value:.{used.decimals}f}", repr(value), title=f"{row['n_frames']} frames, {used.id}")
