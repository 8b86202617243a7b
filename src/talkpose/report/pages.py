"""What the pages of the whole run show: plain values for the templates, and grids for the scripts."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import yaml

from talkpose.layout import BASE
from talkpose.report import dots, plots
from talkpose.report.claims import Claim
from talkpose.report.grids import grid
from talkpose.report.provenance import features
from talkpose.report.source import Source
from talkpose.report.tablepages import TablePage

STAGES = {
    "motion": "Stage 1: sound to expression and pose",
    "refine": "Stage 2: refinement",
    "baseline": "Baselines",
}
CLAIM_TABLES = {
    "Table 1": "table1",
    "Table 2": "table2",
    "Section 4.4": "hs",
    "Appendix A": "appendix_a",
    "Appendix B": "lengths",
    "Pose": "hs",
    "Lips": "heldout",
    "Stage 1": "stage1",
    "Stage 2": "stage2",
}
"""Where the numbers behind a claim stand, by the claim's source."""
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


def overview(
    source: Source, tables: Sequence[TablePage], paper: Sequence[Claim], checks: Sequence[Claim]
) -> dict[str, Any]:
    """The first page: what ran, what it shows of the paper's claims, and where everything else is."""
    verdicts = [claim.verdict for claim in (*checks, *paper)]
    pages = {entry.name: entry.href for entry in tables}
    return {
        "facts": _facts(source),
        "methods": [source.roster[name] for name in source.config.all_methods],
        "missing": source.missing,
        "checks": checks,
        "claims": paper,
        "claim_pages": {text: pages[name] for text, name in CLAIM_TABLES.items() if name in pages},
        "tally": [
            (verdict, verdicts.count(verdict)) for verdict in dict.fromkeys(sorted(verdicts, key=_rank))
        ],
        "tables": tables,
        "simulated": [entry for entry in tables if entry.view.simulated],
    }


def _rank(verdict: str) -> int:
    order = ("pass", "direction holds", "reproduced", "within interval", "deviates", "not attempted")
    return order.index(verdict) if verdict in order else len(order)


def _facts(source: Source) -> list[tuple[str, str]]:
    config = source.config
    usable = sum(len(table) for table in source.clips.values())
    aside = 0 if source.quarantine is None else len(source.quarantine)
    return [
        ("Corpora", ", ".join(f"{name} ({corpus.role})" for name, corpus in config.corpora.items())),
        ("Clips", f"{usable} used, {aside} quarantined"),
        ("Persons", ", ".join(source.persons) or "none"),
        ("Methods and controls", str(len(config.all_methods))),
        ("Scale", f"{config.scale}, {config.clips.size}×{config.clips.size} pixels"),
        ("Personal training", f"first {config.train_seconds:g} s"),
        ("Device", str(source.provenance.get("device", config.device))),
        ("Seed", str(source.provenance.get("seed", config.seed))),
    ]


def corpora(source: Source, links: Mapping[str, str]) -> list[dict[str, Any]]:
    """Every corpus with the grid of its clips, None where none is usable; `links` from clip to page."""
    found = []
    for name, corpus in source.config.corpora.items():
        table = source.clips.get(name)
        count = "no index" if table is None else f"{len(table)} {'clip' if len(table) == 1 else 'clips'}"
        entry: dict[str, Any] = {
            "name": name,
            "about": f"{corpus.role}, {corpus.reader}, {count}",
            "grid": None,
        }
        if table is not None and len(table):
            shown = table.dropna(axis=1, how="all")
            known = links if corpus.role in ("test", "persons") else None
            entry["grid"] = grid(f"Clips of {name}", shown, CLIP_COLUMNS, facets=("codec",), links=known)
        found.append(entry)
    return found


def tracking(source: Source) -> dict[str, Any]:
    """Summary of the tracks, and errors against the truth, as grids."""
    found: dict[str, Any] = {"tracks": None, "validation": [], "errors": None}
    table = source.tracks
    if table is not None and not table.empty:
        names = sorted(
            table.columns.drop("sha256", errors="ignore"),
            key=lambda name: {"corpus": 0, "clip": 1}.get(name, 2),
        )
        heads = {name: name.replace("_", " ") for name in names}
        found["tracks"] = grid("Tracking", table, heads, 4, facets=("corpus",))
    if source.validation.get("bounds"):
        found["validation"] = [_bound(line) for line in source.validation["bounds"]]
        errors = pd.DataFrame(source.validation["clips"])
        heads = {name: name for name in errors.columns}
        found["errors"] = grid("Errors of each clip", errors, heads, 3, facets=("corpus",))
    return found


def _bound(line: Mapping[str, Any]) -> dict[str, Any]:
    bound = f"at most {line['most']:g}" if line["most"] is not None else f"at least {line['least']:g}"
    verdict = "pass" if line["passed"] else "deviates"
    return {
        "text": line["text"], "bound": bound, "found": f"{line['found']:.3g}", "unit": line["unit"],
        "n": line["n"], "verdict": verdict,
    }  # fmt: skip


def quarantine(source: Source) -> dict[str, Any]:
    """Counts by reason, the grid of what was set aside; `known` is False where a run has no such list."""
    table = source.quarantine
    if table is None or table.empty:
        return {"known": table is not None, "counts": [], "rows": 0, "grid": None}
    counts = table["reason"].value_counts() if "reason" in table else pd.Series(dtype=int)
    ordered = sorted(((str(k), int(v)) for k, v in counts.items()), key=lambda pair: (-pair[1], pair[0]))
    heads = {name: name for name in table.columns}
    content = grid("Quarantined clips", table, heads, facets=("corpus", "reason"))
    return {"known": True, "counts": ordered, "rows": len(table), "grid": content}


def plot_page(source: Source, people: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """All plots of metric rows and training; `lacking` names those that this run has nothing for."""
    rows = source.person_rows
    groups, lacking = [], []
    for name, title, make, why in (
        (
            "hs",
            "HS by variant, with controls",
            dots.hs_variants,
            "no HS of a person's own sound was measured",
        ),
        ("audio-pose", "Audio-pose correlation by person", dots.correlations, "it was not measured"),
        ("lengths", "Frame-count curve", dots.lengths, "fewer than two training lengths were measured"),
    ):
        shown = [] if rows is None else make(rows, source)
        if shown:
            groups.append({"name": name, "title": title, "plots": shown})
        else:
            lacking.append(f"{title}: {why}")
    trained = sorted({(c.stage, c.variant != BASE, c.variant) for c in source.curves})
    training = [_training(source, stage, variant) for stage, _, variant in trained]
    if not training:
        lacking.append("Training curves: no model of this run left any")
    if not people:
        lacking.append("Pose histograms and traces: no person has a video")
    kinds = dots.legend([source.roster[name].kind for name in source.config.all_methods])
    return {"groups": groups, "kinds": kinds, "training": training, "lacking": lacking}


def _training(source: Source, stage: str, variant: str) -> dict[str, Any]:
    """Panels of one stage and variant: a line a model."""
    curves = [c for c in source.curves if (c.stage, c.variant) == (stage, variant)]
    models = plots.series_order(curves)
    panels = []
    for i, quantity in enumerate(dict.fromkeys(curve.quantity for curve in curves)):
        shown = [curve for curve in curves if curve.quantity == quantity]
        svg = plots.panel(shown, models, f"{stage}-{variant}-{i}")
        panels.append({"name": quantity.replace("_", " "), "svg": svg})
    legend = [
        {
            "name": name,
            "colour": i % len(plots.SERIES) + 1,
            "dash": plots.LEGEND_DASHES[i // len(plots.SERIES) % 4],
        }
        for i, name in enumerate(models)
    ]
    title = STAGES.get(stage, stage)
    main = variant == BASE
    return {
        "title": title if main else f"{title}, {variant}",
        "main": main,
        "models": legend,
        "panels": panels,
    }


def setup(source: Source) -> dict[str, Any]:
    """Substitutes, versions, numbers of the trained models, configuration."""
    config = source.config
    rows = [{"model": name, **facts} for name, facts in sorted(source.facts.items()) if facts]
    facts = None
    if rows:
        table = pd.DataFrame(rows)
        heads = {name: name.replace("_", " ") for name in table.columns}
        facts = grid("Numbers of the trained models", table, heads, 4)
    return {
        "features": features(config),
        "facts": facts,
        "weights": source.provenance.get("weights", {}),
        "versions": sorted(source.provenance.get("versions", {}).items()),
        "config": yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True),
    }
