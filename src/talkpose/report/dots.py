"""Plots of persons' metric rows: HS by variant with controls, frame-count curve."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import seaborn
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from talkpose.layout import OWN
from talkpose.metrics.registry import protocol
from talkpose.report.plots import INK, SERIES, STYLE, inline, svg_text
from talkpose.report.source import Source
from talkpose.report.tables.aligned import preferred

WIDTH, LABELS, LINE = 360, 142, 13
"""Width of a plot, of its labels, and height of a row, in points."""

LABEL_LETTERS = 30
COLOURS = {"method": SERIES[0], "ablation": SERIES[2], "control": SERIES[1]}
COLOURS |= {"baseline": SERIES[3], "diagnostic": INK}
"""Colour of a method by its kind; the page has the legend."""

CURVES = ("psnr", "ssim", "lmd", "mouth", "hs")
"""Metrics of the frame-count curve."""

PARTS = {"hs-generated": "HS of the poses as generated", "hs-train": "HS against the training frames"}
"""Folded plots: their metric, and what the fold is called."""

OTHERS = "By other protocols"


@dataclass(frozen=True)
class Plot:
    """One plot with what it shows; `protocol` defines it, `note` says of how many, `part` is its fold."""

    title: str
    protocol: str
    definition: str
    svg: Markup
    note: str = ""
    part: str = ""


def hs_variants(rows: pd.DataFrame, source: Source) -> list[Plot]:
    """HS of every method on the persons' own sound: a plot a variant, a dot a person, a bar at the mean."""
    rows = own_rows(rows)
    rows = rows[rows["metric"].str.match(r"hs(-|$)")]
    plots = []
    for metric, part in rows.groupby("metric", sort=True):
        for i, identifier in enumerate(preferred(part["protocol"])):
            shown = part[part["protocol"] == identifier]
            made = by_method(f"{metric}-{i}", str(metric), identifier, shown, source)
            plots.append(replace(made, part=PARTS.get(str(metric), "")))
    return plots


def own_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of whole videos with the person's own sound that have a value."""
    whole = rows["clip"].str.endswith(f"__{OWN}") & ~rows["method"].str.contains(":")
    return rows[whole & rows["value"].notna()]


def by_method(
    name: str, metric: str, identifier: str, part: pd.DataFrame, source: Source, zero: bool = False
) -> Plot:
    """One metric by one protocol: a row a method, a dot a person."""
    labels = {method: source.roster[method].title for method in source.roster.in_order(part["method"])}
    kinds = part["method"].map(lambda method: source.roster[method].kind)
    used = protocol(metric, identifier)
    title = f"{used.title} {used.arrow}".strip()
    svg = draw(name, title, part.assign(row=part["method"], kind=kinds), labels, zero)
    return Plot(title, identifier, used.definition, svg, persons(part))


def persons(part: pd.DataFrame) -> str:
    """How many persons a plot is of."""
    count = part["clip"].nunique()
    return f"{count} {'person' if count == 1 else 'persons'}"


def draw(
    name: str,
    title: str,
    rows: pd.DataFrame,
    labels: Mapping[str, str],
    zero: bool = False,
    null: Mapping[str, float] | None = None,
) -> Markup:
    """Dots of `value` by `row`, coloured by `kind`, with a bar at the mean of rows that have several.

    `labels`: rows in order; `zero`: with a line at 0; `null`: hollow dots, a row each.
    """
    height = LINE * len(labels) + 34
    means, counts = rows.groupby("row")["value"].mean(), rows["row"].value_counts()
    several = [row for row in labels if counts[row] > 1]
    places = {row: i for i, row in enumerate(labels)}
    with matplotlib.rc_context(STYLE | {"font.size": 8.5, "axes.grid.axis": "x"}):
        figure = Figure(figsize=(WIDTH / 72, height / 72), facecolor="none")
        box = (LABELS / WIDTH, 20 / height, 1 - (LABELS + 10) / WIDTH, 1 - 24 / height)
        axes = figure.add_axes(box, facecolor="none")
        seaborn.stripplot(
            data=rows, x="value", y="row", hue="kind", order=list(labels), palette=COLOURS, jitter=False,
            size=4.5, alpha=0.75, linewidth=0, legend=False, ax=axes,
        )  # fmt: skip
        bars = [means[row] for row in several], [places[row] for row in several]
        axes.scatter(*bars, marker="|", s=70, color=INK, zorder=5)
        if null:
            hollow = list(null.values()), [places[row] for row in null]
            axes.scatter(*hollow, s=20, facecolors="none", edgecolors=INK, linewidths=0.9, zorder=4)
        if zero:
            axes.axvline(0, color=INK, linewidth=0.8, zorder=1)
        axes.set(xlabel="", ylabel="")
        axes.set_yticks(range(len(labels)), [_short(text) for text in labels.values()])
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(labels) - 0.4, -0.6)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.set_axisbelow(True)
        text = svg_text(figure)
    alt = "; ".join(f"{label} {means[row]:.3g}" for row, label in labels.items())
    return inline(text, f"{title}, means: {alt}", name)


def _short(text: str) -> str:
    return text if len(text) <= LABEL_LETTERS else text[: LABEL_LETTERS - 1] + "…"


def lengths(rows: pd.DataFrame, source: Source) -> list[Plot]:
    """Quality of Ours-P by the frames that it is trained on: a thin line a person, a thick one their mean."""
    rows = own_rows(rows)
    own_length = {"ours-p": source.config.train_frames}
    frames = {name: own_length.get(name) or _frames(name) for name in map(str, rows["method"].unique())}
    rows = rows.assign(frames=rows["method"].map(frames))
    rows = rows[rows["frames"] > 0]
    if rows["frames"].nunique() < 2:
        return []
    plots = []
    for metric in CURVES:
        chosen = rows[rows["metric"] == metric]
        for i, identifier in enumerate(preferred(chosen["protocol"])):
            made = _curve(
                f"length-{metric}-{i}", metric, identifier, chosen[chosen["protocol"] == identifier]
            )
            plots.append(replace(made, part=OTHERS if i else ""))
    return plots


def _frames(method: str) -> int:
    """Frames in the name of a training length's method; 0 for others."""
    found = re.fullmatch(r"ours-p-n(\d+)", method)
    return int(found[1]) if found else 0


def _curve(name: str, metric: str, identifier: str, part: pd.DataFrame) -> Plot:
    used = protocol(metric, identifier)
    shared: dict[str, Any] = {"data": part, "x": "frames", "y": "value", "errorbar": None, "legend": False}
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(280 / 72, 170 / 72), facecolor="none")
        axes = figure.add_axes((0.15, 0.2, 0.82, 0.75), facecolor="none")
        seaborn.lineplot(
            **shared, units="clip", estimator=None, color=INK, alpha=0.4, linewidth=1, marker="o",
            markersize=3, markeredgewidth=0, ax=axes,
        )  # fmt: skip
        seaborn.lineplot(
            **shared, color=SERIES[0], linewidth=1.6, marker="o", markersize=4.5, markeredgewidth=0, ax=axes
        )
        axes.set(xlabel="training frames", ylabel="")
        axes.xaxis.label.set_color(INK)
        axes.set_xticks(np.sort(part["frames"].unique()))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.set_axisbelow(True)
        text = svg_text(figure)
    means = part.groupby("frames")["value"].mean()
    alt = "; ".join(f"{value:.3g} at {frames:.0f} frames" for frames, value in means.items())
    title = f"{used.title} {used.arrow} {used.unit}".strip()
    svg = inline(text, f"{used.title}, mean: {alt}", name)
    return Plot(title, identifier, used.definition, svg, persons(part))


def legend(kinds: Sequence[str]) -> list[tuple[str, int]]:
    """(kind, number of its colour in the style sheet; 0 for the ink) of the kinds that are shown."""
    return [(k, SERIES.index(c) + 1 if c in SERIES else 0) for k, c in COLOURS.items() if k in kinds]
