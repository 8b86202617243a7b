"""Baselines of kind `frames`: finished videos from anyone's method, read and never executed."""

import numpy as np

from talkpose.config import RunConfig
from talkpose.errors import ClipError
from talkpose.layout import OWN, item_id
from talkpose.methods.contract import Generated, Target
from talkpose.methods.discovery import Found
from talkpose.methods.footage import SAMPLES
from talkpose.methods.handover import read_result
from talkpose.methods.manifest import Frames
from talkpose.methods.outcome import ItemRefused, NotAttempted
from talkpose.methods.requirements import videos_folder
from talkpose.methods.settings import ExternalSettings

RATE = 25


def candidates(run: Frames, person: str, audio_id: str) -> list[str]:
    """Names that a video may have, best first: the item's, and for the own sound the person's alone."""
    names = [person_pattern(run, item_id(person, audio_id), person)]
    if audio_id == OWN:
        names.append(person_pattern(run, person, person))
    return list(dict.fromkeys(names))


def person_pattern(run: Frames, item: str, person: str) -> str:
    """The manifest's pattern for an item."""
    return run.pattern.replace("{item}", item).replace("{clip}", person).replace("{person}", person)


class FramesRunner:
    """Reads a video by its name; a Runner."""

    def __init__(self, found: Found, run: Frames, settings: ExternalSettings, config: RunConfig):
        """Raises NotAttempted where the folder is not given or not there."""
        name, folder = found.manifest.name, videos_folder(found, run, settings)
        if folder is None:
            raise NotAttempted(f"no folder of videos; set baseline_settings.{name}.folder to it")
        if not folder.is_dir():
            raise NotAttempted(f"no folder {folder}; put the finished videos there")
        if not any(folder.iterdir()):
            raise NotAttempted(f"{folder} is empty; put the finished videos there")
        self.folder, self.run, self.size = folder, run, config.clips.size

    def make(self, target: Target, audio: np.ndarray, audio_id: str) -> Generated:
        """The finished frames; ItemRefused where the video is missing, unreadable, or of another length,
        shape or rate than 25 fps.
        """
        names = candidates(self.run, target.person, audio_id)
        paths = [self.folder / name for name in names if (self.folder / name).is_file()]
        if not paths:
            raise ItemRefused(f"no video {names[0]} in {self.folder}")
        if not paths[0].resolve().is_relative_to(self.folder.resolve()):
            raise ItemRefused(f"{names[0]} is a link out of {self.folder}")
        size = target.train.frames.shape[1]
        try:
            frames = read_result(paths[0], len(audio) // SAMPLES, size, self.run.tolerance, RATE)
        except ClipError as error:
            raise ItemRefused(str(error)) from error
        return Generated(frames)
