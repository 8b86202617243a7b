"""What is known of a run's metrics only when every shard is measured: FID, and what was not attempted."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from talkpose.config import MetricsConfig
from talkpose.layout import OWN, item_id
from talkpose.metrics import fid
from talkpose.metrics.base import COLUMNS
from talkpose.metrics.extra import FEATURES, Row
from talkpose.metrics.needs import NEEDS, missing_weights

ROWS_OF = {"fid": "fid", "lpips": "lpips", "lse": "lse-d", "csim": "csim"}
"""Metric of the rows that show that a metric with weights was computed."""


def fid_rows(tables: Iterable[Path], every: int) -> list[Row]:
    """FID of each method and corpus from the features beside the shards' tables <method>/<corpus>-<shard>."""
    pooled: dict[tuple[str, str], list[tuple[np.ndarray, np.ndarray]]] = {}
    for table in tables:
        path = table.with_suffix(FEATURES)
        if path.is_file():
            key = table.parent.name, table.stem.rpartition("-")[0]
            with np.load(path, allow_pickle=False) as stored:
                pooled.setdefault(key, []).append((stored["generated"], stored["real"]))
    return [fid_row(method, corpus, parts, every) for (method, corpus), parts in pooled.items()]


def fid_row(method: str, corpus: str, parts: Iterable[tuple[np.ndarray, np.ndarray]], every: int) -> Row:
    """FID of features (generated, real) of several videos, all together."""
    generated, real = (np.concatenate(part) for part in zip(*parts, strict=True))
    protocol, value = fid.protocol(every), fid.frechet(generated, real)
    values = (method, corpus, item_id(fid.ALL, OWN), protocol.metric, protocol.id, value, len(generated))
    return dict(zip(COLUMNS, values, strict=True))


def not_attempted(config: MetricsConfig, measured: Sequence[str]) -> list[dict[str, Any]]:
    """The metrics of `metrics.extra` that need weights and have no row, why, and what to do; [] is all.

    `measured`: metrics of the run's rows. Each entry: metric, reason (`weights missing`, or `measured without
    weights` where they came later), needs ([{key, path, source}]) and fix, one sentence.
    """
    entries: list[dict[str, Any]] = []
    for metric in config.extra:
        if metric not in NEEDS or ROWS_OF[metric] in measured:
            continue
        if metric == "csim" and config.csim_embedder != "arcface":
            continue
        missing = missing_weights(config, metric)
        needs = [
            {"key": f"metrics.{n.key}", "path": getattr(config, n.key), "source": n.source}
            for n in (missing or NEEDS[metric])
        ]
        keys = " and ".join(need["key"] for need in needs)
        fix = (
            f"set {keys} to the published weights and run again, or take {metric} out of metrics.extra"
            if missing
            else "delete metrics/ of this run and run again"
        )
        reason = "weights missing" if missing else "measured without weights"
        entries.append({"metric": metric, "reason": reason, "needs": needs, "fix": fix})
    return entries
