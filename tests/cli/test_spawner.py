"""Jobs handed to a spawner: streams, exit codes, folder and environment are their own; and they end."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from talkpose.cli.submit import VARIABLE

MAIN = "from talkpose.cli import main; main()"


@contextmanager
def started(address, setup="", modules="()", **streams):
    """A spawner that serves as the real one does; `setup` and `modules` take the place of the imports."""
    code = (
        "import sys, os, time, typer\n"
        "import talkpose.cli.spawner as spawner\n"
        "from talkpose.cli import app\n"
        f"{setup}\n"
        f"spawner.MODULES = {modules}\n"
        "spawner.main()\n"
    )
    command = [sys.executable, "-c", code, str(address)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, **streams) as process:
        while not address.exists():
            assert process.poll() is None
            time.sleep(0.02)
        try:
            yield process
        finally:
            process.stdin.close()


COMMANDS = """
@app.app.command()
def tell():
    print('out', os.getcwd(), os.environ.get('COLOUR'), os.environ.get('TALKPOSE_SPAWNER'), sys.argv[1:])
    print('err', file=sys.stderr)
    raise typer.Exit(7)

@app.app.command()
def rest(file: str):
    open(file, 'w').write(str(os.getpid()))
    time.sleep(60)

@app.app.command()
def die():
    os.kill(os.getpid(), 9)

@app.app.command()
def grow(run: str, mib: int):
    spent = b'1' * (mib * 2**20)

@app.app.command()
def threads():
    import torch
    print(torch.get_num_threads())
"""


@pytest.fixture(scope="module")
def spawner(tmp_path_factory):
    address = tmp_path_factory.mktemp("s") / "socket"
    with started(address, COMMANDS):
        yield address


def submit(address, *arguments, **more):
    environment = {**os.environ, VARIABLE: str(address), **more.pop("env", {})}
    return subprocess.Popen(
        [sys.executable, "-c", MAIN, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def written(path):
    end = time.time() + 20
    while time.time() < end:
        if path.exists() and path.read_text():
            return int(path.read_text())
        time.sleep(0.02)
    raise AssertionError("the job never began")


def gone(process_id):
    end = time.time() + 20
    while time.time() < end:
        try:
            os.kill(process_id, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def test_a_job_has_its_own_streams_folder_environment_and_end(spawner, tmp_path):
    job = submit(spawner, "tell", cwd=tmp_path, env={"COLOUR": "blue"})
    out, err = job.communicate(timeout=30)
    assert out == f"out {tmp_path} blue None ['tell']\n"
    assert err == "err\n"
    assert job.returncode == 7


def test_a_refusal_is_told_as_ever(spawner):
    job = submit(spawner, "metrics", "measure", "/nowhere/run", "still", "people", "0000")
    _, err = job.communicate(timeout=60)
    assert job.returncode == 2
    assert err.startswith("talkpose: /nowhere/run: not a run") and "Traceback" not in err


def test_a_job_that_is_killed_is_told_as_a_shell_does(spawner):
    job = submit(spawner, "die")
    job.communicate(timeout=30)
    assert job.returncode == 128 + signal.SIGKILL


def test_who_hangs_up_before_asking_harms_nobody(spawner):
    for said in (b"", b"\0\0", b"\0\0\0\4{}", b"\0\0\0\2{}"):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(spawner))
            connection.sendall(said)
    assert submit(spawner, "tell").wait(timeout=30) == 7


def test_an_asker_that_leaves_as_its_job_ends_leaves_nothing_behind(tmp_path):
    """The end of a job may be seen before its asker's: the socket's number then serves the next job."""
    code = (
        "import os, socket, sys, time; from talkpose.cli.spawner import Spawner\n"
        "spawner = Spawner(sys.argv[1])\n"
        "for _ in range(2):\n"
        "    ours, theirs = socket.socketpair()\n"
        "    job = os.fork() or os._exit(3)\n"
        "    spawner.jobs[job] = ours\n"
        "    spawner.selector.register(ours, 1, job)\n"
        "    theirs.close()\n"
        "    os.waitid(os.P_PID, job, os.WEXITED | os.WNOWAIT)\n"
        "    spawner._reap()\n"
        "    assert not spawner.selector.get_map() and not spawner.jobs and ours.fileno() == -1\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "socket")], check=True, timeout=30)


def test_threads_are_those_that_the_rule_may_use(spawner):
    for count in ("1", "2"):
        assert (
            submit(spawner, "threads", env={"OMP_NUM_THREADS": count}).communicate(timeout=60)[0].strip()
            == count
        )


def test_a_job_tells_its_own_memory_not_that_of_one_before(spawner, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    peaks = []
    for mib in ("20", "500", "20"):
        assert submit(spawner, "grow", str(tmp_path), mib).wait(timeout=60) == 0
        peaks.append(json.loads((tmp_path / "logs" / "memory" / f"grow-{mib}.json").read_text())["peak_mib"])
    assert peaks[1] - peaks[0] == pytest.approx(480, abs=60)
    assert peaks[2] == pytest.approx(peaks[0], abs=40)


def test_several_at_a_time_and_one_that_loses_its_asker(spawner, tmp_path):
    first, second = (submit(spawner, "rest", str(tmp_path / name)) for name in "ab")
    jobs = [written(tmp_path / name) for name in "ab"]
    first.kill()
    first.communicate(timeout=30)
    assert gone(jobs[0])
    os.kill(jobs[1], 0)  # the other goes on
    second.terminate()
    second.communicate(timeout=30)
    assert gone(jobs[1])


def test_when_the_run_ends_so_do_its_jobs(tmp_path):
    with started(tmp_path / "socket", COMMANDS) as process:
        job = submit(tmp_path / "socket", "rest", str(tmp_path / "a"))
        number = written(tmp_path / "a")
        process.stdin.close()
        _, err = job.communicate(timeout=30)
    assert gone(number)
    assert job.returncode != 0


def test_a_module_that_is_missing_stops_only_those_who_need_it(tmp_path):
    """A broken installation is told by the job that it breaks, not by all of them as a lost connection."""
    need = "@app.app.command()\ndef need():\n    import no_such_module_here\n"
    address, log = tmp_path / "socket", tmp_path / "log"
    with (
        open(log, "w") as output,
        started(address, COMMANDS + need, "('no_such_module_here', 'colorsys')", stderr=output),
    ):
        assert submit(address, "tell").wait(timeout=60) == 7
        job = submit(address, "need")
        _, err = job.communicate(timeout=60)
    assert job.returncode == 1 and "ModuleNotFoundError: No module named 'no_such_module_here'" in err
    assert "no_such_module_here" in log.read_text()


def test_without_a_run_there_is_one_sentence(tmp_path):
    job = submit(tmp_path / "nothing", "version")
    _, err = job.communicate(timeout=30)
    assert job.returncode == 1
    assert "the run that this job belongs to has ended" in err and "Traceback" not in err


def test_all_that_jobs_need_is_loaded_and_nothing_runs(tmp_path):
    """Forking is safe while there is one thread (Arrow's allocator keeps one that stops for a fork)."""
    code = (
        "import importlib, os; from talkpose.cli.spawner import MODULES\n"
        "for module in MODULES: importlib.import_module(module)\n"
        "print([n for t in os.listdir('/proc/self/task') "
        "if (n := open(f'/proc/self/task/{t}/comm').read().strip()) != 'jemalloc_bg_thd'])\n"
        "import torch; print(torch.cuda.is_initialized())"
    )
    if not os.path.isdir("/proc/self/task"):
        pytest.skip("needs /proc to count threads")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    names, cuda = done.stdout.strip().splitlines()
    assert len(eval(names)) == 1, names  # noqa: S307
    assert cuda == "False"
