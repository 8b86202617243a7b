"""The frames of the paper's figures: chosen from the real video, alike for every method, and kept."""

import cv2
import numpy as np
import pytest

from talkpose.clips.store import write_lossless
from talkpose.config import parse_config
from talkpose.files import read_json
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


def test_a_figure_has_the_rows_that_the_run_has():
    rows = {figure.name: figure.methods for figure in figures_of(config())}
    assert rows["figure9"] == ("oracle", "ours-p-n50", "ours-p"), "by their lengths"
    assert rows["figure6"] == ("oracle", "ours-p-mean-identity", "ours-p")
    assert rows["figure8"] == ("oracle", "still", "ours-g")
    assert figures_of(config(methods=["ours-p"])) == [], "nothing to compare with"


def test_every_row_shows_the_same_moments(run):
    found = write_figures(run, config())
    assert found == read_json(run.figures)
    assert {item["clip"] for item in found["figure8"]["pictures"]} == {"about"}
    assert {item["clip"] for item in found["figure3"]["pictures"]} == {"ann", "bob"}
    for figure in found.values():
        shown = {
            row: [(p["clip"], p["frame"]) for p in figure["pictures"] if p["row"] == row]
            for row in figure["rows"]
        }
        assert len({tuple(moments) for moments in shown.values()}) == 1
        for picture in figure["pictures"]:
            assert cv2.imread(str(run.figures.parent / picture["picture"])).shape == (16, 16, 3)
        sheet = cv2.imread(str(run.figures.parent / figure["sheet"]))
        assert sheet.shape[0] == 20 * len(figure["rows"])
