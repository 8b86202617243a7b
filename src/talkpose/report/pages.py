"""What the pages of the whole run show: plain values for the templates, and grids for the scripts."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import yaml

from talkpose.report.claim import Claim
from talkpose.report.grids import Label, grid
from talkpose.report.provenance import SHOWN, features
from talkpose.report.source import Source
from talkpose.report.tablepages import TablePage
from talkpose.report.training import HIDDEN, MODEL_COLUMNS, model_title

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
CLIP_COLUMNS: dict[str, Label] = {
    "clip": "clip",
    "seconds": ("length", "s"),
    "n_frames": "frames",
    "source_fps": ("source", "fps"),
    "codec": "codec",
    "width": ("width", "px"),
    "height": ("height", "px"),
    "face_pixels": ("face", "px"),
    "missing_share": ("no face", "%"),
    "sync_offset": ("offset", "frames"),
    "sync_correlation": ("sync", "r"),
    "sync_confidence": "confidence",
    "sync_applied": "corrected",
}
"""Columns of a corpus' index that the report shows, with units; the page tells what they mean."""

TRACK_COLUMNS: dict[str, Label] = {
    "clip": "clip",
    "corpus": "corpus",
    "frames": "frames",
    "valid": ("tracked", "%"),
    "landmark_error": ("landmark error", "%"),
    "lips_error": ("lip error", "%"),
    "mouth_correlation": ("mouth", "r"),
    "jitter": ("jitter", "%/frame²"),
    "detected_jitter": ("detector's jitter", "%/frame²"),
    "drift": ("drift", "%"),
}
"""Columns of the tracks' summaries (`talkpose.face.track.summary`), lengths in % of the eyes' distance."""

ERROR_COLUMNS: dict[str, Label] = {
    "clip": "clip",
    "corpus": "corpus",
    "frames": "frames",
    "pitch median": ("pitch", "°"),
    "yaw median": ("yaw", "°"),
    "roll median": ("roll", "°"),
    "rotation median": ("rotation", "°"),
    "pitch bias": ("pitch bias", "°"),
    "yaw bias": ("yaw bias", "°"),
    "roll bias": ("roll bias", "°"),
    "landmarks": ("landmarks", "%"),
    "mouth r": ("mouth", "r"),
}
"""Columns of validation.json's clips: medians of absolute errors, and their means with sign."""

UNITS = {"degrees": "°"}
"""Units that are written without a space."""

SHARES = (
    "valid",
    "landmark_error",
    "lips_error",
    "jitter",
    "detected_jitter",
    "drift",
    "landmarks",
    "missing_share",
)
"""Columns that are shares on disk and percent on the pages."""

ROLES = {
    "general": "trains the general models",
    "persons": "one person a clip: trains and tests personal models",
    "test": "tests methods that need one image",
    "foreign": "sounds that drive other people's faces",
}


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
        "claim_pages": {text: pages[name] for text, name in CLAIM_TABLES.items() if name in pages}
        | {"Tracking": "tracking.html"},
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
        about = f"{count}, {ROLES.get(corpus.role, corpus.role)}; layout: {corpus.reader}"
        entry: dict[str, Any] = {"name": name, "about": about, "grid": None}
        if table is not None and len(table):
            shown = _percent(_measured_sync(table)).dropna(axis=1, how="all")
            known = links if corpus.role in ("test", "persons") else None
            entry["grid"] = grid(f"Clips of {name}", shown, CLIP_COLUMNS, facets=("codec",), links=known)
        found.append(entry)
    return found


def _measured_sync(table: pd.DataFrame) -> pd.DataFrame:
    """The index without the sync of clips too short for an estimate: ingest leaves r and confidence 0."""
    if not {"sync_correlation", "sync_confidence"} <= set(table):
        return table
    none = (table["sync_correlation"] == 0) & (table["sync_confidence"] == 0)
    columns = [str(name) for name in table if str(name).startswith("sync_")]
    return table.assign(**{name: table[name].astype(object).mask(none).convert_dtypes() for name in columns})


def _percent(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(**{name: 100 * table[name] for name in SHARES if name in table})


def tracking(source: Source) -> dict[str, Any]:
    """Summary of the tracks, and errors against the truth, as grids."""
    found: dict[str, Any] = {"tracks": None, "validation": [], "errors": None}
    table = source.tracks
    if table is not None and not table.empty:
        found["tracks"] = grid("Tracks of each clip", _percent(table), TRACK_COLUMNS, 2, facets=("corpus",))
    if source.validation.get("bounds"):
        found["validation"] = [_bound(line) for line in source.validation["bounds"]]
        errors = _percent(pd.DataFrame(source.validation["clips"]))
        found["errors"] = grid("Errors of each clip", errors, ERROR_COLUMNS, 2, facets=("corpus",))
    return found


def _bound(line: Mapping[str, Any]) -> dict[str, Any]:
    unit = UNITS.get(line["unit"], f" {line['unit']}" if line["unit"] else "")
    bound = f"at most {line['most']:g}" if line["most"] is not None else f"at least {line['least']:g}"
    return {
        "text": line["text"],
        "bound": f"{bound}{unit}",
        "found": f"{line['found']:.3g}{unit}",
        "unmended": "" if line.get("unmended") is None else f"{line['unmended']:.3g}{unit}",
        "n": line["n"],
        "verdict": "pass" if line["passed"] else "deviates",
    }


def quarantine(source: Source) -> dict[str, Any]:
    """Counts by reason, the grid of what was set aside; `known` is False where a run has no such list."""
    table = source.quarantine
    used = sum(len(clips) for clips in source.clips.values())
    if table is None or table.empty:
        return {"known": table is not None, "counts": [], "rows": 0, "grid": None, "used": used}
    table = table.assign(reason=table["reason"].str.replace("-", " ")) if "reason" in table else table
    counts = table["reason"].value_counts() if "reason" in table else pd.Series(dtype=int)
    ordered = sorted(((str(k), int(v)) for k, v in counts.items()), key=lambda pair: (-pair[1], pair[0]))
    heads: dict[str, Label] = {name: name for name in table.columns}
    content = grid("Quarantined clips", table, heads, facets=("corpus", "reason"))
    return {"known": True, "counts": ordered, "rows": len(table), "grid": content, "used": used}


def setup(source: Source) -> dict[str, Any]:
    """Substitutes, versions, numbers of the trained models, configuration."""
    config = source.config
    rows = [
        {"model": model_title(name, source.roster), **facts}
        for name, facts in sorted(source.facts.items())
        if facts
    ]
    facts = None
    if rows:
        table = pd.DataFrame(rows)
        others = {str(name): str(name).replace("_", " ") for name in table if name not in HIDDEN}
        heads = {**{name: label for name, label in MODEL_COLUMNS.items() if name in table}, **others}
        facts = grid("Numbers of the trained models", table, {**heads, **MODEL_COLUMNS}, 4)
    versions = sorted(source.provenance.get("versions", {}).items())
    known = {"python", *SHOWN}
    return {
        "features": features(config),
        "facts": facts,
        "weights": source.provenance.get("weights", {}),
        "versions": [(name, version) for name, version in versions if name in known],
        "more_versions": [(name, version) for name, version in versions if name not in known],
        "config": yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True),
    }
