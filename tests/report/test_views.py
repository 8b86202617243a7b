"""Tables as shown: columns by protocol, groups, names, digits."""

import numpy as np
import pandas as pd
import pytest

from talkpose.report.layouts import LAYOUTS
from talkpose.report.roster import Card, Roster
from talkpose.report.tables import COLUMNS
from talkpose.report.views import split, view

ROSTER = Roster(
    {
        "ours-p": Card("ours-p", "Ours-P", "method", about="personal"),
        "still": Card("still", "Still", "control"),
        "pingpong": Card("pingpong", "Ping-pong", "control"),
        "other-person": Card("other-person", "Other person", "control"),
    }
)


def table(name: str, *cells: tuple) -> pd.DataFrame:
    rows = [(name, row, column, value, kind, 3, np.nan, np.nan, p) for row, column, value, kind, p in cells]
    return pd.DataFrame(rows, columns=list(COLUMNS[:9]))


def test_protocols_of_one_metric_stand_side_by_side():
    made = view(
        "heldout",
        table(
            "heldout",
            ("ours-p", "ssim", 0.5, "reproduced", "full-v1"),
            ("ours-p", "psnr [atvg-v1]", 29.0, "reproduced", "atvg-v1"),
            ("ours-p", "psnr", 25.0, "reproduced", "full-v1"),
            ("ours-p", "novel", 1.25, "reproduced", "novel-v1"),
            ("still", "psnr", 20.0, "reproduced", "full-v1"),
        ),
        ROSTER,
    )
    assert [(c.label.partition(" ")[0], c.protocol) for c in made.columns] == [
        ("PSNR", "full-v1"),
        (made.columns[1].label.partition(" ")[0], "atvg-v1"),
        ("SSIM", "full-v1"),
        ("novel", "novel-v1"),
    ]
    assert [(g.kind, [r.label for r in g.rows]) for g in made.groups] == [
        ("method", ["Ours-P"]),
        ("control", ["Still"]),
    ]
    assert [c.text for c in made.groups[1].rows[0].cells] == ["20.00", "–", "–", "–"]
    assert not any("not defined" in text for _, text in made.definitions)


def test_differences_stand_apart_and_carry_their_sign():
    made = view(
        "hs_variants",
        table(
            "hs_variants",
            ("ours-p", "pooled-20-linear", 0.9, "reproduced", "pooled-20-linear"),
            ("pingpong less other-person", "pooled-20-linear", 0.1234, "reproduced", "pooled-20-linear"),
            ("persons told apart", "pooled-20-linear", 1.0, "reproduced", "pooled-20-linear"),
            ("tells a person from another", "pooled-20-linear", 1.0, "reproduced", "pooled-20-linear"),
            ("tells a person from another", "fixed-90-linear", 0.0, "reproduced", "fixed-90-linear"),
        ),
        ROSTER,
    )
    assert [g.kind for g in made.groups] == ["method", "others"]
    apart = made.groups[1].rows
    assert [r.label for r in apart] == [
        *("Ping-pong less Other person", "persons told apart", "tells a person from another")
    ]
    assert [cell.text for cell in apart[2].cells] == ["yes", "no"]
    assert apart[0].cells[0].text == "+0.123"
    assert made.definitions[0][0] == "HS, pooled-20-linear"


def test_readings_are_rows():
    choice = "appa-v1-window-pooled-all-pearson"
    made = view(
        "appendix_a",
        table(
            "appendix_a",
            (choice, "mean", 0.31, "reproduced", choice),
            (choice, "p <= 0.05", 1.0, "reproduced", choice),
            ("short videos", "mean", 0.45, "quoted", "appendix-a-unstated"),
        ),
        ROSTER,
    )
    assert [c.label for c in made.columns] == ["mean", "p ≤ 0.05"]
    assert all(not c.protocol for c in made.columns)
    row = made.groups[0].rows[0]
    assert choice in (row.protocol, row.label)
    assert [g.kind for g in made.groups] == ["", "quoted"]
    assert made.groups[1].rows[0].cells[0].text == "0.45"


def test_p_values_belong_to_their_metric_and_some_columns_to_the_downloads():
    cells = [
        ("heldout / still less ours-p", f"psnr{end}", value, "reproduced", "full-v1")
        for end, value in (
            ("", -2.0),
            (" p", 0.03125),
            (" p-holm", 0.0625),
            (" wilcoxon p", 0.05),
            (" least p", 0.03),
        )
    ]
    made = view("comparisons", table("comparisons", *cells), ROSTER)
    assert [c.label for c in made.columns] == ["PSNR", "PSNR p", "PSNR p-holm"]
    assert [(g.label, [r.label for r in g.rows]) for g in made.groups] == [("heldout", ["Still less Ours-P"])]
    assert [c.text for c in made.groups[0].rows[0].cells] == ["-2.00", "0.031", "0.062"]


@pytest.mark.parametrize(
    ("column", "value", "text"), [("votes 4", 110.0, "110"), ("mean score", 3.6, "3.60")]
)
def test_quoted_digits(column, value, text):
    made = view("hs_study", table("hs_study", ("Ours-P", column, value, "quoted", "x")), ROSTER)
    assert made.groups[0].rows[0].cells[0].text == text
    assert made.groups[0].kind == "quoted"


def test_comparisons_of_several_tables_are_parts_with_their_own_columns():
    cells = [
        ("heldout / still less ours-p", "psnr", -2.0, "reproduced", "full-v1"),
        ("hs / still less ours-p", "hs", -0.3, "reproduced", "pooled-20-linear"),
    ]
    made = table("comparisons", *cells)
    parts = split("comparisons", made, view("comparisons", made, ROSTER), ROSTER)
    assert [(p.name, p.title, [c.label for c in p.columns]) for p in parts] == [
        ("comparisons-heldout", LAYOUTS["heldout"].title, ["PSNR"]),
        ("comparisons-hs", LAYOUTS["hs"].title, ["HS"]),
    ]
    hs = table("hs", ("still", "mean", 0.5, "reproduced", "pooled-20-linear"))
    whole = view("hs", hs, ROSTER)
    assert split("hs", hs, whole, ROSTER) == [whole]


def test_a_table_without_a_layout_is_shown_under_its_own_names():
    assert "novel_table" not in LAYOUTS
    made = view("novel_table", table("novel_table", ("a", "x y", 1.5, "reproduced", "q-v1")), ROSTER)
    assert (made.title, [c.label for c in made.columns], made.rows) == ("Novel table", ["x y"], 1)


def test_what_was_not_attempted_is_named():
    made = view(
        "table2",
        table(
            "table2",
            ("Chen", "psnr", 29.65, "quoted", "atvg-lrw"),
            ("Chen", "psnr", np.nan, "not-attempted", ""),
            ("still", "psnr", 20.0, "reproduced", "full-v1"),
            ("still", "ssim", np.nan, "not-attempted", ""),
        ),
        ROSTER,
    )
    assert made.not_attempted == "Chen"
    assert [c.label for c in made.columns] == ["PSNR"]
