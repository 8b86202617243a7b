"""Checks that run a baseline on the tiny corpus, each part in a child process that is watched."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

import talkpose
from talkpose.config import RunConfig, parse_config
from talkpose.files import read_json, write_json
from talkpose.layout import RunLayout
from talkpose.methods.check import watch
from talkpose.methods.check.finding import BAD, GOOD, WARN, Finding, Mark
from talkpose.methods.check.pose import check_pose
from talkpose.methods.check.world import SPOKEN, load_world, make_world, save_world
from talkpose.methods.discovery import Found
from talkpose.methods.finished import candidates
from talkpose.methods.handover import read_result
from talkpose.methods.manifest import Frames, InProcess, Manifest
from talkpose.methods.outcome import MethodFailed, check_output
from talkpose.methods.receipts import weights_beside
from talkpose.methods.requirements import lacking, videos_folder
from talkpose.methods.runners import general_receipt
from talkpose.methods.settings import external_settings

HEARD: Final = 0.02
"""Least mean difference, in grey levels, of the frames for two sounds."""

LIMIT: Final = 600
"""Seconds that a child may take."""


def check_config(manifest: Manifest, settings: dict[str, Any], baselines: Path) -> RunConfig:
    """The configuration of a check: small scale, the manifest's `check`, the user's settings over it."""
    return parse_config(
        {
            "run": "check",
            "corpora": {"people": {"role": "persons", "path": "."}},
            "clips": {"size": manifest.check.size},
            "baselines": str(baselines),
            "baseline_settings": {manifest.name: {**manifest.check.settings, **settings}},
        }
    )


def check_running(
    found: Found, settings: dict[str, Any], scratch: Path, worlds: Path | None = None
) -> Iterator[Finding]:
    """Train, kill, resume, generate; `worlds`: a folder that keeps tiny corpora between checks."""
    config = check_config(found.manifest, settings, found.folder.parent.resolve())
    if isinstance(found.manifest.run, Frames):
        yield from _check_videos(found, found.manifest.run, config)
        return
    if lacks := lacking(found, config):
        yield Finding(WARN, "runs", f"not run: {'; '.join(lacks)}")
        return
    world = _world(found.manifest.check.size, worlds or scratch)
    trial = Trial(found, config, world, scratch)
    yield from _check_trial(trial)


class Trial:
    """Child processes of one baseline's check."""

    def __init__(self, found: Found, config: RunConfig, world: Path, scratch: Path):
        self.found, self.config, self.world, self.scratch = found, config, world, scratch
        self.allowed = [found.folder, scratch / "runs", scratch / "tmp"]
        for name in ("cwd", "home", "tmp", "site", "runs"):
            (scratch / name).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(watch.__file__, scratch / "site" / "sitecustomize.py")
        self.report = scratch / "writes.txt"

    def child(self, name: str, frames: bool = True, kill: tuple[str, int] | None = None) -> dict[str, Any]:
        """One child, in the run folder `name` before the dot; its answer, or what ended it as `error`."""
        root = self.scratch / "runs" / name.partition(".")[0]
        answer = self.scratch / "runs" / f"{name}.answer.json"
        spy = {
            watch.ALLOWED: os.pathsep.join(str(path) for path in self.allowed),
            watch.REPORT: str(self.report),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        request = {
            "name": self.found.manifest.name,
            "config": self.config.model_dump(mode="json"),
            "world": str(self.world),
            "root": str(root),
            "answer": str(answer),
            "frames": str(self.scratch / "runs" / f"{name}.npz") if frames else "",
            "kill": list(kill) if kill else [],
            "environment": {**spy, "PYTHONPATH": str(self.scratch / "site")},
        }
        write_json(self.scratch / "runs" / f"{name}.request.json", request)
        result = subprocess.run(
            [
                sys.executable,
                "-m",
                "talkpose.methods.check.child",
                str(answer.with_name(f"{name}.request.json")),
            ],
            cwd=self.scratch / "cwd",
            env={**os.environ, **self._environment(), **spy},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        if answer.is_file():
            return read_json(answer) | {"code": result.returncode, "said": result.stderr}
        lines = [line for line in result.stderr.splitlines() if line.strip()] or ["no word"]
        return {
            "error": f"ended with code {result.returncode}: {lines[-1]}",
            "kind": "crash",
            "steps": [],
        } | {
            "code": result.returncode,
            "said": result.stderr,
        }

    def _environment(self) -> dict[str, str]:
        """A home of its own: what is left there is found out, and no cache of the user's helps."""
        source = str(Path(talkpose.__file__).parents[1])
        path = os.pathsep.join(part for part in (source, os.environ.get("PYTHONPATH", "")) if part)
        tmp = str(self.scratch / "tmp")
        return {
            "HOME": str(self.scratch / "home"), "TMPDIR": tmp, "XDG_CACHE_HOME": tmp, "MPLCONFIGDIR": tmp,
            "TORCHINDUCTOR_CACHE_DIR": tmp,
            "PYTHONPATH": path,
        }  # fmt: skip

    def frames(self, name: str) -> dict[str, np.ndarray]:
        """What a child generated, by sound."""
        with np.load(self.scratch / "runs" / f"{name}.npz", allow_pickle=False) as stored:
            return dict(stored)

    def weights(self, name: str) -> Path:
        """Weights that a child trained."""
        layout = RunLayout(self.scratch / "runs" / name)
        return weights_beside(general_receipt(layout, self.found.manifest.name))

    def stray(self) -> list[str]:
        """What was written where nothing may be."""
        known = self.report.read_text().splitlines() if self.report.is_file() else []
        left = [
            f"wrote {path.relative_to(self.scratch)}"
            for name in ("cwd", "home")
            for path in sorted((self.scratch / name).rglob("*"))
            if path.is_file()
        ]
        return list(dict.fromkeys([*known, *left]))


def _world(size: int, folder: Path) -> Path:
    path = folder / f"world-{size}.npz"
    if not path.is_file():
        save_world(path, make_world(size))
    return path


def _check_trial(trial: Trial) -> Iterator[Finding]:
    manifest = trial.found.manifest
    first = trial.child("one")
    if first["error"]:
        yield Finding(BAD, "runs", first["error"])
        yield from _check_writes(trial)
        return
    trained = isinstance(manifest.run, InProcess) and manifest.run.trained
    yield Finding(GOOD, "runs", f"{'trains and ' if trained else ''}makes {SPOKEN} frames of two sounds")
    made = trial.frames("one")
    try:
        for name, frames in made.items():
            check_output(frames, SPOKEN, manifest.check.size, f"sound `{name}`")
        if min(float(frames.std()) for frames in made.values()) < 1:
            raise MethodFailed("the frames are blank")
    except MethodFailed as error:
        yield Finding(BAD, "output", str(error))
        yield from _check_writes(trial)
        return
    yield Finding(GOOD, "output", f"{manifest.check.size} px, 25 fps, one frame every 640 samples, uint8")
    yield _check_sound(made)
    if trained:
        yield from _check_resume(trial, first)
    else:
        again = trial.child("two")
        yield _check_same(made, trial, "two", again)
    training = load_world(trial.world).target().train.frames
    yield check_pose(manifest.pose, made["own"], made["other"], training)
    yield from _check_writes(trial)


def _check_sound(made: dict[str, np.ndarray]) -> Finding:
    apart = float(np.abs(made["own"].astype(np.int16) - made["other"]).mean())
    if apart == 0:
        return Finding(BAD, "responds to sound", "the same frames for two sounds")
    mark: Mark = GOOD if apart >= HEARD else WARN
    return Finding(
        mark, "responds to sound", f"frames of two sounds differ by {apart:.2g} grey levels on average"
    )


def _check_same(made: dict[str, np.ndarray], trial: Trial, name: str, answer: dict[str, Any]) -> Finding:
    if answer["error"]:
        return Finding(BAD, "deterministic", f"a second process fails: {answer['error']}")
    again = trial.frames(name)
    differing = [sound for sound in made if not np.array_equal(made[sound], again[sound])]
    if differing:
        return Finding(BAD, "deterministic", f"another process makes other frames of {', '.join(differing)}")
    return Finding(GOOD, "deterministic", "another process makes the same frames")


def _check_resume(trial: Trial, first: dict[str, Any]) -> Iterator[Finding]:
    """Kill a second training in the middle of its last phase, go on, and compare the weights' bytes."""
    if not first["steps"]:
        yield Finding(BAD, "resumes", "`fit` never calls `session.run`: a killed training starts anew")
        yield _check_same(trial.frames("one"), trial, "two", trial.child("two"))
        return
    phase, _, total = first["steps"][-1]
    at = max(total // 2, 1)
    killed = trial.child("two.killed", frames=False, kill=(phase, at))
    if killed["code"] != -signal.SIGKILL:
        yield Finding(BAD, "resumes", f"a second training does not come to step {at} of `{phase}`")
        return
    second = trial.child("two")
    yield _check_same(trial.frames("one"), trial, "two", second)
    if second["error"]:
        yield Finding(BAD, "resumes", f"fails when it goes on: {second['error']}")
        return
    anew = [done for name, done, _ in second["steps"] if name == phase and done <= at]
    if anew and at < total:
        yield Finding(BAD, "resumes", f"killed at step {at} of `{phase}`, it started this phase anew")
    elif trial.weights("one").read_bytes() != trial.weights("two").read_bytes():
        yield Finding(BAD, "resumes", f"killed at step {at} of `{phase}`, it ends with other weights")
    else:
        yield Finding(GOOD, "resumes", f"killed at step {at} of `{phase}`, it ends with the same weights")


def _check_writes(trial: Trial) -> Iterator[Finding]:
    stray = trial.stray()
    if stray:
        more = f" and {len(stray) - 3} more" if len(stray) > 3 else ""
        yield Finding(BAD, "writes", f"outside its folder and the run's: {'; '.join(stray[:3])}{more}")
    else:
        yield Finding(GOOD, "writes", "nothing outside its folder and the run's")


def _check_videos(found: Found, run: Frames, config: RunConfig) -> Iterator[Finding]:
    """Every video of the folder: readable, square, 25 fps, and named as an item is."""
    folder = videos_folder(found, run, external_settings(found.manifest, config))
    if folder is None or not folder.is_dir():
        yield Finding(WARN, "runs", f"not run: {lacking(found, config)[0]}")
        return
    suffix = Path(run.pattern).suffix
    videos = sorted(path for path in folder.iterdir() if path.suffix == suffix and path.is_file())
    if not videos:
        yield Finding(WARN, "runs", f"not run: no {suffix} file in {folder}")
        return
    wrong = []
    for path in videos:
        person, _, sound = path.stem.partition("__")
        if "{item}" in run.pattern and path.name not in candidates(run, person, sound or "own"):
            wrong.append(f"{path.name} is not named {run.pattern}")
            continue
        try:
            read_result(path, 0, config.clips.size, 10**6, 25)
        except Exception as error:
            wrong.append(str(error))
    if wrong:
        yield Finding(BAD, "output", f"{len(wrong)} of {len(videos)} videos: {'; '.join(wrong[:3])}")
    else:
        yield Finding(GOOD, "output", f"{len(videos)} videos, square, 25 fps; length is compared in a run")
