"""Findings for people and for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from talkpose.doctor.finding import Finding

VERDICTS = (
    "All that the run needs is there.",
    "The run can go, with substitutes or parts in place of what the paper used.",
    "The run can not go: something that it needs is missing.",
)
STYLES = {"found": "green", "partial": "yellow", "substitute": "yellow", "missing": "red"}


def as_json(findings: Sequence[Finding], code: int) -> str:
    """Indented JSON: verdict, exit code and every finding; null is unknown or not looked at."""
    data = {"exit_code": code, "verdict": VERDICTS[code], "findings": [asdict(f) for f in findings]}
    return json.dumps(data, indent=1, ensure_ascii=False)


def show(findings: Sequence[Finding], code: int, console: Console) -> None:
    """A table with a row a finding, and the verdict below."""
    table = Table(show_lines=True)
    for head in ("", "what", "size", "SHA-256", "licence, source", "what to do"):
        table.add_column(head, overflow="fold")
    for finding in findings:
        of_file = finding.kind in {"data set", "weights"}
        table.add_row(
            f"[{STYLES[finding.status]}]{finding.status}[/]",
            _plain("\n".join(filter(None, (finding.name, finding.key, finding.path)))),
            _size(finding) if of_file else "",
            _hash(finding) if of_file else "",
            _plain("\n".join(filter(None, (finding.licence, finding.source)))),
            _plain(finding.advice),
        )
    console.print(table)
    console.print(VERDICTS[code])


def _size(finding: Finding) -> str:
    found = None if finding.bytes is None else _units(finding.bytes)
    published = "unknown" if finding.bytes_published is None else f"about {_units(finding.bytes_published)}"
    clips = None if finding.clips is None else f"{finding.clips:,} clips"
    return "\n".join(filter(None, (clips, found, f"published: {published}")))


def _units(size: int) -> str:
    value, unit = float(size), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def _hash(finding: Finding) -> str:
    published = finding.sha256_published or "unknown"
    return "\n".join(filter(None, (finding.sha256, f"published: {published}")))


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
