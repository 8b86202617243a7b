"""Where a table comes from: its methods, the steps that made it, the commands and the hashes of its files."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from talkpose.files import sha256
from talkpose.layout import RunLayout
from talkpose.report.shown import LESS
from talkpose.report.source import Source

TRAINED = "ours-"
"""Start of the names of methods that training steps stand behind."""


@dataclass(frozen=True)
class Hashed:
    """A file, or all files of one kind in a folder, with a SHA-256."""

    path: str
    sha256: str
    files: int = 1


class Origin:
    """Hashes of a run's files, each read once; `of` gives those behind one table."""

    def __init__(self, layout: RunLayout, source: Source):
        self.layout, self.source = layout, source
        self._folders: dict[tuple[str, str], Hashed | None] = {}

    def of(self, table: pd.DataFrame) -> list[Hashed]:
        """Configuration, metric rows, and per method of `table` its measured shards and video receipts."""
        if not (table["kind"] == "reproduced").any():
            return [h for h in self._whole if h.path == "config.json"]
        found = list(self._whole)
        for method in methods_of(table, self.source):
            found += [h for h in (self._folder("metrics", method), self._folder("videos", method)) if h]
        trained = any(method.startswith(TRAINED) for method in methods_of(table, self.source))
        return found + (self._models if trained else [])

    @cached_property
    def _whole(self) -> list[Hashed]:
        paths = (self.layout.config_file, self.layout.metrics)
        return [Hashed(self._name(path), sha256(path)) for path in paths if path.is_file()]

    @cached_property
    def _models(self) -> list[Hashed]:
        """Receipts of the models, which hold the hashes of their weights."""
        folders = sorted({p.parent for p in (self.layout.root / "models").rglob("*.json")})
        return [h for folder in folders if (h := self._together(folder, "*.json"))]

    def _folder(self, part: str, method: str) -> Hashed | None:
        key = part, method
        if key not in self._folders:
            pattern = "*.parquet" if part == "metrics" else "*.json"
            self._folders[key] = self._together(self.layout.root / part / method, pattern)
        return self._folders[key]

    def _together(self, folder: Path, pattern: str) -> Hashed | None:
        """One hash of several files: SHA-256 of the lines `<sha256>  <name>`, as `sha256sum` prints them."""
        paths = sorted(folder.glob(pattern))
        if not paths:
            return None
        if len(paths) == 1:
            return Hashed(self._name(paths[0]), sha256(paths[0]))
        lines = "".join(f"{sha256(path)}  {path.name}\n" for path in paths)
        return Hashed(self._name(folder / pattern), hashlib.sha256(lines.encode()).hexdigest(), len(paths))

    def _name(self, path: Path) -> str:
        return path.relative_to(self.layout.root).as_posix()


def methods_of(table: pd.DataFrame, source: Source) -> list[str]:
    """Methods of the run whose computed values stand in the table."""
    computed = table[table["kind"].isin(["reproduced", "simulated"])]
    known = set(source.config.all_methods)
    words: set[str] = set()
    for text in {*computed["row"].astype(str), *computed["column"].astype(str)}:
        parts = [text, *text.split(" / "), text.partition(" ")[0], text.partition(":")[0]]
        words |= {word for part in parts for word in part.split(LESS)}
    if not computed.empty and computed["table"].iloc[0] in ("lengths", "appendix_b"):
        words |= {name for name in known if name.startswith("ours-p-n") and name[8:].isdigit()} | {"ours-p"}
    if not computed.empty and computed["table"].iloc[0] == "stage2":
        words |= {"rerender"}
    if not computed.empty and computed["table"].iloc[0] == "appendix_a":
        words |= {"oracle"}  # the real videos
    return source.roster.in_order(words & known)


def steps_of(methods: Iterable[str], source: Source) -> list[str]:
    """Beginnings of the names of the steps behind these methods, as times.js has them; `$` ends a whole."""
    methods = list(methods)
    corpora = [*source.config.corpora_with("persons"), *source.config.corpora_with("test")]
    steps = ["clips_ingest-", "face_track-"] if methods else []
    if any(method.startswith(TRAINED) for method in methods):
        steps += ["motion_", "refine_"]
    for method in methods:
        steps.append(f"baselines_fit-{method}$")
        for step in ("methods_generate", "metrics_measure"):
            steps += [f"{step}-{method}-{corpus}-" for corpus in corpora]
    steps += [f"{step}$" for step in ("clips_index", "metrics_collect")] if methods else []
    return steps


def commands(source: Source) -> list[tuple[str, str]]:
    """(what it does, command) from the finished run, and from raw video."""
    run = f"results/{source.config.run}"
    return [
        ("From this run's metric rows, with the whole report", f"talkpose report build {run}"),
        (
            "From raw video: everything that is missing or out of date",
            f"talkpose run --config {run}/config.json",
        ),
    ]
