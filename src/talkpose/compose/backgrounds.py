"""Backgrounds from the target's own video, matched at key frames (section 3.3.2; upstream: REFERENCE 1.4)."""

from typing import Final, NamedTuple

import numpy as np
from scipy.ndimage import minimum_filter1d

from talkpose.compose.keyframes import key_frames
from talkpose.config.compose import ComposeConfig
from talkpose.errors import UserError

AXES: Final = ("pitch", "yaw", "roll")


class Backgrounds(NamedTuple):
    """Which moment of the real video lies behind each generated frame, and the pose that fits it."""

    source: np.ndarray
    """(T,) int64, the nearest frame of the real video"""
    place: np.ndarray
    """(T,) float64, place in the real video in frames, for `blend_frames`; equals `source` in `upstream`"""
    pose: np.ndarray
    """(T, 6) float32 radians and model units: the pose to render"""
    keys: np.ndarray
    """(K,) int64 key frames, increasing, with both ends"""


def match_greedily(angles: np.ndarray, real_angles: np.ndarray, keys: np.ndarray, period: int) -> np.ndarray:
    """Key backgrounds as upstream: the real frame nearest in the sum of absolute Euler differences.

    angles: (T, 3); real_angles: (N, 3); keys: (K,). The first key may take any real frame, each later one a
    frame at most `period` from its predecessor's. Returns (K,) int64 in [0, N); the lower index at ties.
    """
    chosen = np.empty(len(keys), np.int64)
    low, high = 0, len(real_angles)
    for k, key in enumerate(keys):
        if k > 0:
            low, high = max(chosen[k - 1] - period, 0), min(chosen[k - 1] + period + 1, len(real_angles))
        cost = np.abs(real_angles[low:high] - angles[key]).sum(axis=1)
        chosen[k] = low + int(np.argmin(cost))
    return chosen


def match_together(angles: np.ndarray, real_angles: np.ndarray, keys: np.ndarray, pace: float) -> np.ndarray:
    """Key backgrounds that are nearest in sum over all keys, where the background never runs too fast.

    As `match_greedily`, but from key to key the background moves at most `pace` real frames a generated
    frame, forwards or backwards, and all keys are matched together (dynamic programming). Returns (K,) int64.
    """
    reaches = [max(int(pace * gap), 1) for gap in np.diff(keys)]
    best = [np.abs(real_angles - angles[keys[0]]).sum(axis=1)]
    for key, reach in zip(keys[1:], reaches, strict=True):
        arrive = minimum_filter1d(best[-1], 2 * reach + 1, mode="constant", cval=np.inf)
        best.append(arrive + np.abs(real_angles - angles[key]).sum(axis=1))
    path = [int(np.argmin(best[-1]))]
    for scores, reach in zip(best[-2::-1], reaches[::-1], strict=True):
        low = max(path[-1] - reach, 0)
        path.append(low + int(np.argmin(scores[low : path[-1] + reach + 1])))
    return np.array(path[::-1], np.int64)


def blend_frames(frames: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Real frames (N, ...) at places (T,) between them, cross-faded linearly; uint8 stays uint8."""
    before = np.clip(np.floor(place).astype(np.int64), 0, len(frames) - 1)
    after = np.minimum(before + 1, len(frames) - 1)
    share = (place - before).reshape(-1, *[1] * (frames.ndim - 1))
    if frames.dtype != np.uint8:
        return frames[before] + share * (frames[after] - frames[before])
    out = frames[before]
    mixed = np.flatnonzero(share.ravel() > 0)
    low, high = out[mixed].astype(np.float32), frames[after[mixed]].astype(np.float32)
    out[mixed] = (low + share[mixed].astype(np.float32) * (high - low) + 0.5).astype(np.uint8)
    return out


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

    pose: (T, 6) predicted; real_pose: (N, 6) of the real video's frames. Between two key backgrounds the
    background runs at an even pace. Variant `upstream` chooses keys one by one, rounds to whole frames and
    replaces the pose by the background's; `paper` chooses them together, fades between frames and bends the
    pose. Raises UserError if either sequence is empty or has values that are not finite.
    """
    pose, real_pose = np.asarray(pose, np.float64), np.asarray(real_pose, np.float64)
    for name, values in (("predicted", pose), ("real", real_pose)):
        if values.ndim != 2 or values.shape[1] != 6 or len(values) == 0 or not np.isfinite(values).all():
            raise UserError(
                f"background matching: the {name} poses have shape {values.shape} and "
                f"{int((~np.isfinite(values)).sum())} values that are not finite; give finite (frames, 6)"
            )
    angles, real_angles = pose[:, :3], real_pose[:, :3]
    keys = key_frames(angles[:, AXES.index(config.axis)], config.smooth, config.key_ratio, config.min_gap)
    if config.background == "upstream":
        key_sources = match_greedily(angles, real_angles, keys, config.period)
        place = np.floor(np.interp(np.arange(len(pose)), keys, key_sources) + 0.5)
        fitted = blend_frames(real_pose, place)
    else:
        key_sources = match_together(angles, real_angles, keys, config.pace)
        place = np.interp(np.arange(len(pose)), keys, key_sources)
        reach = np.repeat([config.bend_angle, config.bend_shift], 3)
        fitted = bend(pose, blend_frames(real_pose, place), keys, reach)
    return Backgrounds(np.floor(place + 0.5).astype(np.int64), place, fitted.astype(np.float32), keys)
