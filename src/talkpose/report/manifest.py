"""manifest.json: what a run was made of, by hash; and whether it still is that."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from talkpose.config import RunConfig
from talkpose.files import read_json, sha256, sha256_kept, write_json
from talkpose.layout import RunLayout
from talkpose.report.hashes import Finding, Known, check, known_files, located, read_manifest, records
from talkpose.report.provenance import provenance

SOURCE: Final = Path(__file__).resolve().parents[1]
RENDER_BYTES: Final = 4_000_000_000
"""Bytes that are hashed anew while the report is built; `talkpose verify` reads everything."""


def code_hashes() -> dict[str, str]:
    """SHA-256 by part of the program: each package, and `talkpose` for the modules beside the packages.

    Each is the hash of the lines `<sha256>  <path>` of its files.
    """
    parts: dict[str, list[Path]] = {}
    for path in sorted(SOURCE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            inside = path.relative_to(SOURCE).parts
            parts.setdefault(inside[0] if len(inside) > 1 else "talkpose", []).append(path)
    found = {}
    for part, paths in parts.items():
        lines = "".join(f"{sha256(path)}  {path.relative_to(SOURCE).as_posix()}\n" for path in paths)
        found[part] = hashlib.sha256(lines.encode()).hexdigest()
    return found


def write_run_record(
    layout: RunLayout,
    config: RunConfig,
    weights: Mapping[str, Path] | None = None,
    baselines: Mapping[str, Path] | None = None,
) -> None:
    """run.json: the program, versions, device and seed that a run starts with.

    weights: files of others that it rests on, such as published weights, there or not. baselines: folders of
    the baselines among its methods, by name.
    """
    files, folders = (
        {name: {"path": path.as_posix()} for name, path in (given or {}).items()}
        for given in (weights, baselines)
    )
    write_json(layout.run_record, _now(layout, config, {"weights": files, "baselines": folders}))


def _now(layout: RunLayout, config: RunConfig, then: Mapping[str, Any], anew: bool = False) -> dict[str, Any]:
    """What is there now of all that `then`, run.json or manifest.json, names outside the run's folder."""
    return {
        **provenance(config),
        "code": code_hashes(),
        "weights": hash_weights(layout, then.get("weights", {}), anew),
        "baselines": hash_baselines(layout, then.get("baselines", {}), anew),
    }


def hash_baselines(layout: RunLayout, baselines: Mapping[str, Any], anew: bool = False) -> dict[str, Any]:
    """Path and hash by name of baselines' folders: of the lines `<sha256>  <path>` of all files but caches.

    None where there is no such folder. anew: as of `hash_weights`.
    """
    found = {}
    for name, known in baselines.items():
        folder = located(layout, Path(known["path"]))
        paths = sorted(path for path in folder.rglob("*") if path.is_file() and not _cache(folder, path))
        lines = [
            f"{sha256(path) if anew else sha256_kept(path, layout.kept_hashes)}  "
            f"{path.relative_to(folder).as_posix()}\n"
            for path in paths
        ]
        digest = hashlib.sha256("".join(lines).encode()).hexdigest() if folder.is_dir() else None
        found[name] = {"path": known["path"], "sha256": digest}
    return found


def _cache(folder: Path, path: Path) -> bool:
    return any(part == "__pycache__" or part.startswith(".") for part in path.relative_to(folder).parts)


def hash_weights(layout: RunLayout, weights: Mapping[str, Any], anew: bool = False) -> dict[str, Any]:
    """Path and SHA-256 by name of the files of others in run.json or manifest.json; None where none is.

    anew: read all of them, also those whose size and time are as they were.
    """
    found = {}
    for name, known in weights.items():
        path = located(layout, Path(known["path"]))
        digest = sha256_kept(path, layout.kept_hashes) if not anew or not path.is_file() else sha256(path)
        found[name] = {"path": known["path"], "sha256": digest}
    return found


def write_manifest(layout: RunLayout, config: RunConfig) -> list[Finding]:
    """Check a run while its report is built, write manifest.json and return what is not as it was.

    Inputs, tracks, weights and videos are hashed anew, the smallest first up to RENDER_BYTES, against what
    the steps recorded; code, environment and published weights are compared with those that the run started
    with. Nothing in the manifest changes between two equal runs on one machine.
    """
    findings, hashed, seen = check(known_files(layout, config), RENDER_BYTES)
    started = read_json(layout.run_record) if layout.run_record.is_file() else None
    now = _now(layout, config, started or {})
    if started is not None:
        findings += compare_environment(started, now)
    files = {
        kind: {path.relative_to(layout.root).as_posix(): sha256(path) for path in paths}
        for kind, paths in records(layout).items()
        if paths
    }
    write_json(
        layout.manifest,
        {
            "run": config.run,
            **now,
            "files": files,
            "checked": {"hashed": hashed, "only looked for": seen, "started with": started is not None},
            "findings": [list(finding) for finding in sorted(findings)],
        },
    )
    return sorted(findings)


def compare_environment(then: dict[str, Any], now: dict[str, Any]) -> list[Finding]:
    """Parts of the program, baselines, versions, published weights, device and seed that differ."""
    found = []
    for key in ("weights", "baselines"):
        for name, known in then.get(key, {}).items():
            old, new = known["sha256"], now.get(key, {}).get(name, {}).get("sha256")
            if old != new:
                what = "new" if old is None else "missing" if new is None else "changed"
                found.append(Finding(key, f"{name}: {known['path']}", what))
    for kind, key in (("code", "code"), ("environment", "versions")):
        old, new = then.get(key, {}), now.get(key, {})
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                words = (old.get(name, "absent"), new.get(name, "absent"))
                what = f"changed: {words[0]} then, {words[1]} now" if kind == "environment" else "changed"
                found.append(Finding(kind, name, what))
    return found + [
        Finding("environment", name, f"changed: {then.get(name)} then, {now.get(name)} now")
        for name in ("device", "seed")
        if then.get(name) != now.get(name)
    ]


def verify_run(layout: RunLayout) -> tuple[list[Finding], int]:
    """Everything that is not as manifest.json and the steps' records have it, and how many files were hashed.

    Raises UserError where the run has no configuration or no manifest.
    """
    config, manifest = layout.load_config(), read_manifest(layout)
    recorded = [
        Known(kind, name, layout.root / name, digest)
        for kind, entries in manifest["files"].items()
        for name, digest in entries.items()
    ]
    findings, hashed, _ = check(recorded)
    for kind, paths in records(layout).items():
        names = {path.relative_to(layout.root).as_posix() for path in paths}
        findings += [Finding(kind, name, "new") for name in names - set(manifest["files"].get(kind, {}))]
    # A changed record can't vouch for its files; they are checked against it all the same.
    more, also, _ = check(known_files(layout, config))
    findings += more
    now = _now(layout, config, manifest, anew=True)
    findings += compare_environment(manifest, now)
    there = sum(known["sha256"] is not None for known in now["weights"].values())
    return sorted(set(findings)), hashed + also + there
