"""The page of a run's user study: what `talkpose study analyse` found beside the tables."""

from itertools import groupby
from typing import Any

from talkpose.files import read_json
from talkpose.layout import RunLayout


def study_page(layout: RunLayout) -> dict[str, Any] | None:
    """Context of study.html; None where the run has no analysed study."""
    path = layout.study_analysis
    if not path.is_file():
        return None
    found = read_json(path)
    designs = []
    for name, sections in groupby(found["sections"], key=lambda section: section["design"]):
        counts = found["designs"].get(name, {})
        shown = [
            section | {"rows": [[_text(value) for value in row] for row in section["rows"]]}
            for section in sections
            if section["rows"]
        ]
        designs.append({"name": name, "sections": shown, **counts})
    taken = found.get("import", {})
    return {
        "study": found["study"],
        "made": found["simulated"],
        "reason": found.get("not_attempted", ""),
        "designs": designs,
        "counts": taken.get("designs", {}),
        "refused": taken.get("refused", []) + taken.get("repeated", []),
    }


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        if value == 0 or abs(value) >= 0.01:
            return f"{value:.2f}".rstrip("0").rstrip(".")
        return f"{value:.2g}"
    return str(value)
