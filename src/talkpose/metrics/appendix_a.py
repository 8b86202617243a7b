"""Appendix A over persons: the values of metrics.parquet beside those that the paper prints.

The paper's numbers are over 15 videos and one of 16 unstated choices; they stand in columns of their own.
"""

from dataclasses import dataclass

import pandas as pd

from talkpose.errors import UserError
from talkpose.layout import OWN
from talkpose.metrics.audio_pose import CHOICES, DEFAULT

QUOTED = {"mean": 0.45, "min": 0.24, "max": 0.58}
"""Appendix A: average, minimum and maximum coefficient."""

QUOTED_VIDEOS = 15
REAL = "oracle"
"""Method whose rows measure the real videos."""


@dataclass(frozen=True)
class AppendixA:
    """What a run says of Appendix A."""

    persons: pd.DataFrame
    """A row a person and protocol: person, protocol, r, p, null, n_frames. p: one-sided; null: mean r of the
    permuted poses; nan where the run drew none."""
    summary: pd.DataFrame
    """A row a protocol, the default first: protocol, n, mean, min, max, null, significant (persons with p of
    0.05 or less), and of the paper quoted_n, quoted_mean, quoted_min, quoted_max."""


def appendix_a(metrics: pd.DataFrame) -> AppendixA:
    """Values of the persons' whole real videos in metrics.parquet's rows.

    Persons without a value (a head that does not move, too few neighbours) count in no summary. Raises
    UserError where there are no such rows, or where rows of another number of draws are mixed in.
    """
    own = metrics[(metrics["method"] == REAL) & metrics["clip"].str.endswith(f"__{OWN}")]
    found = own[own["metric"] == "appendix-a"]
    if found.empty:
        raise UserError(
            "Appendix A has no values: list `oracle` in `methods` and `audio-pose` in `metrics.extra`, and "
            "run again"
        )
    keys = ["corpus", "clip", "protocol"]
    table = found[[*keys, "value", "n_frames"]].rename(columns={"value": "r"})
    for name in ("p", "null"):
        rows = own[own["metric"] == f"appendix-a-{name}"].copy()
        rows["protocol"] = rows["protocol"].str.replace(r"-null\d+$", "", regex=True)
        if rows.duplicated(keys).any():
            raise UserError(
                "Appendix A mixes nulls of different numbers of draws; delete results/<run>/metrics and run "
                "again"
            )
        table = table.merge(rows[[*keys, "value"]].rename(columns={"value": name}), how="left", on=keys)
    order = {choice.id: place for place, choice in enumerate(CHOICES)}
    table["person"] = table["clip"].str.removesuffix(f"__{OWN}")
    table = table.sort_values(
        ["protocol", "corpus", "person"], key=lambda c: c.map(order) if c.name == "protocol" else c
    )
    persons = table[["person", "protocol", "r", "p", "null", "n_frames"]].reset_index(drop=True)
    lines = []
    for protocol, rows in persons.groupby("protocol", sort=False):
        known = rows[rows.r.notna()]
        line = {"protocol": protocol, "n": len(known)}
        line |= {
            "mean": known.r.mean(),
            "min": known.r.min(),
            "max": known.r.max(),
            "null": known.null.mean(),
        }
        line |= {"significant": int((known.p <= 0.05).sum()), "quoted_n": QUOTED_VIDEOS}
        lines.append(line | {f"quoted_{key}": value for key, value in QUOTED.items()})
    return AppendixA(persons, pd.DataFrame(lines))


def default_line(result: AppendixA) -> pd.Series:
    """The summary's row for the reading that is closest to the paper's words: windows, pooled, Pearson."""
    return result.summary[result.summary["protocol"] == DEFAULT.id].iloc[0]
