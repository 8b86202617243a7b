"""What tables are made of: metric rows by kind of clip, and all that says where they came from."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from talkpose.errors import UserError
from talkpose.layout import OWN
from talkpose.metrics.base import COLUMNS as METRIC_COLUMNS
from talkpose.report.tables.aligned import ORDER, PAPER, Aligned, by_protocol

QUALITY: Final = ("psnr", "ssim", "lmd", "lmd-normalised", "mouth")
"""Metrics that come first in every table of quality; what else was measured follows."""

APART: Final = ("hs", "audio-pose", "appendix-a", "mouth-", "psnr-", "pose-")
"""Beginnings of the names of metrics that have tables of their own."""


@dataclass(frozen=True)
class Rows:
    """Metric rows of one run, of whole frames only unless said otherwise."""

    words: pd.DataFrame
    """test corpora: every clip is its own target"""
    own: pd.DataFrame
    """persons' held-out frames with their own sound"""
    foreign: pd.DataFrame
    """persons with foreign sound"""
    stages: pd.DataFrame
    """`<method>:<stage>`: what one stage of a method gives"""
    speakers: Mapping[str, str] = field(default_factory=dict)
    _kept: dict[tuple[int, str, bool], list[Aligned]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def tested(self) -> pd.DataFrame:
        """What Table 2 is about: the test corpora, or the persons where a run has none."""
        return self.own if self.words.empty else self.words

    def of(
        self, rows: pd.DataFrame, table: str, metric: str, paper: bool = False
    ) -> list[tuple[str, Aligned]]:
        """(column, values) of one metric, a protocol each; the first stands under the metric's plain name."""
        key = id(rows), metric, paper
        found = self._kept.get(key)
        if found is None:
            found = list(by_protocol(rows, table, metric, PAPER if paper else ORDER, self.speakers))
            if rows is self.words or rows is self.own:  # several tables are about all of these
                self._kept[key] = found
        return [
            (metric if place == 0 else f"{metric} [{aligned.protocol}]", aligned)
            for place, aligned in enumerate(found)
        ]

    def first(self, rows: pd.DataFrame, table: str, metric: str) -> Aligned | None:
        """Values of one metric by its preferred protocol; None where it was not measured."""
        return next((aligned for _, aligned in self.of(rows, table, metric)), None)


def split_rows(metrics: pd.DataFrame, tests: Collection[str], speakers: Mapping[str, str]) -> Rows:
    """Rows of metrics.parquet by kind; raises UserError for other columns than this version writes."""
    if tuple(metrics.columns) != METRIC_COLUMNS:
        raise UserError(
            f"metrics table has the columns {', '.join(metrics.columns)}; expected "
            f"{', '.join(METRIC_COLUMNS)}; measure again"
        )
    stage = metrics["method"].str.contains(":", regex=False)
    own = metrics["clip"].str.endswith(f"__{OWN}")
    tested = metrics["corpus"].isin(list(tests))
    return Rows(
        words=metrics[tested & ~stage],
        own=metrics[own & ~tested & ~stage],
        foreign=metrics[~own & ~tested & ~stage],
        stages=metrics[stage],
        speakers=speakers,
    )


def quality_metrics(rows: pd.DataFrame) -> list[str]:
    """Metrics of a table of quality: QUALITY, then others that were measured, by name."""
    measured = [str(metric) for metric in rows["metric"].unique()]
    return [*QUALITY, *sorted(m for m in measured if m not in QUALITY and not m.startswith(APART))]


def per_person(aligned: Aligned) -> Iterator[tuple[str, Aligned]]:
    """(person, their values) in order."""
    for person in dict.fromkeys(sorted(aligned.persons)):
        rows = aligned.wide[aligned.persons == person]
        yield (
            str(person).rpartition("/")[2],
            Aligned(aligned.metric, aligned.protocol, rows, aligned.speakers),
        )
