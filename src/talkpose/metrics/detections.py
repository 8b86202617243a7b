"""Landmarks of the second scorer, found once a video: the real video's are kept beside the clip's track."""

import fcntl
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from talkpose.clips.store import read_frames
from talkpose.errors import UserError
from talkpose.face.landmarks import Detector, make_detector
from talkpose.face.landmarks.dlib_sparse import SparseDlibDetector
from talkpose.files import sha256, write_npz

VERSION = "1"
"""Of what is kept: a change of the detector that changes its points raises it."""


def make_scorer(name: str) -> Detector:
    """Detector for metrics, of the main face alone: dlib's box is looked for once a second."""
    return SparseDlibDetector() if name == "dlib" else make_detector(name, max_faces=1)


def kept_path(track: Path, detector: str) -> Path:
    """Where the landmarks by `detector` of the clip with this track are kept."""
    return track.with_name(f"{track.stem}.{detector}.npz")


def real_landmarks(track: Path, frames: Path, start: int, detector: Detector) -> np.ndarray:
    """Landmarks (T, N, 2) float32 of a clip from frame `start` on by a second detector, nan without a face.

    Parameters: `track` the clip's track, beside which they are kept; `frames` the lossless video, whose bytes
    say whether what is kept still holds. Generated frames begin where these do, so that equal frames give
    equal points. Jobs that measure several methods at a time wait for each other, so each clip is searched
    once. Raises UserError where there is no track.
    """
    path = kept_path(track, detector.name)
    stamp = f"{VERSION} {detector.name} from {start} {sha256(frames)}"
    if (known := _load(path, stamp)) is not None:
        return known
    with _locked(track):
        if (known := _load(path, stamp)) is not None:
            return known
        points = detector.detect(read_frames(frames, start)).points
        write_npz(path, points=points, stamp=np.array(stamp))
    return points


def _load(path: Path, stamp: str) -> np.ndarray | None:
    """Kept landmarks; None where there are none, or those of another video."""
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            return stored["points"] if str(stored["stamp"]) == stamp else None
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
