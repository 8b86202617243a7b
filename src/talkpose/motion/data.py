"""Training windows of stage 1: MFCC rows with the expression and pose that belong to them."""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from talkpose.config import MotionConfig
from talkpose.errors import UserError
from talkpose.motion.network import EDGE, N_EXPRESSION, N_OUTPUT, N_POSE
from talkpose.seeds import numpy_rng
from talkpose.speech.mfcc import CONTEXT, HOPS_PER_FRAME, SAMPLES_PER_FRAME, speech_rows

FLAT = 1e-4
"""Smallest scale that standardising divides by: what does not move stays where it is."""


class MotionClip(NamedTuple):
    """One clip as stage 1 sees it: sound in sync with the motion of T frames."""

    name: str
    audio: np.ndarray  # (N,) float32, 16 kHz mono, N >= 640 T
    expression: np.ndarray  # (T, 64) float32
    pose: np.ndarray  # (T, 6) float32: pitch, yaw, roll [rad], tx, ty, tz [model units]
    valid: np.ndarray  # (T,) bool: frames whose motion was really seen


class _Part(NamedTuple):
    rows: np.ndarray  # (4 T + 24, 12)
    motion: np.ndarray  # (T, 70), the centre taken out
    valid: np.ndarray  # (T,)


class TrainingSet:
    """Draws batches of windows of `config.sequence` frames, all valid, from one or more clips.

    Every window is seen once an epoch, in an order that (seed, axes, epoch) alone decide, so a resumed
    training draws what an uninterrupted one would have drawn. Where `standardise` is on, every clip's own
    mean is taken out of its motion: people differ in it, and nothing in the sound tells them apart.
    """

    def __init__(self, clips: Iterable[MotionClip], config: MotionConfig, seed: int, *axes: str):
        self.config, self.seed, self.axes = config, seed, axes
        self.parts: list[_Part] = []
        self.centres: list[np.ndarray] = []
        digest = hashlib.blake2b()
        for clip in clips:
            rows, motion = clip_arrays(clip)
            for array in (rows, motion, clip.valid):
                digest.update(np.ascontiguousarray(array).tobytes())
            if not clip.valid.any():
                continue
            centre = np.zeros(N_OUTPUT, np.float32)
            centre[-1] = config.tz_offset
            if config.standardise:
                centre = motion[clip.valid].mean(axis=0)
            self.centres.append(centre)
            self.parts.append(_Part(rows, motion - centre, clip.valid))
        self.fingerprint = digest.hexdigest()
        length = config.sequence
        self.windows = np.array(
            [
                (number, start)
                for number, part in enumerate(self.parts)
                for start in range(len(part.valid) - length + 1)
                if part.valid[start : start + length].all()
            ]
        )
        if not len(self.windows):
            raise UserError(
                f"stage 1 got no {length} frames in a row with a tracked face; check the corpus and its "
                "quarantine list, or lower `motion.sequence`"
            )

    def scales(self) -> dict[str, np.ndarray]:
        """Buffers of `MotionNetwork` that follow from these clips.

        The expression gets one scale for all of its 64 numbers, so that Eq. 2 still weighs them by how much
        they move; a pose has angles and lengths, so each of its numbers gets its own, which leaves it a
        standard deviation of `pose_spread`.
        """
        expression = np.concatenate([part.motion[part.valid, :N_EXPRESSION] for part in self.parts])
        pose = np.concatenate([part.motion[part.valid, N_EXPRESSION:] for part in self.parts])
        _, values, directions = np.linalg.svd(expression - expression.mean(axis=0), full_matrices=False)
        found = {
            "axis": directions[0],
            "axis_spread": values[0] / np.sqrt(len(expression)),
            "pose_std": pose.std(axis=0),
            "output_mean": np.mean(self.centres, axis=0),
        }
        if self.config.standardise:
            inside = CONTEXT * HOPS_PER_FRAME  # without the zeros around the sound
            rows = np.concatenate([part.rows[inside:-inside] for part in self.parts])
            one = np.full(N_EXPRESSION, np.sqrt(expression.var(axis=0).mean()), np.float32)
            found |= {
                "input_mean": rows.mean(axis=0),
                "input_scale": np.maximum(rows.std(axis=0), FLAT),
                "output_scale": np.maximum(
                    np.concatenate([one, pose.std(axis=0) / self.config.pose_spread]), FLAT
                ),
            }
        return found

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """MFCC rows (B, 4 L + 24, 12) and motion less its centre (B, L, 70) of step `step`, L frames each.

        The last, smaller batch of an epoch is dropped, as in the public code.
        """
        size, length = min(self.config.batch, len(self.windows)), self.config.sequence
        epoch, place = divmod(step, len(self.windows) // size)
        order = numpy_rng(self.seed, *self.axes, "epoch", str(epoch)).permutation(len(self.windows))
        rows, motion = [], []
        for number, start in self.windows[order[place * size : (place + 1) * size]]:
            part = self.parts[number]
            rows.append(part.rows[HOPS_PER_FRAME * start : HOPS_PER_FRAME * (start + length) + EDGE])
            motion.append(part.motion[start : start + length])
        return torch.from_numpy(np.stack(rows)), torch.from_numpy(np.stack(motion))


def clip_arrays(clip: MotionClip) -> tuple[np.ndarray, np.ndarray]:
    """MFCC rows (4 T + 24, 12) and motion (T, 70) of a clip, float32; motion is 0 where it is not valid.

    Raises
    ------
    UserError: arrays that do not fit together, or valid motion that is not finite.
    """
    frames = len(clip.expression)
    shapes = (clip.expression.shape, clip.pose.shape, clip.valid.shape)
    if shapes != ((frames, N_EXPRESSION), (frames, N_POSE), (frames,)):
        raise UserError(
            f"clip {clip.name}: expression, pose and valid have shapes {shapes}; track the clip again"
        )
    samples = SAMPLES_PER_FRAME * frames
    if clip.audio.ndim != 1 or len(clip.audio) < max(samples, 1):
        raise UserError(
            f"clip {clip.name}: {frames} frames need {samples} samples of mono sound, got shape "
            f"{clip.audio.shape}; normalise the clip again"
        )
    motion = np.concatenate([clip.expression, clip.pose], axis=1, dtype=np.float32)
    if not np.isfinite(motion[clip.valid]).all():
        raise UserError(f"clip {clip.name}: motion of valid frames is not finite; track the clip again")
    motion[~clip.valid] = 0
    return speech_rows(clip.audio[:samples]), motion
