"""The frames of the paper's figures: chosen from the real video, alike for every method, and kept."""

import cv2
import numpy as np
import pytest

from talkpose.clips.store import write_lossless
from talkpose.config import parse_config
from talkpose.files import read_json, write_json
from talkpose.layout import RunLayout
from talkpose.report.figures import choose_moments, figures_of, write_figures

METHODS = ["ours-g", "ours-p", "ours-p-mean-identity", "oracle", "still"]


def config(**changes):
    corpora = {"people": {"role": "persons", "path": "x"}, "words": {"role": "test", "path": "x"}}
    return parse_config(
        {
            "run": "r",
            "corpora": corpora,
            "methods": METHODS,
            "train_seconds": 4,
            "frame_counts": [50],
            **changes,
        }
    )


@pytest.fixture
def run(tmp_path):
    layout = RunLayout(tmp_path / "r")
    rng = np.random.default_rng(0)
    for corpus, clip in [("people", "ann"), ("people", "bob"), ("words", "about")]:
        layout.clip_folder(corpus, clip).mkdir(parents=True)
        for n, method in enumerate(config().all_methods):
            if corpus == "words" and method.startswith("ours-p"):
                continue
            frames = rng.integers(0, 40, (12, 16, 16, 3)).astype(np.uint8) + np.uint8(20 * n)
            write_lossless(layout.video(method, f"{clip}__own") / "frames.mkv", frames)
    return layout


def test_moments_are_where_the_mouth_differs_one_in_each_stretch():
    frames = np.full((20, 16, 16, 3), 100, np.uint8)
    for moment in (3, 7, 12, 19):
        frames[moment, 10:13, 6:10] = 10
    assert choose_moments(frames) == [3, 7, 12, 19]
    assert choose_moments(frames[:2]) == [0, 1]


def test_figures_have_the_papers_rows_in_its_order():
    rows = {figure.name: figure.methods for figure in figures_of(config())}
    assert list(rows) == [f"figure{n}" for n in range(3, 10)]
    assert rows["figure7"] == ("oracle", "davs", "yousaidthat", "atvg", "still", "ours-p")
    assert rows["figure8"] == ("oracle", "davs", "yousaidthat", "atvg", "still", "ours-g")
    assert rows["figure9"] == ("oracle", "ours-p-n50", "ours-p"), "by their lengths"
    assert rows["figure6"] == ("oracle", "ours-p-mean-identity", "ours-p")


def test_rows_and_figures_that_are_not_there_say_why(run):
    found = write_figures(run, config())
    assert list(found) == [f"figure{n}" for n in range(3, 10)]
    assert found["figure8"]["rows"] == ["oracle", "still", "ours-g"]
    assert {one["row"]: one["why"] for one in found["figure8"]["absent"]} == dict.fromkeys(
        ("davs", "yousaidthat", "atvg"), "not among this run's methods"
    )
    lost = found["figure5"]
    assert "sheet" not in lost and lost["why"] == "too few of its rows are in this run to compare"
    assert [one["row"] for one in lost["absent"]] == ["ours-p-fixed-pose", "ours-p-no-identity"]
    assert not (run.figures.parent / "figure5.png").exists()


def test_reasons_of_a_whole_figure(run):
    few = write_figures(run, config(methods=["ours-p", "oracle"], frame_counts=[]))
    assert "frame_counts" in few["figure9"]["why"]
    assert "sheet" in few["figure3"]
    alone = write_figures(run, config(methods=["ours-p", "still"]))
    assert alone["figure3"]["why"] == "oracle, the real video: not among this run's methods"
    persons = {"people": {"role": "persons", "path": "x"}}
    assert "role `test`" in write_figures(run, config(corpora=persons))["figure8"]["why"]
    write_json(
        run.root / "videos" / "ours-p" / "people-0000.json",
        {"state": "failed", "reason": "the adapter ended with 1", "spec": {"title": "Ours-P"}},
    )
    failed = write_figures(run, config())["figure3"]
    assert failed["absent"] == [{"row": "ours-p", "why": "failed: the adapter ended with 1"}]


def test_every_row_shows_the_same_moments(run):
    found = write_figures(run, config())
    assert found == read_json(run.figures)
    assert {item["clip"] for item in found["figure8"]["pictures"]} == {"about"}
    assert {item["clip"] for item in found["figure3"]["pictures"]} == {"ann", "bob"}
    made = [figure for figure in found.values() if "sheet" in figure]
    assert len(made) == 6
    for figure in made:
        shown = {
            row: [(p["clip"], p["frame"]) for p in figure["pictures"] if p["row"] == row]
            for row in figure["rows"]
        }
        assert len({tuple(moments) for moments in shown.values()}) == 1
        for picture in figure["pictures"]:
            assert cv2.imread(str(run.figures.parent / picture["picture"])).shape == (16, 16, 3)
        sheet = cv2.imread(str(run.figures.parent / figure["sheet"]))
        assert sheet.shape[0] == 20 * len(figure["rows"])
