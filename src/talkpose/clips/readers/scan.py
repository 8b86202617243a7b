"""The files of a corpus on disk, fast, and the patterns that choose among them."""

import os
from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath


def scan(
    root: Path, kinds: Collection[str], depth: int | None = None, skip: Collection[str] = ()
) -> Iterator[PurePosixPath]:
    """Paths inside `root` of the files whose suffix (in lower case) is in `kinds`.

    Looks at most `depth` levels down (None: all) and into no folder whose name is in `skip`. Links to folders
    are followed, but for those that lead back up.
    """
    waiting = [("", 1)]
    while waiting:
        inside, level = waiting.pop()
        folder = root / inside
        with os.scandir(folder) as entries:
            for entry in entries:
                name = inside + entry.name
                if os.path.splitext(entry.name)[1].lower() in kinds and entry.is_file():
                    yield PurePosixPath(name)
                elif (depth is None or level < depth) and entry.name not in skip and _is_below(entry):
                    waiting.append((name + "/", level + 1))


def matches(path: PurePosixPath, pattern: str) -> bool:
    """Whether a path inside the corpus matches a glob; `*` stays in a folder, `**` spans any number."""
    return _matches(path.parts, PurePosixPath(pattern).parts)


def depth_of(pattern: str) -> int | None:
    """Levels of folders, the files' own included, that a glob reaches; None: all."""
    parts = PurePosixPath(pattern).parts
    return None if "**" in parts else max(len(parts), 1)


def _matches(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    if not pattern or not parts:
        return not pattern and not parts
    if pattern[0] == "**":
        return any(_matches(parts[i:], pattern[1:]) for i in range(len(parts)))
    return fnmatchcase(parts[0], pattern[0]) and _matches(parts[1:], pattern[1:])


def _is_below(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder, and no link to one that holds it."""
    if not entry.is_dir():
        return False
    parent = Path(os.path.realpath(os.path.dirname(entry.path)))
    return not (entry.is_symlink() and parent.is_relative_to(os.path.realpath(entry.path)))
