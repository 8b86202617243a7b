"""Blinks per minute, protocol `blink-v1-<detector>`: do the eyes close as often as a person's do?

    rate = 60 blinks / seconds,   o(t) = mean over both eyes of (|p2 p6| + |p3 p5|) / (2 |p1 p4|)

o is the eye aspect ratio of Soukupova & Cech (2016): two gaps between the lids over the distance of the eye's
corners. It is taken relative to how open the eyes are around t (75th percentile over 3 s), which head pose
and narrow eyes change. A blink starts where that falls below 0.6 and ends where it rises above 0.8
(hysteresis, so that one blink that trembles is one blink); eyes shut for longer than 0.6 s are not one. Unit
1/min, no direction: read it beside the real video's (method `oracle`). Not in the paper.
"""

import numpy as np
from scipy.ndimage import percentile_filter

from talkpose.errors import UserError
from talkpose.metrics.base import Protocol

FPS = 25
SHUT, OPEN = 0.6, 0.8
LONGEST = 15
"""Frames that a blink lasts at most."""

AROUND = 75
"""Frames over which an eye's openness is taken."""

MIN_FRAMES = 75
"""A shorter video has no rate."""

EYES: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "dlib": ((36, 37, 38, 39, 40, 41), (42, 43, 44, 45, 46, 47)),
    "mediapipe": ((33, 160, 158, 133, 153, 144), (362, 385, 387, 263, 373, 380)),
}
"""Both eyes' six points p1..p6 by detector: corner, two of the upper lid, corner, two of the lower lid."""


def protocol(kind: str) -> Protocol:
    """Protocol with this detector."""
    return Protocol(
        metric="blink-rate",
        id=f"blink-v1-{kind}",
        title="Blinks",
        unit="1/min",
        direction="none",
        decimals=1,
        definition=f"eye aspect ratio by {kind} over its 75th percentile within 3 s; a blink falls "
        f"below {SHUT}, ends above {OPEN} and lasts at most {LONGEST} frames; {MIN_FRAMES} frames or more",
    )


def eye_opening(points: np.ndarray, kind: str) -> np.ndarray:
    """Eye aspect ratio (T,) float64, mean of both eyes, of landmarks (T, N, 2); nan without a face."""
    if kind not in EYES:
        raise UserError(f"blink: no eye points are known for `{kind}`; use one of {', '.join(EYES)}")
    ratios = []
    for eye in EYES[kind]:
        p = np.asarray(points[:, list(eye)], np.float64)
        gaps = np.linalg.norm(p[:, 1] - p[:, 5], axis=-1) + np.linalg.norm(p[:, 2] - p[:, 4], axis=-1)
        ratios.append(gaps / np.maximum(2 * np.linalg.norm(p[:, 0] - p[:, 3], axis=-1), 1e-9))
    return np.mean(ratios, axis=0)


def blinks(opening: np.ndarray) -> np.ndarray:
    """(B, 2) int, first and last frame with shut eyes of each blink in an opening (T,); nan is bridged."""
    seen = np.flatnonzero(np.isfinite(opening))
    if not len(seen):
        return np.zeros((0, 2), int)
    whole = np.interp(np.arange(len(opening)), seen, opening[seen])
    relative = whole / np.maximum(percentile_filter(whole, 75, AROUND, mode="nearest"), 1e-9)
    # 1 from falling below SHUT until rising above OPEN: the last of the two that happened
    state = np.where(relative < SHUT, 1, np.where(relative > OPEN, 0, -1))
    last = np.maximum.accumulate(np.where(state >= 0, np.arange(len(state)), -1))
    shut = np.where(last >= 0, state[last], 0)
    edges = np.diff(shut, prepend=0, append=0)
    spans = np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1], 1)
    return spans[spans[:, 1] - spans[:, 0] < LONGEST]


def compute(points: np.ndarray, kind: str) -> tuple[float, int]:
    """Blinks per minute of landmarks (T, N, 2) and the frames with a face; nan for fewer than MIN_FRAMES."""
    opening = eye_opening(points, kind)
    seen = int(np.isfinite(opening).sum())
    if seen < MIN_FRAMES:
        return float("nan"), seen
    return 60 * FPS * len(blinks(opening)) / len(opening), seen
