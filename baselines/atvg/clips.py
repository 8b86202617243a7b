"""What ATVG learns from: sound with landmark scores (AT-net), images and frames with landmarks (VG-net)."""

from collections import OrderedDict
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from talkpose.errors import UserError
from talkpose.face.coefficients import POSE
from talkpose.methods.aligned import FACE, LIPS, Window, crop_matrix, cut_out, join, pose_matrix
from talkpose.methods.contract import Footage
from talkpose.methods.retrained import TrainingClips
from talkpose.speech.mfcc import HOPS_PER_FRAME, speech_rows

from .landmarks import Components, Points, seen_from

WINDOWS: dict[str, Window] = {"face": FACE, "lips": LIPS}
"""The squares that `Settings.window` names."""

KEPT = 512
"""Clips whose sound and landmarks stay in memory."""


class Spoken(NamedTuple):
    """A clip of T frames without its pictures."""

    rows: np.ndarray
    """(4 T + 24, 12) MFCC"""
    neutral: np.ndarray
    """(68, 3) the speaker at rest"""
    moved: np.ndarray
    """(T, 68, 3) what the expression adds"""


class Runs(NamedTuple):
    """B runs of L frames brought to the pose of the image that each starts from."""

    image: Tensor
    """(B, 3, S, S) in [-1, 1]"""
    own: Tensor
    """(B, 136) its landmarks"""
    frames: Tensor
    """(B, L, 3, S, S)"""
    landmarks: Tensor
    """(B, L, 136)"""


class Clips:
    """Reads and draws; equal generators give equal batches."""

    def __init__(self, clips: TrainingClips, points: Points, window: Window, crop: int, max_turn: float):
        self.clips, self.points = clips, points
        self.window, self.crop, self.max_turn = window, crop, max_turn
        self._kept: OrderedDict[int, Spoken] = OrderedDict()

    def spoken(self, number: int) -> Spoken:
        """Sound and landmarks of clip `number`."""
        if number not in self._kept:
            footage = self.clips[number].footage
            known = footage.track.coefficients
            self._kept[number] = Spoken(
                speech_rows(footage.audio), self.points.neutral(known[:1])[0], self.points.moved(known)
            )
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(number)
        return self._kept[number]

    def sequences(
        self, rng: np.random.Generator, batch: int, length: int, speech: Components, identity: Components
    ) -> tuple[Tensor, Tensor, Tensor]:
        """MFCC rows (B, 4 L + 24, 12), identity scores (B, I), landmark scores (B, L, K).

        Raises UserError where no clip has `length` frames.
        """
        rows, faces, scores = [], [], []
        for _ in range(100 * batch):
            spoken = self.spoken(int(rng.integers(len(self.clips))))
            if len(spoken.moved) < length:
                continue
            start = int(rng.integers(len(spoken.moved) - length + 1))
            first = start * HOPS_PER_FRAME
            rows.append(spoken.rows[first : first + HOPS_PER_FRAME * (length + 6)])
            faces.append(identity.scores(spoken.neutral[None])[0])
            scores.append(speech.scores(spoken.moved[start : start + length]))
            if len(rows) == batch:
                return torch.from_numpy(np.stack(rows)), torch.stack(faces), torch.stack(scores)
        raise UserError(f"atvg: too few training clips have {length} frames; lower `sequence`")

    def runs(self, rng: np.random.Generator, batch: int, length: int) -> Runs:
        """Images and runs of consecutive frames with a face; UserError where no clip has such a run."""
        parts: list[tuple[np.ndarray, ...]] = []
        for _ in range(100 * batch):
            number = int(rng.integers(len(self.clips)))
            footage = self.clips[number].footage
            seen = footage.track.valid & np.isfinite(footage.track.landmarks).all((1, 2))
            starts = np.flatnonzero(np.convolve(seen, np.ones(length, int), "valid") == length)
            if len(seen) >= length and len(starts):
                start = int(rng.choice(starts))
                parts.append(self._run(rng, number, footage, seen, np.arange(start, start + length)))
            if len(parts) == batch:
                image, own, frames, landmarks = (np.stack(part) for part in zip(*parts, strict=True))
                return Runs(
                    to_network(image), torch.from_numpy(own), to_network(frames), torch.from_numpy(landmarks)
                )
        raise UserError(f"atvg: too few training clips show a face in {length} frames in a row")

    def _run(
        self, rng: np.random.Generator, number: int, footage: Footage, seen: np.ndarray, run: np.ndarray
    ) -> tuple[np.ndarray, ...]:
        pose = footage.track.coefficients[:, POSE]
        turn = np.abs(pose[:, :2] - pose[run[len(run) // 2], :2]).max(1)
        near = seen & (turn <= self.max_turn)
        others = near.copy()
        others[run] = False
        source = int(rng.choice(np.flatnonzero(others if others.any() else near)))
        points = footage.track.landmarks
        matrix = crop_matrix(points[source], self.window, self.crop)
        frames = [
            cut_out(footage.frames[t], join(matrix, pose_matrix(points[t], points[source])), self.crop)
            for t in run
        ]
        spoken = self.spoken(number)
        frontal = spoken.neutral + spoken.moved[[source, *run]]
        seen_at = seen_from(frontal, pose[source], footage.frames.shape[1], matrix, self.crop)
        image = cut_out(footage.frames[source], matrix, self.crop)
        return image, seen_at[0], np.stack(frames), seen_at[1:]


def to_network(pictures: np.ndarray) -> Tensor:
    """Pictures (..., H, W, 3) uint8 as (..., 3, H, W) float32 in [-1, 1]."""
    return torch.from_numpy(np.moveaxis(pictures, -1, -3).astype(np.float32) / 127.5 - 1)


def to_pictures(values: Tensor) -> np.ndarray:
    """Inverse of `to_network`, clipped."""
    scaled = (values.detach().float().cpu().clamp(-1, 1) + 1) * 127.5
    return np.ascontiguousarray(np.moveaxis(scaled.round().to(torch.uint8).numpy(), -3, -1))
