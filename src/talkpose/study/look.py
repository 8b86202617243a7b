"""What a video file says of itself, its pictures apart."""

import hashlib
import io
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from av.error import FFmpegError

from talkpose.clips.store import SAMPLE_RATE
from talkpose.study.loudness import loudness

_PLAIN = {"major_brand", "minor_version", "compatible_brands", "language", "handler_name", "vendor_id"}
"""Metadata that the container's format itself demands."""


@dataclass(frozen=True)
class Look:
    """One video file, looked at."""

    size: int
    """bytes"""
    seconds: float
    metadata: dict[str, str]
    """whatever it says beyond what the format demands"""
    coding: dict[str, Any]
    """how it is encoded; equal for all videos of a study"""
    frame_sizes: np.ndarray
    """(T,) bytes of each encoded frame"""
    sound_hash: str
    """SHA-256 of the encoded sound"""
    loudness: float
    """LUFS"""
    head: int
    """bytes of everything but the pictures and sounds"""
    words: list[str]
    """those of the words looked for that stand in the file"""
    sha256: str

    def features(self) -> np.ndarray:
        """Numbers that somebody could sort the files by."""
        sizes = self.frame_sizes.astype(float)
        rate = 8 * self.size / max(self.seconds, 1e-9)
        parts = [sizes.mean(), sizes.std(), sizes.max(), sizes.min(), *np.percentile(sizes, [10, 50, 90])]
        return np.array([self.size, self.seconds, rate, len(sizes), self.loudness, self.head, *parts])


def look_at(data: bytes, words: Iterable[str] = ()) -> Look:
    """Look at an MP4 file's bytes, and for `words` in them; ValueError where it can't be read.

    Between the pictures, where any bytes may stand by chance, only words of six letters or more are looked
    for, and in their own case.
    """
    try:
        opened: Any = av.open(io.BytesIO(data))
        with opened as container:
            streams = [(s.type, dict(s.metadata)) for s in container.streams]
            metadata = dict(container.metadata)
            video, sound = container.streams.video[0], container.streams.audio[0]
            coding = _coding(video, sound, metadata)
            seconds = (container.duration or 0) / 1e6
            sizes, sounds, samples = [], hashlib.sha256(), []
            for packet in container.demux(video, sound):
                if packet.stream.type == "video":
                    if packet.size:
                        sizes.append(packet.size)
                else:
                    sounds.update(bytes(packet))
                    samples += [frame.to_ndarray().mean(0) for frame in packet.decode()]
    except (FFmpegError, IndexError, ValueError) as error:
        raise ValueError(f"not a readable video with sound ({error})") from error
    for kind, extra in streams:
        metadata.update({f"{kind}.{key}": value for key, value in extra.items()})
    said = {key: value for key, value in metadata.items() if key.split(".")[-1] not in _PLAIN}
    coding["handlers"] = [extra.get("handler_name") for _, extra in streams]
    head = _head(data)
    audio = np.concatenate(samples) if samples else np.zeros(0, np.float32)
    return Look(
        size=len(data),
        seconds=seconds,
        metadata=said,
        coding=coding,
        frame_sizes=np.array(sizes),
        sound_hash=sounds.hexdigest(),
        loudness=loudness(audio, coding["sound_rate"] or SAMPLE_RATE),
        head=len(head),
        words=[
            word
            for word in words
            if word.lower().encode() in head.lower() or (len(word) >= 6 and word.encode() in data)
        ],
        sha256=hashlib.sha256(data).hexdigest(),
    )


def _coding(video: Any, sound: Any, metadata: dict[str, str]) -> dict[str, Any]:
    context = video.codec_context
    return {
        "codec": context.name,
        "profile": context.profile,
        "width": context.width,
        "height": context.height,
        "pixel_format": context.pix_fmt,
        "frame_rate": str(video.average_rate),
        "time_base": str(video.time_base),
        "codec_head": (context.extradata or b"").hex(),
        "sound_codec": sound.codec_context.name,
        "sound_rate": sound.codec_context.sample_rate,
        "sound_layout": sound.codec_context.layout.name,
        "brands": metadata.get("compatible_brands"),
    }


def _head(data: bytes) -> bytes:
    """All boxes but `mdat` and the zeros of `free` (ISO 14496-12, 4.2)."""
    kept, place = [], 0
    while place + 8 <= len(data):
        size, kind = struct.unpack(">I4s", data[place : place + 8])
        start = 8
        if size == 1:
            size, start = struct.unpack(">Q", data[place + 8 : place + 16])[0], 16
        elif size == 0:
            size = len(data) - place
        if size < start:
            break
        if kind != b"mdat":
            box = data[place : place + size]
            kept.append(box.rstrip(b"\0") if kind == b"free" else box)
        place += size
    kept.append(data[place:])
    return b"".join(kept)
