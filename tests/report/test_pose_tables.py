"""Tables of head pose, comparisons and studies from known rows; protocols side by side; exports."""

import json

import numpy as np
import pandas as pd
import pytest
from made_run import PERSONS, QUALITY, metric_rows

from talkpose.errors import UserError
from talkpose.files import sha256
from talkpose.metrics.audio_pose import CHOICES, DEFAULT
from talkpose.metrics.base import COLUMNS as METRIC_COLUMNS
from talkpose.metrics.compute import metrics_table
from talkpose.metrics.paired import paired_test
from talkpose.report.tables import COLUMNS, build_tables, study_tables, write_tables
from talkpose.report.tables.export import escape, latex


@pytest.fixture(scope="module")
def metrics() -> pd.DataFrame:
    return metrics_table(metric_rows())


def rows(metric: str, protocol: str, values: dict[str, list[float]], clips=PERSONS, corpus="people"):
    """Rows of a metric: by method, a value a person's own clip."""
    found = [
        (method, corpus, f"{clip}__own", metric, protocol, value, 50)
        for method, mine in values.items()
        for clip, value in zip(clips, mine, strict=True)
    ]
    return pd.DataFrame(found, columns=list(METRIC_COLUMNS))


def value(table: pd.DataFrame, row: str, column: str, kind: str = "reproduced") -> float:
    found = table[(table.row == row) & (table.column == column) & (table.kind == kind)]
    assert len(found) == 1, (row, column)
    return found.iloc[0].value


ATVG = {method: [30 + q, 31 + q] for method, q in QUALITY.items()}


def test_protocols_stand_side_by_side_and_table_2_begins_with_the_papers(metrics):
    more = rows("psnr", "atvg-v1", ATVG)
    tables = build_tables(pd.concat([metrics, more]), 0, 200)
    assert value(tables["table2"], "ours-p", "psnr") == pytest.approx(31.1)
    assert value(tables["table2"], "ours-p", "psnr [full-v1]") == pytest.approx(26.5)
    assert value(tables["persons"], "ann / ours-p", "psnr") == pytest.approx(26)
    assert value(tables["persons"], "ann / ours-p", "psnr [atvg-v1]") == pytest.approx(30.6)
    assert set(tables["comparisons"].column) >= {"psnr [full-v1]", "psnr [full-v1] p-holm"}


def test_table_2_has_the_reading_of_lmd_that_the_paper_can_have(metrics):
    """ATVG's script sums over 20 points; 1.37 can only be the mean."""
    names = ("atvg-v1-dlib", "atvg-v1-mean-dlib", "atvg-fixed-v1-dlib", "full-v1-dlib")
    more = [rows("lmd", name, {m: [i, i] for m in QUALITY}) for i, name in enumerate(names, 10)]
    tables = build_tables(pd.concat([metrics, *more]), 0, 200)
    assert value(tables["table2"], "ours-p", "lmd") == 11
    assert value(tables["table2"], "ours-p", "lmd [atvg-v1-dlib]") == 10
    assert value(tables["persons"], "ann / ours-p", "lmd") == pytest.approx(3 - 2 * QUALITY["ours-p"])


def test_a_second_protocol_may_lack_a_method_but_not_a_clip(metrics):
    few = {method: ATVG[method] for method in ("ours-p", "still")}
    table = build_tables(pd.concat([metrics, rows("psnr", "zz-v1", few)]), 0, 200)["table2"]
    assert set(table[table.column == "psnr [zz-v1]"].row) == {"ours-p", "still"}
    torn = rows("psnr", "zz-v1", few).iloc[:-1]
    with pytest.raises(UserError, match="still lacks people/bob__own"):
        build_tables(pd.concat([metrics, torn]), 0, 200)


def test_a_method_without_any_value_costs_the_others_nothing(metrics):
    broken = metrics.copy()
    broken.loc[(broken.metric == "lmd") & (broken.method == "still"), "value"] = np.nan
    table = build_tables(broken, 0, 200)["table2"]
    assert value(table, "ours-p", "lmd") == pytest.approx(3 - 2 * QUALITY["ours-p"])
    assert table[(table.row == "still") & (table.column == "lmd")].empty


def test_hashes_follow_the_rows(metrics):
    def hashes(frame):
        table = build_tables(frame, 0, 200, receipts={"ours-p": "abc"})["table2"]
        cells = table[(table.kind == "reproduced") & (table.column == "psnr")]
        return dict(zip(cells.row, cells.rows_hash, strict=True)), dict(
            zip(cells.row, cells.receipts_hash, strict=True)
        )

    changed = metrics.copy()
    psnr = (changed.metric == "psnr") & (changed.method == "ours-p") & (changed["clip"] == "ann__own")
    changed.loc[psnr, "value"] += 1e-9
    (one, receipts), (other, _) = hashes(metrics), hashes(changed)
    assert {row for row in one if one[row] != other[row]} == {"ours-p"}
    assert len(set(one.values())) == len(one)
    assert (receipts["ours-p"], receipts["still"]) == ("abc", "")
    quoted = build_tables(metrics, 0, 200)["table1"]
    assert quoted[quoted.kind == "quoted"].rows_hash.nunique() == 1


def test_clips_of_one_speaker_are_drawn_together(metrics):
    clips = [f"w{i}" for i in range(12)]
    values = {"ours-g": [float(i // 3) for i in range(12)], "still": [0.0] * 12}
    words = rows("psnr", "full-v1", values, clips, "words")
    speakers = {f"words/w{i}": f"words/s{i // 3}" for i in range(12)}

    def width(known):
        table = build_tables(pd.concat([metrics, words]), 0, 500, ["words"], speakers=known)["table2"]
        cell = table[(table.row == "ours-g") & (table.column == "psnr") & (table.kind == "reproduced")].iloc[
            0
        ]
        assert cell.n == 12
        return cell.ci_high - cell.ci_low

    assert width(speakers) > 1.5 * width(None)


def test_comparisons_are_the_paired_tests(metrics):
    table = build_tables(metrics, 0, 200)["comparisons"]
    row = "table2 / still less ours-p"
    assert value(table, row, "psnr") == pytest.approx(-6)
    a, b = (20 + 10 * QUALITY[m] + np.arange(2.0) for m in ("still", "ours-p"))
    assert value(table, row, "psnr p") == paired_test(a, b, None, 0, "a").permutation == 0.5
    assert value(table, row, "psnr p-holm") == 1
    assert value(table, row, "psnr least p") == 0.5
    assert not table.row.str.contains("ours-p less ours-p").any()
    assert not table.column.str.startswith("mouth-lag").any(), "what has no better has no test"
    assert value(table, "hs / still less ours-p", "hs") == pytest.approx(-0.12)


def test_the_chosen_method_may_be_another(metrics):
    table = build_tables(metrics, 0, 200, compare_to=["absent", "still"])["comparisons"]
    assert table.row.str.endswith(" less still").all()
    assert "comparisons" not in build_tables(metrics, 0, 200, compare_to=["absent"])


HS = {"pingpong": [0.95, 0.9], "other-person": [0.8, 0.92], "still": [0.5, 0.6], "ours-p": [0.9, 0.9]}


def test_hs_variants_say_who_is_told_apart(metrics):
    others = metrics[metrics.metric != "hs"]
    everyone = {method: [0.7, 0.7] for method in QUALITY} | HS
    more = [
        rows("hs", "pooled-20-linear", everyone),
        rows("hs", "fixed-90-linear", {**everyone, "other-person": [0.7, 0.7]}),
        rows("hs-generated", "pooled-20-linear", HS),
    ]
    tables = build_tables(pd.concat([others, *more]), 0, 200)
    table = tables["hs_variants"]
    assert value(table, "persons told apart", "pooled-20-linear") == 0.5
    assert value(table, "persons told apart", "fixed-90-linear") == 1
    assert value(table, "tells a person from another", "pooled-20-linear") == 0
    assert value(table, "tells a person from another", "fixed-90-linear") == 1
    assert value(table, "pingpong less other-person", "pooled-20-linear") == pytest.approx(0.065)
    assert value(table, "pingpong less still", "pooled-20-linear as generated") == pytest.approx(0.375)
    assert value(tables["hs"], "ours-p", "mean") == pytest.approx(0.9), "the main variant, not the others"


def test_hs_sensitivity_and_dynamics(metrics):
    found = [
        rows("hs-sensitivity", name, {"ours-p": [0.8, 0.9]})
        for name in ("pooled-10-linear", "pooled-60-linear", "fixed90-10-linear", "fixed45-10-linear")
    ]
    speed = rows("pose-velocity", "w1-v1", {"ours-p": [4.0, 6.0], "still": [9.0, 9.0]})
    tables = build_tables(pd.concat([metrics, speed]), 0, 200, sensitivity=pd.concat(found))
    table = tables["hs_sensitivity"]
    assert list(table.column) == [
        "fixed45-10-linear",
        "fixed90-10-linear",
        "pooled-10-linear",
        "pooled-60-linear",
    ]
    assert value(table, "ours-p", "pooled-10-linear") == pytest.approx(0.85)
    assert value(tables["dynamics"], "ours-p", "pose-velocity") == 5
    assert "pose-velocity" not in set(tables["table2"].column)


def test_appendix_a_by_reading(metrics):
    other = next(choice for choice in CHOICES if choice != DEFAULT)
    more = [
        rows("appendix-a", DEFAULT.id, {"oracle": [0.3, 0.5]}),
        rows("appendix-a", other.id, {"oracle": [0.1, 0.2]}),
        rows("appendix-a-null", f"{DEFAULT.id}-null100", {"oracle": [0.2, 0.2]}),
        rows("appendix-a-p", f"{DEFAULT.id}-null100", {"oracle": [0.01, 0.3]}),
    ]
    table = build_tables(pd.concat([metrics, *more]), 0, 200)["appendix_a"]
    assert table.row.iloc[0] == DEFAULT.id
    found = {c: value(table, DEFAULT.id, c) for c in ("mean", "min", "max", "null", "p <= 0.05")}
    assert found == pytest.approx({"mean": 0.4, "min": 0.3, "max": 0.5, "null": 0.2, "p <= 0.05": 0.5})
    assert value(table, other.id, "mean") == pytest.approx(0.15)
    assert value(table, "short videos", "mean", "quoted") == 0.45


def test_appendix_a_names_a_reading_that_no_video_has(metrics):
    other = next(choice for choice in CHOICES if choice != DEFAULT)
    more = [
        rows("appendix-a", DEFAULT.id, {"oracle": [0.3, 0.5]}),
        rows("appendix-a", other.id, {"oracle": [np.nan, np.nan]}),
        rows("appendix-a-null", f"{other.id}-null100", {"oracle": [np.nan, np.nan]}),
    ]
    table = build_tables(pd.concat([metrics, *more]), 0, 200)["appendix_a"]
    assert value(table, DEFAULT.id, "mean") == pytest.approx(0.4)
    assert set(table[table.row == other.id].kind) == {"not-attempted"}


def test_metrics_without_weights_and_pooled_ones(metrics):
    pooled = rows("fid", "fid-v1", {"ours-p": [12.0], "still": [30.0]}, ["all"])
    tables = build_tables(pd.concat([metrics, pooled]), 0, 200, lacking={"lpips": "weights missing"})
    missing = tables["table2"][tables["table2"].kind == "not-attempted"]
    assert "lpips: weights missing" in set(missing.row)
    assert value(tables["table2"], "ours-p", "fid") == 12
    assert "fid" not in set(tables["persons"].column)


def _answers(kind="reproduced", table="table1") -> pd.DataFrame:
    cells = [(table, "ours-p", "natural", 60.0, kind, 30, 40.0, 77.0, "best-of-n")]
    return pd.DataFrame(cells, columns=list(COLUMNS[:9]))


def test_answers_flow_in_from_the_study_folder(metrics, tmp_path):
    assert study_tables(tmp_path) == {}
    _answers().to_parquet(tmp_path / "table1.parquet")
    _answers().assign(value=1.0).to_csv(tmp_path / "table1.csv", index=False)  # its Parquet twin is read
    (tmp_path / "tables").mkdir()
    _answers("simulated", "strengths").to_csv(tmp_path / "tables" / "more.csv", index=False)
    pd.DataFrame({"participant": [1]}).to_csv(tmp_path / "answers.csv")
    found = study_tables(tmp_path)
    assert set(found) == {"table1", "strengths"}
    assert found["table1"].rows_hash.iloc[0] == sha256(tmp_path / "table1.parquet")[:16]
    tables = build_tables(metrics, 0, 200, studies=found)
    assert value(tables["table1"], "ours-p", "natural") == 60
    assert value(tables["table1"], "Ours-P", "natural", "quoted") == 83.67
    missing = tables["table1"][tables["table1"].kind == "not-attempted"]
    assert set(missing.row) == {"DAVS", "You said that", "ATVG"}, "ours-p was answered"
    assert value(tables["strengths"], "ours-p", "natural", "simulated") == 60


def test_answers_that_call_themselves_quoted_are_refused(tmp_path):
    _answers("quoted").to_csv(tmp_path / "table1.csv", index=False)
    with pytest.raises(UserError, match="quoted; a study's answers are"):
        study_tables(tmp_path)


def test_every_format_says_the_same(metrics, tmp_path):
    tables = build_tables(metrics, 0, 200)
    write_tables(tmp_path, tables)
    for name, table in tables.items():
        stored = pd.read_parquet(tmp_path / f"{name}.parquet")
        pd.testing.assert_frame_equal(stored, table, check_dtype=False, rtol=1e-9)
        text = pd.read_csv(
            tmp_path / f"{name}.csv", dtype={"row": str}, keep_default_na=False, na_values=[""]
        )
        np.testing.assert_allclose(text["value"], table["value"], rtol=1e-9)
        cells = json.loads((tmp_path / f"{name}.json").read_text())["cells"]
        assert [cell["row"] for cell in cells] == list(table.row)
        assert all((cell["value"] is None) == (cell["kind"] == "not-attempted") for cell in cells)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write_tables(tmp_path, tables)
    assert before == {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write_tables(tmp_path, {"hs": tables["hs"]})
    assert {path.stem for path in tmp_path.iterdir()} == {"hs"}, "tables that are no more go"


def test_latex_is_balanced_and_marks_what_is_quoted(metrics):
    text = latex("table2", build_tables(metrics, 0, 200)["table2"])
    assert text.index("\\toprule") < text.index("\\midrule") < text.index("\\bottomrule")
    lines = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert len({line.count("&") for line in lines}) == 1
    assert r"ATVG\textsuperscript{q} & 30.91 & 0.81 & 1.37" in text
    assert "& 29.90 & 0.73 & 1.73 " in text, "with the paper's digits"
    assert text.count("{") == text.count("}")
    assert "26.5 [26, 27]" in text


def test_latex_escapes():
    assert escape(r"a_b & 50% #1 {x} \y ~ ^ $") == (
        r"a\_b \& 50\% \#1 \{x\} \textbackslash{}y \textasciitilde{} \textasciicircum{} \$"
    )
