"""`talkpose run`: the workflow with one lock, progress bars and a clear end."""

import fcntl
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Any

import typer
import yaml
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from talkpose.cli import submit
from talkpose.cli.plan import Plan
from talkpose.errors import UserError
from talkpose.progress import FOLDER_VARIABLE
from talkpose.report.outcomes import read_outcome


def run(
    context: typer.Context,
    config: Annotated[Path, typer.Option(help="configuration, such as config/clips.yaml")],
    set_: Annotated[
        list[str], typer.Option("--set", help="NAME=VALUE for ${NAME} in the configuration")
    ] = [],  # noqa: B006
    cores: Annotated[int, typer.Option(min=1)] = 2,
    snakefile: Path = Path("Snakefile"),
) -> None:
    """Run everything from raw video to report; more arguments go to Snakemake (such as -n)."""
    values = given_values(set_)
    if not config.is_file():
        raise UserError(
            f"{config}: no such configuration file; see config/ for those that come with the project"
        )
    if not snakefile.is_file():
        raise UserError(
            f"{snakefile.resolve()}: not found; run this from the project's folder or give --snakefile"
        )
    plan = Plan({**(yaml.safe_load(config.read_text(encoding="utf-8")) or {}), **values})
    root = plan.layout.root
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile), "--configfile", str(config)]
    if values:
        command += ["--config", *(f"{name}={value}" for name, value in values.items())]
    # Our own lock replaces Snakemake's, which stays behind when a run is killed.
    command += ["--cores", str(cores), "--nolock", "--rerun-incomplete", *context.args]
    (root / "logs").mkdir(parents=True, exist_ok=True)
    with _only_run(root) as lock:
        code = _watch(command, root / "logs" / "snakemake.log", lock)
    if code:
        typer.echo(_failure(root / "logs" / "snakemake.log"), err=True)
        raise typer.Exit(code)
    if not {"-n", "--dry-run", "--dryrun"} & set(context.args):
        for name in plan.config.all_methods:
            if text := read_outcome(root / "videos" / name).text:
                typer.echo(f"{name}: {text}", err=True)
        report = root / "report" / "index.html"
        if report.is_file():  # the arguments may have asked for another target
            typer.echo(f"Report: {report}")


def given_values(pairs: list[str]) -> dict[str, str]:
    """NAME=VALUE pairs of --set."""
    values = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
            raise UserError(
                f"--set {pair}: write NAME=VALUE with NAME in capitals, such as --set CLIPS=clips"
            )
        values[name] = value
    return values


@contextmanager
def _only_run(root: Path) -> Iterator[IO[str]]:
    """Hold the run's lock; every job inherits it, so that a job that outlives a killed run holds it too."""
    with open(root / ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            typer.echo(
                f"{root}: another run, or a job that one left behind, is still at work; waiting for it ..."
            )
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


@contextmanager
def _spawner(address: Path, output: IO[str], lock: IO[str]) -> Iterator[Path]:
    """The process that the run's jobs are forked from, for as long as the run lasts."""
    command = [sys.executable, "-m", "talkpose.cli.spawner", str(address)]
    # Its end of the pipe closes with this process, however that ends, and the spawner ends with it.
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT, pass_fds=[lock.fileno()]
    ) as process:
        try:
            while not address.exists() and process.poll() is None:
                time.sleep(0.02)
            yield address
        finally:
            assert process.stdin is not None
            process.stdin.close()


def _watch(command: list[str], log: Path, lock: IO[str]) -> int:
    """Run Snakemake with its output in `log`; show its steps and the progress files of its jobs as bars."""
    console = Console(stderr=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        open(log, "w") as output,
        _spawner(Path(folder) / "spawner", output, lock) as address,
    ):
        environment = {
            **os.environ,
            FOLDER_VARIABLE: folder,
            submit.VARIABLE: str(address),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        }
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env=environment, pass_fds=[lock.fileno()]
        )
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        try:
            with Progress(*columns, console=console, transient=True) as bars:
                _show(bars, process, Path(folder), log, console)
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            raise
        return process.returncode


def _show(bars: Progress, process: subprocess.Popen, folder: Path, log: Path, console: Console) -> None:
    tasks: dict[str, Any] = {}
    overall = bars.add_task("all steps", total=None)
    seen = 0
    while process.poll() is None:
        text = log.read_text(errors="replace")
        steps = re.findall(r"(\d+) of (\d+) steps \(\d+%\) done", text)
        if steps:
            bars.update(overall, completed=int(steps[-1][0]), total=int(steps[-1][1]))
        if not console.is_terminal and len(steps) > seen:
            console.print(f"{steps[-1][0]} of {steps[-1][1]} steps done")
            seen = len(steps)
        states = {path.stem: _state(path) for path in folder.glob("*.json")}
        for key, state in states.items():
            if state is None:
                continue
            if key not in tasks:
                tasks[key] = bars.add_task(state["label"], total=state["total"])
            text = f"{state['label']} {state['note']}"
            bars.update(tasks[key], completed=state["done"], total=state["total"], description=text)
        for key in set(tasks) - set(states):
            bars.remove_task(tasks.pop(key))
        time.sleep(0.3)


def _state(path: Path) -> dict[str, Any] | None:
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def _failure(log: Path) -> str:
    """The end of what the failed rules logged, and where the rest is."""
    text = log.read_text(errors="replace")
    logs = dict.fromkeys(
        re.findall(r"^\s+log: (\S+)", text[max(text.find("Error in rule"), 0) :], re.MULTILINE)
    )
    found = [path for path in map(Path, logs) if path.is_file()]
    parts = [
        f"--- {path}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-15:]) for path in found
    ]
    if not parts:
        parts = ["\n".join(text.splitlines()[-25:])]
    return "\n".join(
        [*parts, f"The run failed; all it said is in {log}. Mend the cause and run again: it resumes."]
    )
