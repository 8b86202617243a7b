"""Conversion for programs of others: picture, video, sound and MFCC files; their video back."""

import re
from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np
import soxr
from scipy.fft import dct

from talkpose.clips.decode import VideoReader
from talkpose.clips.store import FPS, SAMPLE_RATE, write_mp4, write_wav
from talkpose.errors import ClipError
from talkpose.files import atomic_path
from talkpose.methods.contract import Target
from talkpose.methods.controls import pingpong_indices
from talkpose.methods.footage import SAMPLES
from talkpose.methods.manifest import Inputs, Mfcc
from talkpose.speech.mfcc import CEPSTRA, FFT, HOP, HOPS_PER_FRAME, LENGTH, LIFTER, PRE_EMPHASIS


def write_inputs(inputs: Inputs, target: Target, audio: np.ndarray, folder: Path) -> dict[str, Path]:
    """Write picture, video and sound for a program; paths of `image`, `video` and `audio`.

    The picture is the target's first frame. The video is its training frames: back and forth for as long as
    the sound lasts, or as they are; at another rate than 25 a frame is the nearest in time.
    """
    size = inputs.size or target.train.frames.shape[1]
    image = folder / f"image.{inputs.image}"
    folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(image), _resized(target.train.frames[0], size)[..., ::-1])
    n = len(target.train.frames)
    wanted = len(audio) // SAMPLES if inputs.video_length == "sound" else n
    order = pingpong_indices(max(round(wanted * inputs.fps / FPS), 1), n)
    if inputs.fps != FPS:
        ticks = np.round(np.arange(len(order)) * FPS / inputs.fps).astype(int)
        order = pingpong_indices(int(ticks.max()) + 1, n)[ticks]
    video = folder / "video.mp4"
    sound = audio if inputs.video_length == "sound" else target.train.audio
    frames = (_resized(target.train.frames[i], size) for i in order)
    write_mp4(video, frames, sound, fps=round(inputs.fps), synthetic=False, crf=10)
    return {
        "image": image,
        "video": video,
        "audio": write_sound(folder / "audio.wav", audio, inputs.audio_rate),
    }


def write_sound(path: Path, audio: np.ndarray, rate: int) -> Path:
    """Write sound as 16-bit mono WAV of the given rate."""
    if rate == SAMPLE_RATE:
        write_wav(path, audio)
        return path
    import wave

    values = np.clip(np.rint(soxr.resample(audio, SAMPLE_RATE, rate) * 32768), -32768, 32767).astype("<i2")
    with atomic_path(path) as temporary, wave.open(str(temporary), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(values.tobytes())
    return path


def mfcc_windows(spec: Mfcc, audio: np.ndarray) -> np.ndarray:
    """(T, window, coefficients) float64: for video frame t the rows 4 t - before ... + window - 1.

    MFCC as in speech.mfcc with `filters` filters from `low_hz` to `high_hz`; rows outside the sound are those
    of silence around it.
    """
    count = len(audio) // SAMPLES
    pad = (spec.before + spec.window) * HOP
    padded = np.pad(np.asarray(audio, np.float64), (pad, pad + LENGTH))
    emphasised = np.append(padded[0], padded[1:] - PRE_EMPHASIS * padded[:-1])
    starts = np.arange(0, len(emphasised) - LENGTH + 1, HOP)
    rows = emphasised[starts[:, None] + np.arange(LENGTH)]
    power = np.abs(np.fft.rfft(rows, FFT)) ** 2 / FFT
    tiny = np.finfo(float).eps
    energies = np.log(np.maximum(power @ _filters(spec).T, tiny))
    cepstra = dct(energies, type=2, axis=1, norm="ortho")[:, :CEPSTRA]
    cepstra *= 1 + LIFTER / 2 * np.sin(np.pi * np.arange(cepstra.shape[1]) / LIFTER)
    cepstra[:, 0] = np.log(np.maximum(power.sum(1), tiny))
    kept = cepstra[:, slice(*spec.cepstra)]
    first = pad // HOP - spec.before
    index = first + HOPS_PER_FRAME * np.arange(count)[:, None] + np.arange(spec.window)
    windows = kept[np.minimum(index, len(kept) - 1)]
    return windows if spec.layout == "rows" else np.swapaxes(windows, 1, 2)


def write_mfcc(spec: Mfcc, audio: np.ndarray, path: str) -> None:
    """Write the windows to `path`: all in one file, or with {frame} in it, one file a video frame."""
    windows = mfcc_windows(spec, audio)
    if "{frame}" in path:
        for t, window in enumerate(windows):
            _write_array(spec, Path(path.replace("{frame}", str(spec.first + t))), window)
    else:
        _write_array(spec, Path(path), windows)


def read_result(path: Path, count: int, size: int, tolerance: int, fps: float | None = None) -> np.ndarray:
    """A finished video as (count, size, size, 3) uint8 at 25 fps.

    Frames are resampled in time and scaled; up to `tolerance` frames too few are filled with the last, too
    many are cut. Raises ClipError where it is no video, not square, too small, of another rate than `fps`, or
    its length is off by more.
    """
    reader = VideoReader(path)
    info = reader.info
    if fps is not None and abs(info.fps - fps) > 0.01 * fps:
        raise ClipError("rate", f"{path.name}: {info.fps:g} frames a second instead of {fps:g}")
    if abs(info.width - info.height) > 0.02 * max(info.width, info.height):
        raise ClipError(
            "size", f"{path.name}: {info.width}x{info.height} pixels; a square face crop is wanted"
        )
    if min(info.width, info.height) < size / 4:
        raise ClipError("size", f"{path.name}: {info.width} pixels for clips of {size}: too small to compare")
    if _length(path) > 4 * count + 250:  # before all of it is read into memory
        raise ClipError("length", f"{path.name}: far longer than {count} frames")
    frames = [_resized(frame, size) for frame in reader]
    if abs(len(frames) - count) > tolerance:
        raise ClipError(
            "length", f"{path.name}: {len(frames)} frames at 25 fps instead of {count} (± {tolerance})"
        )
    frames += frames[-1:] * (count - len(frames))
    return np.stack(frames[:count])


def read_pictures(paths: Sequence[Path], count: int, size: int, tolerance: int) -> np.ndarray:
    """Single pictures, one a frame, as `read_result` gives a video; ClipError likewise."""
    if abs(len(paths) - count) > tolerance:
        raise ClipError("length", f"{len(paths)} pictures instead of {count} (± {tolerance})")
    frames = []
    for path in sorted(paths, key=_natural)[:count]:
        picture = cv2.imread(str(path))
        if picture is None:
            raise ClipError("unreadable", f"{path.name}: not a readable picture")
        if abs(picture.shape[0] - picture.shape[1]) > 0.02 * max(picture.shape):
            raise ClipError("size", f"{path.name}: {picture.shape[1]}x{picture.shape[0]} pixels; not square")
        frames.append(_resized(picture[..., ::-1], size))
    frames += frames[-1:] * (count - len(frames))
    return np.stack(frames)


def _natural(path: Path) -> list[tuple[int, str]]:
    """Sorts frame_10 behind frame_9."""
    parts = re.split(r"(\d+)", str(path))
    return [(int(part), "") if part.isdigit() else (0, part) for part in parts]


def _length(path: Path) -> float:
    """Frames at 25 fps that a file declares; 0 where it says nothing."""
    with av.open(str(path)) as container:
        return container.duration / 1e6 * FPS if container.duration else 0.0


def _write_array(spec: Mfcc, path: Path, values: np.ndarray) -> None:
    with atomic_path(path) as temporary:
        if spec.format == "npy":
            with open(temporary, "wb") as file:
                np.save(file, values.astype(np.float32))
        else:
            temporary.write_bytes(np.ascontiguousarray(values, "<f8").tobytes())


def _filters(spec: Mfcc) -> np.ndarray:
    """Triangular filters (filters, 257), corners equally spaced in mel between the two frequencies."""
    low, high = (2595 * np.log10(1 + f / 700) for f in (spec.low_hz, spec.high_hz or SAMPLE_RATE / 2))
    corners = 700 * (10 ** (np.linspace(low, high, spec.filters + 2) / 2595) - 1)
    bins = np.floor((FFT + 1) * corners / SAMPLE_RATE)
    left, middle, right = bins[:-2, None], bins[1:-1, None], bins[2:, None]
    k = np.arange(FFT // 2 + 1)[None]
    with np.errstate(divide="ignore", invalid="ignore"):
        rising, falling = (k - left) / (middle - left), (right - k) / (right - middle)
    found = np.where((k >= left) & (k < middle), rising, np.where((k >= middle) & (k < right), falling, 0.0))
    return np.nan_to_num(found)


def _resized(frame: np.ndarray, size: int) -> np.ndarray:
    if frame.shape[:2] == (size, size):
        return frame
    shrinks = min(frame.shape[:2]) > size
    return cv2.resize(frame, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
