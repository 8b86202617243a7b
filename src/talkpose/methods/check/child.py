"""A check's child process: trains and generates as a run would, watched; `python -m ... REQUEST.json`."""

import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

import numpy as np
import torch

from talkpose.config import parse_config
from talkpose.files import read_json, write_json, write_npz
from talkpose.layout import OWN, RunLayout
from talkpose.methods.baseline_steps import fit_baseline
from talkpose.methods.check import watch
from talkpose.methods.check.world import World, load_world
from talkpose.methods.discovery import Found, get_baseline, import_method
from talkpose.methods.external import CommandRunner
from talkpose.methods.manifest import InProcess
from talkpose.methods.outcome import ItemRefused, MethodFailed, NotAttempted
from talkpose.methods.runners import general_receipt, make_runner, seen_by
from talkpose.methods.settings import in_process_settings

PACE = {"log_every": 1, "checkpoint_every": 1}


def main(request_file: str) -> None:
    """Do what the request asks and write its answer; a request that says `kill` ends by SIGKILL."""
    request = read_json(request_file)
    torch.set_num_threads(1)  # as a run's generation; sums of more threads need not be equal
    watch.install()
    answer: dict[str, Any] = {"error": "", "kind": "", "steps": []}
    try:
        _work(request, answer)
    except (NotAttempted, MethodFailed, ItemRefused) as error:
        answer |= {"error": str(error), "kind": type(error).__name__}
    except Exception as error:
        traceback.print_exc()
        answer |= {"error": f"{type(error).__name__}: {error}", "kind": "crash"}
    write_json(request["answer"], answer)


def _work(request: dict[str, Any], answer: dict[str, Any]) -> None:
    config = parse_config(request["config"])
    found = get_baseline(request["name"], config)
    world = load_world(Path(request["world"]))
    layout = RunLayout(Path(request["root"]))
    run = found.manifest.run
    if isinstance(run, InProcess):  # a wrong key for the other scale would show only on a GPU, days later
        kind = import_method(found).settings_type
        for scale in ("small", "paper"):
            in_process_settings(kind, found.manifest, config.model_copy(update={"scale": scale}))
    if run.kind == "in_process" and run.trained:
        kill = request["kill"] and tuple(request["kill"])

        def show(phase: str, done: int, total: int) -> None:
            answer["steps"].append([phase, done, total])
            if kill == (phase, done):
                os.kill(os.getpid(), signal.SIGKILL)

        fit_baseline(
            found, config, world.training(), general_receipt(layout, found.manifest.name), show, PACE
        )
    if request["frames"]:
        _generate(request, found, config, world, layout)


def _generate(request: dict[str, Any], found: Found, config: Any, world: World, layout: RunLayout) -> None:
    runner = make_runner(layout, config, found)
    if isinstance(runner, CommandRunner):
        runner.more_environment = request["environment"]
    made: dict[str, np.ndarray] = {}
    for name, audio in world.sounds.items():
        seen = seen_by(found.manifest.needs, world.target())
        result = runner.make(seen, audio, OWN if name == "own" else name)
        made[name] = np.asarray(result.frames)
    write_npz(request["frames"], **made)


if __name__ == "__main__":
    main(sys.argv[1])
