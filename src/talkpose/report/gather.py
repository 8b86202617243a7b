"""All that a run left on disk for its tables."""

import hashlib

import pandas as pd

from talkpose.config import RunConfig
from talkpose.files import read_json, sha256
from talkpose.layout import RunLayout
from talkpose.report.outcomes import read_outcome, usable_rows, with_lost
from talkpose.report.tables import build_tables, study_tables
from talkpose.report.tables.aligned import HASH


def run_tables(layout: RunLayout, config: RunConfig, metrics: pd.DataFrame | None) -> dict[str, pd.DataFrame]:
    """Every table of a run; none where nothing was measured.

    Raises UserError where a table would compare methods on different clips or by different protocols.
    """
    if metrics is None:
        return {}
    sensitivity = layout.hs_sensitivity
    outcomes = {name: read_outcome(layout.root / "videos" / name) for name in config.all_methods}
    tables = build_tables(
        usable_rows(metrics, outcomes),
        config.seed,
        config.metrics.bootstrap,
        config.corpora_with("test"),
        config.train_frames,
        compare_to=config.metrics.compare_to,
        speakers=speakers(layout, config),
        receipts=receipts(layout),
        sensitivity=pd.read_parquet(sensitivity) if sensitivity.is_file() else None,
        studies=study_tables(layout.root / "study"),
        lacking=lacking(layout),
    )
    return with_lost(tables, outcomes, bool(config.corpora_with("test")))


def speakers(layout: RunLayout, config: RunConfig) -> dict[str, str]:
    """<corpus>/<speaker> of every <corpus>/<clip> whose corpus names its speakers."""
    found: dict[str, str] = {}
    for corpus in config.corpora:
        path = layout.clip_list(corpus)
        if path.is_file():
            listed = pd.read_parquet(path, columns=["clip", "speaker"])
            named = listed[listed["speaker"].fillna("") != ""]
            found |= {
                f"{corpus}/{clip}": f"{corpus}/{speaker}"
                for clip, speaker in zip(named["clip"], named["speaker"], strict=True)
            }
    return found


def lacking(layout: RunLayout) -> dict[str, str]:
    """Why a metric that was asked for has no value, by metric: metrics/not_attempted.json."""
    path = layout.root / "metrics" / "not_attempted.json"
    return {entry["metric"]: entry["reason"] for entry in read_json(path)} if path.is_file() else {}


def receipts(layout: RunLayout) -> dict[str, str]:
    """Hash of the receipts of each method's videos: SHA-256 of the lines `<sha256>  <name>`, its start."""
    found = {}
    for folder in sorted((layout.root / "videos").glob("*/")):
        lines = "".join(f"{sha256(path)}  {path.name}\n" for path in sorted(folder.glob("*.json")))
        if lines:
            found[folder.name] = hashlib.sha256(lines.encode()).hexdigest()[:HASH]
    return found
