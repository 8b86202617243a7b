"""Videos that tell nothing of who made them: encoded alike, frame by frame of one size in bytes.

Every frame is encoded at one quality under one rate limit; then each is filled up, by a message that decoders
skip, to the size of the largest frame with its number in the whole study. So files of different methods have
the same frame sizes, bitrates, durations and lengths; only the pictures differ. The sound is the group's.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from talkpose.clips.store import FPS, SAMPLE_RATE
from talkpose.files import atomic_path
from talkpose.study.config import StudyVideo

CRF = 17
_BT709 = 1
_SEI_UUID = b"talkpose-padding"
LEAST_FILL = 4 + 2 + 1 + len(_SEI_UUID) + 1
"""Bytes of the smallest filling message: start code, header, one size byte, UUID, end."""


@dataclass(frozen=True)
class Pictures:
    """Encoded frames of one video, in order, each as Annex B bytes; the first alone is a key frame."""

    frames: list[bytes]

    @property
    def sizes(self) -> np.ndarray:
        """(T,) bytes."""
        return np.array([len(frame) for frame in self.frames])


def encode_pictures(frames: np.ndarray, video: StudyVideo) -> Pictures:
    """Encode (T, H, W, 3) uint8 RGB, resized to the study's size, without B frames and with one key frame."""
    context = av.CodecContext.create("libx264", "w")
    _set(context, video)
    context.time_base, context.framerate = Fraction(1, FPS), Fraction(FPS)
    packets = []
    for number, frame in enumerate(frames):
        picture = av.VideoFrame.from_ndarray(_resized(frame, video.size), format="rgb24")
        picture = picture.reformat(format="yuv420p", dst_colorspace="ITU709")
        picture.pts, picture.time_base = number, Fraction(1, FPS)
        packets += context.encode(picture)
    packets += context.encode(None)
    return Pictures([bytes(packet) for packet in packets])


def filled(frame: bytes, size: int) -> bytes:
    """A frame with a message before it that decoders skip, `size` bytes in all; at least LEAST_FILL more.

    H.264 7.3.2.3, D.1.7: supplemental enhancement information, user data unregistered. Its size is written in
    steps of 255, so one length in 256 is out of reach; two messages then share it.
    """
    room = size - len(frame)
    if room < LEAST_FILL:
        raise ValueError(f"{room} bytes are too few for a filling message of {LEAST_FILL}")
    body = room - 4 - 1 - 1  # start code, header, end
    message = _message(body)
    if len(message) != body:
        first = _message(2 + len(_SEI_UUID))
        message = first + _message(body - len(first))
    return b"\x00\x00\x00\x01\x06" + message + b"\x80" + frame


def write_video(
    path: Path, pictures: Pictures, sizes: np.ndarray, audio: np.ndarray, video: StudyVideo
) -> None:
    """Write an MP4 without any description: frame k fills sizes[k] bytes; audio (640 T,) float32 mono."""
    with (
        atomic_path(path) as temporary,
        av.open(
            str(temporary),
            "w",
            format="mp4",
            container_options={"fflags": "+bitexact"},
            options={"movflags": "+faststart"},
        ) as container,
    ):
        stream: Any = container.add_stream("libx264", rate=FPS)
        _set(stream.codec_context, video)
        sound: Any = container.add_stream("aac", rate=SAMPLE_RATE)
        sound.codec_context.options = {"threads": "1", "flags": "+bitexact"}
        sound.layout, sound.bit_rate = "mono", 96000
        container.start_encoding()  # writes the head, with what decoders need to know of the pictures
        for number, (frame, size) in enumerate(zip(pictures.frames, sizes, strict=True)):
            packet = av.Packet(filled(frame, int(size)))
            packet.stream, packet.time_base = stream, Fraction(1, FPS)
            packet.pts = packet.dts = number
            packet.duration, packet.is_keyframe = 1, number == 0
            container.mux(packet)
        for packet in _sound_packets(sound, audio):
            container.mux(packet)


def pad_file(path: Path, size: int) -> None:
    """Lengthen an MP4 to `size` bytes by a `free` box (ISO 14496-12, 8.1.2), which players skip."""
    room = size - path.stat().st_size
    if room < 8:
        raise ValueError(f"{path}: {room} bytes are too few for a free box")
    with open(path, "ab") as file:
        file.write(struct.pack(">I4s", room, b"free") + bytes(room - 8))


def broken(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """An obviously broken video of the same shape: the first frame frozen, with blocks of coarse noise that
    jump once a second.
    """
    made = np.repeat(frames[:1], len(frames), 0)
    side = frames.shape[1]
    for second in range(0, len(frames), FPS):
        for _ in range(6):
            size = int(rng.integers(side // 5, side // 2))
            y, x = (int(rng.integers(0, side - size)) for _ in range(2))
            cells = rng.integers(0, 256, (5, 5, 3), dtype=np.uint8)
            block = cv2.resize(cells, (size, size), interpolation=cv2.INTER_NEAREST)
            made[second : second + FPS, y : y + size, x : x + size] = block
    return made


def _set(context: Any, video: StudyVideo) -> None:
    context.width = context.height = video.size
    context.pix_fmt = "yuv420p"
    context.colorspace = context.color_primaries = context.color_trc = _BT709
    limits = f"vbv-maxrate={video.kbps}:vbv-bufsize={video.kbps}"
    context.options = {
        "threads": "1",
        "flags": "+bitexact+global_header",
        "crf": str(CRF),
        "preset": "medium",
        "profile": "high",
        # The macroblock tree gives other bytes once in a while when the machine is busy.
        "x264-params": f"{limits}:mbtree=0:bframes=0:keyint=infinite:scenecut=0:sliced-threads=0",
    }


def _resized(frame: np.ndarray, size: int) -> np.ndarray:
    if frame.shape[:2] == (size, size):
        return np.ascontiguousarray(frame)
    kind = cv2.INTER_AREA if max(frame.shape[:2]) > size else cv2.INTER_CUBIC
    return cv2.resize(frame, (size, size), interpolation=kind)


def _message(length: int) -> bytes:
    """SEI message of `length` bytes with its head, or one byte longer where that length can't be written."""
    sized = next(n for n in range(length // 255 + 3) if n and length - 1 - n <= 255 * n - 1)
    payload = max(length - 1 - sized, 255 * (sized - 1))
    head = b"\x05" + b"\xff" * (payload // 255) + bytes([payload % 255])
    return head + _SEI_UUID + b"\x55" * (payload - len(_SEI_UUID))


def _sound_packets(sound: Any, audio: np.ndarray) -> Iterable[Any]:
    for start in range(0, len(audio), 1024):
        block = np.ascontiguousarray(audio[None, start : start + 1024], np.float32)
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, start, Fraction(1, SAMPLE_RATE)
        yield from sound.encode(frame)
    yield from sound.encode(None)
