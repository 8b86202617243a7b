"""The report's folder while it is written: pages from templates, grids as scripts."""

import shutil
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from talkpose.report.grids import script
from talkpose.report.names import clip_title

HERE = Path(__file__).parent
NAVIGATION = (
    ("index.html", "Overview"),
    ("figures.html", "Figures"),
    ("plots.html", "Plots"),
    ("people.html", "People"),
    ("clips.html", "Clips"),
    ("values.html", "Values"),
    ("tracking.html", "Tracking"),
    ("quarantine.html", "Quarantine"),
    ("setup.html", "Setup"),
)


class Site:
    """Writes into `folder`; `shared` stands in every page's context, `more` in the navigation."""

    def __init__(self, folder: Path, shared: dict[str, Any], more: tuple[tuple[str, str], ...] = ()):
        self.folder = folder
        self.shared = {"navigation": (*NAVIGATION, *more), **shared}
        self.templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self.templates.globals["clip_title"] = clip_title

    def page(self, name: str, template: str, context: dict[str, Any], current: str = "") -> None:
        """Write page `name`; `current` is its entry of the navigation (default: itself)."""
        grids = [key for key, value in context.get("grids", {}).items() if value]
        for key in grids:
            self.text(f"data/{key}.js", script(key, context["grids"][key]))
        given = {**self.shared, **context, "grids": grids, "current": current or name}
        self.text(name, self.templates.get_template(f"{template}.html.j2").render(given))

    def text(self, name: str, content: str) -> None:
        """Write a text file."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="\n")

    def static(self) -> None:
        """Styles and scripts, as they are."""
        for path in sorted((HERE / "static").iterdir()):
            shutil.copyfile(path, self.folder / path.name)
