"""Methods without numbers, and videos set aside, in tables and on the page."""

import numpy as np
import pandas as pd
import pytest
from made_run import make_run

from talkpose.files import read_json, write_json
from talkpose.metrics.base import COLUMNS
from talkpose.report.build import build_report
from talkpose.report.outcomes import Outcome, read_outcome, usable_rows, with_lost


def receipt(folder, shard, **changes):
    folder.mkdir(exist_ok=True)
    known = {"spec": {"needs": "image"}, "state": "done", "reason": "", "items": [], "quarantined": []}
    write_json(folder / f"people-{shard}.json", known | changes)


def test_one_shard_that_fails_loses_the_method(tmp_path):
    receipt(tmp_path / "a", "0000", items=[{}])
    receipt(tmp_path / "a", "0001", state="failed", reason="bob: no face")
    found = read_outcome(tmp_path / "a")
    assert found.lost and found.text == "failed: bob: no face" and found.needs == "image"
    receipt(tmp_path / "b", "0000", state="not-attempted", reason="no checkout")
    assert read_outcome(tmp_path / "b").text == "not attempted: no checkout"


def test_videos_set_aside_are_counted_and_too_many_lose_the_method(tmp_path):
    aside = [{"item": "bob__own", "reason": "no video bob__own.mp4"}]
    receipt(tmp_path / "a", "0000", items=[{}, {}], quarantined=aside)
    found = read_outcome(tmp_path / "a")
    assert not found.lost and dict(found.refused) == {"people/bob__own": "no video bob__own.mp4"}
    assert found.text == "1 of 3 videos set aside, for all methods: bob__own (no video bob__own.mp4)"
    receipt(tmp_path / "b", "0000", quarantined=aside)
    assert read_outcome(tmp_path / "b").text.startswith("failed: 1 of 1 videos cannot be used")


@pytest.fixture
def metrics():
    rows = [
        (method, "people", f"{person}__own", metric, "full-v1", 1.0, 50)
        for method in ("still", "theirs")
        for person in ("ann", "bob", "cal")
        for metric in ("psnr", "ssim")
        if (method, person) != ("theirs", "bob")
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def test_a_video_set_aside_has_rows_without_values_and_a_lost_method_none(metrics):
    outcome = Outcome(made=2, refused={"people/bob__own": "bad"})
    rows = usable_rows(metrics, {"still": Outcome(), "theirs": outcome})
    bob = rows[(rows["method"] == "theirs") & (rows["clip"] == "bob__own")]
    assert sorted(bob["metric"]) == ["psnr", "ssim"] and bob["value"].isna().all()
    assert len(rows) == len(metrics) + 2
    assert set(usable_rows(metrics, {"theirs": Outcome("failed", "x")})["method"]) == {"still"}


def test_lost_methods_have_a_row_with_no_empty_cell():
    table = pd.DataFrame(
        [("table2", "still", c, 1.0, "reproduced", 3, 0.9, 1.1, "full-v1") for c in ("psnr", "ssim")],
        columns=["table", "row", "column", "value", "kind", "n", "ci_low", "ci_high", "protocol"],
    )
    outcomes = {
        "still": Outcome(),
        "by-image": Outcome("failed", "out of memory", "image"),
        "by-video": Outcome("not-attempted", "no checkout", "video"),
    }
    found = with_lost({"table2": table, "heldout": table.assign(table="heldout")}, outcomes, words=True)
    rows = found["table2"][found["table2"]["row"] == "by-image"]
    assert rows["column"].tolist() == ["psnr", "ssim"] and set(rows["kind"]) == {"not-attempted"}
    assert set(rows["note"]) == {"failed: out of memory"}
    assert "by-video" not in set(found["table2"]["row"]), "Table 2 is about words, which it cannot speak"
    assert "by-video" in set(found["heldout"]["row"])
    assert found["heldout"]["value"].dtype == np.float64


def test_the_page_says_why(tmp_path):
    layout = make_run(tmp_path / "made")
    config = read_json(layout.config_file)
    write_json(layout.config_file, config | {"methods": [*config["methods"], "wav2lip", "theirs"]})
    for name, state, reason in (
        ("wav2lip", "not-attempted", "no checkout; clone it"),
        ("theirs", "failed", "ann__own: python ended with exit code 1"),
    ):
        folder = layout.root / "videos" / name
        folder.mkdir()
        spec = {"title": f"Their {name}", "kind": "baseline", "needs": "video"}
        receipt(folder, "0", state=state, reason=reason, spec=spec)
    page = build_report(layout.root).read_text()
    table = pd.read_csv(layout.tables / "table2.csv")
    assert set(table[table["row"] == "wav2lip"]["note"]) == {"not attempted: no checkout; clone it"}
    pages = "".join(path.read_text() for path in (layout.report).rglob("*.html"))
    assert "Their wav2lip: not attempted: no checkout; clone it" in page
    assert 'title="failed: ann__own: python ended with exit code 1">failed</td>' in pages
