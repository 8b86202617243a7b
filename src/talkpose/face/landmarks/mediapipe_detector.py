"""MediaPipe FaceMesh, 468 points: the default detector.

Version 0.10.21 is the last wheel with `mp.solutions.face_mesh` and its model inside. Its own face finder is
made for faces near the camera and misses one of 120 pixels in 1280x720. So MediaPipe's full-range finder
looks over the whole picture, and the mesh works on the part around the widest face that it found.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from talkpose.face.landmarks import Detection, Faces, collect

VIEW = 3.5  # side of that part over the width of the face
EDGE = 0.05  # of the part's width: a face this close to its edge moves it
RECOUNT = 25  # frames between two counts of faces; the mesh itself runs in every frame


class MediapipeDetector:
    """FaceMesh in tracking mode; each call of `detect` builds a new graph, so nothing leaks."""

    name = "mediapipe"
    n_points = 468

    def __init__(self, max_faces: int = 2, refine: bool = False):
        """max_faces: 1 counts no others; refine: the attention mesh, with finer lips and eyes."""
        self.max_faces = max_faces
        self.refine = refine

    def detect(self, frames: Iterable[np.ndarray]) -> Detection:
        """Landmarks (T, 468, 2) of the main face; comparable faces are counted once a second."""
        with self.video() as faces:
            return collect(frames, self.n_points, faces)

    @contextmanager
    def video(self) -> Iterator[Callable[[np.ndarray], Faces]]:
        """What finds the faces, at most one with points, in one frame after another of a fresh video."""
        os.environ.setdefault("GLOG_minloglevel", "2")  # its C++ log is noise to our users
        import mediapipe as mp

        with (
            mp.solutions.face_mesh.FaceMesh(
                static_image_mode=False, max_num_faces=1, refine_landmarks=self.refine
            ) as mesh,
            mp.solutions.face_detection.FaceDetection(model_selection=1) as finder,
        ):
            yield _Video(mesh, finder, self.n_points, self.max_faces > 1).faces


class _Video:
    """What is known while one video runs: the part that the mesh sees, and who else is there."""

    def __init__(self, mesh: Any, finder: Any, n_points: int, count: bool):
        self.mesh, self.finder, self.n_points, self.count = mesh, finder, n_points, count
        self.view: tuple[int, int, int, int] | None = None
        self.others = self.age = 0

    def faces(self, frame: np.ndarray) -> Faces:
        """The main face of the next frame, and how many comparable others there are."""
        points = self._mesh(frame) if self.view else np.empty((0, self.n_points, 2), np.float32)
        found = None
        if len(points) == 0:
            found = self._find(frame)
            self._look_at(frame, found[np.argmax(found[:, 2] - found[:, 0])] if len(found) else None)
            points = self._mesh(frame)
        if len(points) == 0:
            return points, np.empty((0, 4)), 0
        box = np.concatenate([points[0].min(0), points[0].max(0)])
        self.age += 1
        if self.count and (found is not None or self.age >= RECOUNT):
            self._count_others(self._find(frame) if found is None else found, box)
        if self._near_edge(frame, box):
            self._look_at(frame, box)
        return points, box[None], self.others

    def _mesh(self, frame: np.ndarray) -> np.ndarray:
        left, top, right, bottom = self.view or (0, 0, frame.shape[1], frame.shape[0])
        part = np.ascontiguousarray(frame[top:bottom, left:right])
        found = self.mesh.process(part).multi_face_landmarks or []
        points = np.array(
            [[(p.x, p.y) for p in face.landmark[: self.n_points]] for face in found], np.float32
        ).reshape(-1, self.n_points, 2)
        size = np.array([right - left, bottom - top], np.float32)
        return points * size + np.array([left, top], np.float32)

    def _find(self, frame: np.ndarray) -> np.ndarray:
        """Boxes (K, 4) of the full-range finder."""
        found = self.finder.process(np.ascontiguousarray(frame)).detections or []
        boxes = [face.location_data.relative_bounding_box for face in found]
        corners = [(b.xmin, b.ymin, b.xmin + b.width, b.ymin + b.height) for b in boxes]
        return np.array(corners, np.float64).reshape(-1, 4) * np.tile([frame.shape[1], frame.shape[0]], 2)

    def _look_at(self, frame: np.ndarray, box: np.ndarray | None) -> None:
        """Let the mesh see the part around a box, or all of the picture."""
        height, width = frame.shape[:2]
        view = (0, 0, width, height)
        if box is not None:
            centre, half = (box[:2] + box[2:]) / 2, VIEW * (box[2] - box[0]) / 2
            low, high = np.floor(centre - half).astype(int), np.ceil(centre + half).astype(int)
            view = (max(low[0], 0), max(low[1], 0), min(high[0], width), min(high[1], height))
        if self.view is not None and view != self.view:
            self.mesh.reset()  # it tracks in coordinates of the part that it has seen so far
        self.view = view

    def _near_edge(self, frame: np.ndarray, box: np.ndarray) -> bool:
        left, top, right, bottom = self.view or (0, 0, frame.shape[1], frame.shape[0])
        margin = EDGE * (right - left)
        low = ((left, top) > np.zeros(2)) & (box[:2] < np.array([left, top]) + margin)
        size = np.array([frame.shape[1], frame.shape[0]])
        high = ((right, bottom) < size) & (box[2:] > np.array([right, bottom]) - margin)
        return bool(low.any() or high.any())

    def _count_others(self, found: np.ndarray, main: np.ndarray) -> None:
        self.age = 0
        centres, widths = (found[:, :2] + found[:, 2:]) / 2, found[:, 2] - found[:, 0]
        ours = ((centres > main[:2]) & (centres < main[2:])).all(1)
        own = widths[ours].max() if ours.any() else main[2] - main[0]
        self.others = int((widths[~ours] >= 0.5 * own).sum())
