"""dlib's 68 landmarks at a fifth of the cost or less: the box is looked for once a second, the points in
every frame.

dlib's detector takes most of the time of its landmarks (at 256 pixels 21 of 22 ms), and a head's box hardly
moves within a second. So the detector runs, exactly as a plain loop would run it, in every 25th frame; where
two boxes agree, those between lie on the straight line, and the regression trees find the points of every
frame from there. A frame whose points do not sit in their box as in its neighbours, or whose picture is
another, is searched itself, and
so are all frames between boxes that differ: halfway, then halfway again. So the cost follows the motion, and
nothing drifts.

Its points differ from the plain loop's by less than the plain loop's own do when the picture is moved by one
pixel (a test holds it to that): dlib's box jumps between the steps of its grid, and here it glides.
"""

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import cv2
import numpy as np

from talkpose.face.landmarks import Detection, MainFace
from talkpose.face.landmarks.dlib_detector import _box, _models

EVERY = 25
"""Frames between two searches of a head at rest."""

AGREE = 0.25
"""Of the box's width: boxes this near may be joined by a line."""

SEAT = 0.15
"""Of the box's width: how far the points' centre may sit from where the neighbours' points sit."""

ALIKE = 0.5
"""Correlation of a frame's face with that of a searched one; less (hidden, gone) is searched."""

PATCH = 16  # pixels of the grey pictures that are compared
N_POINTS = 68
SMALL = 600  # pixels: a smaller picture is searched at twice its size, as by DlibDetector


class SparseDlibDetector:
    """The main face's 68 points in every frame; its box only where it has to be looked for."""

    name = "dlib"
    n_points = N_POINTS

    def __init__(self, every: int = EVERY):
        """every: frames between two searches; 1 is the plain loop, detector and predictor in every frame."""
        self.every = every
        self._detector, self._predictor = _models()

    def detect(self, frames: Iterable[np.ndarray]) -> Detection:
        """Landmarks (T, 68, 2), nan where no face was found; faces are 0 or 1, others are not counted."""
        points: list[np.ndarray] = []
        previous: _Frame | None = None
        main = MainFace()
        for block in _blocks(frames, self.every):
            stretch = [_Frame(frame) for frame in block]
            self._search(stretch[-1], main)
            if previous is None and len(stretch) > 1:
                self._search(stretch[0], main)
            whole = stretch if previous is None else [previous, *stretch]
            self._fill(whole, 0, len(whole) - 1, main)
            points += [frame.points for frame in stretch]
            previous = stretch[-1]
        stacked = np.stack(points) if points else np.empty((0, N_POINTS, 2), np.float32)
        return Detection(stacked, np.isfinite(stacked[:, 0, 0]).astype(np.int32))

    def _search(self, frame: "_Frame", main: MainFace) -> None:
        upsample = 1 if min(frame.picture.shape[:2]) < SMALL else 0
        found = self._detector(frame.picture, upsample)
        if len(found):
            boxes = np.array([_box(r) for r in found], np.float64)
            self._shape(frame, boxes[main.pick(boxes)])

    def _shape(self, frame: "_Frame", box: np.ndarray) -> None:
        import dlib

        shape = self._predictor(frame.picture, dlib.rectangle(*(int(round(float(v))) for v in box)))
        # dlib counts whole pixels, whose centres lie half a pixel further
        frame.points = np.array([(p.x + 0.5, p.y + 0.5) for p in shape.parts()], np.float32)
        frame.box = box

    def _fill(self, frames: list["_Frame"], first: int, last: int, main: MainFace) -> None:
        """Points of the frames between two that were searched."""
        if last - first < 2:
            return
        a, b = frames[first], frames[last]
        if a.box is None or b.box is None or np.abs(a.box - b.box).max() > AGREE * a.width:
            middle = (first + last) // 2
            self._search(frames[middle], main)
            self._fill(frames, first, middle, main)
            self._fill(frames, middle, last, main)
            return
        for i in range(first + 1, last):
            share = (i - first) / (last - first)
            self._shape(frames[i], (1 - share) * a.box + share * b.box)
            expected = (1 - share) * a.seat + share * b.seat
            if np.abs(frames[i].seat - expected).max() > SEAT or not frames[i].looks_like(a, b):
                frames[i].forget()
                self._search(frames[i], main)


class _Frame:
    """A picture, and what is known of its face."""

    def __init__(self, picture: np.ndarray):
        self.picture: Any = np.ascontiguousarray(picture)
        self.forget()

    def forget(self) -> None:
        """Not searched yet, or nothing found."""
        self.box: np.ndarray | None = None
        self.points = np.full((N_POINTS, 2), np.nan, np.float32)
        self.__dict__.pop("_patch", None)

    @property
    def width(self) -> float:
        """Width of the box in pixels."""
        assert self.box is not None
        return float(self.box[2] - self.box[0])

    @property
    def seat(self) -> np.ndarray:
        """Centre of the points from that of the box, (2,), over the box's width."""
        assert self.box is not None
        centre: np.ndarray = (self.points.mean(0) - (self.box[:2] + self.box[2:]) / 2) / self.width
        return centre

    def looks_like(self, *others: "_Frame") -> bool:
        """Whether the picture in the box correlates with that in the box of another: the points alone can not
        tell, for the regression trees put a face into any picture.
        """
        return max(float((self._patch * other._patch).mean()) for other in others) >= ALIKE

    @cached_property
    def _patch(self) -> np.ndarray:
        """The box as a small grey picture, of mean 0 and deviation 1; 0 everywhere where it is blank."""
        assert self.box is not None
        left, top = self.box[:2]
        scale = PATCH / self.width
        matrix = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])
        small = cv2.warpAffine(
            cv2.cvtColor(self.picture, cv2.COLOR_RGB2GRAY), matrix, (PATCH, PATCH), flags=cv2.INTER_LINEAR
        )
        patch = small - small.mean()
        deviation = float(patch.std())
        return patch / deviation if deviation > 1 else np.zeros_like(patch)


def _blocks(frames: Iterable[np.ndarray], every: int) -> Iterator[list[np.ndarray]]:
    """The frames, `every` at a time; the last block may be shorter."""
    block: list[np.ndarray] = []
    for frame in frames:
        block.append(frame)
        if len(block) == every:
            yield block
            block = []
    if block:
        yield block
