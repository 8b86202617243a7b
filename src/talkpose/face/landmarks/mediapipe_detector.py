"""MediaPipe FaceMesh, 468 points: the default detector.

Version 0.10.21 is the last wheel with `mp.solutions.face_mesh` and its model inside.
"""

import os
from collections.abc import Iterable

import numpy as np

from talkpose.face.landmarks import Detection, collect


class MediapipeDetector:
    """FaceMesh in tracking mode; each call of `detect` builds a new graph, so nothing leaks."""

    name = "mediapipe"
    n_points = 468

    def __init__(self, max_faces: int = 2, refine: bool = False):
        """max_faces: faces looked for; refine: the attention mesh, with finer lips and eyes."""
        self.max_faces = max_faces
        self.refine = refine

    def detect(self, frames: Iterable[np.ndarray]) -> Detection:
        """Landmarks (T, 468, 2) of the main face and the number of comparable faces in each frame."""
        os.environ.setdefault("GLOG_minloglevel", "2")  # its C++ log is noise to our users
        import mediapipe as mp

        with mp.solutions.face_mesh.FaceMesh(
            static_image_mode=False, max_num_faces=self.max_faces, refine_landmarks=self.refine
        ) as mesh:

            def faces(frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
                height, width = frame.shape[:2]
                found = mesh.process(np.ascontiguousarray(frame)).multi_face_landmarks or []
                points = np.array(
                    [[(p.x, p.y) for p in face.landmark[: self.n_points]] for face in found], np.float32
                ).reshape(-1, self.n_points, 2)
                points *= np.array([width, height], np.float32)
                return points, np.concatenate([points.min(1), points.max(1)], 1)

            return collect(frames, self.n_points, faces)
