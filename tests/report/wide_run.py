"""A made run with what made_run lacks: test clips, training lengths, poses, figures, and a hostile name."""

from pathlib import Path

import cv2
import made_run
import numpy as np
import pandas as pd

from talkpose.config import parse_config
from talkpose.files import write_json, write_npz, write_parquet, write_text
from talkpose.layout import RunLayout
from talkpose.metrics.compute import write_metrics
from talkpose.report.tables import COLUMNS

HOSTILE = """<img src=x onerror="alert(1)">&'"""
PERSONS = ("ann", HOSTILE)
WORDS = tuple(f"WORD{i:02d}_00001" for i in range(12))
METHODS = ("ours-g", "ours-p", "ours-p-fixed-pose", "oracle", "still")
TESTED = ("ours-g", "oracle", "still")
LENGTH = "ours-p-n100"
LMD = {"ours-g": 1.0, "ours-p": 0.8, "ours-p-fixed-pose": 0.9, "oracle": 0.1, "still": 2.0, LENGTH: 1.2}
CARDS = {
    **{name: made_run.CARDS[name] for name in ("ours-g", "ours-p", "oracle", "still")},
    "ours-p-fixed-pose": {"title": "Ours-P, <no> pose", "kind": "ablation"},
    LENGTH: {"title": "Ours-P, 100 frames", "kind": "ablation"},
}

VOTES = (("ours-p", "natural", 37), ("ours-g", "natural", 23))
"""Simulated votes of 60."""

ANALYSIS = {
    "study": "made-study",
    "simulated": True,
    "designs": {"best-of-n": {"participants": 20, "kept": 18}},
    "import": {
        "designs": {"best-of-n": {"complete": 19, "partial": 1, "packets": 20}},
        "refused": [{"file": "a <b>.json", "reason": "its seal is broken"}],
    },
    "sections": [
        {
            "design": "best-of-n",
            "title": "Pairs, image quality",
            "about": "Difference of shares.",
            "columns": ["pair", "difference", "p"],
            "rows": [["ours-g - still", 0.25, 0.00031], ["atvg - still", None, 1.0]],
        },
        {
            "design": "best-of-n",
            "title": "Screening",
            "about": "Who was kept.",
            "columns": ["participant", "kept"],
            "rows": [[f"p{i:02d}", "yes"] for i in range(20)],
        },
        {"design": "best-of-n", "title": "Empty", "about": "", "columns": ["x"], "rows": []},
    ],
}
"""What `talkpose study analyse` writes, of simulated answers."""


def config():
    """Configuration of the wide run."""
    corpora = {
        "people": {"role": "persons", "path": "clips"},
        "words-test": {"role": "test", "reader": "lrw", "path": "clips", "split": "test"},
    }
    given = {"run": "wide", "corpora": corpora, "methods": list(METHODS), "frame_counts": [100]}
    return parse_config({**given, "train_seconds": 8.0})


def metric_rows() -> list[dict]:
    """LMD of word i is the method's plus i hundredths, so that every worst and best clip is known."""
    rows = []

    def add(method: str, corpus: str, clip: str, **values: float) -> None:
        for metric, value in values.items():
            protocol = made_run.PROTOCOLS[metric.replace("_", "-")]
            row = {"method": method, "corpus": corpus, "clip": f"{clip}__own", "metric": metric}
            rows.append({**row, "protocol": protocol, "value": value, "n_frames": 29})

    for method in TESTED:
        for i, word in enumerate(WORDS):
            add(method, "words-test", word, psnr=30 - i, ssim=0.5, lmd=LMD[method] + i / 100)
    for p, person in enumerate(PERSONS):
        for method in (*METHODS, LENGTH):
            lmd = LMD[method] + p / 10
            add(
                method, "people", person, psnr=25.0 + p, ssim=0.6, lmd=lmd, mouth=1 - lmd / 4, hs=0.9 - p / 10
            )
    return rows


def _poses(layout: RunLayout) -> None:
    rng = np.random.default_rng(0)
    for person in PERSONS:
        real = np.zeros((260, 257), np.float32)
        real[:, -6:-3] = np.cumsum(rng.normal(0, 0.01, (260, 3)), axis=0)
        write_npz(layout.track("people", person), coefficients=real)
        for method in METHODS:
            made = real[200:250] * (0 if method == "still" else 0.5)
            write_npz(layout.video(method, f"{person}__own") / "coefficients.npz", coefficients=made)


def make_wide_run(root: Path) -> RunLayout:
    """Write the wide run to `root`."""
    layout = RunLayout(root)
    write_json(layout.config_file, config().model_dump(mode="json"))
    write_metrics(layout.metrics, metric_rows())
    for corpus, names in (("people", PERSONS), ("words-test", WORDS)):
        table = pd.DataFrame(
            {"corpus": corpus, "clip": list(names), "seconds": 1.16, "n_frames": 29, "sha256": "0"}
        )
        write_parquet(layout.clips_index(corpus), table)
        write_parquet(layout.tracks_shard(corpus, "0"), table[["corpus", "clip", "n_frames", "sha256"]])
    votes = [
        ("table1", m, c, 100 * v / 60, "simulated", 60, 0.0, 99.0, "best-of-4 votes") for m, c, v in VOTES
    ]
    study = layout.root / "study" / "table1.csv"
    study.parent.mkdir()
    pd.DataFrame(votes, columns=list(COLUMNS[:9])).to_csv(study, index=False)
    write_json(layout.study_analysis, ANALYSIS)
    write_text(layout.quarantine, "corpus\tclip\treason\tmessage\n")
    source = layout.root / "source.mp4"
    made_run.write_mp4(source, made_run._face("moving", "ann"), None)
    for method in (*METHODS, LENGTH):
        write_json(layout.videos_shard(method, "people", "0"), {"method": method, "spec": CARDS[method]})
        for clip in (*PERSONS, *(WORDS if method in TESTED else ())):
            video = layout.video(method, f"{clip}__own") / "video.mp4"
            video.parent.mkdir(parents=True)
            video.hardlink_to(source)
    _poses(layout)
    pictures = [{"row": "oracle", "clip": WORDS[5], "frame": 0, "picture": "figure8/x.png"}]
    figure = {"title": "Words", "rows": ["oracle", "ours-g"], "sheet": "figure8.png", "pictures": pictures}
    absent = {"row": "davs", "why": "not among this run's methods"}
    none = {"title": "Ablations", "why": "too few of its rows are in this run to compare"}
    figures = {"figure5": none | {"rows": [], "pictures": [], "absent": []}}
    write_json(layout.figures, figures | {"figure8": figure | {"absent": [absent]}})
    cv2.imwrite(str(layout.figures.parent / "figure8.png"), np.full((64, 128, 3), 90, np.uint8))
    for method in ("ours-g", "still"):
        for step in ("methods_generate", "metrics_measure"):
            path = layout.root / "logs" / "times" / f"{step}-{method}-words-test-0000.tsv"
            write_text(path, "s\th:m:s\n60.0\t0:01:00\n")
    return layout
