"""Landmarks of the second scorer, found once a video: the real video's are kept beside the clip's track."""

from pathlib import Path

import numpy as np

from talkpose.clips.store import read_frames
from talkpose.config import RunConfig
from talkpose.face.landmarks import Detector, make_detector
from talkpose.face.landmarks.dlib_sparse import SparseDlibDetector
from talkpose.files import sha256
from talkpose.metrics.kept import find_once

VERSION = "2"
"""Of what is kept: a change of the detector that changes its points raises it."""


def make_scorer(name: str) -> Detector:
    """Detector for metrics, of the main face alone: dlib's box is looked for once a second."""
    return SparseDlibDetector() if name == "dlib" else make_detector(name, max_faces=1)


def points_to_track(frames: np.ndarray, found: np.ndarray, scorer: str, config: RunConfig) -> np.ndarray:
    """Landmarks (T, N, 2) of frames (T, H, W, 3) by `face.landmarks`, as the real videos' tracks have them.

    found: those of the detector `scorer`, which are not looked for again.
    """
    wanted = config.face.landmarks
    if wanted == scorer:
        return found
    if wanted == "dense" and scorer == "mediapipe":
        from talkpose.face.landmarks.dense import refine_points

        return refine_points(frames, found, config.device)
    return make_detector(wanted, max_faces=1, device=config.device).detect(frames).points


def real_landmarks(track: Path, frames: Path, start: int, detector: Detector) -> np.ndarray:
    """Landmarks (T, N, 2) float32 of a clip from frame `start` on by a second detector, nan without a face.

    Parameters: `track` the clip's track, beside which they are kept; `frames` the lossless video, whose bytes
    say whether what is kept still holds. Generated frames begin where these do, so that equal frames give
    equal points. Raises UserError where there is no track.
    """
    stamp = f"{VERSION} {detector.name} from {start} {sha256(frames)}"
    return find_once(track, detector.name, stamp, lambda: detector.detect(read_frames(frames, start)).points)
