"""Correlation of sound and head pose (Appendix A): do alike sounds go with alike poses within one video?

    r = corr(|s' - s|, |a' - a|) over the pairs of the video with |s' - s| <= 0.5 |s|

of MFCC features s and Euler angles a (pitch, yaw, roll) at their time: the features s' within half the length
of s are its neighbours. The appendix leaves four things open, so each choice is a protocol of its own,
`appa-v1-<feature>-<pooling>-<neighbours>-<statistic>`:

    window | frame      28x12 window a video frame | 12 coefficients every 10 ms, pose interpolated
    pooled | anchor     one correlation over all pairs | mean over s of the correlation over its neighbours
    all | far           every neighbour | none within 25 video frames, which are alike for being near in time
    pearson | spearman  of the distances | of their ranks

A pair counts once from each end at which it is a neighbour. In [-1, 1], no unit; the paper's mean is 0.45.
Metric `audio-pose`: an item's frames with its own sound, the pose tracked in the frames; `appendix-a`: a
person's whole real video, as in the paper. Each has a null, blocks of one second of the pose in another order
(`-null<draws>`): one-sided p and mean. Under `all` neighbours that mean is far above 0, as neighbours in time
are alike in both.
"""

from collections.abc import Iterator
from itertools import product
from typing import Final, NamedTuple

import numpy as np
from scipy.stats import rankdata

from talkpose.errors import UserError
from talkpose.metrics.base import Protocol
from talkpose.metrics.stillness import is_still
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
TITLES: Final = {"audio-pose": "Audio-pose r", "appendix-a": "Audio-pose r, real video"}
"""The metrics of this file; each has companions `-p` and `-null`."""

SECONDS: Final = 60.0
"""Of a video that counts unless the configuration says otherwise."""

KINDS: Final = tuple(product(("pooled", "anchor"), ("pearson", "spearman")))
"""(pooling, statistic) that are computed together."""


class Series(NamedTuple):
    """Features and angles of one video, row by row."""

    features: np.ndarray
    """(N, F) float64"""
    angles: np.ndarray
    """(N, 3) float64 pitch, yaw, roll in degrees"""
    rows_per_frame: int
    """1 for windows, 4 for 10-ms frames"""


def protocols() -> tuple[Protocol, ...]:
    """Those of `audio-pose` (an item's frames), one a choice, in the order of CHOICES."""
    return tuple(protocol("audio-pose", choice) for choice in CHOICES)


def every_protocol(draws: int | None = None, seconds: float = SECONDS) -> tuple[Protocol, ...]:
    """Those of `audio-pose` and `appendix-a` (a person's whole real video), each with its null of `draws`."""
    found = []
    for metric, choice in product(TITLES, CHOICES):
        found.append(protocol(metric, choice, None, seconds))
        if draws is not None:
            found += [protocol(f"{metric}-{part}", choice, draws, seconds) for part in ("p", "null")]
    return tuple(found)


def protocol(metric: str, choice: Choice, draws: int | None = None, seconds: float = SECONDS) -> Protocol:
    """That of `audio-pose` or `appendix-a`; of their `-p` and `-null`, which name the null's draws.

    A video of more than `seconds` counts with its first ones; other than SECONDS are in the identifier.
    """
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
    what = f"MFCC distance against Euler-angle distance within radius {RADIUS} |s|; "
    what += ", ".join(words[part] for part in choice) + f"; the first {seconds:g} s of longer videos"
    base = metric.removesuffix("-p").removesuffix("-null")
    title = TITLES[base] + {"": "", "-p": ": p", "-null": ": null"}[metric.removeprefix(base)]
    if metric.endswith("-p"):
        what += (
            f"; one-sided p: share of {draws} orders of the pose's seconds, and the real one, with r as high"
        )
    elif metric.endswith("-null"):
        what += f"; mean r of {draws} orders of the pose's seconds: what nearness in time alone gives"
    identifier = choice.id if seconds == SECONDS else f"{choice.id}-first{seconds:g}s"
    identifier += "" if draws is None else f"-null{draws}"
    return Protocol(metric, identifier, title, "", "none", 2, what)


def update(audio: np.ndarray, poses: np.ndarray, feature: str) -> Series:
    """Series of one video from its sound (640 T,) at 16 kHz and poses (T, 3 or more) [rad] at 25 fps.

    A head that is still (angles spread less than 0.25 degrees) gets constant angles: what is left is the
    tracker's scatter. Raises UserError where sound and poses differ in length.
    """
    count = len(audio) // SAMPLES_PER_FRAME
    if poses.ndim != 2 or poses.shape[1] < 3 or len(poses) != count:
        raise UserError(
            f"audio-pose: poses of shape {poses.shape} for {count} frames of sound; "
            "cut both to the same frames"
        )
    rows, angles = speech_rows(audio).astype(np.float64), np.degrees(poses[:, :3].astype(np.float64))
    if is_still(angles):
        angles = np.zeros_like(angles)
    if feature == "window":
        return Series(windows(rows, count).reshape(count, -1), angles, 1)
    first = CONTEXT * HOPS_PER_FRAME
    rows = rows[first : first + count * HOPS_PER_FRAME]
    # a frame's pose holds at its middle
    at = (np.arange(len(rows)) * FRAME_MS / HOPS_PER_FRAME + ROW_CENTRE) / FRAME_MS - 0.5
    between = np.stack([np.interp(at, np.arange(count), column) for column in angles.T], 1)
    return Series(rows, between, HOPS_PER_FRAME)


class Result(NamedTuple):
    """What one choice says of one video; nan where there are too few pairs or nothing varies."""

    choice: Choice
    value: float
    pairs: int
    """neighbouring pairs"""
    p: float
    """share of the permuted poses, the real order among them, that correlate at least as much"""
    null: float
    """mean correlation of the permuted poses"""


def measure(series: Series, feature: str, draws: int, seed: int, *axes: str) -> list[Result]:
    """Every choice of `feature` on its series, against a null of `draws` block permutations.

    In a draw, blocks of one second of the pose are put in another order under the sound, which keeps how a
    head moves within a second; all choices see the same draws. `seed` and `axes` name them. 0 draws: p and
    null are nan.
    """
    found = []
    for neighbours in ("all", "far"):
        near = Neighbourhood(series, neighbours == "far")
        values = near.correlations(series.angles)
        drawn = np.array(
            [near.correlations(series.angles[order]) for order in _orders(series, draws, seed, *axes)]
        )
        for k, (pooling, statistic) in enumerate(KINDS):
            null = drawn[:, k] if draws else np.empty(0)
            null = null[np.isfinite(null)]
            known = len(null) and np.isfinite(values[k])
            p = (1 + (null >= values[k]).sum()) / (1 + len(null)) if known else np.nan
            mean = float(null.mean()) if known else np.nan
            choice = Choice(feature, pooling, neighbours, statistic)
            found.append(Result(choice, values[k], len(near.sound), float(p), mean))
    return sorted(found, key=lambda result: CHOICES.index(result.choice))


def compute(series: Series, choice: Choice) -> tuple[float, int]:
    """Correlation and the number of neighbouring pairs; nan where there are too few or nothing varies."""
    near = Neighbourhood(series, choice.neighbours == "far")
    value = near.correlations(series.angles)[KINDS.index((choice.pooling, choice.statistic))]
    return value, len(near.sound)


def null(series: Series, choice: Choice, draws: int, seed: int, *axes: str) -> np.ndarray:
    """Correlations (draws,) where one-second blocks of the pose are put in another order under the sound.

    `seed` and `axes` name the draw.
    """
    near = Neighbourhood(series, choice.neighbours == "far")
    at = KINDS.index((choice.pooling, choice.statistic))
    orders = _orders(series, draws, seed, *axes)
    return np.array([near.correlations(series.angles[order])[at] for order in orders])


def _orders(series: Series, draws: int, seed: int, *axes: str) -> Iterator[np.ndarray]:
    rng = numpy_rng(seed, "audio-pose", *axes)
    count = len(series.features)
    blocks = np.array_split(np.arange(count), max(round(count / BLOCK / series.rows_per_frame), 1))
    for _ in range(draws):
        yield np.concatenate([blocks[i] for i in rng.permutation(len(blocks))])


class Neighbourhood:
    """Neighbouring pairs of one video's features: what a permuted pose does not change is kept."""

    def __init__(self, series: Series, far: bool):
        count = len(series.features)
        gap = FAR * series.rows_per_frame if far else 0
        length = np.linalg.norm(series.features, axis=1)
        place = np.arange(count)
        parts = []
        for start in range(0, count, CHUNK):
            some = slice(start, start + CHUNK)
            sound = _euclidean(series.features[some], series.features)
            near = (sound <= RADIUS * length[some, None]) & (np.abs(place[some, None] - place) > gap)
            anchor, other = np.nonzero(near)
            parts.append((anchor + start, other, sound[near]))
        self.anchor, self.other, self.sound = (np.concatenate(part) for part in zip(*parts, strict=True))
        self.size = np.bincount(self.anchor, minlength=count)
        ranks = rankdata(self.sound)
        self._sound = {"pearson": (self.sound, self.sound), "spearman": (ranks, self._within(ranks))}

    def correlations(self, angles: np.ndarray) -> list[float]:
        """One value for each of KINDS, for angles (N, 3) of the same rows."""
        difference = angles[self.anchor] - angles[self.other]
        distance = np.sqrt(np.einsum("ij,ij->i", difference, difference))
        ranks = rankdata(distance)
        pose = {"pearson": (distance, distance), "spearman": (ranks, self._within(ranks))}
        values = []
        for pooling, statistic in KINDS:
            which = 0 if pooling == "pooled" else 1
            correlate = self._pooled if pooling == "pooled" else self._by_anchor
            values.append(correlate(self._sound[statistic][which], pose[statistic][which]))
        return values

    def _within(self, ranks: np.ndarray) -> np.ndarray:
        """Ranks among the pairs of the same anchor, but for a constant of each anchor."""
        return rankdata(self.anchor * (2.0 * len(ranks) + 1) + ranks)

    def _pooled(self, x: np.ndarray, y: np.ndarray) -> float:
        if len(x) < MIN_NEIGHBOURS:
            return float("nan")
        return float(_correlation(x, y, np.zeros(len(x), int), np.array([len(x)]))[0])

    def _by_anchor(self, x: np.ndarray, y: np.ndarray) -> float:
        r = _correlation(x, y, self.anchor, self.size)[self.size >= MIN_NEIGHBOURS]
        r = r[np.isfinite(r)]
        return float(r.mean()) if len(r) else float("nan")


def _euclidean(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Distances (C, N) of rows (C, F) and (N, F); |a|^2 + |b|^2 - 2 ab about the mean, for its precision."""
    centre = b.mean(0)
    a, b = a - centre, b - centre
    squared = (a * a).sum(1)[:, None] + (b * b).sum(1) - 2 * a @ b.T
    return np.sqrt(np.maximum(squared, 0))


def _correlation(x: np.ndarray, y: np.ndarray, group: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Pearson r (G,) within each group of pairs x and y (P,); nan where one is constant or there are none."""

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(group, values, minlength=len(size))

    n = np.maximum(size, 1)
    x, y = (v - (total(v) / n)[group] for v in (x, y))
    xx, yy, xy = total(x * x), total(y * y), total(x * y)
    varies = (xx > 1e-12 * n) & (yy > 1e-12 * n)
    return np.divide(xy, np.sqrt(xx * yy), out=np.full(len(size), np.nan), where=varies)
