"""Packets on disk: a folder that opens by a double click, a zip of it, and one archive for a JATOS server.

Videos are written once and hard-linked into every packet (copied where links do not reach); zips store them
without compression. All files carry one time.
"""

import hashlib
import hmac
import json
import os
import shutil
import uuid
import zipfile
from collections.abc import Iterable
from pathlib import Path

from talkpose.files import atomic_path, write_text
from talkpose.study.app_build import page_html, write_page
from talkpose.study.schema import Packet, canonical

TIME = 1577836800
"""2020-01-01 00:00:00 UTC: time of every file of every packet."""
_ZIP_TIME = (2020, 1, 1, 0, 0, 0)
PAGE_SCRIPTS = ["data/texts.js", "data/plan.js", "data/app.js"]
HOSTED_SCRIPTS = ["jatos.js", "data/texts.js", "data/packets.js", "data/app.js"]


def video_name(secret: str, study: str, method: str, item: str, copy: bool) -> str:
    """Name of a video: 16 hexadecimal digits of an HMAC-SHA256 under the study's secret key."""
    text = "\x1f".join([study, method, item, "copy" if copy else ""])
    return hmac.new(bytes.fromhex(secret), text.encode(), hashlib.sha256).hexdigest()[:16]


def plan_js(packet: Packet) -> str:
    """The packet's plan as a script, since a page from disk may not fetch."""
    value = {"hash": packet.sha256(), "packet": packet.model_dump(mode="json")}
    return f"window.talkposePacket = {canonical(value).decode()};\n"


def texts_js(texts: dict) -> str:
    """All languages' words as a script."""
    return f"window.talkposeTexts = {canonical(texts).decode()};\n"


def write_shared(folder: Path, dist: Path, texts: str) -> dict[str, str]:
    """Write the files that all packets share; returns their SHA-256 by path."""
    (folder / "data").mkdir(parents=True)
    write_page(folder, dist, texts)
    write_text(folder / "index.html", page_html(PAGE_SCRIPTS, offline=True))
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    for path in paths:
        set_time(path)
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths
    }


def write_packet(folder: Path, packet: Packet, shared: Path, videos: Path) -> int:
    """Write one packet's folder from the shared files and the finished videos; returns its bytes."""
    (folder / "data").mkdir(parents=True)
    (folder / "videos").mkdir()
    size = 0
    for path in sorted(shared.rglob("*")):
        if path.is_file():
            size += link(path, folder / path.relative_to(shared))
    for name in packet.videos():
        size += link(videos / f"{name}.mp4", folder / "videos" / f"{name}.mp4")
    plan = folder / "data" / "plan.js"
    plan.write_text(plan_js(packet), encoding="utf-8")
    for path in (plan, folder / "data", folder / "videos", folder):
        set_time(path)
    return size + plan.stat().st_size


def link(source: Path, target: Path) -> int:
    """Hard-link a file, or copy it with its time where links do not reach; returns its bytes."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target.stat().st_size


def set_time(path: Path) -> None:
    """Give a file or folder the time of all, and the usual permissions."""
    path.chmod(0o755 if path.is_dir() else 0o644)
    os.utime(path, (TIME, TIME))


def write_zip(path: Path, files: Iterable[tuple[str, Path | bytes]]) -> None:
    """Write a zip without compression: (name inside, file or bytes) in the order given, all at one time."""
    with atomic_path(path) as temporary:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
            for name, content in files:
                entry = zipfile.ZipInfo(name, _ZIP_TIME)
                entry.create_system, entry.external_attr = 3, 0o100644 << 16
                archive.writestr(entry, content if isinstance(content, bytes) else content.read_bytes())
        set_time(temporary)


def zip_packet(folder: Path, path: Path) -> None:
    """Zip a packet's folder under the folder's name."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    write_zip(path, ((f"{folder.name}/{file.relative_to(folder).as_posix()}", file) for file in files))


def write_jatos(
    path: Path, study: str, secret: str, packets: list[Packet], shared: Path, videos: Path
) -> None:
    """Write the study as a JATOS study archive (.jzip): the assets' folder and a .jas file beside it.

    A batch for each design, whose input names the design; the page then takes the design's next packet that
    nobody had from the batch session.
    """
    names: dict[str, list[str]] = {}
    for packet in packets:
        names.setdefault(packet.name, []).append(packet.packet)
    folder = f"talkpose_{study}"
    files: list[tuple[str, Path | bytes]] = [
        (f"{folder}/index.html", page_html(HOSTED_SCRIPTS, offline=False).encode()),
        (f"{folder}/data/packets.js", f"window.talkposePackets = {canonical(names).decode()};\n".encode()),
    ]
    files += [(f"{folder}/data/plans/{p.packet}.js", plan_js(p).encode()) for p in packets]
    files += [
        (f"{folder}/{file.relative_to(shared).as_posix()}", file)
        for file in sorted((shared / "data").iterdir())
    ]
    shown = sorted({name for packet in packets for name in packet.videos()})
    files += [(f"{folder}/videos/{name}.mp4", videos / f"{name}.mp4") for name in shown]
    jas = json.dumps(_study_properties(study, secret, folder, list(names)), indent=1, sort_keys=True)
    write_zip(path, sorted(files, key=lambda file: file[0]) + [(f"{folder}.jas", jas.encode())])


def _study_properties(study: str, secret: str, folder: str, designs: list[str]) -> dict:
    """JATOS's study properties, version 3 (docs.jatos.org, JATOS Study Archive)."""

    def identity(*parts: str) -> str:
        text = "\x1f".join([study, *parts]).encode()
        digest = hmac.new(bytes.fromhex(secret), text, hashlib.sha256).digest()
        return str(uuid.UUID(bytes=digest[:16], version=4))

    batches = [
        {
            "uuid": identity("batch", design),
            "title": design,
            "active": True,
            "maxActiveMembers": None,
            "maxTotalMembers": None,
            "maxTotalWorkers": None,
            "allowedWorkerTypes": ["Jatos", "PersonalSingle", "GeneralSingle"],
            "comments": None,
            "jsonData": json.dumps({"design": design}),
        }
        for design in designs
    ]
    component = {
        "uuid": identity("component"),
        "title": "Videos",
        "htmlFilePath": "index.html",
        "reloadable": True,
        "active": True,
        "comments": "",
        "jsonData": None,
    }
    data = {
        "uuid": identity("study"),
        "title": study,
        "description": "Video comparison; some of the videos are synthetic.",
        "groupStudy": False,
        "linearStudy": False,
        "allowPreview": False,
        "dirName": folder,
        "comments": "",
        "jsonData": None,
        "endRedirectUrl": "",
        "studyEntryMsg": None,
        "componentList": [component],
        "batchList": batches,
    }
    return {"version": "3", "data": data}
