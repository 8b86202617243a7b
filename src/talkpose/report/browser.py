"""Every measured value, clip by clip: the rows of metrics.parquet as a grid of clips and metrics."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from talkpose.metrics.registry import protocol
from talkpose.report.categories import joined
from talkpose.report.grids import number_head, pack, part_script
from talkpose.report.names import clip_title
from talkpose.report.roster import Roster
from talkpose.report.tables.aligned import preferred

NAME = "values"
FIRST = ("psnr", "ssim", "lmd", "mouth", "hs", "lmd-normalised", "mouth-lag")
"""Metrics that are shown first; the reader can show the others."""

SHOWN = 7
"""Metrics shown at first, each by the protocol that tables prefer."""

AT_ONCE = 60_000
"""Rows up to which all methods are loaded with the page."""


def values_grid(
    metrics: pd.DataFrame, roster: Roster, links: Mapping[str, str]
) -> tuple[dict[str, Any], Iterator[tuple[str, str]]]:
    """The grid without its values, and its part files (name, script), one a method.

    Parameters: `metrics` rows of metrics.parquet; `links` from item to page. A row of the grid is a clip by
    one method, a column a metric by one protocol, nan where it was not measured.
    """
    clips, clip_names = pd.factorize(metrics["clip"], sort=True)
    corpora, corpus_names = pd.factorize(metrics["corpus"], sort=True)
    pairs, measured = joined(metrics, "metric", "protocol", "|")
    order = _order(measured)
    shown = _shown([measured[i] for i in order])
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    methods, method_names = pd.factorize(metrics["method"])
    names = [str(name) for name in method_names]
    listed = roster.in_order(names)
    values, frames = metrics["value"].to_numpy(float), metrics["n_frames"].to_numpy()
    items = clips.astype(np.int64) * len(corpus_names) + corpora
    texts = [str(name) for name in clip_names]
    columns = [
        {
            "key": "clip",
            "label": "clip",
            "kind": "text",
            "names": texts,
            "labels": [clip_title(name) for name in texts],
            "shown": True,
            "links": {str(i): links[name] for i, name in enumerate(texts) if name in links},
        },
        _text("method", [roster[name.partition(":")[0]].title + _stage(name) for name in listed]),
        *(_head(measured[i], measured[i] in shown) for i in order),
        _text("corpus", [str(name) for name in corpus_names]),
        number_head("frames", "frames", 0),
    ]
    parts, files = [], []
    for code, name in enumerate(listed):
        mine = np.flatnonzero(methods == names.index(name))
        rows, row = np.unique(items[mine], return_inverse=True)
        table = np.full((len(order), len(rows)), np.nan, np.float32)
        table[place[pairs[mine]], row] = values[mine]
        most = np.zeros(len(rows), np.int64)
        np.maximum.at(most, row, frames[mine])
        packed = {f"m{k}": pack(line) for k, line in enumerate(table) if not np.isnan(line).all()}
        packed |= {"clip": pack(rows // len(corpus_names)), "corpus": pack(rows % len(corpus_names))}
        packed |= {"method": pack(np.full(len(rows), code)), "frames": pack(most)}
        file = f"data/{NAME}-{code}.js"
        parts.append({"rows": len(rows), "file": file, "name": columns[1]["names"][code]})
        files.append((file, part_script(NAME, code, packed)))
    for k, head in enumerate(columns[2:-2]):
        head["key"] = f"m{k}"
    content = {"label": "Values of each clip", "columns": columns, "parts": parts, "at_once": AT_ONCE}
    return content, iter(files)


def _stage(name: str) -> str:
    stage = name.partition(":")[2]
    return f", {stage}" if stage else ""


def _text(name: str, names: list[str]) -> dict[str, Any]:
    return {
        "key": name,
        "label": name,
        "kind": "text",
        "names": names,
        "shown": True,
        "facet": 1 < len(names) <= 60,
    }


def _order(measured: list[str]) -> list[int]:
    """Places of the pairs `metric|protocol`: FIRST metrics first, then by name; preferred protocols first."""
    pairs = [name.partition("|")[::2] for name in measured]
    rank = {metric: i for i, metric in enumerate(FIRST)}
    place = {protocol: i for i, protocol in enumerate(preferred(protocol for _, protocol in pairs))}
    return sorted(
        range(len(pairs)),
        key=lambda i: (rank.get(pairs[i][0], len(rank)), pairs[i][0], place[pairs[i][1]]),
    )


def _shown(ordered: list[str]) -> set[str]:
    """The first pair of each of the first SHOWN metrics."""
    first: dict[str, str] = {}
    for name in ordered:
        first.setdefault(name.partition("|")[0], name)
    return set(list(first.values())[:SHOWN])


def definitions(metrics: pd.DataFrame) -> list[tuple[str, str]]:
    """What every column of the grid means: (title and protocol, definition), in the columns' order."""
    _, pairs = joined(metrics, "metric", "protocol", "|")
    used = [protocol(*pairs[i].split("|")) for i in _order(pairs)]
    return [(f"{p.title}, {p.id}", p.definition) for p in used]


def _head(pair: str, shown: bool) -> dict[str, Any]:
    metric, _, identifier = pair.partition("|")
    used = protocol(metric, identifier)
    more = {"arrow": used.arrow, "unit": used.unit, "protocol": identifier, "metric": metric, "shown": shown}
    return number_head(pair, used.title, used.decimals, **more)
