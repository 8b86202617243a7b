"""Videos of a run, brought into the report so that its folder stands alone."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from talkpose.layout import OWN
from talkpose.report.names import slug
from talkpose.report.roster import Roster
from talkpose.report.source import Item

REAL_METHOD = "oracle"
"""Control whose video is the real one."""


@dataclass(frozen=True)
class Tile:
    """One video on a page: `views` are the choices under which it shows."""

    src: str
    label: str
    alt: str
    role: str
    views: list[str]


@dataclass(frozen=True)
class Choice:
    """One choice of what a player shows."""

    value: str
    label: str


@dataclass(frozen=True)
class Player:
    """All videos of one item."""

    name: str
    title: str
    real: bool
    start: str
    choices: list[Choice]
    tiles: list[Tile]


def bring(source: Path, out: Path, *parts: str) -> str:
    """Hard-link `source` to out/media/<parts>.mp4, or copy where links do not reach; return its URL."""
    *folders, stem = (slug(part) for part in parts)
    target = out.joinpath("media", *folders, f"{stem}.mp4")
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():  # a person's page and the clip's own show one file
        return quote(target.relative_to(out).as_posix())
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)
    return quote(target.relative_to(out).as_posix())


def player(items: list[Item], out: Path, roster: Roster, whole: bool = False) -> Player:
    """Bring the videos of one item, by all its methods, into the report.

    The real video is the item's own `real.mp4`, else the control `oracle`'s video. `whole`: a clip of a test
    corpus, of which no frame was trained on; of a person only the held-out frames are shown.
    """
    name, person, audio = items[0].name, items[0].person, items[0].audio
    own = "Own sound, whole clip" if whole else "Own sound, held-out frames"
    title = own if audio == OWN else f"Sound of {audio}"
    real = next((path for item in items if (path := item.file("real"))), None)
    if real is None:
        real = next((item.file("video") for item in items if item.method == REAL_METHOD), None)
    methods = [item for item in items if item.method != REAL_METHOD]
    every = [item.method for item in methods]
    tiles = []
    if real is not None:
        src = bring(real, out, "real", name)
        tiles.append(Tile(src, "Real", f"Real video of {person}", "real", ["all", "real", *every]))
    for item in methods:
        label = roster[item.method].title
        rendered, result = item.file("rendered"), item.file("video")
        if rendered is not None:
            src = bring(rendered, out, item.method, name, "rendered")
            alt = f"{person} by {label}, rendered before refinement"
            tiles.append(Tile(src, f"{label}, rendered", alt, "rendered", [item.method]))
        if result is not None:
            src = bring(result, out, item.method, name, "result")
            shown = f"{label}, refined" if rendered is not None else label
            tiles.append(Tile(src, shown, f"{person} by {shown}", "result", ["all", item.method]))
    choices = [Choice("all", "All results"), *(Choice(m, roster[m].title) for m in every)] if every else []
    with_rendering = [tile.views[0] for tile in tiles if tile.role == "rendered"]
    start = next((m for m in ("ours-p", *with_rendering) if m in every), "all" if every else "real")
    return Player(name, title, real is not None, start, choices, tiles)
