"""What metrics find once in a real clip: kept beside its track for every method."""

import fcntl
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from talkpose.errors import UserError
from talkpose.files import write_npz


def kept_path(track: Path, name: str) -> Path:
    """Where what is called `name` of the clip with this track is kept."""
    return track.with_name(f"{track.stem}.{name}.npz")


def find_once(track: Path, name: str, stamp: str, find: Callable[[], np.ndarray]) -> np.ndarray:
    """The array that `find` gives, kept as `name` beside `track` for as long as `stamp` stays the same.

    Jobs that measure several methods at a time wait for each other, so each clip is searched once. Raises
    UserError where there is no track.
    """
    path = kept_path(track, name)
    if (known := _load(path, stamp)) is not None:
        return known
    with _locked(track):
        if (known := _load(path, stamp)) is not None:
            return known
        found = find()
        write_npz(path, found=found, stamp=np.array(stamp))
    return found


def _load(path: Path, stamp: str) -> np.ndarray | None:
    """What is kept; None where there is nothing, or that of another video."""
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            return stored["found"] if str(stored["stamp"]) == stamp else None
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return None  # what cannot be read is found again


@contextmanager
def _locked(track: Path) -> Iterator[None]:
    """Hold the clip: the lock lies on its track, so none is left behind, however the job ends."""
    try:
        file = open(track, "rb+")  # noqa: SIM115
    except OSError as error:
        raise UserError(f"{track}: no track ({error}); track the clip first") from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
