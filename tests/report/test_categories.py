"""Metric rows as categories: the same tables, texts and pairs as with plain texts."""

import numpy as np
import pandas as pd
import pytest

from talkpose.files import write_parquet
from talkpose.metrics.base import COLUMNS
from talkpose.report.categories import TEXTS, as_text, joined, read_rows
from talkpose.report.outcomes import Outcome, usable_rows
from talkpose.report.tables import build_tables


@pytest.fixture
def rows() -> pd.DataFrame:
    """Twelve words by three methods; two speakers; the names are in no order."""
    rng = np.random.default_rng(0)
    found = [
        {"method": method, "corpus": "lrw", "clip": f"{word}__own", "metric": metric}
        | {"protocol": protocol, "value": float(rng.normal(10, 1)), "n_frames": 29}
        for method in ("still", "ours-g", "atvg")
        for metric, protocol in (("ssim", "full-v1"), ("psnr", "full-v1"), ("psnr", "atvg-v1"))
        for word in rng.permutation([f"WORD_{i:05d}" for i in range(12)])
    ]
    return pd.DataFrame(found)[list(COLUMNS)]


@pytest.fixture
def kept(rows, tmp_path) -> pd.DataFrame:
    """The rows as they come back from a file."""
    write_parquet(tmp_path / "metrics.parquet", rows)
    return read_rows(tmp_path / "metrics.parquet")


def test_texts_come_back_as_ordered_categories_with_the_same_names(rows, kept):
    for name in TEXTS:
        assert isinstance(kept[name].dtype, pd.CategoricalDtype)
        assert list(kept[name].cat.categories) == sorted(rows[name].unique())
    pd.testing.assert_frame_equal(as_text(kept), rows.astype(dict.fromkeys(TEXTS, "str")))


@pytest.mark.parametrize("form", ["rows", "kept"])
def test_pairs_are_those_of_the_joined_texts(form, rows, request):
    table = request.getfixturevalue(form)
    codes, names = joined(table, "metric", "protocol", "|")
    whole = rows["metric"] + "|" + rows["protocol"]
    assert [names[code] for code in codes] == list(whole)
    assert names == list(whole.unique())  # in order of appearance, each once
    assert joined(table.iloc[:0], "corpus", "clip", "/")[1] == []


def test_tables_are_the_same_from_both(rows, kept):
    speakers = {f"lrw/WORD_{i:05d}": f"lrw/{'ann' if i % 2 else 'bob'}" for i in range(12)}
    made = [
        build_tables(table, 0, 200, ["lrw"], 300, compare_to=["ours-g"], speakers=speakers)
        for table in (rows, kept)
    ]
    assert list(made[0]) == list(made[1])
    for name in made[0]:
        pd.testing.assert_frame_equal(made[0][name], made[1][name])
    assert "still less ours-g" in " ".join(made[1]["comparisons"]["row"])


def test_lost_methods_and_refused_videos_leave_the_same_rows(rows, kept):
    outcomes = {
        "atvg": Outcome("failed", "the adapter ended with 1", "image"),
        "still": Outcome("done", "", "image", 11, {"lrw/WORD_00003__own": "no face"}),
    }
    rows = rows[(rows["method"] != "still") | (rows["clip"] != "WORD_00003__own")]
    kept = kept[(kept["method"] != "still") | (kept["clip"] != "WORD_00003__own")]
    plain, made = usable_rows(rows, outcomes), usable_rows(kept, outcomes)
    assert isinstance(made["method"].dtype, pd.CategoricalDtype)
    pd.testing.assert_frame_equal(as_text(made), plain.astype(dict.fromkeys(TEXTS, "str")))
    refused = plain[plain["clip"].eq("WORD_00003__own") & plain["method"].eq("still")]
    assert len(refused) == 3 and refused["value"].isna().all()
    assert set(plain["method"]) == {"still", "ours-g"}
