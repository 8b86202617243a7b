"""Encodes every video of a study once, all alike; what is there already is not made again."""

import hashlib
import os
import wave
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from talkpose.clips.store import FPS, SAMPLES_PER_FRAME, read_frames, read_wav
from talkpose.errors import UserError
from talkpose.files import atomic_path, read_json, sha256, write_json
from talkpose.progress import progress
from talkpose.seeds import numpy_rng
from talkpose.study.config import StudyVideo
from talkpose.study.encode import LEAST_FILL, Pictures, broken, encode_pictures, pad_file, write_video
from talkpose.study.inventory import Source
from talkpose.study.loudness import gain_to, highest_target
from talkpose.study.packets import link, set_time

VERSION = 1
"""Of the way of encoding: another one makes all videos anew."""


@dataclass(frozen=True)
class Wanted:
    """One video to make."""

    source: Source
    spoilt: bool = False
    """frozen and noisy, for a trap"""
    copy_of: str | None = None
    """the same file under another name"""


def encode_all(folder: Path, receipt: Path, wanted: Mapping[str, Wanted], video: StudyVideo) -> int:
    """Write folder/<name>.mp4 for every wanted video, by name; returns the frames that each has.

    All have one length, one size in bytes, one loudness and the same frame sizes. `receipt` remembers what
    they were made of: where nothing changed, nothing is encoded. UserError where the shortest video or sound
    is shorter than `video.seconds` asks for.
    """
    count = _length(wanted, video)
    made_of = _fingerprint(wanted, video, count)
    if receipt.is_file() and _as_before(folder, read_json(receipt), made_of):
        return count
    real = {name: one for name, one in sorted(wanted.items()) if one.copy_of is None}
    sounds = {(s.audio, s.first_sample): _sound(s, count) for s in {one.source for one in real.values()}}
    target = min([video.loudness, *(highest_target(sound) for sound in sounds.values())])
    levelled = {
        key: np.clip(sound * gain_to(sound, target), -1, 1).astype(np.float32)
        for key, sound in sounds.items()
    }
    pictures = _encode(real, video, count)
    sizes = np.max([one.sizes for one in pictures.values()], 0) + LEAST_FILL
    with atomic_path(folder) as work:
        work.mkdir()
        # In the order of their names, so that no place on the disk tells who made them.
        for name, one in real.items():
            audio = levelled[one.source.audio, one.source.first_sample]
            write_video(work / f"{name}.mp4", pictures[name], sizes, audio, video)
        paths = [work / f"{name}.mp4" for name in real]
        whole = max(path.stat().st_size for path in paths) + 8
        for path in paths:
            pad_file(path, whole)
            set_time(path)
        for name, one in sorted(wanted.items()):
            if one.copy_of is not None:
                link(work / f"{one.copy_of}.mp4", work / f"{name}.mp4")
    hashes = {name: sha256(folder / f"{name}.mp4") for name in sorted(wanted)}
    write_json(receipt, {"made_of": made_of, "videos": hashes, "frames": count, "loudness": round(target, 3)})
    return count


def _encode(real: Mapping[str, Wanted], video: StudyVideo, count: int) -> dict[str, Pictures]:
    def one(name: str) -> Pictures:
        source = real[name].source
        frames = read_frames(source.frames, source.first_frame, source.first_frame + count)
        if real[name].spoilt:
            frames = broken(frames, numpy_rng(0, "study", "broken", name))
        return encode_pictures(frames, video)

    pictures = {}
    with (
        progress("encoding videos", len(real)) as bar,
        ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool,
    ):
        for done, (name, made) in enumerate(zip(real, pool.map(one, real), strict=True), 1):
            pictures[name] = made
            bar.update(done)
    return pictures


def _length(wanted: Mapping[str, Wanted], video: StudyVideo) -> int:
    """Frames that all videos have."""
    lengths: dict[Path, int] = {}
    for source in {one.source for one in wanted.values()}:
        lengths[source.frames] = min(
            lengths.get(source.frames, 10**9), _count_frames(source.frames) - source.first_frame
        )
        sound = (_count_samples(source.audio) - source.first_sample) // SAMPLES_PER_FRAME
        lengths[source.audio] = min(lengths.get(source.audio, 10**9), sound)
    shortest = min(lengths, key=lambda path: (lengths[path], str(path)))
    asked = lengths[shortest] if video.seconds is None else round(video.seconds * FPS)
    if lengths[shortest] < max(asked, FPS):
        raise UserError(
            f"{shortest}: only {lengths[shortest] / FPS:.2f} s are left for the study, and all its "
            f"videos are of one length, {max(asked, FPS) / FPS:.2f} s; lower `video.seconds`, or take "
            "this person or sound out"
        )
    return asked


def _count_frames(path: Path) -> int:
    if not path.is_file():
        raise UserError(f"{path}: missing; finish the run first (`talkpose run`)")
    with av.open(str(path)) as container:
        return sum(packet.size > 0 for packet in container.demux(video=0))


def _count_samples(path: Path) -> int:
    if not path.is_file():
        raise UserError(f"{path}: missing; finish the run first (`talkpose run`)")
    with wave.open(str(path), "rb") as file:
        return file.getnframes()


def _sound(source: Source, count: int) -> np.ndarray:
    return read_wav(source.audio)[source.first_sample :][: count * SAMPLES_PER_FRAME]


def _fingerprint(wanted: Mapping[str, Wanted], video: StudyVideo, count: int) -> str:
    hashes = {path: sha256(path) for one in wanted.values() for path in (one.source.frames, one.source.audio)}
    lines = [f"{VERSION} {av.__version__} {count} {video.model_dump_json()}"]
    for name, one in sorted(wanted.items()):
        s = one.source
        parts = (hashes[s.frames], s.first_frame, hashes[s.audio], s.first_sample, one.spoilt, one.copy_of)
        lines.append(f"{name} {parts}")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _as_before(folder: Path, receipt: dict, made_of: str) -> bool:
    return receipt["made_of"] == made_of and all(
        (folder / f"{name}.mp4").is_file() and sha256(folder / f"{name}.mp4") == digest
        for name, digest in receipt["videos"].items()
    )
