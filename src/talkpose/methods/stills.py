"""What a baseline with a fixed pose learns from: a still, and frames of the same clip brought to its pose."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from talkpose.errors import ClipError, UserError
from talkpose.face.coefficients import POSE
from talkpose.methods.aligned import Window, crop_matrix, cut_out, join, pose_matrix
from talkpose.methods.contract import Footage, Target
from talkpose.methods.lips import LipBasis, faces_seen, lip_basis, lip_motion
from talkpose.methods.retrained import TrainingClip, TrainingClips
from talkpose.seeds import numpy_rng

Sound = Callable[[np.ndarray], np.ndarray]
"""(N,) 16 kHz mono -> (N // 640, rows, columns) float32: what a network hears of every frame."""

KEPT = 256
"""Prepared clips that stay in memory, and clips that scales are measured on."""


@dataclass(frozen=True)
class Batch:
    """B runs of L frames with the still that each starts from."""

    stills: Tensor
    """(B, 3, S, S), colours in [-1, 1]"""
    frames: Tensor
    """(B, L, 3, S, S), brought to the still's pose"""
    sounds: Tensor
    """(B, L, rows, columns)"""
    codes: Tensor
    """(B, L, 8), how the lips stand: talkpose.methods.lips"""
    clips: tuple[int, ...]
    """which clip each run is from"""
    still_codes: Tensor
    """(B, 8) of the still"""

    def to(self, device: torch.device) -> "Batch":
        """The batch on `device`."""
        return Batch(
            self.stills.to(device),
            self.frames.to(device),
            self.sounds.to(device),
            self.codes.to(device),
            self.clips,
            self.still_codes.to(device),
        )


@dataclass(frozen=True)
class _Prepared:
    clip: TrainingClip
    sounds: np.ndarray
    motion: np.ndarray
    seen: np.ndarray
    turns: np.ndarray


class StillSource:
    """Draws batches of runs of `length` frames with a still, cut out by `window` at `size` pixels.

    The still is another frame of the clip whose head is turned (pitch, yaw) at most `max_turn` radians away
    from the run's middle frame, where there is one: an affine map brings only a near pose to the still's.
    """

    def __init__(
        self, clips: TrainingClips, window: Window, size: int, length: int, sound: Sound, max_turn: float
    ):
        self.clips, self.window, self.size, self.length = clips, window, size, length
        self.sound, self.max_turn = sound, max_turn
        self._basis: LipBasis | None = None
        self._kept: OrderedDict[int, _Prepared | None] = OrderedDict()

    def batch(self, rng: np.random.Generator, size: int) -> Batch:
        """`size` runs; raises UserError where no clip holds a run of frames with a face."""
        stills, frames, sounds, codes, numbers, own = [], [], [], [], [], []
        for _ in range(size):
            number, prepared, start = self._draw(rng)
            run = np.arange(start, start + self.length)
            still = self._still(rng, prepared, run)
            footage = prepared.clip.footage
            stills.append(self.crop(footage, still, still))
            frames.append(np.stack([self.crop(footage, t, still) for t in run]))
            sounds.append(prepared.sounds[run])
            codes.append(self.basis.codes(prepared.motion[run]))
            own.append(self.basis.codes(prepared.motion[still]))
            numbers.append(number)
        return Batch(
            to_network(np.stack(stills)),
            to_network(np.stack(frames)),
            torch.from_numpy(np.stack(sounds)),
            torch.from_numpy(np.stack(codes)),
            tuple(numbers),
            torch.from_numpy(np.stack(own)),
        )

    def crop(self, footage: Footage, t: int, still: int) -> np.ndarray:
        """Frame t in the pose of frame `still`, cut out, (size, size, 3) uint8."""
        points = footage.track.landmarks
        matrix = crop_matrix(points[still], self.window, self.size)
        if t != still:
            matrix = join(matrix, pose_matrix(points[t], points[still]))
        return cut_out(footage.frames[t], matrix, self.size)

    def scales(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of every column of the sounds of up to 256 clips."""
        sounds = [self.sounds_and_codes(number)[0] for number in self.sample(seed)]
        rows = np.concatenate([part.reshape(-1, part.shape[-1]) for part in sounds])
        return rows.mean(0), np.maximum(rows.std(0), 1e-4)

    def sample(self, seed: int) -> list[int]:
        """Up to 256 usable clips, by number, in an order of the seed; UserError where there is none."""
        order = numpy_rng(seed, "stills", "sample").permutation(len(self.clips))[:KEPT]
        usable = [int(number) for number in order if self._prepare(int(number)) is not None]
        if not usable:
            raise UserError(
                f"no clip has {self.length} frames in a row with a face; "
                "check the corpus and its quarantine list"
            )
        return usable

    def sounds_and_codes(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Sounds (T, rows, columns) and codes (T, 8) of clip `number` of `sample`; nan where unseen."""
        prepared = self._prepare(number)
        assert prepared is not None
        return prepared.sounds[: len(prepared.motion)], self.basis.codes(prepared.motion)

    @property
    def basis(self) -> LipBasis:
        """Directions of the lips' motion in a sample of the clips."""
        if self._basis is None:
            kept = [self._prepare(number) for number in self.sample(0)]
            self._basis = lip_basis([clip.motion for clip in kept if clip is not None])
        return self._basis

    def _draw(self, rng: np.random.Generator) -> tuple[int, _Prepared, int]:
        for _ in range(100):
            number = int(rng.integers(len(self.clips)))
            prepared = self._prepare(number)
            if prepared is not None:
                starts = _starts(prepared.seen, self.length)
                return number, prepared, int(rng.choice(starts))
        raise UserError(
            f"of 100 clips none has {self.length} frames in a row with a face; "
            "check the corpus and its quarantine list"
        )

    def _still(self, rng: np.random.Generator, prepared: _Prepared, run: np.ndarray) -> int:
        middle = run[len(run) // 2]
        turn = np.abs(prepared.turns - prepared.turns[middle]).max(1)
        others = prepared.seen.copy()
        others[run] = False
        near = np.flatnonzero(others & (turn <= self.max_turn))
        if not len(near):
            near = np.flatnonzero(prepared.seen & (turn <= self.max_turn))
        return int(rng.choice(near))

    def _prepare(self, number: int) -> _Prepared | None:
        """The clip with its sounds; None where it holds no run."""
        if number not in self._kept:
            clip = self.clips[number]
            sounds = self.sound(clip.footage.audio)
            frames = min(len(clip.footage.frames), len(sounds))
            seen = faces_seen(clip.footage)[:frames]
            motion = lip_motion(clip.footage)[:frames]
            turns = clip.footage.track.coefficients[:frames, POSE][:, :2]
            usable = bool(len(_starts(seen, self.length)))
            self._kept[number] = _Prepared(clip, sounds, motion, seen, turns) if usable else None
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(number)
        return self._kept[number]


class Standardise(nn.Module):
    """Takes the mean out of the columns of the sounds and divides by their scale; both are kept as weights.

    In training a random band of up to `mask` columns and one of up to `mask` rows of every window are set to
    0 (SpecAugment, Park et al. 2019).
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, columns: int, mask: int = 0):
        super().__init__()
        self.mask = mask
        self.register_buffer("mean", torch.zeros(columns))
        self.register_buffer("scale", torch.ones(columns))

    def fit(self, mean: np.ndarray, scale: np.ndarray) -> None:
        """Set what to take out, (columns,) each."""
        self.mean.copy_(torch.from_numpy(np.asarray(mean, np.float32)))
        self.scale.copy_(torch.from_numpy(np.asarray(scale, np.float32)))

    def forward(self, sounds: Tensor) -> Tensor:
        """(..., columns) -> the same shape."""
        scaled = (sounds - self.mean) / self.scale
        if self.training and self.mask:
            for axis in (-1, -2):
                scaled = scaled * self._band(scaled, axis)
        return scaled

    def _band(self, sounds: Tensor, axis: int) -> Tensor:
        """0 over a random band along `axis`, another for every window, else 1."""
        windows, length = (*sounds.shape[:-2], 1, 1), sounds.shape[axis]
        width = torch.randint(0, self.mask + 1, windows, device=sounds.device)
        first = (torch.rand(windows, device=sounds.device) * (length - width + 1)).long()
        place = torch.arange(length, device=sounds.device)
        place = place[None] if axis == -1 else place[:, None]
        return ((place < first) | (place >= first + width)).to(sounds.dtype)


def first_still(target: Target, window: Window, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The target's first frame, its crop (size, size, 3) uint8, and the matrix that put_back wants.

    Raises ClipError where the frame shows no face.
    """
    footage = target.train
    if not faces_seen(footage)[0]:
        raise ClipError(
            "no-face",
            f"{target.person}: no face in the first frame, which is all that an image method sees; "
            "choose another segment of the video",
        )
    matrix = crop_matrix(footage.track.landmarks[0], window, size)
    return footage.frames[0], cut_out(footage.frames[0], matrix, size), matrix


def to_network(pictures: np.ndarray) -> Tensor:
    """Pictures (..., H, W, 3) uint8 as (..., 3, H, W) float32 in [-1, 1]."""
    return torch.from_numpy(np.moveaxis(pictures, -1, -3).astype(np.float32) / 127.5 - 1)


def to_pictures(values: Tensor) -> np.ndarray:
    """Inverse of `to_network`, clipped."""
    scaled = (values.detach().float().cpu().clamp(-1, 1) + 1) * 127.5
    return np.ascontiguousarray(np.moveaxis(scaled.round().to(torch.uint8).numpy(), -3, -1))


def _starts(seen: np.ndarray, length: int) -> np.ndarray:
    """Frames at which a run of `length` seen frames starts."""
    if len(seen) < length:
        return np.empty(0, int)
    runs = np.convolve(seen, np.ones(length, int), "valid")
    return np.flatnonzero(runs == length)
