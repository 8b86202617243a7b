"""Which sources a step consists of, and their hash: an edit reruns the rules whose steps it can change.

A rule names the module that its command calls; the rest follows from what the modules import, at their top or
later, so that no list can fall behind.
"""

import functools
import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import talkpose

SOURCE: Final = Path(talkpose.__file__).resolve().parent
NEVER: Final = frozenset({"layout.py", "progress.py"})
"""Modules that decide where results lie and how steps are shown, not what they hold."""
MADE: Final = frozenset({"__pycache__", "node_modules", "dist"})
"""Folders that running the program makes."""

_FROM = re.compile(r"^[ \t]*from (talkpose[\w.]*) import (\([^)]*\)|[^\n]*)", re.MULTILINE)
_IMPORT = re.compile(r"^[ \t]*import (talkpose[\w.]*)", re.MULTILINE)


@functools.cache
def code_hash(*modules: str) -> str:
    """Hash of all that the named modules of the package (`metrics.step`) consist of."""
    return _hash(sources(*modules))


@functools.cache
def folder_code_hash(folder: Path) -> str:
    """Hash of what the Python files of a folder, such as a baseline's, take from the package."""
    return _hash(_all(file for path in sorted(folder.rglob("*.py")) for file in _imported(path)))


@functools.cache
def sources(*modules: str) -> tuple[Path, ...]:
    """Files behind the modules, sorted: they, what they import in turn, and the data that lies beside it."""
    return _all(file for name in modules for file in _chain(f"talkpose.{name}", must=True))


def includes(modules: Iterable[str], other: str) -> bool:
    """Whether the module `other` is among what the modules consist of."""
    return _chain(f"talkpose.{other}", must=True)[-1] in sources(*modules)


def _hash(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.relative_to(SOURCE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _all(start: Iterable[Path]) -> tuple[Path, ...]:
    """The modules `start`, those that they import in turn, and their packages' data."""
    found: set[Path] = set()
    wanted = list(start)
    while wanted:
        path = wanted.pop()
        if path not in found:
            found.add(path)
            wanted += _imported(path)
    data = {file for folder in {path.parent for path in found} - {SOURCE} for file in _data(folder)}
    return tuple(sorted(p for p in found | data if p.relative_to(SOURCE).as_posix() not in NEVER))


@functools.cache
def _imported(path: Path) -> tuple[Path, ...]:
    """Modules of the package that a source file imports, wherever in it."""
    text = re.sub(r"#[^\n]*", "", path.read_text(encoding="utf-8"))
    names = _IMPORT.findall(text)
    for module, listed in _FROM.findall(text):
        parts = listed.strip("()").split(",")
        names += [f"{module}.{part.split()[0]}" for part in parts if part.strip()]
    return tuple(dict.fromkeys(file for name in names for file in _chain(name)))


def _chain(name: str, must: bool = False) -> list[Path]:
    """Files that importing a dotted name runs: of its packages, and its own if it is a module's."""
    found = []
    parts = name.split(".")[1:]
    for length in range(len(parts) + 1):
        place = SOURCE.joinpath(*parts[:length])
        files = [file for file in (place / "__init__.py", place.with_suffix(".py")) if file.is_file()]
        found += files[:1]
        if not files and must:
            raise ModuleNotFoundError(f"no module {name} under {SOURCE}")
    return found


@functools.cache
def _data(folder: Path) -> tuple[Path, ...]:
    """Data files of a package: in its folder and in those below that are no packages themselves."""
    return tuple(_walk(folder))


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir():
            if path.name not in MADE and not (path / "__init__.py").is_file():
                yield from _walk(path)
        elif path.suffix != ".py":
            yield path
