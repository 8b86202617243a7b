"""`talkpose run` and the command line's errors."""

import fcntl
import subprocess
import sys
import time
from pathlib import Path

import pytest

from talkpose.cli.run import _failure, _only_run, given_values
from talkpose.errors import UserError


def talkpose(*arguments, **options):
    command = [sys.executable, "-m", "talkpose", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def test_errors_are_one_sentence_without_traceback(tmp_path):
    result = talkpose("run", "--config", "nowhere.yaml", cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith("talkpose: nowhere.yaml: no such configuration file")
    assert "Traceback" not in result.stderr
    result = talkpose("motion", "train", "results/none", cwd=tmp_path)
    assert result.returncode == 2
    assert "not a run" in result.stderr


def test_animate_wants_one_of_video_and_image(tmp_path):
    result = talkpose("animate", "--audio", "a.wav", "--out", "o.mp4", cwd=tmp_path)
    assert result.returncode == 2
    assert "either --video or --image" in result.stderr


def test_values():
    assert given_values(["CLIPS=a=b"]) == {"CLIPS": "a=b"}
    with pytest.raises(UserError, match="NAME=VALUE"):
        given_values(["clips=a"])


def test_a_killed_run_leaves_no_lock_but_its_jobs_hold_it(tmp_path):
    child = "import time; time.sleep(3)"
    with _only_run(tmp_path) as lock:
        process = subprocess.Popen([sys.executable, "-c", child], pass_fds=[lock.fileno()])
    time.sleep(0.5)
    with open(tmp_path / ".lock", "w") as other:
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        process.kill()
        process.wait()
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_failure_shows_the_end_of_the_failed_rules_log(tmp_path):
    rule_log = tmp_path / "rule.log"
    rule_log.write_text("\n".join(f"line {i}" for i in range(100)) + "\ntalkpose: the clip is broken\n")
    log = tmp_path / "snakemake.log"
    log.write_text(
        f"Error in rule x:\n    jobid: 1\n    log: {rule_log} (check log file(s) for error details)\n"
    )
    text = _failure(log)
    assert "the clip is broken" in text
    assert "line 5\n" not in text
    assert str(log) in text


def test_a_run_for_another_target_names_no_report(tmp_path):
    (tmp_path / "Snakefile").write_text(
        'rule report:\n    output: "results/demo/report/index.html"\n    shell: "touch {output}"\n'
        'rule other:\n    output: "other.txt"\n    shell: "touch {output}"\n'
    )
    config = Path(__file__).parents[2] / "config" / "demo.yaml"
    result = talkpose("run", "--config", config, "other.txt", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "other.txt").exists() and "Report:" not in result.stdout
    result = talkpose("run", "--config", config, cwd=tmp_path)
    assert f"Report: {Path('results/demo/report/index.html')}" in result.stdout
