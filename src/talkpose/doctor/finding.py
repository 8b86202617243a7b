"""One thing that a run needs, and whether it is there."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from talkpose.files import sha256

Status = Literal["found", "partial", "substitute", "missing"]
"""partial: less or other than its publisher's; substitute: the configuration takes something else for it."""


@dataclass(frozen=True)
class Finding:
    """A need; None where nothing is known, and in `advice` what to do about it."""

    kind: Literal["data set", "weights", "device", "disk", "package"]
    name: str
    status: Status
    key: str = ""
    """key of the configuration that names it"""
    path: str | None = None
    source: str = ""
    """where it comes from"""
    licence: str = ""
    clips: int | None = None
    clips_published: int | None = None
    bytes: int | None = None
    bytes_published: int | None = None
    sha256: str | None = None
    """of the file; of a data set, of the lines `<sha256>  <path>` of its files, sorted by path"""
    sha256_published: str | None = None
    """all or the beginning of the publisher's"""
    advice: str = ""


def hash_files(root: Path, files: list[Path]) -> str:
    """SHA-256 of what `sha256sum` prints for the files, their paths taken from `root` and sorted."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{sha256(path)}  {path.relative_to(root).as_posix()}\n".encode())
    return digest.hexdigest()
