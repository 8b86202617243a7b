"""Finds baselines: folders `<name>/method.yaml` where the configuration, or the project, keeps them."""

import hashlib
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from talkpose.config import RunConfig
from talkpose.errors import UserError
from talkpose.methods.manifest import FILE, NAME, InProcess, Manifest, read_manifest

PACKAGE = "talkpose_baselines"
PROJECT = Path(__file__).resolve().parents[3] / "baselines"
"""The project's own, in a checkout."""


class Found(NamedTuple):
    """A baseline on disk."""

    folder: Path
    manifest: Manifest


def baseline_folders(config: RunConfig | None = None) -> list[Path]:
    """Folders that hold baselines, first match wins.

    Raises UserError where the configuration names one that is not there.
    """
    given = config.baselines if config else None
    if given is None:
        return [path for path in (Path("baselines").resolve(), PROJECT) if path.is_dir()]
    paths = [Path(path).resolve() for path in ([given] if isinstance(given, str) else given)]
    for path in paths:
        if not path.is_dir():
            raise UserError(f"`baselines`: no folder {path}; make it, or mend the key")
    return paths


def all_baselines(config: RunConfig | None = None) -> dict[str, Path]:
    """Folder by name of every baseline, sorted; manifests are not read."""
    found: dict[str, Path] = {}
    for root in baseline_folders(config):
        for path in root.glob(f"*/{FILE}"):
            if NAME.fullmatch(path.parent.name):
                found.setdefault(path.parent.name, path.parent)
    return dict(sorted(found.items()))


def find_baseline(name: str, config: RunConfig | None = None) -> Found | None:
    """The baseline of that name, None where there is none; UserError where its manifest is wrong."""
    if not NAME.fullmatch(name):
        return None
    for root in baseline_folders(config):
        if (root / name / FILE).is_file():
            return Found(root / name, read_manifest(root / name))
    return None


def get_baseline(name: str, config: RunConfig | None = None) -> Found:
    """As `find_baseline`, with a UserError where there is none."""
    found = find_baseline(name, config)
    if found is None:
        known = ", ".join(all_baselines(config)) or "none"
        places = ", ".join(map(str, baseline_folders(config))) or "baselines/"
        raise UserError(f"no baseline `{name}` in {places}; there are: {known}")
    return found


def import_method(found: Found) -> Any:
    """The class `Method` of an in-process baseline, imported by path as talkpose_baselines.<name>.

    The folder is a package, so that `from .network import ...` works inside it. Raises UserError where the
    module does not import or has no `Method`.
    """
    run = found.manifest.run
    assert isinstance(run, InProcess)
    name = f"{PACKAGE}.{found.manifest.name.replace('-', '_')}"
    where = found.folder / run.module
    if not where.is_file():
        raise UserError(f"{where}: no such file; {FILE} says that it exports `Method`")
    package = sys.modules.get(name)
    if package is None or list(package.__path__) != [str(found.folder)]:
        for loaded in [key for key in sys.modules if key == name or key.startswith(f"{name}.")]:
            del sys.modules[loaded]
        root = sys.modules.setdefault(PACKAGE, _package(PACKAGE, []))
        package = sys.modules[name] = _package(name, [str(found.folder)])
        setattr(root, name.rpartition(".")[2], package)
        importlib.invalidate_caches()
    try:
        module = importlib.import_module(f"{name}.{where.stem}")
    except UserError:
        raise
    except Exception as error:
        raise UserError(
            f"{where}: cannot be imported ({type(error).__name__}: {error}); mend the file, or install what "
            "it needs"
        ) from error
    if not isinstance(getattr(module, "Method", None), type):
        raise UserError(f"{where}: exports no class `Method`; name the baseline's class so")
    return module.Method


def _package(name: str, path: list[str]) -> ModuleType:
    module = ModuleType(name)
    module.__path__ = path
    module.__package__ = name
    module.__spec__ = importlib.util.spec_from_loader(name, None, is_package=True)
    return module


def folder_hash(folder: Path) -> str:
    """Hash of every file of a baseline but caches: editing it makes its results stale.

    Videos of `frames` baselines count by size and time: reading them would take minutes.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part == "__pycache__" or part.startswith(".") for part in parts):
            known = path.stat()
            data = (
                f"{known.st_size} {known.st_mtime_ns}".encode()
                if path.suffix.lower() in {".mp4", ".mkv", ".avi", ".mov", ".webm"}
                else path.read_bytes()
            )
            digest.update("/".join(parts).encode() + b"\0" + data + b"\0")
    return digest.hexdigest()[:16]
