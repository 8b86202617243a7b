"""The configuration's keys as a page: docs/configuration.md is written from the schema itself."""

from typing import get_args

from talkpose.config.base import Section
from talkpose.config.clips import CorpusConfig
from talkpose.config.run import SECTIONS, RunConfig

HEAD = """# Configuration

A run is one YAML file; every key below may stand in it. Unknown keys are refused. `${NAME}` in a value is
filled from `make run NAME=...` or the environment. `scale: paper` changes what the last column names;
a key that the file gives always wins. This page is written from the schema: `talkpose config-page`.
"""


def _default(value: object) -> str:
    return "required" if repr(value) == "PydanticUndefined" else f"`{value}`"


def _kind(annotation: object) -> str:
    choices = [choice for choice in get_args(annotation) if isinstance(choice, str)]
    if choices:
        return ", ".join(f"`{choice}`" for choice in choices)
    return getattr(annotation, "__name__", str(annotation)) if not get_args(annotation) else str(annotation)


def _table(section: type[Section]) -> list[str]:
    lines = ["| key | kind | default | what it does | scale: paper |", "|---|---|---|---|---|"]
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            continue
        if name == "corpora":
            continue
        paper = f"`{section.PAPER[name]}`" if name in section.PAPER else ""
        cells = [
            f"`{name}`",
            _kind(field.annotation),
            _default(field.default),
            field.description or "",
            paper,
        ]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return lines


def configuration_page() -> str:
    """The whole page as Markdown."""
    parts = [HEAD, "## Top level", "", *_table(RunConfig)]
    parts += ["", "## `corpora.<name>`", "", (CorpusConfig.__doc__ or "").strip(), "", *_table(CorpusConfig)]
    for name, section in SECTIONS.items():
        parts += ["", f"## `{name}`", "", (section.__doc__ or "").strip(), "", *_table(section)]
    return "\n".join(parts) + "\n"
