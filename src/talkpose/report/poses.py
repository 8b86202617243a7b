"""Head poses of a person, real and by each method: how they spread, and how they move."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import seaborn
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from talkpose.layout import OWN, RunLayout, item_id
from talkpose.report.plots import INK, SERIES, STYLE, inline, svg_text
from talkpose.report.source import Source

ANGLES = ("pitch", "yaw", "roll")
EULER = slice(-6, -3)
"""Angles in radians in the 257 coefficients: pitch, yaw, roll; the last three are the translation."""

BINS = 20
FPS = 25
REAL, OURS = INK, SERIES[1]
SKIPPED = ("diagnostic",)
LENGTH = re.compile(r"ours-p-n\d+")
"""Training lengths have their own table."""


@dataclass(frozen=True)
class Motion:
    """One method's panels for one person: a histogram and a trace an angle, in the order of ANGLES."""

    method: str
    title: str
    panels: list[Markup]


def person_motions(layout: RunLayout, source: Source, person: str, corpus: str) -> list[Motion]:
    """Panels of every method that left poses for the person's own sound; empty where there is no track."""
    real = _angles(layout.track(corpus, person))
    if real is None:
        return []
    real = real[source.config.held_out_start :]
    found = []
    for method in source.config.all_methods:
        card = source.roster[method]
        if not _is_shown(source, method):
            continue
        angles = _angles(layout.video(method, item_id(person, OWN)) / "coefficients.npz")
        if angles is not None and len(angles) > 1 and len(real) > 1:
            found.append((method, card.title, angles))
    if not found:
        return []
    spans = _spans([real[: len(found[0][2])], *(angles for _, _, angles in found)])
    return [
        Motion(method, title, _panels(real, angles, spans, f"pose-{i}", f"{title}, {person}"))
        for i, (method, title, angles) in enumerate(found)
    ]


def without_poses(source: Source, methods: Collection[str], motions: Sequence[Motion]) -> list[str]:
    """Those of `methods` that would have panels, had they left poses; in the configuration's order."""
    seen = {motion.method for motion in motions}
    return [m for m in source.config.all_methods if m in methods and _is_shown(source, m) and m not in seen]


def _is_shown(source: Source, method: str) -> bool:
    kind = source.roster[method].kind
    return method != "oracle" and kind not in SKIPPED and not LENGTH.fullmatch(method)


def _angles(path: Path) -> np.ndarray | None:
    """Euler angles (T, 3) in degrees of an npz with `coefficients`; None where there is none."""
    if not path.is_file():
        return None
    with np.load(path) as file:
        return np.degrees(file["coefficients"][:, EULER].astype(float))


def _spans(series: Sequence[np.ndarray]) -> list[tuple[float, float]]:
    """Shared range an angle, so that panels of one angle can be compared by eye."""
    joined = np.concatenate(series)
    low, high = np.nanmin(joined, axis=0), np.nanmax(joined, axis=0)
    pad = np.maximum(0.05 * (high - low), 0.5)
    return [(float(a), float(b)) for a, b in zip(low - pad, high + pad, strict=True)]


def _panels(
    real: np.ndarray, made: np.ndarray, spans: list[tuple[float, float]], name: str, who: str
) -> list[Markup]:
    frames = min(len(real), len(made))
    panels = []
    for k, angle in enumerate(ANGLES):
        pair = real[:frames, k], made[:frames, k]
        about = " and ".join(
            f"{label} {values.mean():.1f}° ± {values.std():.1f}°"
            for label, values in zip(("real", who), pair, strict=True)
        )
        for draw, kind in ((_histogram, "spread"), (_trace, "over time")):
            with matplotlib.rc_context(STYLE | {"font.size": 9, "axes.grid": False}):
                figure = Figure(figsize=(180 / 72, 96 / 72), facecolor="none")
                axes = figure.add_axes((0.16, 0.2, 0.81, 0.76), facecolor="none")
                draw(axes, pair, spans[k])
                axes.set(xlabel="", ylabel="")
                text = svg_text(figure)
            panels.append(inline(text, f"{angle} {kind}: {about}", f"{name}-{k}{kind[0]}"))
    return panels


def _histogram(axes: Any, pair: tuple[np.ndarray, np.ndarray], span: tuple[float, float]) -> None:
    shared: dict[str, Any] = {"bins": BINS, "binrange": span, "element": "step", "stat": "count", "ax": axes}
    seaborn.histplot(x=pair[0], color=REAL, fill=True, alpha=0.25, linewidth=0.8, **shared)
    seaborn.histplot(x=pair[1], color=OURS, fill=False, linewidth=1.3, **shared)
    real, _ = np.histogram(pair[0], BINS, span)
    axes.set_ylim(0, 2 * real.max())  # a head that does not move would flatten the real histogram
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(4))


def _trace(axes: Any, pair: tuple[np.ndarray, np.ndarray], span: tuple[float, float]) -> None:
    seconds = np.arange(len(pair[0])) / FPS
    for values, colour, width in zip(pair, (REAL, OURS), (1.0, 1.3), strict=True):
        seaborn.lineplot(x=seconds, y=values, color=colour, linewidth=width, errorbar=None, ax=axes)
    axes.set_ylim(span)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_locator(MaxNLocator(3))
