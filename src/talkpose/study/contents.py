"""A packet's files as an auditor reads them: from a folder, a zip, or a JATOS archive."""

import calendar
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from talkpose.errors import UserError
from talkpose.study.schema import Packet


@dataclass(frozen=True)
class File:
    """One file: where its bytes are, and the time that it shows."""

    name: str
    """path inside the packet, with slashes"""
    time: float
    """seconds since 1970"""
    source: Path
    """the file, or the archive that holds it"""
    member: str = ""
    """name in the archive"""

    def read(self) -> bytes:
        """Its bytes."""
        if not self.member:
            return self.source.read_bytes()
        with zipfile.ZipFile(self.source) as archive:
            return archive.read(self.member)

    @property
    def identity(self) -> tuple:
        """Equal for hard links of one file, so that it is looked at once."""
        if self.member:
            return (self.source, self.member)
        about = self.source.stat()
        return (about.st_dev, about.st_ino, about.st_size, about.st_mtime)


@dataclass(frozen=True)
class Contents:
    """All files of a packet, and the plans that its scripts hold."""

    path: Path
    files: list[File]
    plans: list[tuple[str, Packet]] = field(default_factory=list)
    """(hash that the script names, plan); a JATOS archive has many"""
    unreadable: list[str] = field(default_factory=list)
    """plans that are none"""

    @property
    def videos(self) -> list[File]:
        """Files in the folder `videos`, whatever they are."""
        return [file for file in self.files if file.name.startswith("videos/")]


def open_packet(path: Path) -> Contents:
    """Read a packet's list of files and its plans; UserError where there is no packet."""
    if path.is_dir():
        files = [
            File(p.relative_to(path).as_posix(), p.lstat().st_mtime, p)
            for p in sorted(path.rglob("*"))
            if p.is_file()
        ]
    elif zipfile.is_zipfile(path):
        files = _members(path)
    else:
        raise UserError(
            f"{path}: neither a packet's folder nor an archive; give results/<run>/study/packets/p…"
        )
    plans, wrong = [], []
    for file in files:
        if file.name == "data/plan.js" or file.name.startswith("data/plans/"):
            try:
                text = file.read().decode()
                value = json.loads(text[text.index("{") : text.rindex("}") + 1])
                plans.append((str(value["hash"]), Packet.model_validate(value["packet"])))
            except (ValueError, KeyError, ValidationError) as error:
                wrong.append(f"{file.name}: not a plan ({str(error).splitlines()[0]})")
    if not plans and not wrong:
        raise UserError(f"{path}: no plan inside (data/plan.js); give a packet of `talkpose study build`")
    return Contents(path, files, plans, wrong)


def _members(path: Path) -> list[File]:
    with zipfile.ZipFile(path) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    files = []
    for entry in entries:
        inside = entry.filename.partition("/")[2] or entry.filename  # without the packet's own folder
        files.append(File(inside, calendar.timegm((*entry.date_time, 0, 0, 0)), path, entry.filename))
    return sorted(files, key=lambda file: file.name)
