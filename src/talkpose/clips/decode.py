"""Any video file as 25 fps RGB frames and 16 kHz mono sound on one clock.

Zero of that clock is the first video frame's presentation time. Pictures come upright (rotation flag) and
with square pixels. `iter_frames` holds two frames at a time; `decode` holds them all: 75 bytes of memory a
second per pixel, which is 4.1 GB for a minute of 1280x720, so long or large files go through the iterator.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.error import FFmpegError

from talkpose.clips.audio import Sound, decode_audio, place
from talkpose.clips.seek import seek_before
from talkpose.clips.store import FPS, SAMPLES_PER_FRAME
from talkpose.errors import ClipError

MAX_MISSING = 0.05  # share of the declared length, or of the frames, that may be missing or damaged


@dataclass(frozen=True)
class VideoInfo:
    """What the file says about its pictures."""

    width: int
    """pixels, upright and square"""
    height: int
    fps: float
    """average frame rate; 0 where the file does not say"""
    codec: str
    rotation: int
    """degrees counter-clockwise by which stored frames were turned: 0, 90, 180 or 270"""
    pixel_aspect: float
    """width over height of a stored pixel"""
    start: float
    """seconds on the file's clock at which the first frame shows"""


@dataclass(frozen=True, eq=False)
class Decoded:
    """A video as the project uses it."""

    frames: np.ndarray
    """(T, H, W, 3) uint8 RGB at 25 fps"""
    audio: np.ndarray
    """(640 T,) float32, 16 kHz mono, in sync with the frames as the file says"""
    info: VideoInfo
    silence: float
    """seconds of silence that were added because the sound starts late or ends early"""


def decode(path: str | Path, start: float | None = None, stop: float | None = None) -> Decoded:
    """Decode a video, or its seconds [start, stop), into memory; ClipError as its two readers raise it."""
    reader = VideoReader(path, start=start, stop=stop)
    sound = decode_audio(path, *reader.span)
    frames = np.stack(list(reader))
    audio, silence = reader.place(sound)
    return Decoded(frames, audio, reader.info, silence)


class VideoReader:
    """Iterates over the upright frames of a file at 25 fps; may be iterated again.

    At each 1/25 s tick it yields the frame whose presentation time is nearest, but never one that shows more
    than half a tick later, so a held picture is held. 25 fps input passes one to one. ClipError
    ("unreadable") where the file can not be opened, is damaged in more than 5% of its frames, or ends more
    than 5% before the length that it declares, or before the segment's end.
    """

    def __init__(
        self,
        path: str | Path,
        keep_bytes: int = 0,
        start: float | None = None,
        stop: float | None = None,
    ):
        """keep_bytes: frames of a shorter video stay in memory, so that a second pass decodes nothing.

        start, stop: seconds after the first frame, rounded to ticks; only [start, stop) is read, and its
        frames are those that the whole video has there.
        """
        self.path = Path(path)
        self._first = round((start or 0) * FPS)
        self._stop = None if stop is None else round(stop * FPS)
        self.info = self._probe()
        self.n_frames = 0  # known after one whole iteration
        self._keep = keep_bytes // (3 * self.info.width * self.info.height)
        self._kept: list[np.ndarray] = []

    def __iter__(self) -> Iterator[np.ndarray]:
        if self._kept and len(self._kept) == self.n_frames:
            yield from self._kept
            return
        last_index, last = -1, None
        self.n_frames, self._kept = 0, []
        for index, (picture, turns) in self._ticks():
            if last is None or index != last_index:
                last, last_index = _upright(picture, turns, self.info), index
            if self.n_frames < self._keep:
                self._kept.append(last)
            self.n_frames += 1
            yield last

    @property
    def span(self) -> tuple[float | None, float | None]:
        """Where the segment begins and ends on the file's clock, in seconds; None: the file's own."""
        zero = self.info.start
        return (
            zero + self._first / FPS if self._first else None,
            None if self._stop is None else zero + self._stop / FPS,
        )

    def place(self, sound: Sound) -> tuple[np.ndarray, float]:
        """Sound (640 T,) on the clock of the frames, and the seconds of silence added; iterate first."""
        return place(sound, self.info.start + self._first / FPS, self.n_frames * SAMPLES_PER_FRAME)

    def _probe(self) -> VideoInfo:
        for picture, time, stream in self._decoded():
            aspect = float(stream.sample_aspect_ratio or 1) or 1.0
            turn = round(picture.rotation / 90) % 4
            width, height = _square(picture.width, picture.height, aspect)
            if turn % 2:
                width, height = height, width
            rate = float(stream.average_rate or stream.guessed_rate or 0)
            codec = stream.codec_context.name
            self._start = time
            return VideoInfo(width, height, rate, codec, turn * 90, aspect, float(time))
        raise ClipError("unreadable", f"{self.path}: no frame can be decoded; replace the file")

    def _decoded(self, seek: float | None = None) -> Iterator[tuple[Any, Fraction, Any]]:
        """Pictures in order of presentation with their times in seconds, from `seek` or before it on."""
        try:
            with av.open(str(self.path)) as container:
                if not container.streams.video:
                    raise ClipError("unreadable", f"{self.path}: the file has no video stream; give a video")
                stream = container.streams.video[0]
                stream.thread_type = "AUTO"
                step = 1 / Fraction(stream.average_rate or FPS)
                last: Fraction | None = None
                for picture in seek_before(container, stream, seek):
                    time = Fraction(0) if last is None else last + step
                    if picture.pts is not None:
                        time = Fraction(picture.pts) * (picture.time_base or stream.time_base or 1)
                    if last is not None and time <= last:
                        continue  # a second picture for the same moment never shows
                    last = time
                    yield picture, time, stream
        except (FFmpegError, OSError) as error:
            raise ClipError(
                "unreadable", f"{self.path}: the video can not be decoded ({error}); replace the file"
            ) from error

    def _ticks(self) -> Iterator[tuple[int, tuple[Any, int]]]:
        """For each tick the number of the source frame that it shows, and that frame."""
        start = self._start
        previous: tuple[int, Any, Fraction] | None = None
        tick, damaged, n_source, step, declared = self._first, 0, 0, Fraction(1, FPS), 0.0
        turn = self.info.rotation // 90
        for index, (picture, absolute, stream) in enumerate(self._decoded(self.span[0])):
            if previous is None:
                declared = _declared_seconds(stream)
                step = 1 / Fraction(stream.average_rate or FPS)
            time = absolute - start
            if previous is not None:
                step = time - previous[2]
                while not _shows(time, previous[2], Fraction(tick, FPS)):
                    if tick == self._stop:
                        self._check_damage(damaged, n_source)
                        return
                    yield previous[0], (previous[1], turn)
                    tick += 1
            previous = (index, picture, time)
            if time >= Fraction(self._first, FPS):
                n_source += 1
                damaged += bool(picture.is_corrupt)
        if previous is None:
            raise ClipError("unreadable", f"{self.path}: no frame can be decoded; replace the file")
        self._check_damage(damaged, n_source)
        length = previous[2] + _duration(previous[1], step)
        if float(length) < (1 - MAX_MISSING) * declared - 0.1:
            raise ClipError(
                "unreadable",
                f"{self.path}: ends after {float(length):.2f} s of the {declared:.2f} s that it declares; "
                "get the whole file",
            )
        for _ in range(tick, self._end(length)):
            yield previous[0], (previous[1], turn)

    def _check_damage(self, damaged: int, n_source: int) -> None:
        if damaged > MAX_MISSING * n_source:
            raise ClipError(
                "unreadable", f"{self.path}: {damaged} of {n_source} frames are damaged; replace the file"
            )

    def _end(self, length: Fraction) -> int:
        """Tick at which the frames end in a video of `length` seconds that the segment outlasts."""
        end = max(round(length * FPS), 1)
        missing = 0 if self._stop is None else self._stop - end
        if end <= self._first or missing > MAX_MISSING * (end - self._first + missing):
            stop = "its end" if self._stop is None else f"{self._stop / FPS:.2f} s"
            raise ClipError(
                "unreadable",
                f"{self.path}: ends after {float(length):.2f} s, but its segment is from "
                f"{self._first / FPS:.2f} s to {stop}; mend the segment's times",
            )
        return end if self._stop is None else min(end, self._stop)


def iter_frames(path: str | Path) -> Iterator[np.ndarray]:
    """Upright 25 fps frames (H, W, 3) uint8 RGB of a video file, one at a time; see VideoReader."""
    return iter(VideoReader(path))


def _shows(time: Fraction, before: Fraction, tick: Fraction) -> bool:
    """Whether at `tick` the frame of `time` shows rather than the one `before` it."""
    early = time - tick
    return early <= 0 or (early < tick - before and early <= Fraction(1, 2 * FPS))


def _duration(picture: Any, step: Fraction) -> Fraction:
    """Seconds that the last frame shows: as the file says, else as long as the one before, at most 1 s."""
    own = Fraction(picture.duration or 0) * (picture.time_base or 0)
    return own if own > 0 else min(step, Fraction(1))


def _declared_seconds(stream: Any) -> float:
    """Length of the video that the file declares, seconds; 0 where it does not."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return 0.0


def _square(width: int, height: int, aspect: float) -> tuple[int, int]:
    """Size with square pixels: the side that is too short is stretched, so nothing is lost."""
    if aspect >= 1:
        return round(width * aspect), height
    return width, round(height / aspect)


def _upright(picture: Any, turns: int, info: VideoInfo) -> np.ndarray:
    frame = picture.to_ndarray(format="rgb24")
    frame = np.rot90(frame, turns)
    if frame.shape[:2] != (info.height, info.width):
        frame = cv2.resize(
            np.ascontiguousarray(frame), (info.width, info.height), interpolation=cv2.INTER_CUBIC
        )
    return np.ascontiguousarray(frame)
