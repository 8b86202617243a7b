"""What makes a clip unusable, and the list of such clips.

Reasons (the codes in quarantine.tsv): several-faces, no-face, cut, no-sound, too-short, unreadable.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from talkpose.clips.store import FPS
from talkpose.config.clips import ClipsConfig
from talkpose.errors import ClipError
from talkpose.files import write_text

REASONS = ("several-faces", "no-face", "cut", "no-sound", "too-short", "unreadable")
COLUMNS = ("corpus", "clip", "reason", "message")

THUMBNAIL = 32
NEIGHBOURS = 12  # frames on each side that say how much the picture changes anyway


@dataclass(frozen=True)
class QuarantineRow:
    """One clip that was set aside."""

    corpus: str
    clip: str
    reason: str
    message: str


def check_length(n_frames: int, config: ClipsConfig, name: str) -> None:
    """ClipError ("too-short") below `clips.min_seconds`."""
    if n_frames < config.min_seconds * FPS:
        raise ClipError(
            "too-short",
            f"{name}: {n_frames / FPS:.2f} s is shorter than clips.min_seconds = {config.min_seconds:g}; "
            "give a longer clip or lower the key",
        )


def check_faces(points: np.ndarray, n_faces: np.ndarray, config: ClipsConfig, name: str) -> None:
    """ClipError: "several-faces" or "no-face", from landmarks (T, N, 2) and counts of faces (T,)."""
    several = float((n_faces > 1).mean())
    if several > config.max_several:
        raise ClipError(
            "several-faces",
            f"{name}: a second face of comparable size in {several:.0%} of the frames "
            f"(clips.max_several = {config.max_several:g}); crop the video to one person first",
        )
    missing = missing_share(points)
    if missing > config.max_missing:
        raise ClipError(
            "no-face",
            f"{name}: no face in {missing:.0%} of the frames (clips.max_missing = {config.max_missing:g}); "
            "give a video that shows the face throughout",
        )


def missing_share(points: np.ndarray) -> float:
    """Share of frames without landmarks."""
    return float(np.isnan(points).any((1, 2)).mean())


def thumbnail(frame: np.ndarray) -> np.ndarray:
    """Small grey picture (32, 32) float32 in [0, 1] of a frame, for find_cuts."""
    small = cv2.resize(frame, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
    return small.mean(2, dtype=np.float32) / 255


def find_cuts(thumbnails: np.ndarray, points: np.ndarray, config: ClipsConfig) -> list[int]:
    """Frames that begin a new shot, from thumbnails (T, 32, 32) and landmarks (T, N, 2).

    A frame is one where the picture changes by more than `clips.cut_picture` (mean absolute grey difference)
    and at least five times as much as on average in the 12 frames before and after, or where the face jumps
    by more than `clips.cut_face` of its width between two frames that both show it.
    """
    if len(thumbnails) < 2:
        return []
    change = np.abs(np.diff(thumbnails, axis=0)).mean((1, 2))
    around = np.array([_mean_around(change, i) for i in range(len(change))])
    abrupt = (change > config.cut_picture) & (change > 5 * around)
    centre, width = points.mean(1), np.nanmedian(np.ptp(points[..., 0], axis=1))
    jump = np.linalg.norm(np.diff(centre, axis=0), axis=1) / width  # nan where either frame lacks the face
    return [int(i) + 1 for i in np.flatnonzero(abrupt | (jump > config.cut_face))]


def check_cuts(thumbnails: np.ndarray, points: np.ndarray, config: ClipsConfig, name: str) -> None:
    """ClipError ("cut") where find_cuts finds any."""
    cuts = find_cuts(thumbnails, points, config)
    if cuts:
        times = ", ".join(f"{frame / FPS:.2f} s" for frame in cuts[:5]) + (", ..." if len(cuts) > 5 else "")
        raise ClipError("cut", f"{name}: the shot changes at {times}; give one continuous shot")


def write_quarantine(path: str | Path, rows: Iterable[QuarantineRow]) -> None:
    """Write quarantine.tsv, sorted by corpus and clip; with no row it holds the header alone."""
    lines = ["\t".join(COLUMNS)]
    lines += [
        "\t".join(" ".join(getattr(row, column).split()) for column in COLUMNS)
        for row in sorted(rows, key=lambda r: (r.corpus, r.clip))
    ]
    write_text(path, "\n".join(lines) + "\n")


def read_quarantine(path: str | Path) -> list[QuarantineRow]:
    """Read quarantine.tsv."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()[1:]
    return [QuarantineRow(*line.split("\t")) for line in lines if line]


def _mean_around(change: np.ndarray, index: int) -> float:
    near = np.r_[change[max(index - NEIGHBOURS, 0) : index], change[index + 1 : index + 1 + NEIGHBOURS]]
    return float(near.mean()) if len(near) else 0.0
