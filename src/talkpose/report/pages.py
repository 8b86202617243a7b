"""What each page shows: plain values for the templates."""

from typing import Any

import pandas as pd
import yaml

from talkpose.report import plots
from talkpose.report.claims import Claim
from talkpose.report.media import Player
from talkpose.report.provenance import features
from talkpose.report.source import Source
from talkpose.report.views import View, item_view, plain, view

STAGES = {
    "motion": "Stage 1: sound to expression and pose",
    "refine": "Stage 2: refinement",
    "baseline": "Baselines",
}
TABLE_ORDER = (
    "table2",
    "heldout",
    "hs",
    "ablations",
    "lengths",
    "stage1",
    "stage2",
    "persons",
    "table1",
)
CLIP_COLUMNS = {
    "clip": "clip",
    "seconds": "seconds",
    "n_frames": "frames",
    "source_fps": "source fps",
    "codec": "codec",
    "width": "width",
    "height": "height",
    "face_pixels": "face px",
    "missing_share": "no face",
    "sync_offset": "sync offset",
    "sync_correlation": "sync r",
    "sync_confidence": "sync confidence",
    "sync_applied": "corrected",
}
"""Columns of a corpus' index that the report shows; offsets in frames, positive where the sound is late."""


def index_page(
    source: Source,
    tables: dict[str, pd.DataFrame],
    paper: list[Claim],
    checks: list[Claim],
    overlays: list[tuple[str, str]],
) -> dict[str, Any]:
    """Everything on the first page; `overlays` are (clip, URL) of the tracking videos."""
    verdicts = [claim.verdict for claim in (*checks, *paper)]
    return {
        "facts": _facts(source),
        "methods": [source.roster[name] for name in source.config.all_methods],
        "missing": source.missing,
        "checks": checks,
        "claims": paper,
        "tally": [(v, verdicts.count(v)) for v in ("pass", "deviates", "not attempted") if v in verdicts],
        "tables": [view(name, tables[name], source.roster) for name in TABLE_ORDER if name in tables],
        "corpora": [_corpus(source, name) for name in source.config.corpora],
        "quarantine": _quarantine(source.quarantine),
        "tracks": _summary(source.tracks),
        "overlays": overlays,
        "figures": [
            {"name": name, **figure, "rows": [source.roster[m].title for m in figure["rows"]]}
            for name, figure in source.figures.items()
        ],
        "validation": _validation(source.validation),
        "training": [
            t for stage in sorted({c.stage for c in source.curves}) if (t := _training(source, stage))
        ],
        "model_facts": _model_facts(source),
        "features": features(source.config),
        "versions": sorted(source.provenance.get("versions", {}).items()),
        "config": yaml.safe_dump(source.config.model_dump(mode="json"), sort_keys=False, allow_unicode=True),
    }


def person_links(source: Source, tables: dict[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """Name, page, items and headline numbers of every person."""
    links = []
    for person in source.persons:
        items = [item for item in source.items if item.person == person]
        links.append(
            {
                "name": person,
                "href": f"person-{person}.html",
                "sounds": len({item.name for item in items}),
                "methods": len({item.method for item in items}),
                "numbers": _headline(tables, person),
            }
        )
    return links


def person_items(source: Source, players: list[Player]) -> list[dict[str, Any]]:
    """One person's players with the values of their videos."""
    return [{**vars(p), "view": _item_view(source, p.name)} for p in players]


def _item_view(source: Source, name: str) -> View | None:
    if source.metrics is None:
        return None
    facts = {item.method: item.facts() for item in source.items if item.name == name}
    return item_view(source.metrics, name, facts, source.roster)


def _headline(tables: dict[str, pd.DataFrame], person: str) -> list[tuple[str, str]]:
    wanted = (
        ("stage1", person, "ours-p", "Ours-P mouth r", 2),
        ("stage2", f"{person} / face", "refined", "face PSNR", 1),
    )
    found = []
    for name, row, column, label, digits in wanted:
        if name in tables:
            table = tables[name]
            values = table[(table.row == row) & (table.column == column) & (table.kind == "reproduced")].value
            found += [(label, f"{value:.{digits}f}") for value in values]
    return found


def _facts(source: Source) -> list[tuple[str, str]]:
    config = source.config
    usable = sum(len(table) for table in source.clips.values())
    aside = 0 if source.quarantine is None else len(source.quarantine)
    return [
        ("Corpora", ", ".join(f"{name} ({corpus.role})" for name, corpus in config.corpora.items())),
        ("Clips", f"{usable} used, {aside} quarantined"),
        ("Persons", ", ".join(source.persons) or "none"),
        ("Methods", ", ".join(source.roster[name].title for name in config.all_methods)),
        ("Scale", f"{config.scale}, {config.clips.size}×{config.clips.size} pixels"),
        ("Personal training", f"first {config.train_seconds:g} s"),
        ("Device", str(source.provenance.get("device", config.device))),
        ("Seed", str(source.provenance.get("seed", config.seed))),
    ]


def _corpus(source: Source, name: str) -> dict[str, Any]:
    corpus = source.config.corpora[name]
    table = source.clips.get(name)
    heads, rows = ([], []) if table is None else plain(table.dropna(axis=1, how="all"), CLIP_COLUMNS)
    count = "no index" if table is None else f"{len(table)} {'clip' if len(table) == 1 else 'clips'}"
    return {"name": name, "about": f"{corpus.role}, {corpus.reader}, {count}", "heads": heads, "rows": rows}


def _summary(table: pd.DataFrame | None) -> dict[str, Any] | None:
    """Heads and rows of a summary table, corpus and clip first."""
    if table is None or table.empty:
        return None
    columns = sorted(
        table.columns.drop("sha256", errors="ignore"), key=lambda name: {"corpus": 0, "clip": 1}.get(name, 2)
    )
    heads, rows = plain(table, {name: name.replace("_", " ") for name in columns}, 4)
    return {"heads": heads, "rows": rows}


def _validation(found: dict[str, Any]) -> dict[str, Any] | None:
    """Bounds with their verdicts, and the clips' own errors; None where no clip carries its truth."""
    if not found.get("bounds"):
        return None
    bounds = [
        {
            "text": line["text"],
            "bound": f"at most {line['most']:g}"
            if line["most"] is not None
            else f"at least {line['least']:g}",
            "found": f"{line['found']:.3g}",
            "unit": line["unit"],
            "n": line["n"],
            "verdict": "pass" if line["passed"] else "deviates",
        }
        for line in found["bounds"]
    ]
    table = pd.DataFrame(found["clips"])
    heads, rows = plain(table, {name: name for name in table.columns}, 3)
    return {"bounds": bounds, "heads": heads, "rows": rows}


def _quarantine(table: pd.DataFrame | None) -> dict[str, Any] | None:
    if table is None:
        return None
    counts = table["reason"].value_counts() if "reason" in table else pd.Series(dtype=int)
    heads, rows = plain(table, {name: name for name in table.columns})
    ordered = sorted(((str(k), int(v)) for k, v in counts.items()), key=lambda pair: (-pair[1], pair[0]))
    return {"counts": ordered, "heads": heads, "rows": rows}


def _training(source: Source, stage: str) -> dict[str, Any]:
    curves = [curve for curve in source.curves if curve.stage == stage]
    models = plots.series_order(curves)
    quantities = dict.fromkeys(curve.quantity for curve in curves)
    panels = []
    for i, quantity in enumerate(quantities):
        shown = [curve for curve in curves if curve.quantity == quantity]
        svg = plots.panel(shown, models, f"{stage}-{i}")
        panels.append({"name": quantity.replace("_", " "), "svg": svg})
    legend = [
        {
            "name": name,
            "colour": i % len(plots.SERIES) + 1,
            "dash": plots.LEGEND_DASHES[i // len(plots.SERIES) % 4],
        }
        for i, name in enumerate(models)
    ]
    return {"title": STAGES.get(stage, stage), "models": legend, "panels": panels}


def _model_facts(source: Source) -> dict[str, Any] | None:
    rows = [{"model": name, **facts} for name, facts in sorted(source.facts.items()) if facts]
    if not rows:
        return None
    table = pd.DataFrame(rows)
    heads, shown = plain(table, {name: name.replace("_", " ") for name in table.columns}, 4)
    return {"heads": heads, "rows": shown}
