"""How much memory a step took at most: logs/memory/<step>.json of a run, named as its logs/times.

Snakemake's own memory figures are those of the process that waits for the step, not of the step.
"""

import contextlib
import os
import re
import resource
import sys
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Final

from talkpose.files import write_json

READING: Final = {"verify", "compare"}
"""Commands on a run that leave it as it is."""


def step_of(arguments: Sequence[str]) -> tuple[Path, str] | None:
    """Folder of the run and name of the step that a command line is; None for other commands.

    `metrics measure results/demo still people 0000` is the step `metrics_measure-still-people-0000`.
    """
    for place, argument in enumerate(arguments):
        if os.path.isfile(os.path.join(argument, "config.json")):
            words = arguments[:place]
            if not words or words[0] in READING or not all(re.fullmatch("[a-z]+", word) for word in words):
                return None
            names = takewhile(re.compile("[A-Za-z0-9][A-Za-z0-9_-]*").fullmatch, arguments[place + 1 :])
            return Path(argument), "-".join(["_".join(words), *names])
    return None


@contextlib.contextmanager
def recorded(arguments: Sequence[str]) -> Iterator[None]:
    """Record the peak of the block in the run that the command line belongs to, however the block ends."""
    step, before = step_of(arguments), peak_mib()
    try:
        yield
    finally:
        if step is not None:
            run, name = step
            with contextlib.suppress(OSError):  # a full disk is told by the step itself
                write_json(
                    run / "logs" / "memory" / f"{name}.json",
                    {"peak_mib": round(peak_mib()), "at_start_mib": round(before)},
                )


def peak_mib() -> float:
    """Largest resident memory so far of this process or of the largest that it started and waited for, MiB.

    A fork begins with its parent's pages, not with its parent's peak.
    """
    return max(_own_peak(), _peak(resource.RUSAGE_CHILDREN))


def _own_peak() -> float:
    """Of this program alone: what getrusage tells includes that of the one which started it (Linux)."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 2**10
    return _peak(resource.RUSAGE_SELF)


def _peak(kind: int) -> float:
    largest = resource.getrusage(kind).ru_maxrss
    return largest / (2**20 if sys.platform == "darwin" else 2**10)  # bytes there, kibibytes elsewhere
