"""What a run left on disk, read once for the report. What is absent is named in `missing`, not made up."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from talkpose.config import RunConfig
from talkpose.errors import UserError
from talkpose.files import read_json
from talkpose.layout import BASE, RunLayout
from talkpose.report.categories import as_text, read_rows
from talkpose.report.provenance import provenance
from talkpose.report.roster import Roster, read_roster

RECEIPT = ("weights", "sha256", "person")
"""Keys of a model's files that say nothing to a reader."""

MAX_POINTS = 240
"""Points a training curve is averaged down to."""


@dataclass(frozen=True)
class Item:
    """The video of one method for one item <person>__<audio>."""

    method: str
    name: str
    folder: Path

    @property
    def person(self) -> str:
        """Who is seen."""
        return self.name.partition("__")[0]

    @property
    def audio(self) -> str:
        """Whose sound is heard: `own`, or the id of a foreign sound."""
        return self.name.partition("__")[2]

    def facts(self) -> dict[str, float]:
        """Numbers that the method left about its own video, such as the mean attention."""
        path = self.folder / "item.json"
        return read_json(path).get("facts", {}) if path.is_file() else {}

    def file(self, stem: str) -> Path | None:
        """Path of <stem>.mp4 where there is one."""
        path = self.folder / f"{stem}.mp4"
        return path if path.is_file() else None


@dataclass(frozen=True)
class Curve:
    """One quantity of one training: values at steps."""

    stage: str
    model: str
    quantity: str
    steps: np.ndarray
    values: np.ndarray
    variant: str = BASE


@dataclass
class Source:
    """Everything the report shows."""

    config: RunConfig
    provenance: dict[str, Any]
    metrics: pd.DataFrame | None
    clips: dict[str, pd.DataFrame]
    quarantine: pd.DataFrame | None
    tracks: pd.DataFrame | None
    figures: dict[str, Any]
    """Sheets of figures.json by figure; empty where the run has none."""
    validation: dict[str, Any]
    """Bounds and clips of validation.json; empty where the run has none."""
    overlays: list[Path]
    """Videos of tracked clips with the fitted mesh over them, <corpus>/<clip>.mp4."""
    items: list[Item]
    """Videos of persons; those of test corpora, that may be very many, by `items_of`."""
    videos: Path
    tested: frozenset[str]
    """Clips of test corpora."""
    roster: Roster
    curves: list[Curve]
    facts: dict[str, dict[str, Any]]
    """Numbers that trained models left beside their weights, by "<stage>[ <variant>], <model>"."""
    times: dict[str, float]
    """Seconds by step. Wall-clock: it must reach no file but times.js."""
    memory: dict[str, float]
    """Largest memory in MiB by step; it differs between equal runs, so the same holds for it."""
    missing: list[str] = field(default_factory=list)
    _folders: list[Path] | None = None

    @property
    def persons(self) -> list[str]:
        """Persons that have a video, sorted."""
        return sorted({item.person for item in self.items})

    @cached_property
    def person_rows(self) -> pd.DataFrame | None:
        """Metric rows of persons: those of test corpora may be thousands of times as many."""
        rows = self.metrics
        tests = self.config.corpora_with("test")
        return None if rows is None else as_text(rows[~rows["corpus"].isin(tests)])

    @cached_property
    def tested_rows(self) -> pd.DataFrame | None:
        """Metric rows of test corpora."""
        rows = self.metrics
        return None if rows is None else rows[rows["corpus"].isin(self.config.corpora_with("test"))]

    def items_of(self, name: str) -> list[Item]:
        """Videos of the item `name` by every method that made one, in the configuration's order."""
        folders = sorted(self.videos.glob("*")) if self._folders is None else self._folders
        self._folders = folders
        found = [
            Item(folder.name, name, folder / name)
            for folder in folders
            if (folder / name / "video.mp4").is_file()
        ]
        return sorted(found, key=lambda item: _order(self.config, item))


def read_run(layout: RunLayout) -> Source:
    """Read results/<run>; raises UserError where it is no run at all."""
    config = layout.load_config()
    missing: list[str] = []
    recorded = layout.root / "run.json"
    metrics = read_rows(layout.metrics) if layout.metrics.is_file() else None
    quarantine = _table(layout.quarantine)
    clips = {
        name: pd.read_parquet(path) for name in config.corpora if (path := layout.clips_index(name)).is_file()
    }
    tested = frozenset(
        str(clip) for name in config.corpora_with("test") if name in clips for clip in clips[name]["clip"]
    )
    items = sorted(_items(layout.root / "videos", tested), key=lambda item: _order(config, item))
    curves, facts = _models(layout.root / "models")
    tracks = _tracks(layout.root / "tracks")
    for absent, text in (
        (metrics is None, f"metrics ({layout.metrics.relative_to(layout.root)}): no value is computed here"),
        (quarantine is None, "the quarantine list (clips/quarantine.tsv)"),
        (not clips, "clips (clips/<corpus>.parquet)"),
        (tracks is None, "tracking summaries (tracks/<corpus>/shard-*.parquet)"),
        (not items and not tested, "videos (videos/<method>/<item>/video.mp4)"),
        (not curves, "training curves (models/<stage>/*.json)"),
    ):
        if absent:
            missing.append(text)
    roster = read_roster(layout.root / "videos", config.all_methods)
    missing += [f"{c.title}: {c.outcome.text}" for c in roster.cards.values() if c.outcome.text]
    return Source(
        config=config,
        provenance=read_json(recorded) if recorded.is_file() else provenance(config),
        metrics=metrics,
        clips=clips,
        quarantine=quarantine,
        tracks=tracks,
        figures=read_json(layout.figures) if layout.figures.is_file() else {},
        validation=read_json(layout.validation) if layout.validation.is_file() else {},
        overlays=sorted((layout.root / "tracks").glob("*/*.mp4")),
        items=items,
        videos=layout.root / "videos",
        tested=tested,
        roster=roster,
        curves=curves,
        facts=facts,
        times=_times(layout.root),
        memory={
            path.stem: float(read_json(path)["peak_mib"])
            for path in sorted((layout.root / "logs" / "memory").glob("*.json"))
        },
        missing=missing,
    )


def _table(path: Path) -> pd.DataFrame | None:
    """A tab-separated list as text; None where it is absent."""
    if not path.is_file():
        return None
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)


def _items(videos: Path, tested: frozenset[str]) -> Iterator[Item]:
    """Videos of persons; names alone tell those of test corpora: none of their files is looked for."""
    for method in videos.glob("*/"):
        for entry in os.scandir(method):
            person, mark, _ = entry.name.partition("__")
            mine = mark and not entry.name.startswith(".") and person not in tested
            if mine and (method / entry.name / "video.mp4").is_file():
                yield Item(method.name, entry.name, method / entry.name)


def _order(config: RunConfig, item: Item) -> tuple[str, bool, str, int, str]:
    """By person, own sound first, then as the configuration lists the methods."""
    methods = config.all_methods
    place = methods.index(item.method) if item.method in methods else len(methods)
    return item.person, item.audio != "own", item.audio, place, item.method


def _tracks(folder: Path) -> pd.DataFrame | None:
    shards = sorted(folder.glob("*/shard-*.parquet"))
    tables = [pd.read_parquet(path).assign(corpus=path.parent.name) for path in shards]
    return pd.concat(tables, ignore_index=True) if tables else None


def _models(folder: Path) -> tuple[list[Curve], dict[str, dict[str, Any]]]:
    """Curves and facts of every JSON file under models/<stage>/: key `curves`, single values, key `facts`.

    `curves` is a list of {"step": .., "<quantity>": ..}, or {"step": [..], "<quantity>": [..]}.
    """
    curves: list[Curve] = []
    facts: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.rglob("*.json")):
        stage, *rest = path.relative_to(folder).with_suffix("").parts
        model = rest[-1].partition(".")[0] if rest else stage
        variant = rest[0] if len(rest) > 1 and rest[0] not in ("person", "shards") else BASE
        if stage == "baseline" and len(rest) > 1:  # models/baseline/<name>/general: one model a baseline
            model, variant = rest[0], BASE
        try:
            content = read_json(path)
        except json.JSONDecodeError as error:
            raise UserError(f"{path}: not valid JSON ({error}); train this model again") from error
        curves += _curves(stage, model, variant, content.get("curves", []))
        numbers = {**content, **content.get("facts", {})}
        known = {k: v for k, v in numbers.items() if isinstance(v, (int, float, str)) and k not in RECEIPT}
        name = f"{stage}, {model}" if variant == BASE else f"{stage} {variant}, {model}"
        facts.setdefault(name, {}).update(known)
    return curves, facts


def _curves(stage: str, model: str, variant: str, content: Any) -> Iterator[Curve]:
    frame = pd.DataFrame(content).select_dtypes("number")
    steps = (frame.pop("step") if "step" in frame else pd.Series(range(len(frame)))).to_numpy(float)
    for quantity in frame.columns:
        values = frame[quantity].to_numpy(float)
        known = ~np.isnan(values)
        if known.sum() > 1:
            yield Curve(stage, model, str(quantity), *_thin(steps[known], values[known]), variant)


def _thin(steps: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means over equal groups, at most MAX_POINTS of them."""
    groups = np.array_split(np.arange(len(steps)), min(MAX_POINTS, len(steps)))
    return np.array([steps[g].mean() for g in groups]), np.array([values[g].mean() for g in groups])


def _times(root: Path) -> dict[str, float]:
    """Seconds by step: Snakemake's benchmark files in logs/times, and times.json where a run wrote one."""
    times = {}
    for path in sorted((root / "logs" / "times").glob("*.tsv")):
        table = pd.read_csv(path, sep="\t")
        if "s" in table and len(table):
            times[path.stem] = float(table["s"].iloc[-1])
    extra = root / "times.json"
    if extra.is_file():
        times |= {str(k): float(v) for k, v in read_json(extra).items() if isinstance(v, (int, float))}
    return times
