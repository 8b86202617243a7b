"""Whether a method's head moves as its manifest says: `fixed`, `copied` or `predicted`."""

from typing import Final

import cv2
import numpy as np

from talkpose.face.landmarks import make_detector
from talkpose.methods.check.finding import BAD, GOOD, WARN, Finding

STILL: Final = 0.02
"""Motion of the eyes, in sides of the picture, that a head which stands still may show (detector's noise)."""

EYES: Final = (33, 133, 362, 263, 168)
"""MediaPipe's eye corners and the bridge of the nose: they move with the head, not with speech."""

LOOK: Final = 192
"""Pixels to which frames are enlarged for the detector."""


def head_places(frames: np.ndarray) -> np.ndarray:
    """Where the head is in each frame, (T, 2) in sides of the picture; nan where no face is found."""
    large = [cv2.resize(frame, (LOOK, LOOK), interpolation=cv2.INTER_CUBIC) for frame in frames]
    points = make_detector("mediapipe", max_faces=1).detect(large).points
    return points[:, EYES].mean(1) / LOOK


def check_pose(kind: str, own: np.ndarray, other: np.ndarray, training: np.ndarray) -> Finding:
    """Judge frames (T, S, S, 3) for two sounds and the target's training frames."""
    first, second, known = (head_places(frames) for frames in (own, other, training))
    if np.isnan(first).any(1).mean() > 0.2 or np.isnan(second).any(1).mean() > 0.2:
        return Finding(
            WARN, "pose kind", f"{kind}: no face is found in the check's small frames; look at a run"
        )
    return judge_pose(kind, first, second, known)


def judge_pose(kind: str, first: np.ndarray, second: np.ndarray, known: np.ndarray) -> Finding:
    """The same from places of the head (T, 2) in sides."""
    moved = max(_spread(first), _spread(second))
    if kind == "fixed":
        if moved > STILL:
            text = f"fixed, but the head moves by {moved:.1%} of the picture; say predicted or copied"
            return Finding(BAD, "pose kind", text)
        return Finding(GOOD, "pose kind", f"fixed: the head moves by {moved:.1%} of the picture at most")
    if kind == "copied":
        there = known[~np.isnan(known).any(1)]
        places = np.concatenate([first, second])
        places = places[~np.isnan(places).any(1)]
        away = np.linalg.norm(places[:, None] - there[None], axis=-1).min(1)
        far = float((away > STILL).mean())
        if far > 0.1:
            text = f"copied, but in {far:.0%} of the frames the head is where it never is in the video"
            return Finding(BAD, "pose kind", text)
        if _spread(known) > 2 * STILL and moved < STILL:
            return Finding(BAD, "pose kind", "copied, but the head stands still while the video's moves")
        return Finding(GOOD, "pose kind", "copied: the head is only where the video has it")
    if moved < STILL:
        return Finding(BAD, "pose kind", f"predicted, but the head stands still ({moved:.1%}); say fixed")
    count = min(len(first), len(second))
    apart = np.linalg.norm(first[:count] - second[:count], axis=-1)
    if np.nanpercentile(apart, 90) < STILL / 2:
        return Finding(BAD, "pose kind", "predicted, but the head moves the same for two sounds")
    return Finding(
        GOOD, "pose kind", f"predicted: the head moves by {moved:.1%}, in another way by another sound"
    )


def _spread(places: np.ndarray) -> float:
    """How far the head goes from where it is mostly: 95th percentile of the distance to the median."""
    return float(np.nanpercentile(np.linalg.norm(places - np.nanmedian(places, axis=0), axis=-1), 95))
