"""Writer of small odd videos whose frames carry their own number."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

BITS, BLOCK = 10, 16


def numbered(number: int, height: int = 32) -> np.ndarray:
    """Grey picture (height, 160, 3) that shows `number` as ten blocks, black or white, lowest bit left."""
    bits = (number >> np.arange(BITS)) & 1
    row = np.repeat(np.where(bits, 235, 20).astype(np.uint8), BLOCK)
    return np.repeat(np.tile(row, (height, 1))[..., None], 3, axis=2)


def number_of(frame: np.ndarray) -> int:
    """The number that a frame of `numbered` shows, from its middle row."""
    row = frame[frame.shape[0] // 2, :, 1].astype(float)
    blocks = np.array_split(row, BITS)
    return int(sum((np.median(block) > 128) << i for i, block in enumerate(blocks)))


def write_video(
    path: Path,
    times: list[Fraction],
    pictures: list[np.ndarray] | None = None,
    codec: str = "libx264",
    rotation: int = 0,
    aspect: Fraction | None = None,
    sound: np.ndarray | None = None,
    sound_rate: int = 44100,
    sound_start: Fraction = Fraction(0),
    sound_codec: str = "pcm_s16le",
    options: dict[str, str] | None = None,
) -> Path:
    """Write frames that show at `times` (seconds) and sound (channels, samples) float32."""
    base = Fraction(1, 90000)
    with av.open(str(path), "w", options=options or {}) as container:
        step = times[1] - times[0] if len(times) > 1 else Fraction(1, 25)
        video = container.add_stream(codec, rate=1 / step)
        pictures = pictures or [numbered(i) for i in range(len(times))]
        video.height, video.width = pictures[0].shape[:2]
        video.pix_fmt = "yuv444p" if codec == "libx264" else "yuv420p"
        video.codec_context.time_base = base if codec == "libx264" else 1 / Fraction(1 / step)
        if codec == "libx264":
            video.codec_context.options = {"crf": "10", "preset": "ultrafast"}
        if aspect is not None:
            video.codec_context.sample_aspect_ratio = aspect
        if rotation:
            video.set_display_rotation(rotation)
        audio = None
        if sound is not None:
            audio = container.add_stream(sound_codec, rate=sound_rate)
            audio.layout = "stereo" if len(sound) == 2 else "mono"
        for time, picture in zip(times, pictures, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.time_base = video.codec_context.time_base
            frame.pts = round(time / frame.time_base)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None and sound is not None:
            samples = (np.clip(sound, -1, 1) * 32767).astype(np.int16).T.reshape(1, -1)
            channels = len(sound)
            for start in range(0, sound.shape[1], 1024):
                block = np.ascontiguousarray(samples[:, start * channels : (start + 1024) * channels])
                frame = av.AudioFrame.from_ndarray(block, format="s16", layout=audio.layout.name)
                frame.sample_rate, frame.time_base = sound_rate, Fraction(1, sound_rate)
                frame.pts = start + round(sound_start * sound_rate)
                container.mux(audio.encode(frame))
            container.mux(audio.encode(None))
    return path


def click(seconds: float, at: float, rate: int = 44100, channels: int = 2) -> np.ndarray:
    """Sound (channels, samples) that is silent but for 2 ms around `at` seconds."""
    n = int(seconds * rate)
    t = np.arange(n) / rate
    wave = 0.9 * np.exp(-0.5 * ((t - at) / 5e-4) ** 2)
    return np.repeat(wave[None].astype(np.float32), channels, 0)


@pytest.fixture
def odd_video(tmp_path: Path):
    """write_video into the test's folder, by file name."""

    def write(name: str, *args, **kwargs) -> Path:
        return write_video(tmp_path / name, *args, **kwargs)

    return write


@pytest.fixture
def tools():
    """numbered, number_of and click."""

    class Tools:
        pass

    Tools.numbered, Tools.number_of, Tools.click = map(staticmethod, (numbered, number_of, click))
    return Tools
