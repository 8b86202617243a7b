"""Reads what a run keeps of a person: the footage to learn from and what really followed."""

import numpy as np
import pandas as pd

from talkpose.clips.store import read_frames, read_wav
from talkpose.config import RunConfig
from talkpose.face.track import Track, load_track
from talkpose.layout import RunLayout
from talkpose.methods.contract import Footage, Target

SAMPLES = 640
"""Sound samples a frame: 16 kHz at 25 fps."""


def usable_clips(layout: RunLayout, corpus: str, shard: str) -> list[str]:
    """Clips of a shard that were not quarantined, in order."""
    return [str(clip) for clip in pd.read_parquet(layout.clips_shard(corpus, shard))["clip"]]


def load_footage(layout: RunLayout, corpus: str, clip: str) -> Footage:
    """A whole clip with its track."""
    folder = layout.clip_folder(corpus, clip)
    frames = read_frames(folder / "frames.mkv")
    audio = read_wav(folder / "audio.wav")[: SAMPLES * len(frames)]
    return Footage(frames, load_track(layout.track(corpus, clip)), audio)


def load_sound_and_track(layout: RunLayout, corpus: str, clip: str) -> Footage:
    """A clip without its pictures, which stage 1 does not need: frames are (T, 0, 0, 3)."""
    track = load_track(layout.track(corpus, clip))
    audio = read_wav(layout.clip_folder(corpus, clip) / "audio.wav")
    return Footage(
        np.zeros((len(track.valid), 0, 0, 3), np.uint8), track, audio[: SAMPLES * len(track.valid)]
    )


def cut(footage: Footage, start: int, stop: int | None = None) -> Footage:
    """Frames [start, stop) with their track and sound."""
    stop = len(footage.frames) if stop is None else min(stop, len(footage.frames))
    return Footage(
        footage.frames[start:stop],
        Track(*(np.asarray(part)[start:stop] for part in footage.track)),
        footage.audio[start * SAMPLES : stop * SAMPLES],
    )


def load_target(
    layout: RunLayout, config: RunConfig, corpus: str, person: str, frames: int | None = None
) -> Target:
    """A person's training footage, the run's or `frames` long, and what no method has seen.

    Of a clip of a test corpus the first frame is known, and the whole clip is what is to be made.
    """
    whole = load_footage(layout, corpus, person)
    if config.corpora[corpus].role == "test":
        return Target(person, cut(whole, 0, 1), whole)
    return Target(person, cut(whole, 0, frames or config.train_frames), cut(whole, config.held_out_start))
