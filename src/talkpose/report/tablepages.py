"""A page a table: its cells, what they mean, where they come from, and the clips behind them."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from talkpose.layout import OWN, RunLayout
from talkpose.report import dots
from talkpose.report.chosen import PLACES, Extremes, extremes
from talkpose.report.names import page
from talkpose.report.origin import Origin, commands, methods_of, steps_of
from talkpose.report.roster import Roster
from talkpose.report.soundplots import correlations
from talkpose.report.source import Source
from talkpose.report.table_names import TABLES
from talkpose.report.views import View, split, view

FORMATS = {"csv": "CSV", "tex": "LaTeX", "json": "JSON", "parquet": "Parquet"}
BY_METRIC = {"hs": "hs", "stage1": "mouth"}
"""Metric that ranks a table's clips where it is not the configured one."""

RANKED = ("table2", "heldout", "hs", "ablations", "lengths", "stage1")
"""Tables that are means over clips of methods' videos, so that clips can be ranked."""


@dataclass(frozen=True)
class TablePage:
    """One table with what its page needs; `extremes` are the clips that it links."""

    name: str
    href: str
    view: View
    parts: list[View]
    table: pd.DataFrame
    extremes: Extremes | None


def table_pages(source: Source, tables: Mapping[str, pd.DataFrame]) -> list[TablePage]:
    """Pages of all tables: those of TABLES in its order, then others."""
    names = [*(n for n in TABLES if n in tables), *(n for n in tables if n not in TABLES)]
    pages = []
    for name in names:
        table, whole = tables[name], view(name, tables[name], source.roster)
        parts = split(name, table, whole, source.roster)
        clips = _extremes(name, table, source)
        pages.append(TablePage(name, page("table", name), whole, parts, table, clips))
    return pages


def _extremes(name: str, table: pd.DataFrame, source: Source) -> Extremes | None:
    report, rows, tested = source.config.report, source.person_rows, source.tested_rows
    if name not in RANKED or rows is None or tested is None:
        return None
    methods = methods_of(table, source)
    rows = tested if name == "table2" and len(tested) else rows[rows["clip"].str.endswith(f"__{OWN}")]
    return extremes(rows, BY_METRIC.get(name, report.clip_metric), methods, report.clips_each)


def table_context(
    entry: TablePage,
    source: Source,
    origin: Origin,
    links: Mapping[str, str],
    layout: RunLayout,
    folder: Path,
) -> dict[str, Any]:
    """What the page of one table shows; `links` from item to page. Downloads are copied to `folder`."""
    methods = methods_of(entry.table, source)
    plots, lacking = _plots(entry.name, source)
    return {
        "table": entry,
        "view": entry.view,
        "methods": [source.roster[name] for name in methods],
        "plots": plots,
        "lacking": lacking,
        "kinds": dots.legend([source.roster[name].kind for name in methods]),
        "extremes": _shown(entry.extremes, source.roster, links),
        "commands": commands(source),
        "steps": steps_of(methods, source),
        "hashes": origin.of(entry.table),
        "downloads": downloads(entry.name, layout, folder),
        "device": str(source.provenance.get("device", source.config.device)),
        "seed": str(source.provenance.get("seed", source.config.seed)),
        "samples": source.config.metrics.bootstrap,
        "run_name": source.config.run,
    }


def downloads(name: str, layout: RunLayout, folder: Path) -> list[tuple[str, str]]:
    """(format, URL) of the table's files, copied so that the report stands alone."""
    found = []
    for suffix, label in FORMATS.items():
        path = layout.tables / f"{name}.{suffix}"
        if path.is_file():
            (folder / "downloads").mkdir(exist_ok=True)
            shutil.copyfile(path, folder / "downloads" / path.name)
            found.append((label, f"downloads/{path.name}"))
    return found


def _plots(name: str, source: Source) -> tuple[list[dots.Plot], list[str]]:
    """Plots beside a table, and what is lacking for them."""
    if source.person_rows is None:
        return [], []
    if name in ("hs", "hs_variants"):
        plots = dots.hs_variants(source.person_rows, source)
        return plots, [] if plots else ["HS by variant: no HS of a person's own sound was measured"]
    if name == "lengths":
        plots = dots.lengths(source.person_rows, source)
        return plots, [] if plots else ["frame-count curve: fewer than two training lengths were measured"]
    if name == "appendix_a":
        plots = correlations(source.person_rows, source)
        return plots, [] if plots else ["correlation per person: no audio-pose correlation was measured"]
    return [], []


def _shown(found: Extremes | None, roster: Roster, links: Mapping[str, str]) -> dict[str, Any] | None:
    """Rows of methods, columns of places; a clip whose video is not there stands without a link."""
    if found is None or not found.lines:
        return None
    rows = [
        {
            "title": roster[method].title,
            "places": [
                [(e.item, links.get(e.item, ""), f"{e.value:.{found.used.decimals}f}") for e in places[place]]
                for place in PLACES
            ],
        }
        for method, places in found.by_method().items()
    ]
    about = f"{found.used.title} {found.used.arrow} {found.used.unit}".strip()
    return {"about": about, "protocol": found.used.id, "places": PLACES, "rows": rows}
