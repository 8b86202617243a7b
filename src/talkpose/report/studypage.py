"""The page of a run's user study: what `talkpose study analyse` found beside the tables."""

from itertools import groupby
from typing import Any

from talkpose.files import read_json
from talkpose.layout import RunLayout
from talkpose.report.names import clip_title
from talkpose.report.roster import Roster

DESIGNS = {
    "best-of-n": "Best of several videos (Table 1)",
    "rating": "Ratings of head-pose similarity (section 4.4)",
    "select-all": "All that look good (Appendix B)",
}


def study_page(layout: RunLayout, roster: Roster) -> dict[str, Any] | None:
    """Context of study.html, methods by their titles; None where the run has no analysed study."""
    path = layout.study_analysis
    if not path.is_file():
        return None
    found = read_json(path)
    designs = []
    for name, sections in groupby(found["sections"], key=lambda section: section["design"]):
        counts = found["designs"].get(name, {})
        shown = [
            section
            | {"title": _named(section["title"], roster)}
            | {"rows": [[_text(value, roster) for value in row] for row in section["rows"]]}
            for section in sections
            if section["rows"]
        ]
        title = DESIGNS.get(name, name)
        designs.append({"name": name, "title": title, "sections": shown, **counts})
    taken = found.get("import", {})
    return {
        "study": found["study"],
        "made": found["simulated"],
        "reason": found.get("not_attempted", ""),
        "designs": designs,
        "counts": taken.get("designs", {}),
        "refused": taken.get("refused", []) + taken.get("repeated", []),
    }


def _text(value: Any, roster: Roster) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        if value == 0 or abs(value) >= 0.01:
            return f"{value:.2f}".rstrip("0").rstrip(".")
        return f"{value:.2g}"
    return _named(str(value), roster)


def _named(text: str, roster: Roster) -> str:
    """Methods by their titles, also in `a - b` and `a, criterion`; items as pages call them."""
    for mark, shown in ((" - ", " less "), (", ", ", ")):
        if mark in text:
            return shown.join(_named(part, roster) for part in text.split(mark))
    if "__" in text:
        return clip_title(text)
    return roster[text].title
