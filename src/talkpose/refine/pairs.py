"""The pairs (rendered, real) of one clip, in memory or on a shelf that keeps some of many in memory."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class ClipPairs(NamedTuple):
    """One clip's pairs (r, g) of section 3.4, frame by frame."""

    name: str
    rendered: np.ndarray  # (T, S, S, 3) uint8
    real: np.ndarray  # (T, S, S, 3) uint8
    identity: np.ndarray  # (T, F) float32 unit vectors, of the real frames
    landmarks: np.ndarray | None = None  # (T, N, 2) px of the real frames, NaN where none; for `focus_*`

    @property
    def frames(self) -> int:
        """T."""
        return len(self.rendered)

    @property
    def shapes(self) -> set[tuple[int, ...]]:
        """Shapes of its pictures: one where they fit together."""
        return {self.rendered.shape[1:], self.real.shape[1:]}

    @property
    def landmarked(self) -> bool:
        """Whether it has landmarks."""
        return self.landmarks is not None

    def load(self) -> "ClipPairs":
        """Itself."""
        return self

    def digest(self) -> str:
        """Hash of all that it holds."""
        digest = hashlib.blake2b(self.name.encode())
        for array in self[1:]:
            digest.update(b"" if array is None else np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class StoredPairs:
    """A clip whose pictures are on disk until `load` is called; `recorded` is the hash of its files."""

    name: str
    frames: int
    size: int
    identity: np.ndarray  # (T, F) float32
    landmarked: bool
    recorded: str
    load: Callable[[], ClipPairs]

    @property
    def shapes(self) -> set[tuple[int, ...]]:
        """Shape of its pictures."""
        return {(self.size, self.size, 3)}

    def digest(self) -> str:
        """Hash of its files and its name."""
        return hashlib.blake2b(f"{self.name} {self.recorded}".encode()).hexdigest()


class Shelf:
    """Clips by number, at most `room` of them in memory: that looked at longest ago goes first.

    Several threads may ask at once; a clip that one of them is loading is loaded once.
    """

    def __init__(self, clips: Sequence[ClipPairs | StoredPairs], room: int | None = None):
        self.clips, self.room = clips, room
        self._held: OrderedDict[int, Future[ClipPairs]] = OrderedDict()
        self._lock = threading.Lock()
        self.loaded = 0

    def __getitem__(self, number: int) -> ClipPairs:
        """The clip with its pictures."""
        clip = self.clips[number]
        if isinstance(clip, ClipPairs):
            return clip
        with self._lock:
            held = self._held.get(number)
            mine = held is None
            if held is None:
                held = self._held[number] = Future()
                self.loaded += 1
                while self.room is not None and len(self._held) > self.room:
                    self._held.popitem(last=False)
            else:
                self._held.move_to_end(number)
        if mine:
            try:
                held.set_result(clip.load())
            except BaseException as error:
                held.set_exception(error)
                with self._lock:
                    self._held.pop(number, None)
                raise
        return held.result()
