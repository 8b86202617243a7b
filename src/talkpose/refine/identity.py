"""Identity feature of real frames (paper 3.4: ArcFace), frame by frame and over a clip."""

import numpy as np

from talkpose.config import RefineConfig
from talkpose.errors import UserError
from talkpose.face.identity import ArcFaceFeature, DlibFeature, IdentityFeature


def make_identity_feature(config: RefineConfig) -> IdentityFeature:
    """The feature that `refine.identity_feature` names; UserError where its weights are missing."""
    if config.identity_feature == "arcface":
        return ArcFaceFeature(
            config.arcface_weights, "refine.arcface_weights", "set refine.identity_feature to dlib"
        )
    return DlibFeature()


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
