"""Which clips are worth a look: each method's worst, median and best, and those of the figures."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from talkpose.layout import OWN, item_id
from talkpose.metrics.base import Protocol
from talkpose.metrics.registry import protocol
from talkpose.report.tables.aligned import preferred

PLACES = ("worst", "median", "best")


@dataclass(frozen=True)
class Extreme:
    """One clip at one end, or in the middle, of a method's values."""

    method: str
    place: str
    item: str
    value: float


@dataclass(frozen=True)
class Extremes:
    """Worst, median and best clips of every method by one metric, on one set of clips."""

    used: Protocol
    lines: list[Extreme]

    def items(self) -> list[str]:
        """Their items, each once."""
        return list(dict.fromkeys(line.item for line in self.lines))

    def by_method(self) -> dict[str, dict[str, list[Extreme]]]:
        """{method: {place: clips}}."""
        found: dict[str, dict[str, list[Extreme]]] = {}
        for line in self.lines:
            found.setdefault(line.method, {place: [] for place in PLACES})[line.place].append(line)
        return found


def extremes(rows: pd.DataFrame, metric: str, methods: Collection[str], each: int = 1) -> Extremes | None:
    """Worst, median and best `each` clips by `metric`; None where no method has a ranked value.

    `rows` are metric rows of the clips to choose from. Where a metric has several protocols, the one with
    most values counts, among equals the one that tables prefer. Median: the clips in the middle of the order,
    so that each is a clip that exists. Clips of equal value stand in the order of their names.
    """
    rows = rows[(rows["metric"] == metric) & rows["method"].isin(list(methods)) & rows["value"].notna()]
    if rows.empty:
        return None
    counts = rows["protocol"].value_counts()
    chosen = next(name for name in preferred(counts.index) if counts[name] == counts.max())
    used = protocol(metric, str(chosen))
    if used.direction == "none":
        return None
    rows = rows[rows["protocol"] == chosen].sort_values(["value", "clip"], kind="stable")
    lines: list[Extreme] = []
    for method in dict.fromkeys(methods):
        mine = rows[rows["method"] == method]
        if used.direction == "lower":  # worst first
            mine = mine.iloc[::-1]
        lines += _ends(method, mine["clip"].tolist(), mine["value"].to_numpy(float), each)
    return Extremes(used, lines)


def _ends(method: str, clips: list[str], values: np.ndarray, each: int) -> Iterable[Extreme]:
    n = len(clips)
    if not n:
        return
    count = min(each, n)
    start = (n - count) // 2
    for place, span in (
        ("worst", range(count)),
        ("median", range(start, start + count)),
        ("best", range(n - 1, n - 1 - count, -1)),
    ):
        for i in span:
            yield Extreme(method, place, clips[i], float(values[i]))


def figure_items(figures: Mapping[str, Any]) -> list[str]:
    """Items whose frames stand in the figures."""
    clips = (picture["clip"] for figure in figures.values() for picture in figure.get("pictures", []))
    return list(dict.fromkeys(item_id(clip, OWN) for clip in clips))
