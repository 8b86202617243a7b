"""The report: tables and pages from what a run left on disk."""

import json
import shutil
from pathlib import Path

import pandas as pd

from talkpose.files import atomic_path
from talkpose.layout import OWN, RunLayout, item_id
from talkpose.report import pages
from talkpose.report.beside import beside
from talkpose.report.browser import NAME as VALUES
from talkpose.report.browser import definitions, values_grid
from talkpose.report.checks import unchanged, validated
from talkpose.report.claims import judge
from talkpose.report.clippages import Clips, person_context, person_links
from talkpose.report.crate import write_crate
from talkpose.report.gather import run_tables
from talkpose.report.hashes import Finding
from talkpose.report.manifest import write_manifest
from talkpose.report.media import bring
from talkpose.report.origin import Origin
from talkpose.report.plotpage import plot_page
from talkpose.report.site import Site
from talkpose.report.source import Source, read_run
from talkpose.report.studypage import study_page
from talkpose.report.tablepages import TablePage, downloads, table_context, table_pages
from talkpose.report.tables import METHODS, write_tables
from talkpose.report.trained import networks
from talkpose.report.verdicts import verdict_table


def build_report(run: Path, out: Path | None = None) -> Path:
    """Write the tables (results/<run>/tables) and the report; return its index.html.

    `run` is the folder of a run, `out` the report's folder (default: <run>/report), replaced as a whole.
    The folder stands alone: pages, styles, scripts and videos. It is the same byte for byte for the same
    results, but for times.js, which holds every wall-clock time and memory. What the run lacks is named on
    the first page. Raises UserError where `run` is no run, or where a table would compare methods on
    different clips.
    """
    layout = RunLayout(Path(run))
    source = read_run(layout)
    tables = run_tables(layout, source.config, source.metrics)
    verdicts = verdict_table(tables, source.config)
    if tables:
        write_tables(layout.tables, tables | {"verdicts": verdicts})
    findings = write_manifest(layout, source.config)
    with atomic_path(out or layout.report) as folder:
        folder.mkdir()
        _write_pages(folder, layout, source, tables, verdicts, findings)
        measured = {"TALKPOSE_TIMES": source.times, "TALKPOSE_MEMORY": source.memory}
        lines = [f"window.{k} = {json.dumps(v, sort_keys=True, indent=1)};\n" for k, v in measured.items()]
        (folder / "times.js").write_text("".join(lines), encoding="utf-8", newline="\n")
    write_crate(layout, source.config)
    return Path(out or layout.report) / "index.html"


def _write_pages(
    folder: Path,
    layout: RunLayout,
    source: Source,
    tables: dict[str, pd.DataFrame],
    verdicts: pd.DataFrame,
    findings: list[Finding],
) -> None:
    listed = table_pages(source, tables)
    clips = Clips(source, listed)
    people = person_links(source, tables)
    study = study_page(layout, source.roster)
    shared = {"run": source.config.run, "persons": people, "table_list": listed}
    site = Site(folder, shared, (("study.html", "Study"),) if study else ())
    site.static()
    paper, checks = judge(tables, source.config.metrics, source.roster)
    checks += networks(source.facts, source.curves)
    checks += [*validated(source.validation.get("bounds", [])), unchanged(findings)]
    first = pages.overview(source, listed, paper, checks)
    site.page("index.html", "index", first | {"downloads": downloads("verdicts", layout, folder)})
    _table_pages(site, layout, source, listed, clips, verdicts)
    _people_and_clips(site, layout, source, clips)
    if study:
        site.page("study.html", "study", study)
    _values(site, source, clips)
    by_clip = {clip: href for clip in source.tested if (href := clips.links.get(item_id(clip, OWN)))}
    by_clip |= {person["name"]: person["href"] for person in people}
    corpora = pages.corpora(source, by_clip)
    grids = {f"corpus-{i}": entry["grid"] for i, entry in enumerate(corpora)}
    site.page("clips.html", "clips", {"corpora": corpora, "chosen": clips.listed(), "grids": grids})
    _tracking(site, source)
    aside = pages.quarantine(source)
    site.page("quarantine.html", "quarantine", aside | {"grids": {"quarantine": aside["grid"]}})
    site.page("plots.html", "plots", plot_page(source, people))
    setup = pages.setup(source)
    site.page("setup.html", "setup", setup | {"grids": {"models": setup["facts"]}})
    _figures(site, layout, source, clips)


def _table_pages(
    site: Site,
    layout: RunLayout,
    source: Source,
    listed: list[TablePage],
    clips: Clips,
    verdicts: pd.DataFrame,
) -> None:
    origin = Origin(layout, source)
    for i, entry in enumerate(listed):
        context = table_context(entry, source, origin, clips.links, layout, site.folder)
        around = {
            "before": listed[i - 1] if i else None,
            "after": listed[i + 1] if i + 1 < len(listed) else None,
            "beside": beside(verdicts, entry.name, source.roster),
        }
        site.page(entry.href, "table", context | around, "index.html")


def _people_and_clips(site: Site, layout: RunLayout, source: Source, clips: Clips) -> None:
    site.page("people.html", "people", {})
    for person in site.shared["persons"]:
        context = person_context(person["name"], clips, layout, site.folder)
        site.page(person["href"], "person", context, "people.html")
    for name, href in clips.links.items():
        tested = name.partition("__")[0] in source.tested
        site.page(href, "clip", clips.context(name, site.folder), "clips.html" if tested else "people.html")


def _values(site: Site, source: Source, clips: Clips) -> None:
    if source.metrics is None or source.metrics.empty:
        site.page("values.html", "values", {"rows": 0})
        return
    content, files = values_grid(source.metrics, source.roster, clips.links)
    for name, text in files:
        site.text(name, text)
    rows = sum(part["rows"] for part in content["parts"])
    context = {"rows": rows, "definitions": definitions(source.metrics)}
    site.page("values.html", "values", context | {"grids": {VALUES: content}})


def _tracking(site: Site, source: Source) -> None:
    context = pages.tracking(source)
    overlays = [
        (path.stem, bring(path, site.folder, "tracks", path.parent.name, path.stem))
        for path in source.overlays
    ]
    grids = {"tracks": context["tracks"], "errors": context["errors"]}
    site.page("tracking.html", "tracking", context | {"overlays": overlays, "grids": grids})


def _figures(site: Site, layout: RunLayout, source: Source, clips: Clips) -> None:
    figures = []
    for name, figure in source.figures.items():
        if sheet := figure.get("sheet"):
            (site.folder / "figures").mkdir(exist_ok=True)
            shutil.copyfile(layout.figures.parent / sheet, site.folder / "figures" / sheet)
        shown = dict.fromkeys(picture["clip"] for picture in figure.get("pictures", []))
        linked = [(clip, clips.links.get(item_id(clip, OWN), "")) for clip in shown]
        rows = [source.roster[method].title for method in figure["rows"]]
        absent = [(_row_title(source, one["row"]), one["why"]) for one in figure.get("absent", [])]
        figures.append({"name": name, **figure, "rows": rows, "clips": linked, "absent": absent})
    site.page("figures.html", "figures", {"figures": figures})


def _row_title(source: Source, method: str) -> str:
    """Title of a figure's row: the run's, or the paper's where the run has no such method."""
    if method in source.roster.cards:
        return source.roster[method].title
    return next((title for title, name in METHODS.items() if name == method), method)
