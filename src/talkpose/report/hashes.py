"""Hashes that a run's own records hold: of raw inputs, tracks, weights and videos.

A record is a small file that a step wrote (an index of clips, a summary of tracks, a receipt) and that names
other files with their SHA-256. The manifest holds the hashes of the records, the records those of the large
files: so a paper-sized run has a manifest of a few hundred lines.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

import pandas as pd

from talkpose.config import RunConfig
from talkpose.errors import UserError
from talkpose.files import read_json, sha256
from talkpose.layout import RunLayout, item_id

RECORDS: Final = {
    "config": ("config.json",),
    "inputs": ("clips/*.parquet", "clips/quarantine.tsv"),
    "tracks": ("tracks/*/shard-*.parquet",),
    "weights": ("models/*/*/*.json", "models/*/*/person/*.json"),
    "videos": ("videos/*/*.json",),
    "metrics": (
        *("metrics/*.parquet", "metrics/*.json", "metrics/*/*.parquet", "metrics/*/*.npz"),
        *("validation/*.json", "figures/figures.json"),
    ),
    "study": ("study/*.parquet", "study/*.csv", "study/tables/*"),
    "workflow": ("workflow/Snakefile", "workflow/rules/*.smk", "workflow/report/*.rst"),
    "tables": ("tables/*",),
}
"""Records by kind, as patterns under the run's folder."""


class Known(NamedTuple):
    """A file whose hash a record holds."""

    kind: str
    name: str
    """as a reader finds it: under the run's folder, or the raw file's own path"""
    path: Path
    sha256: str


class Finding(NamedTuple):
    """A file that is not what it was."""

    kind: str
    name: str
    what: str
    """changed, missing or new"""


def records(layout: RunLayout) -> dict[str, list[Path]]:
    """The run's records by kind, sorted."""
    return {
        kind: sorted(p for pattern in patterns for p in layout.root.glob(pattern) if p.is_file())
        for kind, patterns in RECORDS.items()
    }


def known_files(layout: RunLayout, config: RunConfig) -> Iterator[Known]:
    """Every large file with the hash that the run's records hold for it.

    Videos of runs that kept no hashes of them (made before version 0.2) are not among them.
    """
    yield from _inputs(layout, config)
    for corpus in config.corpora:
        for path in sorted((layout.root / "tracks" / corpus).glob("shard-*.parquet")):
            for clip, digest in _pairs(path, "clip", "sha256"):
                yield _inside(layout, "tracks", layout.track(corpus, clip), digest)
    for path in records(layout)["weights"]:
        receipt = read_json(path)
        if {"weights", "sha256"} <= set(receipt) and isinstance(receipt["sha256"], str):
            yield _inside(layout, "weights", path.parent / receipt["weights"], receipt["sha256"])
    for path in records(layout)["videos"]:
        for item in read_json(path).get("items", []):
            folder = layout.video(path.parent.name, item_id(item["person"], item["audio"]))
            for name, digest in item.get("sha256", {}).items():
                yield _inside(layout, "videos", folder / name, digest)
    for figure in read_json(layout.figures).values() if layout.figures.is_file() else ():
        for name, digest in figure.get("sha256", {}).items():
            yield _inside(layout, "figures", layout.figures.parent / name, digest)


def _inside(layout: RunLayout, kind: str, path: Path, digest: str) -> Known:
    return Known(kind, path.relative_to(layout.root).as_posix(), path, digest)


def _inputs(layout: RunLayout, config: RunConfig) -> Iterator[Known]:
    """Raw files by the index of usable clips; a file of several segments once."""
    seen: set[Path] = set()
    for corpus in config.corpora:
        index, listed = layout.clips_index(corpus), layout.clip_list(corpus)
        if not index.is_file() or not listed.is_file():
            continue
        paths = {clip: Path(path) for clip, path in _pairs(listed, "clip", "path")}
        for clip, digest in _pairs(index, "clip", "sha256"):
            path = paths.get(clip)
            if path is not None and path not in seen:
                seen.add(path)
                yield Known("inputs", path.as_posix(), _raw(layout, config, path), digest)


def _pairs(path: Path, *columns: str) -> Iterator[tuple[str, str]]:
    table = pd.read_parquet(path)
    if not set(columns) <= set(table.columns):  # of a version that kept no hashes
        return iter(())
    return zip(*(table[column].astype(str) for column in columns), strict=True)


def _raw(layout: RunLayout, config: RunConfig, path: Path) -> Path:
    """Where a raw file is now: named from the project's folder; a run's own corpus moves with the run."""
    own = Path("results") / config.run
    if path.is_relative_to(own):
        return layout.root / path.relative_to(own)
    return located(layout, path)


def located(layout: RunLayout, path: Path) -> Path:
    """Where a file is that a run names as it was given: from the project's folder, if it lies there."""
    beside = layout.root.resolve().parent.parent / path
    return beside if not path.is_absolute() and beside.exists() else path


def check(files: Iterable[Known], most_bytes: int | None = None) -> tuple[list[Finding], int, int]:
    """Hash files anew: (findings, files hashed, files only looked for).

    With `most_bytes`, the smallest files are hashed until that many bytes are read; the rest must be there.
    """
    present: list[tuple[int, Known]] = []
    findings = []
    for known in files:
        try:
            present.append((known.path.stat().st_size, known))
        except FileNotFoundError:
            findings.append(Finding(known.kind, known.name, "missing"))
    present.sort(key=lambda pair: (pair[0], pair[1].name))
    chosen, total = [], 0
    for size, known in present:
        total += size
        if most_bytes is None or total <= most_bytes:
            chosen.append(known)
    with ThreadPoolExecutor() as pool:  # hashing leaves the interpreter's lock
        digests = pool.map(lambda known: sha256(known.path), chosen)
        findings += [
            Finding(known.kind, known.name, "changed")
            for known, digest in zip(chosen, digests, strict=True)
            if digest != known.sha256
        ]
    return sorted(findings), len(chosen), len(present) - len(chosen)


def show(findings: Sequence[Finding], most: int = 20) -> str:
    """Findings in lines, the first `most` of each kind."""
    lines: list[str] = []
    for kind in dict.fromkeys(finding.kind for finding in findings):
        mine = [finding for finding in findings if finding.kind == kind]
        lines += [f"{kind}: {finding.name}: {finding.what}" for finding in mine[:most]]
        lines += [f"{kind}: {len(mine) - most} more"] if len(mine) > most else []
    return "\n".join(lines)


def read_manifest(layout: RunLayout) -> dict[str, Any]:
    """The run's manifest; raises UserError where the report was never built."""
    if not layout.manifest.is_file():
        raise UserError(
            f"{layout.manifest}: no such file; build the report first: `talkpose report build {layout.root}`"
        )
    return read_json(layout.manifest)
