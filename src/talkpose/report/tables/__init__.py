"""Tidy metric rows, people's answers and the paper's numbers to tables in one long form."""

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from talkpose.report.table_names import OPTIONAL, TABLES
from talkpose.report.tables import pose, quality
from talkpose.report.tables.aligned import Aligned, by_protocol, person_of
from talkpose.report.tables.cells import COLUMNS, KINDS, METHODS, Builder
from talkpose.report.tables.comparisons import comparisons
from talkpose.report.tables.export import write_tables
from talkpose.report.tables.quality import ALL, REGIONS, RERENDER
from talkpose.report.tables.rows import split_rows
from talkpose.report.tables.studies import STUDIES, study, study_tables

__all__ = [
    "ALL",
    "COLUMNS",
    "KINDS",
    "METHODS",
    "OPTIONAL",
    "REGIONS",
    "RERENDER",
    "TABLES",
    "Aligned",
    "Builder",
    "build_tables",
    "by_protocol",
    "person_of",
    "study_tables",
    "write_tables",
]

COMPARE_TO = ("ours-p", "ours-g")


def build_tables(
    metrics: pd.DataFrame,
    seed: int,
    samples: int,
    tests: Collection[str] = (),
    train_frames: int | None = None,
    *,
    compare_to: Sequence[str] = COMPARE_TO,
    speakers: Mapping[str, str] | None = None,
    receipts: Mapping[str, str] | None = None,
    sensitivity: pd.DataFrame | None = None,
    studies: Mapping[str, pd.DataFrame] | None = None,
    lacking: Mapping[str, str] | None = None,
) -> dict[str, pd.DataFrame]:
    """All tables of metrics.parquet's rows, each with COLUMNS; seed and samples are the bootstrap's.

    `tests`: corpora whose clips are their own targets; Table 2 is about them, and about the persons' held-out
    frames where a run has none. `train_frames`: what Ours-P is trained on, for its row by training length.
    `compare_to`: methods that the others are tested against, the first that a table has. `speakers`: who
    speaks in <corpus>/<clip>, where clips share one. `receipts`: hash of the receipts of a method's videos.
    `sensitivity`: rows of hs_sensitivity.parquet. `studies`: tables of people's answers (`study_tables`);
    those of other names than STUDIES come out as they are. `lacking`: why a metric that was asked for has no
    value.
    """
    rows = split_rows(metrics, tests, speakers or {})
    answers = dict(studies or {})
    builders = {name: Builder(name, seed, samples, receipts) for name in TABLES}
    for name in STUDIES:
        study(builders[name], answers.pop(name, None))
    quality.table2(builders["table2"], rows, lacking or {})
    quality.heldout(builders["heldout"], rows)
    comparisons(builders["comparisons"], rows, compare_to)
    pose.hs(builders["hs"], rows)
    pose.hs_variants(builders["hs_variants"], rows)
    pose.dynamics(builders["dynamics"], rows)
    pose.hs_sensitivity(builders["hs_sensitivity"], sensitivity, rows)
    pose.appendix_a(builders["appendix_a"], rows)
    quality.ablations(builders["ablations"], rows)
    quality.lengths(builders["lengths"], rows, train_frames)
    quality.persons(builders["persons"], rows)
    quality.stage1(builders["stage1"], rows)
    quality.stage2(builders["stage2"], rows)
    wanted = {name: b for name, b in builders.items() if b.cells or name not in OPTIONAL}
    return {name: builder.frame() for name, builder in wanted.items()} | answers
