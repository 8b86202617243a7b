"""`talkpose compare`: which cells differ, and by how much."""

import shutil

import numpy as np
import pytest
from made_run import metric_rows
from typer.testing import CliRunner

from talkpose.cli.app import app
from talkpose.errors import UserError
from talkpose.layout import RunLayout
from talkpose.metrics.compute import metrics_table
from talkpose.report.differences import compare_runs, show
from talkpose.report.tables import build_tables, write_tables


@pytest.fixture(scope="module")
def tables():
    return build_tables(metrics_table(metric_rows()), 0, 200)


@pytest.fixture
def two(tables, tmp_path):
    """Two runs with the same tables; b is to be spoilt."""
    for name in "ab":
        write_tables(RunLayout(tmp_path / name).tables, tables)
    return tmp_path / "a", tmp_path / "b"


def spoil(root, tables, table, change) -> None:
    spoilt = {**tables, table: tables[table].copy()}
    change(spoilt[table])
    write_tables(RunLayout(root).tables, spoilt)


def _psnr(table):
    return (table.row == "ours-p") & (table.column == "psnr") & (table.kind == "reproduced")


def test_equal_runs_agree(two):
    assert compare_runs(*two).empty


def test_a_changed_value_is_told_with_its_size(two, tables):
    def change(table):
        table.loc[_psnr(table), "value"] += 0.25

    spoil(two[1], tables, "table2", change)
    found = compare_runs(*two)
    assert len(found) == 1
    cell = found.iloc[0]
    assert (cell.table, cell.row, cell.column, cell.what) == ("table2", "ours-p", "psnr", "value")
    assert cell.difference == pytest.approx(0.25)
    assert compare_runs(*two, tolerance=0.3).empty
    assert show(found, "a", "b") == "table2: ours-p, psnr (reproduced): 26.5 -> 26.75 (+0.25) [value]"


def test_counts_protocols_and_missing_cells(two, tables):
    def change(table):
        table.loc[_psnr(table), ["n", "protocol"]] = [3, "full-v2"]
        table.loc[(table.row == "still") & (table.column == "ssim"), "value"] = np.nan
        table.drop(index=table.index[(table.row == "oracle") & (table.column == "lmd")], inplace=True)

    spoil(two[1], tables, "table2", change)
    found = compare_runs(*two, tolerance=100).set_index(["row", "column"]).what
    assert found.to_dict() == {
        ("ours-p", "psnr"): "n, protocol",
        ("still", "ssim"): "value",
        ("oracle", "lmd"): "only in a",
    }


def test_an_interval_alone_is_a_difference(two, tables):
    def change(table):
        table.loc[_psnr(table), ["ci_low", "ci_high"]] = [25.5, 27.5]

    spoil(two[1], tables, "table2", change)
    found = compare_runs(*two)
    assert list(found.what) == ["interval"]
    assert show(found, "a", "b") == "table2: ours-p, psnr (reproduced): 26.5 -> 26.5 (+0) [interval]"


def test_a_table_that_one_run_lacks(two):
    shutil.rmtree(RunLayout(two[0]).tables)
    with pytest.raises(UserError, match="build the report first"):
        compare_runs(*two)
    with pytest.raises(UserError, match="at least 0"):
        compare_runs(*two, tolerance=-1)


def test_command(two, tables, tmp_path):
    runs = [str(two[0]), str(two[1])]
    assert CliRunner().invoke(app, ["compare", *runs]).exit_code == 0

    def change(table):
        table.loc[table.column == "min", "value"] *= 0.5

    spoil(two[1], tables, "hs", change)
    said = CliRunner().invoke(app, ["compare", *runs, "--csv", str(tmp_path / "d.csv")])
    assert said.exit_code == 1
    assert "cells differ" in said.output
    assert (tmp_path / "d.csv").read_text().count("value") >= 6
