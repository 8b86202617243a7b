"""The report: tables and pages from what a run left on disk."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from talkpose.files import atomic_path
from talkpose.layout import RunLayout
from talkpose.report.claims import judge
from talkpose.report.media import bring, player
from talkpose.report.outcomes import usable_rows, with_lost
from talkpose.report.pages import index_page, person_items, person_links
from talkpose.report.source import Source, read_run
from talkpose.report.tables import build_tables, write_tables

HERE = Path(__file__).parent


def build_report(run: Path, out: Path | None = None) -> Path:
    """Write the tables (results/<run>/tables) and the report; return its index.html.

    `run` is the folder of a run, `out` the report's folder (default: <run>/report), replaced as a whole.
    The folder stands alone: pages, styles, scripts and videos. It is the same byte for byte for the same
    results, but for times.js, which holds every wall-clock time. What the run lacks is named on the first
    page. Raises UserError where `run` is no run, or where a table would compare methods on different clips.
    """
    layout = RunLayout(Path(run))
    source = read_run(layout)
    tables = _tables(source)
    if tables:
        write_tables(layout.tables, tables)
    with atomic_path(out or layout.report) as folder:
        folder.mkdir()
        _write_pages(folder, layout, source, tables)
        for path in sorted((HERE / "static").iterdir()):
            shutil.copyfile(path, folder / path.name)
        times = json.dumps(source.times, sort_keys=True, indent=1)
        _write(folder / "times.js", f"window.TALKPOSE_TIMES = {times};\n")
    return Path(out or layout.report) / "index.html"


def _tables(source: Source) -> dict[str, pd.DataFrame]:
    if source.metrics is None:
        return {}
    config = source.config
    tests = config.corpora_with("test")
    outcomes = {name: card.outcome for name, card in source.roster.cards.items()}
    metrics = usable_rows(source.metrics, outcomes)
    tables = build_tables(metrics, config.seed, config.metrics.bootstrap, tests, config.train_frames)
    return with_lost(tables, outcomes, bool(tests))


def _write_pages(folder: Path, layout: RunLayout, source: Source, tables: dict[str, pd.DataFrame]) -> None:
    templates = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    persons = person_links(source, tables)
    shared: dict[str, Any] = {"run": source.config.run, "persons": persons}
    paper, checks = judge(tables, source.config.metrics)
    overlays = [
        (path.stem, bring(path, folder, "tracks", path.parent.name, path.stem)) for path in source.overlays
    ]
    for figure in source.figures.values():
        (folder / "figures").mkdir(exist_ok=True)
        shutil.copyfile(layout.figures.parent / figure["sheet"], folder / "figures" / figure["sheet"])
    page = index_page(source, tables, paper, checks, overlays)
    _write(folder / "index.html", templates.get_template("index.html.j2").render(shared | page))
    for person in persons:
        players = [
            player([item for item in source.items if item.name == name], folder, source.roster)
            for name in dict.fromkeys(item.name for item in source.items if item.person == person["name"])
        ]
        context = {"person": {"name": person["name"], "players": person_items(source, players)}}
        text = templates.get_template("person.html.j2").render(shared | context)
        _write(folder / person["href"], text)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
