"""Foreign programs: limits hold for all that they start, and what they print is kept."""

import os
import subprocess
import sys
import time

import psutil
import pytest

from talkpose.methods.outcome import MethodFailed
from talkpose.methods.process import clean_environment, run_process


def run(tmp_path, code, seconds=60.0, gigabytes=4.0, *arguments):
    command = [sys.executable, "-c", code, *arguments]
    run_process(command, tmp_path, dict(os.environ), tmp_path / "log.txt", seconds, gigabytes)
    return (tmp_path / "log.txt").read_text()


def test_output_and_errors_go_to_the_log(tmp_path):
    said = run(tmp_path, "import sys; print('hello'); print('oh', file=sys.stderr)")
    assert "hello" in said and "oh" in said


def test_a_failure_tells_the_last_line(tmp_path):
    with pytest.raises(MethodFailed, match=r"exit code 3: no face found; see its log log\.txt"):
        run(tmp_path, "print('no face found'); raise SystemExit(3)")
    with pytest.raises(MethodFailed, match="killed by SIGKILL"):
        run(tmp_path, "import os; os.kill(os.getpid(), 9)")
    with pytest.raises(MethodFailed, match="cannot be started"):
        run_process(["/no/such/program"], tmp_path, {}, tmp_path / "log.txt", 5, 1)


def test_the_time_limit_ends_children_too(tmp_path):
    child = "import time; time.sleep(60)"
    code = (
        "import subprocess, sys, time\n"
        f"p = subprocess.Popen([sys.executable, '-c', {child!r}])\n"
        "open('pid', 'w').write(str(p.pid)); time.sleep(60)"
    )
    with pytest.raises(MethodFailed, match="time limit of 4 s"):
        run(tmp_path, code, seconds=4)
    pid = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie":
        assert time.monotonic() < deadline, "a child outlives its time"
        time.sleep(0.1)


def test_the_memory_limit_counts_children(tmp_path):
    child = "x = bytearray(b'1' * 300_000_000); import time; time.sleep(60)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with pytest.raises(MethodFailed, match=r"over its memory limit of 0\.2 GB"):
        run(tmp_path, code, gigabytes=0.2)


def test_no_shell_reads_the_arguments(tmp_path):
    strange = "a b; touch evil $(touch worse) 'c\"d"
    said = run(tmp_path, "import sys; print(repr(sys.argv[1]))", 60, 4, strange)
    assert repr(strange) in said.splitlines()
    assert not (tmp_path / "evil").exists() and not (tmp_path / "worse").exists()


def test_the_harness_ties_no_other_python_to_itself(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/ours")
    found = clean_environment({"MORE": "1"})
    assert "PYTHONPATH" not in found and found["MORE"] == "1"
    assert subprocess.run([sys.executable, "-c", "pass"], env=found, check=False).returncode == 0
