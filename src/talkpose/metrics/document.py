"""The metrics as a page: docs/metrics.md is written from the files' own docstrings and protocols."""

import inspect
import re

from talkpose.metrics.catalogue import ENTRIES, Entry, every_protocol
from talkpose.metrics.needs import NEEDS

HEAD = """# Metrics

Every value is a row of `results/<run>/metrics/metrics.parquet`: method, corpus, clip, metric, protocol,
value, number of frames. A **protocol** is a named, versioned definition; two values compare only under one.
Which metrics a run computes is chosen by `metrics.names` and `metrics.extra`
([configuration](configuration.md)). The methods `oracle`, `still`, `pingpong`, `shuffled`, `other-person` and
`shifted-sound` are controls with known answers: read every metric beside them.

Identifiers hold the settings that change a value (detector, bins, `-every<n>` frames, draws of a null); the
tables below show those of the default configuration. This page is written by `talkpose metrics list`.

## Weights that some need

Where their files are absent these metrics give no row. `metrics/not_attempted.json` of the run then lists
each: `metric`, `reason` (`weights missing`), `needs` (key of the configuration, path, source) and `fix`; an
empty list says that all were computed. `talkpose doctor` names the files beforehand. The networks are written
here, their files read with `torch.load(weights_only=True)`; one with other keys or shapes is refused.
"""
WAYS = {"higher": "higher is better", "lower": "lower is better", "none": "read, not ranked"}


def metrics_page() -> str:
    """The whole page as Markdown."""
    lines = [HEAD, "| metric | key | file |", "|---|---|---|"]
    for metric, needs in NEEDS.items():
        which = f"`{metric}`" + (" by ArcFace" if metric == "csim" else "")
        lines += [f"| {which} | `metrics.{need.key}` | {need.source} |" for need in needs]
    lines += ["", "## All of them", "", "| metric | name | unit | direction |", "|---|---|---|---|"]
    seen = set()
    for known in every_protocol():
        if known.metric not in seen:
            seen.add(known.metric)
            lines.append(
                f"| `{known.metric}` | {known.title} | {known.unit or '–'} | {WAYS[known.direction]} |"
            )
    for entry in ENTRIES:
        lines += ["", *_section(entry)]
    return "\n".join(lines) + "\n"


def _section(entry: Entry) -> list[str]:
    title, _, body = inspect.cleandoc(entry.module.__doc__ or "").partition("\n")
    title = re.sub(r",? protocols? .*?(?=[:;]|$)", "", title)
    file = entry.module.__name__.rpartition(".")[2]
    lines = [f"## {title.rstrip('.:')}", "", body.strip("\n"), ""]
    lines += [f"Source: {entry.source}. Code: `src/talkpose/metrics/{file}.py`.", ""]
    lines += ["| metric | protocol | unit | direction | definition |", "|---|---|---|---|---|"]
    for p in entry.protocols:
        cells = [f"`{p.metric}`", f"`{p.id}`", p.unit or "–", WAYS[p.direction], p.definition]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return [*lines, "", entry.note] if entry.note else lines
