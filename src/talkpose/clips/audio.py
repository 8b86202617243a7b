"""Sound of any file as 16 kHz mono float32, placed on a given time line."""

from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
import soxr
from av.error import FFmpegError

from talkpose.clips.seek import seek_before
from talkpose.clips.store import SAMPLE_RATE
from talkpose.errors import ClipError

RIM = 0.1  # seconds decoded on each side of a segment, so that resampling sees no edge
GAP = 0.05  # seconds by which a frame may miss its place before the hole is filled with silence


class Sound(NamedTuple):
    """Decoded sound."""

    samples: np.ndarray
    """(M,) float32 in [-1, 1], mono, 16 kHz"""
    start: float
    """seconds on the file's clock at which the first sample plays"""
    rate: int
    """sampling rate of the source, Hz"""
    channels: int
    """channels of the source; the sound is their mean, as librosa has it, which can not clip"""


def decode_audio(path: str | Path, start: float | None = None, stop: float | None = None) -> Sound:
    """Decode the first sound stream of `path`.

    start, stop: seconds on the file's clock of the part that is wanted; a little more is returned, which
    `place` cuts. Raises ClipError: "no-sound" where there is none or it is empty, "unreadable" where it can
    not be decoded.
    """
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise ClipError("no-sound", f"{path}: the file has no sound stream; give a file with speech")
            stream = container.streams.audio[0]
            blocks, rate, channels = _blocks(container, stream, start, stop)
    except (FFmpegError, OSError) as error:
        raise ClipError(
            "unreadable", f"{path}: the sound can not be decoded ({error}); convert or replace the file"
        ) from error
    if not blocks:
        raise ClipError(
            "no-sound", f"{path}: the sound stream is empty{_where(start, stop)}; give a file with speech"
        )
    samples, start = _join(blocks, rate)
    if rate != SAMPLE_RATE:
        samples = soxr.resample(samples, rate, SAMPLE_RATE, quality="VHQ")
    return Sound(np.clip(samples, -1, 1).astype(np.float32), start, rate, channels)


def place(sound: Sound, start: float, n_samples: int) -> tuple[np.ndarray, float]:
    """Sound from `start` on (seconds on the file's clock), exactly n_samples long.

    Returns it and the seconds of silence that were added where the file has none.
    """
    offset = round((sound.start - start) * SAMPLE_RATE)
    out = np.zeros(n_samples, np.float32)
    first, last = max(offset, 0), min(offset + len(sound.samples), n_samples)
    if last > first:
        out[first:last] = sound.samples[first - offset : last - offset]
    return out, (n_samples - max(last - first, 0)) / SAMPLE_RATE


def _where(start: float | None, stop: float | None) -> str:
    if start is None and stop is None:
        return ""
    return f" from {start or 0:.2f} s to " + ("its end" if stop is None else f"{stop:.2f} s")


def _blocks(
    container: Any, stream: Any, start: float | None, stop: float | None
) -> tuple[list[tuple[float | None, np.ndarray]], int, int]:
    """Pieces of mono sound with their times, the rate and the channels of the source."""
    blocks: list[tuple[float | None, np.ndarray]] = []
    rate, channels, kind, planar = 0, 0, None, None
    for frame in seek_before(container, stream, None if start is None else start - RIM):
        if rate and frame.sample_rate != rate:
            raise ClipError(
                "unreadable", f"{container.name}: the sound changes its rate midway; convert the file first"
            )
        rate = frame.sample_rate
        channels = max(channels, len(frame.layout.channels))
        if planar is None or kind != (frame.format.name, frame.layout.name):
            kind = (frame.format.name, frame.layout.name)
            planar = av.AudioResampler(format="fltp", layout=frame.layout)
        time = None if frame.pts is None else float(frame.pts * frame.time_base)
        if time is not None and stop is not None and time > stop + RIM:
            break
        if time is not None and start is not None and time + frame.samples / rate < start - RIM:
            continue
        mixed = [part.to_ndarray().mean(0, dtype=np.float32) for part in planar.resample(frame)]
        if mixed:
            blocks.append((time, np.concatenate(mixed)))
    return blocks, rate, channels


def _join(blocks: list[tuple[float | None, np.ndarray]], rate: int) -> tuple[np.ndarray, float]:
    """Blocks in a row; where times disagree by more than GAP, holes become silence and overlaps go."""
    start = next((time for time, _ in blocks if time is not None), 0.0)
    pieces, n = [], 0
    for time, block in blocks:
        slip = 0 if time is None else round((time - start) * rate) - n
        if slip > GAP * rate:
            pieces.append(np.zeros(slip, np.float32))
            n += slip
        elif slip < -GAP * rate:
            block = block[min(-slip, len(block)) :]
        pieces.append(block)
        n += len(block)
    return np.concatenate(pieces), start
