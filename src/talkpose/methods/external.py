"""Baselines of kind `command`: the authors' code, or any program, one process a video."""

import shutil
from collections.abc import Mapping
from glob import glob
from pathlib import Path

import numpy as np
import yaml

from talkpose.config import RunConfig
from talkpose.errors import ClipError
from talkpose.files import write_text
from talkpose.layout import item_id
from talkpose.methods.contract import Generated, Target
from talkpose.methods.discovery import Found
from talkpose.methods.footage import SAMPLES
from talkpose.methods.handover import read_pictures, read_result, write_inputs, write_mfcc
from talkpose.methods.manifest import Command
from talkpose.methods.outcome import MethodFailed, NotAttempted
from talkpose.methods.process import clean_environment, run_process
from talkpose.methods.requirements import fill, fill_data, fixed_values, missing
from talkpose.methods.settings import ExternalSettings
from talkpose.seeds import derive_seed


class CommandRunner:
    """Runs the program for one video after another; a Runner."""

    def __init__(
        self,
        found: Found,
        run: Command,
        settings: ExternalSettings,
        config: RunConfig,
        work: Path,
        logs: Path,
    ):
        """Raises NotAttempted where checkout, weights or program are missing."""
        if lacks := missing(found, run, settings):
            raise NotAttempted("; ".join(lacks))
        self.found, self.run, self.settings, self.config = found, run, settings, config
        self.work, self.logs = work.resolve(), logs.resolve()
        seed = derive_seed(config.seed, "baseline", found.manifest.name) % 2**31
        self.more_environment: Mapping[str, str] = {}
        self.values = {**fixed_values(found, settings), "seed": str(seed)}

    def make(self, target: Target, audio: np.ndarray, audio_id: str) -> Generated:
        """Write the inputs, run, read the video back; MethodFailed names what went wrong and the log."""
        item = item_id(target.person, audio_id)
        work, log = self.work / item, self.logs / f"{item}.log"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        inputs = write_inputs(self.run.inputs, target, audio, work / "in")
        values = {**self.values, **{key: str(path) for key, path in inputs.items()}}
        values |= {"work": str(work), "out": str(work / "out.mp4"), "person": target.person}
        values["frames"] = str(len(audio) // SAMPLES)
        self._prepare(values, audio)
        prefix = self.run.prefix if self.settings.prefix is None else self.settings.prefix
        command = [fill(part, values) for part in [*prefix, *self.run.command]]
        given = {key: fill(value, values) for key, value in self.run.environment.items()}
        place = self.run.directory or ("{checkout}" if self.run.needs_checkout else "{work}")
        try:
            run_process(
                command,
                Path(fill(place, values)),
                clean_environment({**self.more_environment, **given}),
                log,
                self.settings.time_limit or self.run.time_limit,
                self.settings.memory_limit or self.run.memory_limit,
            )
            frames = self._result(values, len(audio) // SAMPLES, target.train.frames.shape[1])
        except MethodFailed as error:
            raise MethodFailed(f"{item}: {error}") from error
        shutil.rmtree(work)
        return Generated(frames)

    def _prepare(self, values: dict[str, str], audio: np.ndarray) -> None:
        for path, data in self.run.files.items():
            text = yaml.safe_dump(fill_data(data, values), sort_keys=False, allow_unicode=True)
            write_text(fill(path, values), text)
        for source, place in self.run.copies.items():
            where = Path(fill(place, values))
            where.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(fill(source, values), where)
        if self.run.inputs.mfcc:
            write_mfcc(self.run.inputs.mfcc, audio, fill(self.run.inputs.mfcc.path, values))

    def _result(self, values: dict[str, str], count: int, size: int) -> np.ndarray:
        pattern = fill(self.run.outputs.video, values)
        videos = sorted(Path(path) for path in glob(pattern, recursive=True) if Path(path).is_file())
        if not videos:
            raise MethodFailed(f"it ended well but left no video {pattern}")
        if len(videos) > 1 and not self.run.outputs.pictures:
            raise MethodFailed(f"it left {len(videos)} videos {pattern}; say in `outputs` which one it is")
        outputs = self.run.outputs
        try:
            if outputs.pictures:
                return read_pictures(videos, count, size, outputs.tolerance)
            return read_result(videos[0], count, size, outputs.tolerance, outputs.fps)
        except ClipError as error:
            raise MethodFailed(f"wrong output: {error}") from error
