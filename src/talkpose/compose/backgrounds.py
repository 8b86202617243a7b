"""Backgrounds from the target's own video, matched at key frames (section 3.3.2; upstream: REFERENCE 1.4)."""

from typing import Final, NamedTuple

import numpy as np

from talkpose.compose.keyframes import key_frames
from talkpose.config.compose import ComposeConfig
from talkpose.errors import UserError

AXES: Final = ("pitch", "yaw", "roll")


class Backgrounds(NamedTuple):
    """Which real frame lies behind each generated frame, and the pose that fits it."""

    source: np.ndarray
    """(T,) int64, frame of the real video"""
    pose: np.ndarray
    """(T, 6) float32 radians and model units: the pose to render"""
    keys: np.ndarray
    """(K,) int64 key frames, increasing, with both ends"""


def match_keys(angles: np.ndarray, real_angles: np.ndarray, keys: np.ndarray, period: int) -> np.ndarray:
    """Key backgrounds: the real frame nearest in the sum of absolute Euler differences.

    angles: (T, 3); real_angles: (N, 3); keys: (K,). The first key may take any real frame, each later one a
    frame at most `period` from its predecessor's. Returns (K,) int64 in [0, N); the lower index at ties.
    """
    chosen = np.empty(len(keys), np.int64)
    low, high = 0, len(real_angles)
    for k, key in enumerate(keys):
        if k > 0:
            reach = max(period, int(key - keys[k - 1]))
            low, high = max(chosen[k - 1] - reach, 0), min(chosen[k - 1] + reach + 1, len(real_angles))
        cost = np.abs(real_angles[low:high] - angles[key]).sum(axis=1)
        chosen[k] = low + int(np.argmin(cost))
    return chosen


def bend(pose: np.ndarray, real_pose: np.ndarray, keys: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Bend predicted poses so that the rendered face sits on the head in its background (variant `paper`).

    pose: (T, 6) predicted; real_pose: (T, 6) of the frame's background; keys: (K,). At key frames the pose
    becomes the background's. Between them the correction runs linearly from key to key, and what then still
    parts the two is limited softly to `reach` (6,): radians and model units. The result is as smooth as its
    inputs.
    """
    frames = np.arange(len(pose))
    correction = real_pose[keys] - pose[keys]
    bent = pose + np.stack([np.interp(frames, keys, column) for column in correction.T], axis=1)
    return real_pose + reach * np.tanh((bent - real_pose) / reach)


def match_backgrounds(pose: np.ndarray, real_pose: np.ndarray, config: ComposeConfig) -> Backgrounds:
    """Match a background to each frame of a predicted pose sequence.

    pose: (T, 6) predicted; real_pose: (N, 6) of the real video's frames. Backgrounds between two key
    backgrounds are the real frames between them, at an even pace. Variant `upstream` replaces the pose by the
    background's, `paper` bends it. Raises UserError if either sequence is empty or has values that are not
    finite.
    """
    pose, real_pose = np.asarray(pose, np.float64), np.asarray(real_pose, np.float64)
    for name, values in (("predicted", pose), ("real", real_pose)):
        if values.ndim != 2 or values.shape[1] != 6 or len(values) == 0 or not np.isfinite(values).all():
            raise UserError(
                f"background matching: the {name} poses have shape {values.shape} and "
                f"{int((~np.isfinite(values)).sum())} values that are not finite; give finite (frames, 6)"
            )
    keys = key_frames(pose[:, AXES.index(config.axis)], config.smooth, config.key_ratio, config.min_gap)
    key_index = match_keys(pose[:, :3], real_pose[:, :3], keys, config.period)
    source = np.floor(np.interp(np.arange(len(pose)), keys, key_index) + 0.5).astype(np.int64)
    fitted = real_pose[source]
    if config.background == "paper":
        reach = np.repeat([config.bend_angle, config.bend_shift], 3)
        fitted = bend(pose, fitted, keys, reach)
    return Backgrounds(source, fitted.astype(np.float32), keys)
