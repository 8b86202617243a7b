"""One clip's track against its ground truth."""

from typing import NamedTuple

import numpy as np

from talkpose.clips.crop import CropWindow
from talkpose.face.camera import rotation_matrix
from talkpose.face.coefficients import POSE
from talkpose.face.landmarks import mouth_opening
from talkpose.face.model import FaceModel
from talkpose.face.observed import inter_ocular
from talkpose.face.track import Track, fitted_landmarks
from talkpose.face.truth import Truth, truth_in_crop

AXES = ("pitch", "yaw", "roll")


class Compared(NamedTuple):
    """Errors of T frames of one clip, frames without a face left out."""

    pose: np.ndarray
    """(T, 3) degrees, tracked less true pitch, yaw and roll"""
    rotation: np.ndarray
    """(T,) degrees, angle between tracked and true rotation"""
    landmarks: np.ndarray
    """(T,) mean distance of detected from true points over the true distance of the outer eye corners"""
    mouth: float
    """correlation of the fitted mesh's mouth opening with the true one"""
    tracked: np.ndarray
    """(T, 6) pose of every frame"""
    true: np.ndarray
    """(T, 6) pose as the crop's camera sees it"""


def compare(track: Track, truth: Truth, window: CropWindow, kept: slice, model: FaceModel) -> Compared:
    """Compare a MediaPipe track of the frames `kept` with the truth of the whole source."""
    true = truth_in_crop(truth, window, kept, model).truth
    ok = track.valid
    tracked_pose = track.coefficients[:, POSE].astype(np.float64)
    true_pose = true.coefficients[:, POSE].astype(np.float64)
    turned = rotation_matrix(tracked_pose[ok, :3]) @ np.swapaxes(rotation_matrix(true_pose[ok, :3]), 1, 2)
    cosine = (np.trace(turned, axis1=1, axis2=2) - 1) / 2
    known = np.isfinite(true.points468).all(2)
    apart = np.linalg.norm(track.landmarks - true.points468, axis=2)
    error = np.where(known, apart, np.nan)[ok] / inter_ocular(true.points468)[ok, None]
    fitted = fitted_landmarks(track.coefficients, model, window.size)
    openings = [mouth_opening(points, "mediapipe")[ok] for points in (fitted, true.points468)]
    return Compared(
        np.degrees(tracked_pose[ok, :3] - true_pose[ok, :3]),
        np.degrees(np.arccos(np.clip(cosine, -1, 1))),
        np.nanmean(error, axis=1),
        float(np.corrcoef(*openings)[0, 1]),
        tracked_pose,
        true_pose,
    )
