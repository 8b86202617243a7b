"""Two videos brought to one clock, size and length, with the sound to which the generated one speaks."""

from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from talkpose.clips.audio import decode_audio
from talkpose.clips.decode import VideoInfo, VideoReader
from talkpose.clips.store import FPS
from talkpose.errors import ClipError, UserError
from talkpose.speech.mfcc import SAMPLES_PER_FRAME

MEMORY: Final = 3_000_000_000
"""Bytes that the frames of one video may take."""

SHORT = 5  # frames: fewer in common say nothing


@dataclass(eq=False)
class Pair:
    """Two videos of equal shape, frame by frame."""

    real: np.ndarray
    """(T, H, W, 3) uint8 RGB at 25 fps"""
    generated: np.ndarray
    """(T, H, W, 3) uint8 RGB at 25 fps"""
    sound: np.ndarray | None = None
    """(640 T,) float32 at 16 kHz: the generated video's, else the real one's; None where neither has any"""
    notes: list[str] = field(default_factory=list)
    """what was cut, resized or resampled, a sentence each"""


def load_pair(real: Path, generated: Path, align: int = 0, size: int | None = None) -> Pair:
    """Decode two videos and bring the generated one to the real one's size, clock and length.

    align: shift the generated video by the lag within so many frames at which the pictures differ least; 0
    leaves it. size: width in pixels to which both are brought; the real video's where not given. Raises
    UserError where a file can not be read, has too few frames in common, or takes too much memory.
    """
    readers = VideoReader(real), VideoReader(generated)
    infos = [reader.info for reader in readers]
    width, height = infos[0].width, infos[0].height
    if size is not None:
        width, height = size, max(round(size * height / width), 1)
    notes: list[str] = []
    for name, info in zip(("real", "generated"), infos, strict=True):
        notes += _said(name, info, width, height)
    own = infos[1].width / infos[1].height
    if abs(own * height / width - 1) > 0.02:
        notes.append(
            f"the pictures differ in shape ({own:.2f} and {width / height:.2f} wide a unit of height): "
            "the generated one was stretched"
        )
    r, g = (_frames(reader, width, height) for reader in readers)
    real_sound, sound = (_sound(reader) for reader in readers)
    lag = 0
    if align:
        lag = best_lag(r, g, align)
        r, g = (r[max(-lag, 0) :], g[max(lag, 0) :])
        notes.append(
            f"generated: taken {abs(lag)} frames {'later' if lag > 0 else 'earlier'}, where it fits best"
            if lag
            else f"generated: no lag within {align} frames fits better than none"
        )
    count = min(len(r), len(g))
    for name, frames in (("real", r), ("generated", g)):
        if len(frames) > count:
            notes.append(f"{name}: cut from {len(frames)} to {count} frames, the length of the other")
    if count < SHORT:
        raise UserError(
            f"{real} and {generated} have {count} frames in common; give videos of at least {SHORT}"
        )
    first = max(lag, 0)
    if sound is None and real_sound is not None:
        sound, first = real_sound, max(-lag, 0)
        notes.append("generated: has no sound; the real video's is taken for it")
    if sound is None:
        notes.append("neither video has sound: what compares sound and picture is not measured")
    else:
        sound = sound[first * SAMPLES_PER_FRAME :][: count * SAMPLES_PER_FRAME]
    return Pair(r[:count], g[:count], sound, notes)


def _said(name: str, info: VideoInfo, width: int, height: int) -> list[str]:
    notes = []
    if info.fps and abs(info.fps - FPS) > 0.01:
        notes.append(f"{name}: {info.fps:g} frames/s taken at {FPS}")
    if info.rotation:
        notes.append(f"{name}: turned upright by {info.rotation} degrees")
    if (info.width, info.height) != (width, height):
        notes.append(f"{name}: resized from {info.width}x{info.height} to {width}x{height}")
    return notes


def _frames(reader: VideoReader, width: int, height: int) -> np.ndarray:
    most = max(MEMORY // (3 * width * height), 1)
    shrink = width < reader.info.width
    frames = []
    for frame in islice(reader, most + 1):
        if frame.shape[:2] != (height, width):
            how = cv2.INTER_AREA if shrink else cv2.INTER_CUBIC
            frame = cv2.resize(frame, (width, height), interpolation=how)
        frames.append(frame)
    if len(frames) > most:
        raise UserError(
            f"{reader.path}: more than {most} frames of {width}x{height} do not fit in memory; give "
            f"`--size 256` "
            "or a shorter video"
        )
    return np.stack(frames)


def _sound(reader: VideoReader) -> np.ndarray | None:
    """Sound on the clock of the frames that were just read; None where there is none."""
    try:
        return reader.place(decode_audio(reader.path))[0]
    except ClipError as error:
        if error.reason == "no-sound":
            return None
        raise


def best_lag(real: np.ndarray, generated: np.ndarray, most: int) -> int:
    """Lag within +-`most` frames at which generated(t + lag) differs least from real(t), in 32x32 grey
    pictures.

    Ties go to the smallest lag; lags that leave fewer than SHORT frames in common are not tried.
    """
    r, g = (
        np.stack(
            [
                cv2.cvtColor(cv2.resize(f, (32, 32), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
                for f in frames
            ]
        ).astype(np.float32)
        for frames in (real, generated)
    )
    best, least = 0, np.inf
    for lag in sorted(range(-most, most + 1), key=abs):
        a, b = r[max(-lag, 0) :], g[max(lag, 0) :]
        count = min(len(a), len(b))
        if count < SHORT:
            continue
        error = float(np.square(a[:count] - b[:count]).mean())
        if error < least * (1 - 1e-6):
            best, least = lag, error
    return best
