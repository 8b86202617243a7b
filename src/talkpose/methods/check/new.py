"""Writes the folder of a new baseline, which passes its check from the start."""

from datetime import date
from importlib import resources
from pathlib import Path
from string import Template
from typing import Final, Literal

from talkpose.errors import UserError
from talkpose.files import write_text
from talkpose.methods.manifest import NAME
from talkpose.methods.specs import SPECS

Kind = Literal["in-process", "command", "frames"]
_FILES: Final[dict[str, dict[str, str]]] = {
    "in-process": {"method.yaml": "method.yaml.txt", "method.py": "method.py.txt"},
    "command": {"method.yaml": "method.yaml.txt", "run.py": "run.py.txt"},
    "frames": {"method.yaml": "method.yaml.txt", "videos/README.txt": "videos-README.txt"},
}


def new_baseline(name: str, kind: Kind, root: Path) -> list[Path]:
    """Write <root>/<name>; UserError where the name cannot be one or is taken. Returns the files."""
    if not NAME.fullmatch(name):
        raise UserError(f"{name}: a baseline's name is small letters, digits and dashes; choose another")
    if name in SPECS or name.startswith("ours-"):
        raise UserError(f"{name}: a built-in method has this name; choose another")
    folder = root / name
    if folder.exists():
        raise UserError(f"{folder} is there already; choose another name, or edit it")
    known = {"name": name, "title": name.replace("-", " ").capitalize(), "year": str(date.today().year)}
    source = resources.files("talkpose") / "resources" / "baseline" / kind.replace("-", "_")
    for place, template in _FILES[kind].items():
        write_text(folder / place, Template((source / template).read_text()).safe_substitute(known))
    return [folder / place for place in _FILES[kind]]
