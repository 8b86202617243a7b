"""What may be said of a quoted number beside a computed one, and of the paper's claims."""

import numpy as np
import pandas as pd
import pytest
from made_run import config, metric_rows

from talkpose.config import MetricsConfig, parse_config
from talkpose.metrics.audio_pose import DEFAULT
from talkpose.metrics.compute import metrics_table
from talkpose.report import verdicts
from talkpose.report.checks import validated
from talkpose.report.claim import VERDICTS
from talkpose.report.claims import judge
from talkpose.report.outcomes import Outcome
from talkpose.report.published import TABLES, quoted
from talkpose.report.roster import Card, Roster
from talkpose.report.tables import COLUMNS, build_tables
from talkpose.report.verdicts import verdict_table


def lrw(**changes):
    """A run on LRW itself, as the paper has it."""
    corpora = {
        "people": {"role": "persons", "path": "clips"},
        "lrw": {"role": "test", "reader": "lrw", "path": "lrw", "split": "test"},
    }
    parts = {
        "clips": {"size": 256},
        "face": {"model": "bfm09", "landmarks": "dlib", "reconstruction": "rnet", "model_path": "b.mat"},
        "refine": {"identity_feature": "arcface", "spatial_feature": "imagenet-resnet18"},
    }
    every = {**parts, **changes}
    return parse_config({"run": "lrw", "scale": "paper", "corpora": corpora, "methods": ["ours-g"], **every})


def cells(table: str, *rows: tuple) -> dict[str, pd.DataFrame]:
    """A table of (row, column, value, kind, n, low, high, protocol)."""
    return {table: pd.DataFrame([(table, *row, "", "") for row in rows], columns=list(COLUMNS))}


def verdict(tables: dict, settings, table: str, row: str, column: str) -> tuple[str, str]:
    found = verdict_table(tables, settings)
    line = found[(found.table == table) & (found.row == row) & (found.column == column)]
    assert len(line) == 1
    return line.iloc[0].verdict, line.iloc[0].why


def psnr(value: float, low: float, high: float, n: int = 25_000, protocol: str = "atvg-v1") -> dict:
    return cells("table2", ("ours-g", "psnr", value, "reproduced", n, low, high, protocol))


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (30.942, 30.941, 30.943, "reproduced"),
        (30.96, 30.93, 30.99, "within interval"),
        (30.99, 30.96, 31.02, "deviates"),
    ],
)
def test_the_papers_own_measurement_is_judged_by_its_digits_and_interval(value, low, high, expected):
    word, why = verdict(psnr(value, low, high), lrw(), "table2", "Ours-G", "psnr")
    assert word == expected
    assert "not the paper's" not in why


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"n": 10}, "10 clips for LRW's 25000"),
        ({"protocol": "full-v1"}, "full-v1 for atvg-v1"),
        ({"scale": "small"}, "small scale"),
        ({"reader": "grid"}, "other corpora than LRW"),
        ({"synthetic": True}, "embedded corpus of made persons"),
        ({"clips": {"size": 64}}, "frames of 64 px for the paper's 256"),
        ({"face": {}}, "fit (Gauss-Newton on landmarks) for ResNet-50 regressor"),
        ({"refine": {}}, "dlib face descriptor, 128-d for ArcFace"),
    ],
)
def test_another_measurement_is_never_reproduced_however_near(changes, reason):
    run = {part: changes[part] for part in ("clips", "face", "refine") if part in changes}
    if "scale" in changes:
        run["scale"] = changes["scale"]
    if "synthetic" in changes:
        run["synthetic"] = {}
    if "reader" in changes:
        run["corpora"] = {
            "people": {"role": "persons", "path": "clips"},
            "other": {"role": "test", "reader": "grid", "path": "grid"},
        }
    table = psnr(30.94, 30.9, 31.0, changes.get("n", 25_000), changes.get("protocol", "atvg-v1"))
    word, why = verdict(table, lrw(**run), "table2", "Ours-G", "psnr")
    assert word == "deviates"
    assert reason in why


def test_a_baseline_written_anew_is_never_the_papers():
    table = cells("table2", ("atvg", "psnr", 30.91, "reproduced", 25_000, 30.9, 31.0, "atvg-v1"))
    word, why = verdict(table, lrw(methods=["ours-g", "atvg"]), "table2", "ATVG", "psnr")
    assert word == "deviates" and "written anew" in why


def test_personal_videos_and_answers_are_never_the_papers():
    hs = cells("hs", ("ours-p", "mean", 0.859, "reproduced", 15, 0.85, 0.87, "pooled-20-linear"))
    assert verdict(hs, lrw(), "hs", "Ours-P", "mean")[0] == "deviates"
    votes = cells("table1", ("ours-p", "natural", 83.67, "reproduced", 600, 80, 87, "best-of-n"))
    word, why = verdict(votes, lrw(), "table1", "Ours-P", "natural")
    assert (word, "other participants" in why) == ("deviates", True)


def test_simulated_answers_are_no_attempt():
    votes = cells("table1", ("ours-p", "natural", 83.67, "simulated", 600, 80, 87, "best-of-n"))
    assert verdict(votes, lrw(), "table1", "Ours-P", "natural") == (
        "not attempted",
        "the answers are simulated; no person gave them",
    )


def test_every_quoted_number_has_its_line():
    tables = build_tables(metrics_table(metric_rows()), 0, 200)
    found = verdict_table(tables, config())
    assert len(found) == sum(len(quoted(table)) for table in TABLES)
    assert (found.why != "").all()
    assert set(found.verdict) == {"deviates", "not attempted"}
    line = found[(found.table == "hs") & (found.column == "mean")].iloc[0]
    assert line.difference == pytest.approx(line.reproduced - line.quoted)
    assert (line.n, line.protocol) == (2, "pooled-20-linear")
    chen = found[found.row == "Chen"].iloc[0]
    assert (chen.verdict, chen.why) == ("not attempted", "chen2018 is not among the run's methods")


def test_no_made_run_is_called_reproduced():
    """Exactly the paper's numbers, from made persons."""
    every = {}
    for table in TABLES:
        rows = [
            (verdicts._row(table, q), q.column, q.value, "reproduced", q.n, q.value, q.value, "atvg-v1")
            for q in quoted(table)
        ]
        every |= cells(table, *rows)
    found = verdict_table(every, lrw(synthetic={}))
    assert set(found.verdict) == {"deviates"}
    paper, _ = judge(every, MetricsConfig())
    assert not {"pass", "reproduced"} & {claim.verdict for claim in paper}


def claims(tables: dict) -> dict[str, tuple[str, str]]:
    paper, checks = judge(tables, MetricsConfig())
    assert {c.verdict for c in (*paper, *checks)} <= set(VERDICTS)
    return {f"{claim.source}: {claim.expected}": (claim.verdict, claim.found) for claim in paper}


def _hs(ours: float, other: float, still: float = 0.5) -> dict:
    rows = [("ours-p", end, ours) for end in ("mean", "min", "max")]
    rows += [("other-person", "mean", other), ("still", "mean", still)]
    return cells("hs", *((*row, "reproduced", 3, np.nan, np.nan, "pooled-20-linear") for row in rows))


def test_head_pose_claim_is_an_order_not_a_number():
    name = "Section 4.4: 0.859 (0.702 to 0.956)"
    assert claims(_hs(0.80, 0.70))[name][0] == "direction holds"
    assert claims(_hs(0.95, 0.96))[name][0] == "deviates", "above the paper's number, yet below a stranger's"
    lonely = cells("hs", *[("ours-p", e, 0.9, "reproduced", 3, 0, 0, "p") for e in ("mean", "min", "max")])
    assert claims(lonely)[name][0] == "not attempted"


def test_appendix_a_must_beat_its_null():
    def table(mean, null):
        values = {"mean": mean, "min": mean - 0.1, "max": mean + 0.1, "null": null}
        rows = [(DEFAULT.id, c, v, "reproduced", 3, np.nan, np.nan, DEFAULT.id) for c, v in values.items()]
        return claims(cells("appendix_a", *rows))["Appendix A: 0.45 (0.24 to 0.58)"]

    assert table(0.4, 0.1) == ("direction holds", "0.40 (0.30 to 0.50); permuted poses 0.10")
    assert table(0.4, 0.5)[0] == "deviates"
    assert table(-0.1, -0.2)[0] == "deviates"


def test_people_choose():
    def table(kind, ours):
        rows = [
            (row, criterion, share, kind, 60, np.nan, np.nan, "best-of-n")
            for criterion in ("image quality", "lip synchronization", "natural")
            for row, share in (("ours-p", ours), ("davs", 100 - ours))
        ]
        return claims(cells("table1", *rows))["Table 1: 88.67%, 44.83%, 83.67% of votes"][0]

    assert table("reproduced", 70) == "direction holds"
    assert table("reproduced", 40) == "deviates"
    assert table("simulated", 70) == "not attempted"


def test_appendix_b_by_its_middle_length():
    def table(shares):
        rows = [
            (str(n), "chosen as best", s, "reproduced", 11, 0, 100, "select-all") for n, s in shares.items()
        ]
        name = "Appendix B: 0, 0, 36.4, 36.4, 63.6% at 100 to 800 frames"
        return claims(cells("appendix_b", *rows))[name][0]

    assert table({50: 0, 100: 0, 150: 36.4, 250: 36.4, 400: 63.6}) == "direction holds"
    assert table({50: 50, 100: 0, 150: 36.4, 250: 36.4, 400: 63.6}) == "deviates"
    assert table({}) == "not attempted"


def test_table_2_among_the_methods_that_ran():
    def table(**values):
        rows = [(m, "psnr", v, "reproduced", 10, np.nan, np.nan, "atvg-v1") for m, v in values.items()]
        return claims(cells("table2", *rows))["Table 2: PSNR 30.94 dB; best other: ATVG, 30.91 dB"][0]

    name = "ours-g"
    assert table(**{name: 30.0, "atvg": 29.0}) == "direction holds"
    assert table(**{name: 30.0, "atvg": 31.0}) == "deviates"
    assert table(**{name: 30.0}) == "not attempted"


def _why(paper: list, text: str):
    (found,) = [claim for claim in paper if claim.text.startswith(text)]
    return found


def test_lips_and_structure_no_further_from_atvg_than_printed():
    """The paper's own numbers: SSIM 0.75 and 0.81, LMD 1.58 and 1.37; at any picture size the same ratios."""

    def found(ssim, lmd, other=(0.81, 1.37)):
        rows = [("ours-g", "ssim", ssim), ("ours-g", "lmd", lmd)]
        rows += [("atvg", "ssim", other[0]), ("atvg", "lmd", other[1])]
        table = cells("table2", *((*row, "reproduced", 9, np.nan, np.nan, "atvg-v1") for row in rows))
        return _why(judge(table, MetricsConfig())[0], "SSIM and LMD of Ours-G").verdict

    assert found(0.75, 1.58) == found(0.75, 3.16, (0.81, 2.74)) == "direction holds"
    assert found(0.74, 1.58) == found(0.75, 1.60) == "deviates"


def test_a_rival_that_failed_gives_its_own_reason():
    rows = cells("table2", *(("ours-g", c, 1.0, "reproduced", 9, 0, 0, "p") for c in ("psnr", "ssim", "lmd")))
    lost = Card("atvg", "ATVG", outcome=Outcome("failed", "the adapter ended with 1"))
    paper, _ = judge(rows, MetricsConfig(), Roster({"atvg": lost}))
    for text in ("SSIM and LMD of Ours-G", "Ours-G has the best PSNR"):
        claim = _why(paper, text)
        assert claim.verdict == "not attempted"
        assert "ATVG failed: the adapter ended with 1" in claim.why
    assert "is not in this run" in _why(judge(rows, MetricsConfig())[0], "SSIM and LMD").why


def test_what_each_part_adds():
    def found(name, **other):
        ours = {"psnr": 30.0, "ssim": 0.90, "hs": 0.80, "mouth": 0.6}
        rows = [("ours-p", c, v) for c, v in ours.items()] + [(name, c, v) for c, v in other.items()]
        return judge(
            cells("ablations", *((*row, "reproduced", 3, np.nan, np.nan, "p") for row in rows)),
            MetricsConfig(),
        )[0]

    worse = {"psnr": 29.0, "ssim": 0.89}
    for name, text in (("ours-p-no-identity", "Without the identity"), ("ours-p-mean-identity", "With the")):
        assert _why(found(name, **worse), text).verdict == "direction holds"
        assert _why(found(name, **worse | {"ssim": 0.91}), text).verdict == "deviates"
        assert _why(found("still", **worse), text).verdict == "not attempted"
    rigid = "Without pose"
    assert _why(found("ours-p-fixed-pose", hs=0.5, mouth=0.5), rigid).verdict == "direction holds"
    assert _why(found("ours-p-fixed-pose", hs=0.9, mouth=0.5), rigid).verdict == "deviates"
    assert _why(found("ours-p-fixed-pose", hs=0.5, mouth=-0.1), rigid).verdict == "deviates"
    assert _why(found("ours-p-fixed-pose", hs=0.5), rigid).verdict == "not attempted"


def test_claims_name_methods_by_title_and_say_protocol_and_n():
    roster = Roster({"atvg": Card("atvg", "ATVG"), "still": Card("still", "Still")})
    rows = [(m, "psnr", v, "reproduced", 10, 0, 0, "atvg-v1") for m, v in (("ours-g", 30.0), ("atvg", 31.0))]
    paper, checks = judge(cells("table2", *rows) | _hs(0.80, 0.70), MetricsConfig(), roster)
    found = {claim.source: claim for claim in paper if claim.basis}
    assert found["Table 2"].found == "30.00 dB; best other: ATVG, 31.00 dB"
    assert found["Table 2"].basis == "atvg-v1, n = 10"
    assert (found["Section 4.4"].basis, "Still 0.500" in found["Section 4.4"].why) == (
        "pooled-20-linear, n = 3",
        True,
    )
    assert next(c.expected for c in checks if c.source == "Pose") == "ours-p > Still"


def test_the_trackers_bounds_are_a_check_of_the_run():
    bounds = [
        {"text": "pitch, median error over frames", "passed": False},
        {"text": "pitch, 95th percentile of the error", "passed": False},
        {"text": "yaw, median error over frames", "passed": True},
    ]
    (missed,) = validated(bounds)
    assert (missed.verdict, missed.found) == ("deviates", "1 of 3 bounds held")
    assert missed.why == "beyond their bounds: pitch"
    assert validated(bounds[2:])[0].verdict == "pass"
    assert validated([]) == []
