"""What baselines need that only the user can give, and whether it is there; imports no baseline's code."""

import hashlib
import json
import re
import shutil
import sys
from collections.abc import Mapping
from glob import glob
from pathlib import Path
from typing import Any, NamedTuple

from talkpose.config import RunConfig
from talkpose.methods.discovery import Found, find_baseline
from talkpose.methods.manifest import UNKNOWN, Command, Frames, Manifest, Weights
from talkpose.methods.settings import ExternalSettings, external_settings

PLACEHOLDERS = (
    "image", "video", "audio", "out", "work", "folder", "checkout", "weights", "python", "seed", "person",
    "frames",
)  # fmt: skip
_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")


def fill(text: str, values: dict[str, str]) -> str:
    """Put values in place of {placeholders}; other braces stay as they are."""
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)


def fill_data(data: Any, values: dict[str, str]) -> Any:
    """`fill` in every string of nested lists and dictionaries, keys too."""
    if isinstance(data, str):
        return fill(data, values)
    if isinstance(data, dict):
        return {fill_data(key, values): fill_data(value, values) for key, value in data.items()}
    if isinstance(data, list):
        return [fill_data(value, values) for value in data]
    return data


def fixed_values(found: Found, settings: ExternalSettings) -> dict[str, str]:
    """Placeholders that are the same for every video; what the user has not given is left out."""
    values = {"folder": str(found.folder.resolve()), "python": sys.executable}
    if settings.checkout:
        values["checkout"] = str(Path(settings.checkout).expanduser().resolve())
        values["weights"] = values["checkout"]
    if settings.weights:
        values["weights"] = str(Path(settings.weights).expanduser().resolve())
    return values


def missing(found: Found, run: Command, settings: ExternalSettings) -> list[str]:
    """Everything that only the user can give and that is not there, a phrase each."""
    name, manifest = found.manifest.name, found.manifest
    values = fixed_values(found, settings)
    if run.needs_checkout and not settings.checkout:
        key = f"baseline_settings.{name}.checkout"
        return [f"no checkout; clone {_repository(manifest)} and set {key} to its folder"]
    if settings.checkout and not Path(values["checkout"]).is_dir():
        return [f"no folder {values['checkout']}; clone {_repository(manifest)} there"]
    lacks = [
        f"no weights {weights.file}; get them from {weights.url}"
        for weights in manifest.weights
        if not (Path(values.get("weights", ".")) / weights.file).is_file()
    ]
    for text in run.requires:
        path = fill(text, values)
        if not (glob(path) or (("/" not in text) and shutil.which(path))):
            lacks.append(f"no {path}")
    program = fill((settings.prefix if settings.prefix is not None else run.prefix or run.command)[0], values)
    if not (shutil.which(program) or Path(program).is_file()):
        lacks.append(f"no program {program}; install it or set baseline_settings.{name}.prefix")
    return lacks


def unknown_hashes(manifest: Manifest) -> list[str]:
    """Weight files whose SHA-256 this project does not know."""
    return [weights.file for weights in manifest.weights if weights.sha256 == UNKNOWN]


def _repository(manifest: Manifest) -> str:
    upstream = manifest.upstream
    return f"{upstream.repository} (commit {upstream.commit})" if upstream else "its code"


def videos_folder(found: Found, run: Frames, settings: ExternalSettings) -> Path | None:
    """Where the videos are; None where neither manifest nor configuration says."""
    if settings.folder:
        return Path(settings.folder).expanduser()
    return found.folder / run.folder if run.folder else None


class WeightFile(NamedTuple):
    """A weight file of a `command` baseline and where it is looked for, if that is known."""

    baseline: str
    weights: Weights
    path: Path | None
    licence: str


def lacking(found: Found, config: RunConfig) -> list[str]:
    """Why a baseline would not be attempted, a phrase each; empty where it can run."""
    run = found.manifest.run
    if isinstance(run, Command):
        return missing(found, run, external_settings(found.manifest, config))
    if isinstance(run, Frames):
        folder = videos_folder(found, run, external_settings(found.manifest, config))
        if folder is None:
            return [f"no folder of videos; set baseline_settings.{found.manifest.name}.folder to it"]
        if not folder.is_dir() or not any(folder.iterdir()):
            return [f"no videos in {folder}"]
    return []


def notes(found: Found) -> list[str]:
    """What is worth knowing though it stops nothing."""
    said = []
    if unknown := unknown_hashes(found.manifest):
        said.append(f"SHA-256 {UNKNOWN} of {len(unknown)} weight files")
    run = found.manifest.run
    if isinstance(run, Command) and found.manifest.status == "original" and not run.tried:
        said.append("command line read from upstream, never run here")
    return said


def weight_files(config: RunConfig) -> list[WeightFile]:
    """Weight files of the run's `command` baselines."""
    files = []
    for name in config.methods:
        found = find_baseline(name, config)
        if found is None or not isinstance(found.manifest.run, Command):
            continue
        values = fixed_values(found, external_settings(found.manifest, config))
        upstream = found.manifest.upstream
        for weights in found.manifest.weights:
            path = Path(values["weights"]) / weights.file if "weights" in values else None
            licence = upstream.licence if upstream else found.manifest.licence
            files.append(WeightFile(name, weights, path, licence))
    return files


def state_hash(found: Found, config: RunConfig, weights: Mapping[str, str | None]) -> str:
    """Hash of what the user has given: a checkout, video or weight file that comes or changes makes it run
    anew.

    weights: SHA-256 by name of its weight files, None for those that are not there.
    """
    run = found.manifest.run
    state: list[object] = [lacking(found, config), dict(sorted(weights.items()))]
    if isinstance(run, Frames):
        folder = videos_folder(found, run, external_settings(found.manifest, config))
        if folder is not None and folder.is_dir():
            files = sorted(path for path in folder.iterdir() if path.is_file())
            state += [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in files]
    return hashlib.sha256(json.dumps(state).encode()).hexdigest()[:16]
