"""Landmark detectors behind one interface: `mediapipe` (default), `dlib`, `face-alignment` and `dense`.

A detector sees a whole video, frame by frame, so that long videos need not fit in memory. Every call of
`detect` is a fresh video: no state leaks from call to call, and equal frames give equal points.
"""

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple, Protocol

import numpy as np

from talkpose.errors import UserError

DetectorName = Literal["mediapipe", "dlib", "face-alignment", "dense"]

# (upper inner lip, lower inner lip, outer eye corner, outer eye corner)
_MOUTH_POINTS = {
    "mediapipe": (13, 14, 33, 263),
    "dlib": (62, 66, 36, 45),
    "face-alignment": (62, 66, 36, 45),
    "dense": (13, 14, 33, 263),
}


class Detection(NamedTuple):
    """What a detector found in T frames."""

    points: np.ndarray
    """(T, N, 2) float32, continuous pixel coordinates of the main face; nan where there is none."""
    n_faces: np.ndarray
    """(T,) int32, faces in the frame that are at least half as wide as the main one."""
    unmended: np.ndarray | None = None
    """(T, N, 2) float32, where a detector mends another's points: those, to tell what it is worth"""


Faces = tuple[np.ndarray, np.ndarray, int]
"""Faces of one frame: points (K, N, 2), boxes (K, 4), number of further comparable faces without points."""


class Detector(Protocol):
    """Finds the landmarks of the main face in every frame of a video."""

    name: str
    n_points: int

    def detect(self, frames: Iterable[np.ndarray]) -> Detection:
        """Landmarks of (T, H, W, 3) uint8 RGB frames, or of an iterator over such frames."""
        ...


def make_detector(name: str, max_faces: int = 2, device: str = "cpu") -> Detector:
    """Build the detector called `name`; UserError if it is unknown or lacks its package or weights.

    max_faces: 1 is faster where a second face can not occur; `device` matters to face-alignment and
    dense.
    """
    if name == "mediapipe":
        from talkpose.face.landmarks.mediapipe_detector import MediapipeDetector

        return MediapipeDetector(max_faces)
    if name == "dlib":
        from talkpose.face.landmarks.dlib_detector import DlibDetector

        return DlibDetector(max_faces)
    if name == "face-alignment":
        from talkpose.face.landmarks.face_alignment_detector import FaceAlignmentDetector

        return FaceAlignmentDetector(max_faces, device)
    if name == "dense":
        from talkpose.face.landmarks.dense import DenseDetector

        return DenseDetector(max_faces, device)
    raise UserError(f"face.landmarks: no detector `{name}`; use one of {', '.join(_MOUTH_POINTS)}")


def mouth_opening(points: np.ndarray, kind: str) -> np.ndarray:
    """Gap between the inner lips over the distance of the outer eye corners, (T,) float32; nan where no face.

    points: (T, N, 2) of the detector `kind`. The measure of ASSETS.md's and the report's mouth correlations.
    """
    if kind not in _MOUTH_POINTS:
        raise UserError(f"no mouth points known for `{kind}`; use one of {', '.join(_MOUTH_POINTS)}")
    upper, lower, right, left = _MOUTH_POINTS[kind]
    gap = np.linalg.norm(points[:, upper] - points[:, lower], axis=-1)
    eyes = np.linalg.norm(points[:, right] - points[:, left], axis=-1)
    return (gap / np.maximum(eyes, 1e-6)).astype(np.float32)


class MainFace:
    """Follows one face through a video: the widest at first, then always the one nearest to the last seen."""

    def __init__(self) -> None:
        self._last: np.ndarray | None = None

    def pick(self, boxes: np.ndarray) -> int:
        """Index of the main face among boxes (K, 4) as left, top, right, bottom; K at least 1."""
        centres, widths = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2] - boxes[:, 0]
        index = int(np.argmax(widths))
        if self._last is not None:
            distance = np.linalg.norm(centres - (self._last[:2] + self._last[2:]) / 2, axis=1)
            if distance.min() < self._last[2] - self._last[0]:
                index = int(np.argmin(distance))
        self._last = boxes[index]
        return index


def count_comparable(boxes: np.ndarray, main: int) -> int:
    """Number of boxes (K, 4) at least half as wide as the main one."""
    widths = boxes[:, 2] - boxes[:, 0]
    return int((widths >= 0.5 * widths[main]).sum())


def collect(frames: Iterable[np.ndarray], n_points: int, faces: Callable[[np.ndarray], Faces]) -> Detection:
    """Run `faces` over the frames of a video and keep the main face."""
    main, points, counts = MainFace(), [], []
    for frame in frames:
        found, boxes, others = faces(frame)
        if len(boxes) == 0:
            points.append(np.full((n_points, 2), np.nan, np.float32))
            counts.append(0)
            continue
        index = main.pick(boxes)
        points.append(found[index].astype(np.float32))
        counts.append(count_comparable(boxes, index) + others)
    stacked = np.stack(points) if points else np.empty((0, n_points, 2), np.float32)
    return Detection(stacked, np.array(counts, np.int32))
