"""A foreign program as a process of its own: time limit, memory limit, its output in a log.

The memory limit is watched, not set: the resident memory of the process and all its children is summed five
times a second (psutil). RLIMIT_AS would stop every CUDA program, which map far more than they use.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from talkpose.methods.outcome import MethodFailed

EVERY = 0.2
"""Seconds between two looks at the process."""

LOG_LIMIT = 100e6
"""Bytes of output after which a program is stopped."""

OURS = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "__PYVENV_LAUNCHER__")
"""Variables of the harness's own environment that would break another."""


def clean_environment(more: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without what ties it to the harness's Python, and `more`."""
    return {key: value for key, value in os.environ.items() if key not in OURS} | dict(more)


def run_process(
    command: Sequence[str],
    directory: Path,
    environment: Mapping[str, str],
    log: Path,
    seconds: float,
    gigabytes: float,
) -> None:
    """Run a command, given as a list and never through a shell; everything that it prints goes to `log`.

    Raises MethodFailed, with the log's last line, where it cannot start, fails, or passes a limit.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "wb") as output:
        output.write(f"in {directory}: {list(command)}\n".encode())
        output.flush()
        try:
            process = subprocess.Popen(
                list(command),
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise MethodFailed(f"{command[0]} cannot be started: {error}") from error
        try:
            stopped = _watch(process, log, seconds, gigabytes)
        finally:
            _stop(process)
    if stopped:
        raise MethodFailed(f"{stopped}; see its log {log.name}")
    if process.returncode:
        code = process.returncode
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        raise MethodFailed(f"{Path(command[0]).name} {how}: {_last_line(log)}; see its log {log.name}")


def _watch(process: subprocess.Popen, log: Path, seconds: float, gigabytes: float) -> str:
    """Wait; why it has to be stopped, or nothing."""
    end = time.monotonic() + seconds
    while process.poll() is None:
        if time.monotonic() > end:
            return f"stopped after its time limit of {seconds:g} s"
        if (used := resident(process.pid)) > gigabytes * 1e9:
            return f"stopped at {used / 1e9:.1f} GB, over its memory limit of {gigabytes:g} GB"
        if log.stat().st_size > LOG_LIMIT:
            return f"stopped: it printed more than {LOG_LIMIT / 1e6:g} MB"
        time.sleep(EVERY)
    return ""


def resident(pid: int) -> int:
    """Bytes of resident memory of a process and its children; pages that they share count for each."""
    total = 0
    try:
        parent = psutil.Process(pid)
        for process in [parent, *parent.children(recursive=True)]:
            try:
                total += process.memory_info().rss
            except psutil.Error:
                continue
    except psutil.Error:
        return total
    return total


def _stop(process: subprocess.Popen) -> None:
    """End the whole group: the program and what it left behind."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[1:]
    spoken = [line.strip() for line in lines if line.strip()]
    return spoken[-1][:300] if spoken else "it printed nothing"
