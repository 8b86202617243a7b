"""The paper's numbers: printed as it prints them, and kept in one place."""

import re
from itertools import groupby
from pathlib import Path

import pytest

import talkpose
from talkpose.report.published import TABLES, printed, quoted

SOURCE = Path(talkpose.__file__).parent


def test_numbers_are_printed_with_the_papers_digits():
    assert printed("hs_study", "Ours-P", "mean score", "correlation with HS") == ["3.60", "0.65"]
    assert printed("appendix_b", "100", "chosen as best") == ["0.0"]
    with pytest.raises(KeyError, match="mean score"):
        printed("hs", "Ours-P", "mean score")


def test_no_module_repeats_a_row_of_the_paper():
    """They stand in published/*.csv alone: a module that holds a row's first three numbers copied them."""
    rows = [list(group) for name in TABLES for _, group in groupby(quoted(name), lambda q: q.row)]
    numbers = {
        f"{row[0].source}: {row[0].row}": {f"{q.value:.{q.decimals}f}" for q in row[:3]}
        for row in rows
        if len(row) > 2 and all(q.decimals > 1 for q in row[:3])
    }
    assert len(numbers) > 8
    for path in (p for part in ("metrics", "report", "study") for p in (SOURCE / part).rglob("*.py")):
        held = set(re.findall(r"\d+\.\d+", path.read_text(encoding="utf-8")))
        assert [name for name, row in numbers.items() if row <= held] == [], path
