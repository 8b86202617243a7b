"""Methods that ended without numbers and videos that were set aside: every table says so."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from talkpose.files import read_json
from talkpose.report.categories import joined

TABLES: Final = ("table2", "heldout", "hs")
"""Tables that have a row for every method."""

SHARE: Final = 0.5
"""A method that lacks more of its videos than this is left out, rather than tables cut to what it has."""


@dataclass(frozen=True)
class Outcome:
    """How a method ended in a run."""

    state: str = "done"
    """`done`, `failed` or `not-attempted`"""
    reason: str = ""
    needs: str = ""
    made: int = 0
    refused: Mapping[str, str] = field(default_factory=dict)
    """why, by item <corpus>/<person>__<audio>"""

    @property
    def lost(self) -> bool:
        """Whether it has no numbers."""
        return self.state != "done"

    @property
    def text(self) -> str:
        """`failed: why`, `not attempted: why`, what was set aside, or nothing."""
        if self.lost:
            return f"{self.state.replace('-', ' ')}: {self.reason}"
        if self.refused:
            first, why = next(iter(self.refused.items()))
            return (
                f"{len(self.refused)} of {self.made + len(self.refused)} videos set aside, for all methods: "
                f"{first.rpartition('/')[2]} ({why})" + (", ..." if len(self.refused) > 1 else "")
            )
        return ""


def read_outcome(folder: Path) -> Outcome:
    """How a method ended, from its receipts <corpus>-<shard>.json: lost where any shard is."""
    refused: dict[str, str] = {}
    made, needs = 0, ""
    lost: tuple[str, str] | None = None
    for path in sorted(folder.glob("*.json")):
        receipt: dict[str, Any] = read_json(path)
        needs = str(receipt.get("spec", {}).get("needs", needs))
        corpus = path.stem.rpartition("-")[0]
        made += len(receipt.get("items", []))
        refused |= {f"{corpus}/{one['item']}": one["reason"] for one in receipt.get("quarantined", [])}
        state = receipt.get("state", "done")
        if state == "failed" or (state != "done" and lost is None):
            lost = lost if lost and lost[0] == "failed" else (state, receipt["reason"])
    if lost:
        return Outcome(*lost, needs)
    if len(refused) > SHARE * (made + len(refused)):
        reason = (
            f"{len(refused)} of {made + len(refused)} videos cannot be used: {next(iter(refused.values()))}"
        )
        return Outcome("failed", reason, needs)
    return Outcome("done", "", needs, made, refused)


def usable_rows(metrics: pd.DataFrame, outcomes: Mapping[str, Outcome]) -> pd.DataFrame:
    """Metric rows without those of lost methods; a video that was set aside has rows without values.

    Tables leave clips out on which any method has no value, so all methods are compared on the same ones.
    """
    lost = {name for name, outcome in outcomes.items() if outcome.lost}
    gone = [name for name in metrics["method"].unique() if name.partition(":")[0] in lost]
    rows = metrics[~metrics["method"].isin(gone)] if gone else metrics
    parts = [rows]
    items, places = joined(rows, "corpus", "clip", "/")
    for name, outcome in outcomes.items():
        if outcome.lost or not outcome.refused:
            continue
        own = set(zip(*(rows[rows["method"] == name][key] for key in ("metric", "protocol")), strict=True))
        refused = [place for place, name in enumerate(places) if name in outcome.refused]
        there = rows[np.isin(items, refused)].drop_duplicates(["corpus", "clip", "metric", "protocol"])
        known = [pair in own for pair in zip(there["metric"], there["protocol"], strict=True)]
        there = there[known]
        named = pd.Series(name, there.index).astype(rows["method"].dtype)
        parts.append(there.assign(method=named, value=np.nan, n_frames=0))
    return pd.concat(parts, ignore_index=True) if len(parts) > 1 else rows


def with_lost(
    tables: dict[str, pd.DataFrame], outcomes: Mapping[str, Outcome], words: bool
) -> dict[str, pd.DataFrame]:
    """Tables with a row for each lost method: every cell not-attempted, the reason in the column `note`.

    `words`: Table 2 is about a test corpus, whose clips only methods that need one image speak.
    """
    lost = {name: outcome for name, outcome in outcomes.items() if outcome.lost}
    if not lost:
        return tables
    found = dict(tables)
    for name in TABLES:
        if name not in tables:
            continue
        table = tables[name]
        computed = table[table["kind"] == "reproduced"]
        columns = list(dict.fromkeys(computed["column"])) or ["psnr"]
        rows = [
            {"table": name, "row": method, "column": column, "value": np.nan, "kind": "not-attempted", "n": 0}
            | {"ci_low": np.nan, "ci_high": np.nan, "protocol": "", "note": outcome.text}
            for method, outcome in lost.items()
            if not (words and name == "table2") or outcome.needs == "image"
            for column in columns
        ]
        extra = pd.DataFrame(rows).reindex(columns=[*table.columns, "note"], fill_value="")
        kinds = {column: kind for column, kind in table.dtypes.items() if column in extra}
        found[name] = pd.concat([table.assign(note=""), extra.astype(kinds)], ignore_index=True)
    return found


def notes_of(table: pd.DataFrame, computed: Collection[str]) -> dict[str, str]:
    """`failed: why` or `not attempted: why` by method, for the rows of a table that have no number."""
    if "note" not in table:
        return {}
    told = table[(table["note"].fillna("") != "") & ~table["row"].isin(list(computed))]
    return dict(zip(told["row"], told["note"], strict=True))
