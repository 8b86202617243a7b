"""The real Snakefile on real clips, small: complete, idle the second time, the same bytes after a kill."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from crate_check import Severity, problems

from talkpose.clips.store import read_frames, read_metadata
from talkpose.face.track import load_track
from talkpose.files import read_json, sha256
from talkpose.layout import RunLayout
from talkpose.report.hashes import known_files
from talkpose.report.manifest import verify_run

sys.path.insert(0, str(Path(__file__).parent))
from tiny import METHODS, prepare, run, tiny_clips, tiny_config

UNEQUAL = {"logs", ".lock", "times.js", "ro-crate-metadata.json"}
"""What two equal runs may differ in: logs, the lock, wall-clock times (an RO-Crate must tell its date)."""


@pytest.fixture(scope="module")
def clips(clips_dir, tmp_path_factory):
    return tiny_clips(clips_dir, tmp_path_factory.mktemp("raw") / "clips")


@pytest.fixture(scope="module")
def finished(clips, tmp_path_factory):
    """A whole run with one clip that must be quarantined: a video without sound."""
    folder = tmp_path_factory.mktemp("whole")
    prepare(folder, tiny_config())
    result = run(folder, clips)
    assert result.returncode == 0, result.stderr + result.stdout
    assert f"Report: {Path('results/tiny/report/index.html')}" in result.stdout
    return folder


def hashes(folder: Path) -> dict[str, str]:
    root = folder / "results" / "tiny"
    files = [path for path in root.rglob("*") if path.is_file()]
    return {
        path.relative_to(root).as_posix(): sha256(path)
        for path in files
        if not UNEQUAL & set(path.relative_to(root).parts)
    }


def test_every_method_is_measured_and_reported(finished):
    root = finished / "results" / "tiny"
    metrics = pd.read_parquet(root / "metrics" / "metrics.parquet")
    assert list(metrics.columns) == ["method", "corpus", "clip", "metric", "protocol", "value", "n_frames"]
    assert {method.partition(":")[0] for method in metrics["method"]} == set(METHODS)
    oracle = metrics[(metrics["method"] == "oracle") & (metrics["metric"] == "psnr")]
    assert (oracle["value"] == 100).all(), "the real frames against themselves"
    # verdicts.csv is a list of judgements, not of cells
    files = [path for path in (root / "tables").glob("*.csv") if path.stem != "verdicts"]
    tables = pd.concat(map(pd.read_csv, files))
    assert set(tables.columns) >= {
        "table",
        "row",
        "column",
        "value",
        "kind",
        "n",
        "ci_low",
        "ci_high",
        "protocol",
    }
    assert set(tables["kind"]) <= {"quoted", "reproduced", "simulated", "not-attempted"}
    assert {"quoted", "reproduced"} <= set(tables["kind"])
    assert not list(root.rglob("*.part*")), "no partial file is left"


def test_a_finished_run_is_as_it_was_recorded(finished, monkeypatch):
    monkeypatch.chdir(finished)
    layout = RunLayout(Path("results/tiny"))
    assert verify_run(layout)[0] == []
    found = read_json(layout.manifest)
    assert found["findings"] == []
    assert found["checked"]["started with"]
    kinds = {known.kind for known in known_files(layout, layout.load_config())}
    assert kinds == {"inputs", "tracks", "weights", "videos", "figures"}
    cells = pd.read_csv(layout.tables / "table2.csv")
    assert cells[cells["kind"] == "reproduced"][["rows_hash", "receipts_hash"]].notna().all().all()


def test_the_crate_of_a_real_run_is_valid(finished, monkeypatch):
    monkeypatch.chdir(finished)
    folder = finished / "results" / "tiny"
    assert problems(folder, "workflow-run-crate-0.5", Severity.REQUIRED, monkeypatch) == []


def test_snakemakes_own_report_has_the_tables(finished, clips, tmp_path):
    command = [sys.executable, "-m", "snakemake", "--configfile", "config.yaml", "--config", f"CLIPS={clips}"]
    made = subprocess.run(
        [*command, "--cores", "1", "--report", str(tmp_path / "report.html")],
        cwd=finished,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    text = (tmp_path / "report.html").read_text()
    assert "table2.csv" in text
    assert "verdicts.csv" in text


def test_generated_videos_say_that_they_are_synthetic(finished):
    videos = finished / "results" / "tiny" / "videos"
    made = videos / "ours-p" / "personal_a__driving_a"
    assert "synthetic" in read_metadata(made / "video.mp4")["comment"].lower()
    assert "synthetic" in read_metadata(made / "frames.mkv")["comment"].lower()
    assert "comment" not in read_metadata(videos / "oracle" / "personal_a__own" / "video.mp4")
    assert len(read_frames(made / "frames.mkv")) == 50


def test_receipts_tell_what_was_learnt_from(finished):
    item = read_json(finished / "results" / "tiny" / "videos" / "ours-p" / "personal_a__own" / "item.json")
    assert item["train_frames"] == 75
    receipt = read_json(
        finished / "results" / "tiny" / "models" / "motion" / "base" / "person" / "personal_a.json"
    )
    assert receipt["listens"] in {"yes", "NO", "not checked"}


def test_a_second_run_does_nothing(finished, clips):
    before = {path: path.stat().st_mtime_ns for path in (finished / "results" / "tiny" / "videos").rglob("*")}
    result = run(finished, clips)
    assert result.returncode == 0
    log = (finished / "results" / "tiny" / "logs" / "snakemake.log").read_text()
    assert "Nothing to be done" in log
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_a_changed_section_reruns_only_what_depends_on_it(finished, clips):
    prepare(finished, tiny_config(compose={"albedo": "low-frequency"}))
    run(finished, clips, "-n")
    log = (finished / "results" / "tiny" / "logs" / "snakemake.log").read_text()
    prepare(finished, tiny_config())
    jobs = {line.split()[0] for line in log.partition("Job stats:")[2].splitlines() if len(line.split()) == 2}
    assert {"refine_pairs", "refine_personalise", "methods_generate"} <= jobs
    assert not {"clips_ingest", "face_track", "motion_train", "motion_personalise"} & jobs


def test_published_weights_that_come_rerun_the_measures_alone(finished, clips):
    weights = finished / "published" / "inception.pth"
    weights.parent.mkdir()
    weights.write_bytes(b"weights")
    run(finished, clips, "-n")
    log = (finished / "results" / "tiny" / "logs" / "snakemake.log").read_text()
    weights.unlink()
    jobs = {line.split()[0] for line in log.partition("Job stats:")[2].splitlines() if len(line.split()) == 2}
    assert {"metrics_measure", "metrics_collect", "report_build"} <= jobs
    assert not {name for name in jobs if name.startswith(("clips", "face", "motion", "refine", "methods"))}


def test_killed_runs_end_with_the_same_bytes(finished, clips, tmp_path):
    """Killed twice without warning, jobs and all, then run to its end."""
    prepare(tmp_path, tiny_config())
    command = [sys.executable, "-m", "talkpose", "run", "--config", "config.yaml", "--set", f"CLIPS={clips}"]
    for steps in (6, 16):
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        log = tmp_path / "results" / "tiny" / "logs" / "snakemake.log"
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline and process.poll() is None:
            if log.is_file() and log.read_text().count(" steps (") >= steps // 2:
                break
            time.sleep(0.1)
        time.sleep(1.5)
        os.killpg(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, "it was still at work"
    result = run(tmp_path, clips)
    assert result.returncode == 0, result.stderr + result.stdout
    expected, found = hashes(finished), hashes(tmp_path)
    assert set(expected) == set(found)
    assert [name for name in expected if expected[name] != found[name]] == []


def test_a_person_that_cannot_be_used_is_quarantined_and_counted(clips, tmp_path):
    """One person is too short to train and test on: the run goes on without it and says so."""
    folder = tmp_path / "clips"
    folder.mkdir()
    for path in clips.iterdir():
        (folder / path.name).symlink_to(path)
    (folder / "personal_short.mpg").symlink_to(clips / "grid_bbaf2n.mpg")
    prepare(tmp_path, tiny_config(methods=["still", "oracle"]))
    result = run(tmp_path, folder)
    assert result.returncode == 0, result.stderr + result.stdout
    root = tmp_path / "results" / "tiny"
    rows = pd.read_csv(root / "clips" / "quarantine.tsv", sep="\t")
    assert rows[["corpus", "clip", "reason"]].to_numpy().tolist() == [
        ["personal", "personal_short", "too-short"]
    ]
    report = root / "report"
    assert "personal_short" in (report / "data" / "quarantine.js").read_text()
    assert re.search(r"\b1 of \d+ set aside", (report / "quarantine.html").read_text())
    metrics = pd.read_parquet(root / "metrics" / "metrics.parquet")
    assert set(metrics["clip"]) == {"personal_a__own", "personal_a__driving_a"}


def test_another_detector_carries_a_run_to_its_measures(clips, tmp_path):
    methods = ["ours-p", "oracle", "rerender"]
    prepare(tmp_path, tiny_config(face={"landmarks": "dlib"}, methods=methods))
    result = run(tmp_path, clips, "--until", "metrics_collect")
    assert result.returncode == 0, result.stderr + result.stdout
    layout = RunLayout(tmp_path / "results" / "tiny")
    assert load_track(layout.track("personal", "personal_a")).landmarks.shape[1:] == (68, 2)
    table = pd.read_parquet(layout.metrics)
    regions = set(table[table.method == "rerender:refined"].metric)
    assert {"psnr-face", "psnr-mouth", "psnr-edge"} <= regions
    heard = table[(table.metric == "mouth") & (table.method == "oracle")]
    assert len(heard) and (heard.value > 0.9).all(), "one detector on both sides"


def test_bad_configuration_is_one_sentence(clips, tmp_path):
    prepare(tmp_path, tiny_config(refine={"levels": 2}))
    result = run(tmp_path, clips)
    assert result.returncode == 2
    assert "`refine.levels`" in result.stderr
    assert "Traceback" not in result.stderr
