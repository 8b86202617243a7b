"""The words of a study: Markdown and strings, a folder a language."""

from pathlib import Path
from typing import Any

import yaml
from markdown_it import MarkdownIt

from talkpose.errors import UserError
from talkpose.study.config import StudyConfig

DEFAULT = Path(__file__).with_name("texts")
PAGES = ("consent", "instructions-best-of-n", "instructions-rating", "instructions-select-all", "thanks")


def load_texts(config: StudyConfig) -> dict[str, dict[str, Any]]:
    """By language: `strings` and the pages as HTML, `{contact}` filled in.

    A folder of one's own may hold only the files that differ; the others come from the package, for languages
    that it has. Strings are merged key by key. UserError where a file or a string is missing.
    """
    folders = [Path(config.texts)] if config.texts else []
    folders.append(DEFAULT)
    found = {language: _language(folders, language, config) for language in config.languages}
    _complete(found, config)
    return found


def _language(folders: list[Path], language: str, config: StudyConfig) -> dict[str, Any]:
    strings: dict[str, Any] = {}
    for folder in reversed(folders):
        path = folder / language / "strings.yaml"
        if path.is_file():
            strings = _merged(strings, yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    if not strings:
        raise UserError(
            f"no texts for the language {language}: {folders[0] / language / 'strings.yaml'} is missing; "
            f"copy {DEFAULT / 'en'} there and translate it, or take {language} out of `languages`"
        )
    contact = config.contact or strings.get("no_contact", "")
    pages = {page: _page(folders, language, page, contact) for page in PAGES}
    return {"strings": strings, **pages}


def _page(folders: list[Path], language: str, page: str, contact: str) -> str:
    for folder in folders:
        path = folder / language / f"{page}.md"
        if path.is_file():
            text = path.read_text(encoding="utf-8").replace("{contact}", contact)
            return MarkdownIt("commonmark", {"html": False}).render(text)
    raise UserError(
        f"{folders[0] / language / f'{page}.md'}: missing; write it, or copy the one in {DEFAULT}"
    )


def _merged(low: dict[str, Any], high: dict[str, Any]) -> dict[str, Any]:
    both = dict(low)
    for key, value in high.items():
        both[key] = _merged(both[key], value) if isinstance(both.get(key), dict) else value
    return both


def _complete(found: dict[str, dict[str, Any]], config: StudyConfig) -> None:
    """Every criterion and every question has its words in every language."""
    criteria = {c for d in config.designs for c in (d.criteria if d.design == "best-of-n" else [d.criterion])}
    for language, texts in found.items():
        strings = texts["strings"]
        wanted = [("criteria", c) for c in sorted(criteria)]
        wanted += [("questions", q.name) for q in config.demographics]
        wanted += [("options", o) for q in config.demographics for o in q.options]
        for part, key in wanted:
            if key not in strings.get(part, {}):
                raise UserError(
                    f"texts/{language}/strings.yaml: `{part}.{key}` is missing; add the words for it"
                )
