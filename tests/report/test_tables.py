"""Tables from known metric rows."""

import numpy as np
import pandas as pd
import pytest
from made_run import PERSONS, QUALITY, metric_rows

from talkpose.errors import UserError
from talkpose.metrics.compute import metrics_table
from talkpose.report.published import PROTOCOLS, quoted
from talkpose.report.published import TABLES as QUOTED
from talkpose.report.tables import ALL, COLUMNS, KINDS, OPTIONAL, TABLES, build_tables, write_tables


@pytest.fixture(scope="module")
def metrics() -> pd.DataFrame:
    return metrics_table(metric_rows())


@pytest.fixture(scope="module")
def tables(metrics) -> dict[str, pd.DataFrame]:
    return build_tables(metrics, seed=0, samples=200)


def _cell(table: pd.DataFrame, row: str, column: str, kind: str = "reproduced") -> pd.Series:
    found = table[(table.row == row) & (table.column == column) & (table.kind == kind)]
    assert len(found) == 1, (row, column, kind)
    return found.iloc[0]


def test_shape_of_every_table(tables):
    assert set(TABLES) - set(OPTIONAL) <= set(tables) <= set(TABLES)
    for name, table in tables.items():
        assert tuple(table.columns) == COLUMNS
        assert set(table.kind) <= set(KINDS)
        assert (table.table == name).all()
        assert not table.duplicated(["row", "column", "kind"]).any()
        attempted = table[table.kind != "not-attempted"]
        assert attempted.value.notna().all()
        assert attempted.protocol.ne("").all()
        assert (attempted.n > 0).all()


def test_means_and_intervals(tables):
    cell = _cell(tables["table2"], "ours-p", "psnr")
    assert cell.value == pytest.approx(20 + 10 * QUALITY["ours-p"] + 0.5)
    assert (cell.n, cell.protocol) == (2, "full-v1")
    assert cell.ci_low < cell.value < cell.ci_high
    one = _cell(tables["persons"], "bob / ours-p", "psnr")
    assert (one.value, one.n) == (pytest.approx(27), 1)
    assert np.isnan([one.ci_low, one.ci_high]).all()


def test_quoted_numbers_are_the_papers(tables):
    assert _cell(tables["table2"], "Ours-G", "psnr", "quoted").value == 30.94
    assert _cell(tables["table2"], "ATVG", "lmd", "quoted").value == 1.37
    assert _cell(tables["table1"], "Ours-P", "natural", "quoted").value == 83.67
    assert [_cell(tables["hs"], "Ours-P", c, "quoted").value for c in ("mean", "min", "max")] == [
        0.859,
        0.702,
        0.956,
    ]
    for column in ("image quality", "lip synchronization", "natural"):
        votes = [cell.value for cell in quoted("table1") if cell.column == column]
        assert sum(votes) == pytest.approx(100, abs=0.05)
        np.testing.assert_allclose(
            np.array(votes) * 6, np.round(np.array(votes) * 6), atol=0.05
        )  # of 600 votes
    assert {cell.protocol for name in QUOTED for cell in quoted(name)} == set(PROTOCOLS)


def test_what_did_not_run_is_not_attempted(tables):
    missing = tables["table2"][tables["table2"].kind == "not-attempted"]
    assert set(missing.row) == {"Chen", "Wiles", "You said that", "DAVS", "ATVG"}  # ours-g did run
    assert set(tables["table1"][tables["table1"].kind == "not-attempted"].row) >= {"Ours-P"}


def test_hs_stands_apart_by_sound(tables):
    table = tables["hs"]
    assert _cell(table, "ours-p", "mean").value == pytest.approx(0.825)
    assert _cell(table, "ours-p", "foreign").n == len(PERSONS)
    assert table[(table.row == "oracle") & (table.column == "foreign")].empty  # it has no foreign sound


def test_stage_tables(tables):
    assert _cell(tables["stage1"], "ann", "ours-p").value == pytest.approx(0.6)
    assert _cell(tables["stage1"], ALL, "shifted-sound").n == 2
    assert _cell(tables["stage1"], "bob", "ours-p mouth-lag").value == 0
    assert _cell(tables["stage2"], "ann / mouth", "gain").value == pytest.approx(2)
    assert _cell(tables["stage2"], f"{ALL} / edge", "refined").value == pytest.approx(21)
    assert not tables["table2"].row.str.contains(":").any()


def test_one_person_has_no_mean_row(metrics):
    alone = build_tables(metrics[metrics["clip"].str.startswith("ann")], 0, 200)
    assert list(dict.fromkeys(alone["stage1"].row)) == ["ann"]


def test_different_clip_sets_are_refused_with_the_fix(metrics):
    lacking = (metrics.method == "ours-g") & (metrics["clip"] == "bob__own") & (metrics.metric == "psnr")
    with pytest.raises(UserError, match=r"ours-g lacks people/bob__own; generate .* or take ours-g out of"):
        build_tables(metrics[~lacking], 0, 200)


def test_mixed_protocols_are_refused(metrics):
    mixed = metrics.copy()
    mixed.loc[(mixed.metric == "psnr") & (mixed.method == "still"), "protocol"] = "full-v2"
    with pytest.raises(UserError, match="psnr mixes the protocols full-v1, full-v2"):
        build_tables(mixed, 0, 200)


def test_a_clip_without_a_value_counts_for_no_method(metrics):
    broken = metrics.copy()
    no_face = (broken.metric == "lmd") & (broken["clip"] == "ann__own") & (broken.method == "ours-p")
    broken.loc[no_face, "value"] = np.nan
    table = build_tables(broken, 0, 200)["table2"]
    for method in ("ours-p", "ours-g", "still"):
        assert _cell(table, method, "lmd").n == 1
        assert _cell(table, method, "psnr").n == 2


def test_no_rows_at_all(metrics):
    tables = build_tables(metrics.iloc[:0], 0, 200)
    assert set(tables["stage1"].kind) == set()
    assert "reproduced" not in set(tables["table2"].kind)


def test_other_columns_are_refused(metrics):
    with pytest.raises(UserError, match="measure again"):
        build_tables(metrics.drop(columns="n_frames"), 0, 200)


def test_files_are_the_same_each_time(metrics, tables, tmp_path):
    write_tables(tmp_path / "a", tables)
    shuffled = metrics.sample(frac=1, random_state=1)
    write_tables(tmp_path / "b", build_tables(metrics_table(shuffled.to_dict("records")), 0, 200))
    for name in tables:
        text = (tmp_path / "a" / f"{name}.csv").read_bytes()
        assert text == (tmp_path / "b" / f"{name}.csv").read_bytes()
        assert text.startswith(b"table,row,column,value,kind,n,ci_low,ci_high,protocol,rows_hash")


def test_a_test_corpus_has_table_2_and_persons_their_own(metrics):
    words = metrics[(metrics.method.isin(["ours-g", "still"])) & metrics["clip"].str.endswith("__own")]
    words = words.assign(corpus="words", clip="w-" + words["clip"], value=words["value"] + 1)
    tables = build_tables(pd.concat([metrics, words]), 0, 200, ["words"])
    table2 = tables["table2"][tables["table2"].kind == "reproduced"]
    assert set(table2.row) == {"ours-g", "still"}, "methods that take words, on words alone"
    one, other = _cell(tables["table2"], "still", "psnr"), _cell(tables["heldout"], "still", "psnr")
    assert one.value == pytest.approx(other.value + 1)
    assert "ours-p" in set(tables["heldout"].row)


def test_ablations_and_training_lengths_stand_beside_ours_p(metrics):
    own = metrics[(metrics.method == "ours-p") & metrics["clip"].str.endswith("__own")]
    more = [
        own.assign(method=name, value=own["value"] - less)
        for name, less in (("ours-p-n50", 3.0), ("ours-p-n400", -1.0), ("ours-p-mean-identity", 0.5))
    ]
    tables = build_tables(pd.concat([metrics, *more]), 0, 200, (), 150)
    lengths = tables["lengths"]
    assert list(dict.fromkeys(lengths.row)) == ["00050", "00150", "00400"], "in the order of their lengths"
    values = [_cell(lengths, row, "psnr").value for row in ("00050", "00150", "00400")]
    assert np.allclose(np.diff(values), [3, 1])
    assert set(tables["ablations"].row) == {"ours-p", "ours-p-mean-identity"}
