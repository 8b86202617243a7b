"""Training samples of stage 2: windows of rendered frames paired with the real frame they should become."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from talkpose.config import RefineConfig
from talkpose.errors import UserError
from talkpose.refine.pairs import ClipPairs, Shelf, StoredPairs
from talkpose.seeds import derive_seed, numpy_rng

OUTER_LIPS = [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185]
"""MediaPipe's points around the outer lips."""

OUTER_LIPS_68 = list(range(48, 60))
"""iBUG's."""

LOAD_SCALE = 286 / 256  # the public code loads 286 pixels and crops 256


class Batch(NamedTuple):
    """Tensors of B samples; images in [-1, 1]."""

    window: Tensor  # (B, 3 * window, S, S), oldest frame first
    real: Tensor  # (B, 3, S, S)
    weight: Tensor  # (B, 1, S, S): of every pixel in the L1 term
    identity: Tensor  # (B, F)


def to_network(frames: np.ndarray, device: torch.device | str = "cpu") -> Tensor:
    """uint8 (..., H, W, 3) -> float32 (..., 3, H, W) in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(frames)).to(device).movedim(-1, -3).float() / 127.5 - 1


def from_network(images: Tensor) -> np.ndarray:
    """float (..., 3, H, W) in [-1, 1], clipped -> uint8 (..., H, W, 3)."""
    scaled = (images.detach().float().clamp(-1, 1) + 1) * 127.5
    return scaled.round().to(torch.uint8).movedim(-3, -1).cpu().numpy()


def windows_of(frames: np.ndarray, at: np.ndarray, length: int) -> np.ndarray:
    """The `length` frames of (T, H, W, 3) that end at each index, frame 0 before the clip."""
    offsets = np.arange(1 - length, 1)
    return frames[np.maximum(at[:, None] + offsets, 0)]


def outer_lips(points: np.ndarray) -> np.ndarray:
    """Those around the outer lips of landmarks (468 or 68, 2)."""
    return points[OUTER_LIPS_68 if len(points) == 68 else OUTER_LIPS]


def focus_map(points: np.ndarray, size: int) -> np.ndarray:
    """Where the loss looks harder, from landmarks (468 or 68, 2) px: (size, size, 3) uint8, 0 or 255.

    Channel 0: the hull of all points, widened by a tenth of the side so that ears, hair line and jaw are in
    it; channel 1: the hull of the outer lips, widened by a fortieth; channel 2: the face's outline, a band of
    a twenty-fifth to both sides of the first hull. Empty where the frame has no landmarks.
    """
    planes = np.zeros((size, size, 3), np.uint8)
    if np.isfinite(points).all():
        for channel, (part, reach) in enumerate(((points, size / 10), (outer_lips(points), size / 40))):
            hull = cv2.convexHull(np.round(part - 0.5).astype(np.int32))
            filled = cv2.fillConvexPoly(np.zeros((size, size), np.uint8), hull, (255,))
            planes[:, :, channel] = cv2.dilate(filled, _disc(reach))
            if channel == 0:
                band = _disc(size / 25)
                planes[:, :, 2] = cv2.dilate(filled, band) - cv2.erode(filled, band)
    return planes


def _disc(reach: float) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round(reach) + 1,) * 2)


class TrainingSet:
    """Draws augmented batches; the last few frames of every clip are held out to watch the training.

    Which samples a step sees depends on (seed, axes, step) alone, so a resumed training draws what an
    uninterrupted one would have drawn. Where `config.clips_in_memory` is set, an epoch goes through the clips
    in groups of so many, in an order of its own, and mixes the samples of a group.
    """

    def __init__(
        self,
        clips: Sequence[ClipPairs | StoredPairs],
        config: RefineConfig,
        seed: int,
        *axes: str,
        personal: bool = False,
    ):
        self.clips, self.config, self.seed, self.axes = clips, config, seed, axes
        self.flip = config.personal_flip if personal else config.flip
        self.reach = config.personal_shift if personal else (LOAD_SCALE - 1) / 2  # of the side
        if not clips:
            raise UserError("stage 2 got no clip to train on; check the corpus and its quarantine list")
        shapes = set().union(*(clip.shapes for clip in clips))
        if len(shapes) != 1:
            raise UserError(
                f"stage 2 needs frames of one size, got {sorted(shapes)}; normalise all clips alike"
            )
        self.focus = config.focus_face, config.focus_mouth, config.focus_edge
        self.focused = max(self.focus) > 0
        if self.focused and not all(clip.landmarked for clip in clips):
            raise UserError(
                "refine.focus_face, focus_mouth and focus_edge need landmarks for every clip; give them with "
                "the pairs or set all three keys to 0"
            )
        held = -(-config.validation_frames // len(clips))
        train, watch = [], []
        for number, clip in enumerate(clips):
            usable = np.arange(config.window - 1, clip.frames)  # frames that have a whole window
            if len(usable) <= held:
                raise UserError(
                    f"clip {clip.name}: {clip.frames} frames are too few to train stage 2; "
                    f"it needs at least {config.window + held}"
                )
            split = len(usable) - held
            train += [(number, frame) for frame in usable[:split]]
            watch += [(number, frame) for frame in usable[split:]]
        self.train = np.array(train)
        # with many clips, of each of which a frame is held out, some of them are enough to watch
        shown = np.linspace(0, len(watch) - 1, min(len(watch), config.validation_frames)).round().astype(int)
        self.watch = np.array(watch).reshape(-1, 2)[shown]
        self._orders: dict[int, np.ndarray] = {}
        self.group = config.clips_in_memory or len(clips)
        # of the group in use, the next one, and of those that are watched
        room = 2 * self.group + len(np.unique(self.watch[:, 0])) if config.clips_in_memory else None
        self.shelf = Shelf(clips, room)

    @property
    def feature_size(self) -> int:
        """Length of an identity feature."""
        return int(self.clips[0].identity.shape[1])

    def mean_identity(self) -> np.ndarray:
        """Unit mean of the training frames' identity features (F,)."""
        mean = self._identity(self.train).mean(axis=0)
        return mean / max(float(np.linalg.norm(mean)), 1e-12)

    def batch(self, step: int, device: torch.device | str = "cpu") -> Batch:
        """The augmented batch of a step: every sample once an epoch, random crop and flip (REFERENCE 1.5)."""
        return self.collate(*self.draw(step), device)

    def draw(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """What `batch` is made of, for `collate`; safe to be called from several threads at once."""
        rng = numpy_rng(self.seed, *self.axes, "augment", str(step))
        rows = self._rows(step, self.config.batch)
        images = [self._augment(self._images(row), rng) for row in rows]
        if self.config.identity_draw == "clip":
            mates = [self.train[self.train[:, 0] == clip] for clip, _ in rows]
            rows = np.stack([mate[rng.integers(len(mate))] for mate in mates])
        return np.stack(images), self._identity(rows)

    def plain(self, rows: np.ndarray) -> Batch:
        """The samples (clip, frame) of rows (B, 2) as they are."""
        return self.collate(np.stack([self._images(row) for row in rows]), self._identity(rows))

    def memory_rows(self, step: int, count: int) -> np.ndarray:
        """Indices into `train` of the samples that the memory sees at a step.

        Any, where all clips are in memory; else some of those that the batches of the next steps are made of.
        """
        rng = numpy_rng(self.seed, *self.axes, "memory", str(step))
        if self.group == len(self.clips):
            return rng.choice(len(self.train), min(count, len(self.train)), replace=False)
        epoch, place = divmod(step * self.config.batch, len(self.train))
        near = self._order(epoch)[max(0, min(place, len(self.train) - 8 * count)) :][: 8 * count]
        return rng.choice(near, min(count, len(near)), replace=False)

    def rendered(self, rows: np.ndarray) -> np.ndarray:
        """Rendered frames (B, S, S, 3) of rows (B, 2)."""
        return np.stack([self.shelf[int(clip)].rendered[frame] for clip, frame in rows])

    def identity(self, rows: np.ndarray) -> Tensor:
        """Identity features (B, F) of rows (B, 2)."""
        return torch.from_numpy(self._identity(rows))

    def _rows(self, step: int, count: int) -> np.ndarray:
        picked = []
        for position in range(step * count, (step + 1) * count):
            epoch, place = divmod(position, len(self.train))
            picked.append(self._order(epoch)[place])
        return self.train[picked]

    def _order(self, epoch: int) -> np.ndarray:
        known = self._orders.get(epoch)
        if known is None:
            rng = np.random.default_rng(derive_seed(self.seed, *self.axes, "epoch", str(epoch)))
            known = self._shuffled(rng)
            # replaced as a whole, so that another thread sees the one or the other
            self._orders = {**dict(list(self._orders.items())[-3:]), epoch: known}
        return known

    def _shuffled(self, rng: np.random.Generator) -> np.ndarray:
        """All rows of `train` in an order in which those of a group of clips stay together."""
        if self.group >= len(self.clips):
            return rng.permutation(len(self.train))
        clips = rng.permutation(len(self.clips))
        first = np.searchsorted(self.train[:, 0], np.arange(len(self.clips) + 1))
        parts = []
        for start in range(0, len(clips), self.group):
            rows = [np.arange(first[c], first[c + 1]) for c in clips[start : start + self.group]]
            parts.append(rng.permutation(np.concatenate(rows)))
        return np.concatenate(parts)

    def _identity(self, rows: np.ndarray) -> np.ndarray:
        return np.stack([self.clips[clip].identity[frame] for clip, frame in rows]).astype(np.float32)

    def _images(self, row: np.ndarray) -> np.ndarray:
        """(window + 2, S, S, 3): the rendered window, the real frame, and where the loss looks harder."""
        clip, frame = self.shelf[int(row[0])], int(row[1])
        focus = np.zeros_like(clip.real[frame])
        if self.focused and clip.landmarks is not None:
            focus = focus_map(clip.landmarks[frame], len(focus))
        window = clip.rendered[frame - self.config.window + 1 : frame + 1]
        return np.concatenate([window, clip.real[frame : frame + 1], focus[None]])

    def _augment(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        size = images.shape[1]
        if self.config.augment == "resize-crop":
            load = round(size * LOAD_SCALE)
            y, x = rng.integers(0, load - size + 1, 2)
            images = np.stack(
                [cv2.resize(image, (load, load), interpolation=cv2.INTER_CUBIC) for image in images]
            )[:, y : y + size, x : x + size]
        elif self.config.augment == "shift":
            reach = round(size * self.reach)
            y, x = rng.integers(0, 2 * reach + 1, 2)
            pad = ((0, 0), (reach, reach), (reach, reach), (0, 0))
            images = np.pad(images, pad, mode="reflect")[:, y : y + size, x : x + size]
        if self.flip and rng.random() < 0.5:
            images = images[:, :, ::-1]
        return images

    def collate(self, images: np.ndarray, identity: np.ndarray, device: torch.device | str = "cpu") -> Batch:
        """Tensors on `device` of images (B, window + 2, S, S, 3), see `_images`, and features (B, F)."""
        tensor = to_network(images, device)  # (B, window + 2, 3, S, S); bytes travel, not floats
        focus = torch.tensor(self.focus, device=tensor.device).view(1, 3, 1, 1)
        weight = 1 + (focus * (tensor[:, -1] + 1) / 2).sum(1, keepdim=True)
        features = torch.from_numpy(identity).to(device)
        return Batch(tensor[:, :-2].flatten(1, 2), tensor[:, -2], weight, features)
