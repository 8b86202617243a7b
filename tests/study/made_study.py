"""A tiny run with persons, sounds and methods, and a study built of it: made frames, real files."""

from pathlib import Path

import numpy as np
import pandas as pd

from talkpose.clips.store import write_lossless, write_wav
from talkpose.config import parse_config
from talkpose.files import write_json, write_parquet
from talkpose.layout import RunLayout, item_id
from talkpose.study.config import StudyConfig

PERSONS = ("ann", "bob", "cid")
METHODS = ("ours-p", "wave2face", "still")
TRAIN, HELD_OUT = 25, 27
DESIGNS = [
    {"design": "best-of-n", "participants": 4, "groups": 2, "methods": list(METHODS), "sounds": "all",
     "criteria": ["image_quality", "natural"]},
    {"design": "rating", "participants": 3, "groups": 2, "methods": ["ours-p"]},
    {"design": "select-all", "participants": 2, "groups": 2, "methods": list(METHODS)},
]  # fmt: skip


def moving(seed: int, count: int, size: int = 32) -> np.ndarray:
    """(count, size, size, 3) frames with a square that moves over a gradient, another one for each seed."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(60, 180, size, dtype=np.uint8)
    frames = np.repeat(np.stack([np.tile(ramp, (size, 1))] * 3, -1)[None], count, 0).copy()
    colour, speed = rng.integers(0, 255, 3, dtype=np.uint8), 1 + seed % 3
    for t in range(count):
        x = (seed * 7 + speed * t) % (size - 8)
        frames[t, 8:16, x : x + 8] = colour
    return frames


def tone(seed: int, count: int) -> np.ndarray:
    """Sound of `count` frames: a swelling tone, louder for a higher seed."""
    t = np.arange(640 * count) / 16000
    return (0.05 + 0.03 * seed) * np.sin(2 * np.pi * (200 + 60 * seed) * t) * (0.6 + 0.4 * np.sin(9 * t))


def make_run(root: Path, methods: tuple[str, ...] = METHODS, size: int = 32) -> RunLayout:
    """A run with three persons, one foreign sound, and every method's videos of both sounds."""
    corpora = {
        "people": {"role": "persons", "path": "people"},
        "voices": {"role": "foreign", "reader": "audio", "path": "voices"},
    }
    config = parse_config({"run": root.name, "corpora": corpora, "train_seconds": TRAIN / 25})
    layout = RunLayout(root)
    write_json(layout.config_file, config.model_dump(mode="json"))
    write_parquet(layout.clips_index("people"), pd.DataFrame({"clip": PERSONS}))
    write_parquet(layout.clips_index("voices"), pd.DataFrame({"clip": ["news"]}))
    write_wav(layout.clip_folder("voices", "news") / "audio.wav", tone(9, HELD_OUT))
    for i, person in enumerate(PERSONS):
        folder = layout.clip_folder("people", person)
        write_lossless(folder / "frames.mkv", moving(i, TRAIN + HELD_OUT, size), title=person)
        write_wav(folder / "audio.wav", tone(i, TRAIN + HELD_OUT))
        for m, method in enumerate(methods):
            for audio in ("own", "news"):
                out = layout.video(method, item_id(person, audio)) / "frames.mkv"
                # Methods of different frame sizes, as baselines have them.
                frames = moving(i + 5 * m, HELD_OUT, size + 8 * m)
                write_lossless(out, frames, title=f"{method} {person}", synthetic=True)
    return layout


def study_config(**changes) -> StudyConfig:
    """A small study of all three designs."""
    values = {
        "study": "tiny",
        "seed": 3,
        "designs": DESIGNS,
        "contact": "Ada (ada@example.org)",
        "video": {"size": 64, "seconds": 1},
    }
    return StudyConfig.model_validate({**values, **changes})
