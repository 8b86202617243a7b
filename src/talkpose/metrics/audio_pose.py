"""Correlation of sound and head pose (Appendix A): do alike sounds go with alike poses within one video?

For each MFCC feature s, its neighbours are the other features s' of the video with |s' - s| <= 0.5 |s|; the
measure is the correlation, over such pairs, of |s' - s| with the Euclidean distance of the Euler angles. The
appendix leaves four things open, so each choice is a protocol of its own, `appa-v1-<feature>-<pooling>-
<neighbours>-<statistic>`:

    window | frame      28x12 window a video frame | 12 coefficients every 10 ms, pose interpolated
    pooled | anchor     one correlation over all pairs | mean over s of the correlation over its neighbours
    all | far           every neighbour | none within 25 video frames, which are alike for being near in time
    pearson | spearman  of the distances | of their ranks

A pair counts once from each end at which it is a neighbour. In [-1, 1], no unit; the paper's mean is 0.45.
"""

from collections.abc import Iterator
from itertools import product
from typing import Final, NamedTuple

import numpy as np
from scipy.stats import rankdata

from talkpose.errors import UserError
from talkpose.metrics.base import Protocol
from talkpose.seeds import numpy_rng
from talkpose.speech.mfcc import CONTEXT, HOPS_PER_FRAME, SAMPLES_PER_FRAME, speech_rows, windows

RADIUS: Final = 0.5
"""Radius of the neighbourhood over the feature's length (Appendix A)."""

FAR: Final = 25
"""Video frames within which `far` takes no neighbour: one second."""

MIN_NEIGHBOURS: Final = 10
"""A feature with fewer neighbours has no correlation of its own."""

BLOCK: Final = 25  # video frames that the null permutes together: a head moves for about so long
CHUNK: Final = 512  # features whose distances are held at a time
ROW_CENTRE: Final = 12.5  # ms, middle of an analysis frame
FRAME_MS: Final = 40.0


class Choice(NamedTuple):
    """What Appendix A leaves open."""

    feature: str
    """window or frame"""
    pooling: str
    """pooled or anchor"""
    neighbours: str
    """all or far"""
    statistic: str
    """pearson or spearman"""

    @property
    def id(self) -> str:
        """Identifier of the protocol."""
        return "-".join(("appa-v1", *self))


CHOICES: Final = tuple(
    Choice(*parts)
    for parts in product(("window", "frame"), ("pooled", "anchor"), ("all", "far"), ("pearson", "spearman"))
)
DEFAULT: Final = CHOICES[0]


class Series(NamedTuple):
    """Features and angles of one video, row by row."""

    features: np.ndarray
    """(N, F) float64"""
    angles: np.ndarray
    """(N, 3) float64 pitch, yaw, roll in degrees"""
    rows_per_frame: int
    """1 for windows, 4 for 10-ms frames"""


def protocols() -> tuple[Protocol, ...]:
    """One protocol a choice, in the order of CHOICES."""
    words = {
        "window": "28x12 MFCC window a video frame",
        "frame": "12 MFCC every 10 ms, pose interpolated",
        "pooled": "one correlation over all pairs",
        "anchor": f"mean over features with at least {MIN_NEIGHBOURS} neighbours",
        "all": "all neighbours",
        "far": f"neighbours more than {FAR} video frames away",
        "pearson": "Pearson",
        "spearman": "Spearman",
    }
    return tuple(
        Protocol(
            metric="audio-pose",
            id=choice.id,
            title="Audio-pose r",
            unit="",
            direction="none",
            decimals=2,
            definition=f"MFCC distance against Euler-angle distance within radius {RADIUS} |s|; "
            + ", ".join(words[part] for part in choice),
        )
        for choice in CHOICES
    )


def update(audio: np.ndarray, poses: np.ndarray, feature: str) -> Series:
    """Series of one video from its sound (640 T,) at 16 kHz and poses (T, 3 or more) [rad] at 25 fps.

    Raises UserError where they differ in length.
    """
    count = len(audio) // SAMPLES_PER_FRAME
    if poses.ndim != 2 or poses.shape[1] < 3 or len(poses) != count:
        raise UserError(
            f"audio-pose: poses of shape {poses.shape} for {count} frames of sound; "
            "cut both to the same frames"
        )
    rows, angles = speech_rows(audio).astype(np.float64), np.degrees(poses[:, :3].astype(np.float64))
    if feature == "window":
        return Series(windows(rows, count).reshape(count, -1), angles, 1)
    first = CONTEXT * HOPS_PER_FRAME
    rows = rows[first : first + count * HOPS_PER_FRAME]
    # a frame's pose holds at its middle
    at = (np.arange(len(rows)) * FRAME_MS / HOPS_PER_FRAME + ROW_CENTRE) / FRAME_MS - 0.5
    between = np.stack([np.interp(at, np.arange(count), column) for column in angles.T], 1)
    return Series(rows, between, HOPS_PER_FRAME)


def compute(series: Series, choice: Choice) -> tuple[float, int]:
    """Correlation and the number of neighbouring pairs; nan where there are too few or nothing varies."""
    if choice.pooling == "anchor":
        return _by_anchor(series, choice)
    pairs = [(sound[near], pose[near]) for sound, pose, near in _distances(series, choice)]
    x, y = (np.concatenate([np.empty(0), *part]) for part in zip(*pairs, strict=True))
    if len(x) < MIN_NEIGHBOURS:
        return float("nan"), len(x)
    if choice.statistic == "spearman":
        x, y = rankdata(x), rankdata(y)
    every = np.ones((1, len(x)), bool)
    return float(_row_correlation(x[None], y[None], every)[0]), len(x)


def null(series: Series, choice: Choice, draws: int, seed: int, *axes: str) -> np.ndarray:
    """Correlations (draws,) where one-second blocks of the pose are put in another order under the sound.

    `seed` and `axes` name the draw.
    """
    rng = numpy_rng(seed, "audio-pose", *axes)
    count = len(series.features)
    blocks = np.array_split(np.arange(count), max(round(count / BLOCK / series.rows_per_frame), 1))
    values = np.empty(draws)
    for k in range(draws):
        order = np.concatenate([blocks[i] for i in rng.permutation(len(blocks))])
        values[k] = compute(series._replace(angles=series.angles[order]), choice)[0]
    return values


def _by_anchor(series: Series, choice: Choice) -> tuple[float, int]:
    values, pairs = [], 0
    for sound, pose, near in _distances(series, choice):
        pairs += int(near.sum())
        if choice.statistic == "spearman":
            # what is no neighbour ranks last and so changes no other rank
            sound, pose = (rankdata(np.where(near, d, np.inf), axis=1) for d in (sound, pose))
        r = _row_correlation(sound, pose, near)
        values.append(r[near.sum(1) >= MIN_NEIGHBOURS])
    known = np.concatenate([np.empty(0), *values])
    known = known[np.isfinite(known)]
    return (float(known.mean()) if len(known) else float("nan")), pairs


def _distances(series: Series, choice: Choice) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Distances of features and of angles, and which are neighbours: (C, N) each, C features at a time."""
    count = len(series.features)
    gap = FAR * series.rows_per_frame if choice.neighbours == "far" else 0
    length = np.linalg.norm(series.features, axis=1)
    place = np.arange(count)
    for start in range(0, count, CHUNK):
        some = slice(start, start + CHUNK)
        sound = _euclidean(series.features[some], series.features)
        near = (sound <= RADIUS * length[some, None]) & (np.abs(place[some, None] - place) > gap)
        yield sound, _euclidean(series.angles[some], series.angles), near


def _euclidean(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Distances (C, N) of rows (C, F) and (N, F); |a|^2 + |b|^2 - 2 ab about the mean, for its precision."""
    centre = b.mean(0)
    a, b = a - centre, b - centre
    squared = (a * a).sum(1)[:, None] + (b * b).sum(1) - 2 * a @ b.T
    return np.sqrt(np.maximum(squared, 0))


def _row_correlation(x: np.ndarray, y: np.ndarray, used: np.ndarray) -> np.ndarray:
    """Pearson r (C,) of each row of x and y (C, N) over the entries used; nan where one is constant."""
    n = np.maximum(used.sum(1, keepdims=True), 1)
    x, y = (np.where(used, v - np.where(used, v, 0).sum(1, keepdims=True) / n, 0) for v in (x, y))
    xx, yy, xy = (x * x).sum(1), (y * y).sum(1), (x * y).sum(1)
    varies = (xx > 1e-12 * n[:, 0]) & (yy > 1e-12 * n[:, 0])
    return np.divide(xy, np.sqrt(xx * yy), out=np.full(len(x), np.nan), where=varies)
