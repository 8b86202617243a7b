"""Inline SVGs: same data, same bytes; colours follow the page's theme. Here: training curves."""

import io
import re
from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from talkpose.report.source import Curve

# Colours that stand for the style sheet's variables, and are replaced by them in the finished SVG.
INK, FAINT = "#010101", "#020202"
SERIES = ("#a10001", "#a10002", "#a10003", "#a10004", "#a10005", "#a10006")
DASHES = ("-", "--", "-.", ":")
LEGEND_DASHES = ("none", "5 3", "5 2 1 2", "1 2")

STYLE: dict[Any, Any] = {
    "svg.hashsalt": "talkpose",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.size": 8,
    "axes.edgecolor": FAINT,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": FAINT,
    "grid.linewidth": 0.4,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "lines.linewidth": 1.3,
}


def series_order(curves: Sequence[Curve]) -> list[str]:
    """Models in the order of their colours: general first."""
    return sorted({curve.model for curve in curves}, key=lambda name: (name != "general", name))


def panel(curves: Sequence[Curve], models: Sequence[str], name: str = "panel") -> Markup:
    """One quantity's curves, one line a model, as inline SVG of 280 x 150; the page has the legend.

    `name` keeps its ids apart from those of other panels on the page.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(280 / 72, 150 / 72), facecolor="none")
        axes = figure.add_axes((0.15, 0.16, 0.82, 0.78), facecolor="none")
        for curve in curves:
            place = models.index(curve.model)
            style = DASHES[place // len(SERIES) % len(DASHES)]
            axes.plot(curve.steps, curve.values, style, color=SERIES[place % len(SERIES)])
        values = np.concatenate([curve.values for curve in curves])
        if values.min() > 0 and values.max() / values.min() > 50:
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        else:
            axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.set_axisbelow(True)
        text = svg_text(figure)
    alt = "; ".join(
        f"{c.model} from {c.values[0]:.3g} to {c.values[-1]:.3g} in {c.steps[-1]:.0f} steps" for c in curves
    )
    return inline(text, f"{curves[0].quantity}: {alt}", name)


def svg_text(figure: Figure) -> str:
    """The figure as SVG, without a date."""
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return file.getvalue()


def inline(svg: str, alt: str, name: str) -> Markup:
    """The <svg> element alone, scalable, named for screen readers, with theme colours and no unused ids.

    `name` keeps its ids apart from those of other SVGs on the page. Coordinates keep two decimals.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    used = set(re.findall(r"(?:url\(#|href=\"#)([^)\"]+)", svg))
    svg = re.sub(r' id="([^"]+)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", svg)
    svg = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", svg)
    colours = {INK: "var(--muted)", FAINT: "var(--line)"}
    colours |= {colour: f"var(--series-{i})" for i, colour in enumerate(SERIES, 1)}
    for colour, variable in colours.items():
        svg = svg.replace(colour, variable)
    svg = re.sub(r' d="[^"]*"', lambda m: re.sub(r"(\.\d\d)\d+", r"\1", m[0]), svg)
    svg = re.sub(r"font-family: [^;\"]*;? ?", "", svg)  # the page's own family, with its fallbacks
    svg = re.sub(r' transform="rotate\(-0 [^"]*"', "", svg)
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g>\s*<path d="[^"]*" style="fill: none"/>\s*</g>', "", svg)
    svg = re.sub(r"\n\s*", "\n", svg)
    return Markup(svg.replace("<svg", f'<svg role="img" aria-label="{Markup.escape(alt)}"', 1))  # noqa: S704
