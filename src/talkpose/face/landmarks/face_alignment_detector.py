"""face-alignment's 2D FAN, 68 points, where its package and weights are present. Nothing is downloaded.

The package (1.5) keeps its weights in torch hub's folder: fan_weights.py.
"""

from collections.abc import Iterable

import numpy as np

from talkpose.errors import UserError
from talkpose.face.landmarks import Detection, Faces, collect
from talkpose.face.landmarks.fan_weights import SOURCE, WEIGHTS, weights_folder


class FaceAlignmentDetector:
    """S3FD detector and FAN heat maps, both deterministic: no compilation, one frame at a time."""

    name = "face-alignment"
    n_points = 68

    def __init__(self, max_faces: int = 2, device: str = "cpu"):
        """UserError naming the package or the weights that are missing, and where to put them."""
        try:
            import face_alignment
        except ImportError as error:
            raise UserError(
                "face.landmarks: the package face-alignment is not installed; "
                "run `pip install talkpose[face-alignment]` or use `mediapipe`"
            ) from error
        missing = [name for name in WEIGHTS if not (weights_folder() / name).is_file()]
        if missing:
            raise UserError(
                f"face.landmarks: face-alignment lacks its weights {', '.join(missing)}; download them "
                f"from {SOURCE} into {weights_folder()} or use `mediapipe`"
            )
        self.max_faces = max_faces
        self._net = face_alignment.FaceAlignment(
            face_alignment.LandmarksType.TWO_D, device=device, flip_input=False, compile=False
        )

    def detect(self, frames: Iterable[np.ndarray]) -> Detection:
        """Landmarks (T, 68, 2) of the main face and the number of comparable faces in each frame."""

        def faces(frame: np.ndarray) -> Faces:
            boxes = np.array(self._net.face_detector.detect_from_image(frame.copy())).reshape(-1, 5)
            boxes = boxes[np.argsort(-boxes[:, 4], kind="stable")][: self.max_faces]
            if len(boxes) == 0:
                return np.empty((0, self.n_points, 2)), np.empty((0, 4)), 0
            points = self._net.get_landmarks_from_image(frame, detected_faces=list(boxes))
            return np.stack(points), boxes[:, :4], 0

        return collect(frames, self.n_points, faces)
