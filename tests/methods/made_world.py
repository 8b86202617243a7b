"""Drawn people: frames, landmarks and sound with no model behind them, and a run of them on disk."""

import numpy as np
import pandas as pd
import yaml

from talkpose.clips.listing import write_list
from talkpose.clips.readers import ClipSource
from talkpose.clips.store import write_lossless, write_wav
from talkpose.config import parse_config
from talkpose.face.coefficients import SIZE
from talkpose.face.track import Track, save_track
from talkpose.files import write_json, write_parquet
from talkpose.layout import RunLayout
from talkpose.methods.contract import Footage

SIDE = 32


def footage(count, seed=0, size=SIDE):
    """A disc of a face whose dark mouth opens with a tone's loudness."""
    rng = np.random.default_rng(seed)
    loud = np.abs(np.sin(np.arange(count) / 3 + seed))
    audio = np.repeat(loud, 640) * np.sin(np.arange(640 * count) * 0.3) * 0.3
    y, x = np.mgrid[:size, :size] / size
    frames = np.full((count, size, size, 3), 60, np.uint8)
    frames[:, (x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.16] = 190
    for t in range(count):
        frames[t, ((x - 0.5) / 0.15) ** 2 + ((y - 0.7) / (0.02 + 0.08 * loud[t])) ** 2 < 1] = 30
    points = np.repeat(rng.uniform(0.3, 0.6, (1, 468, 2)), count, 0)
    points[:, [61, 291]] = [[0.35, 0.7], [0.65, 0.7]]
    points[:, 13], points[:, 14] = [0.5, 0.7], np.stack([np.full(count, 0.5), 0.7 + 0.1 * loud], 1)
    track = Track(
        np.zeros((count, SIZE), np.float32),
        (points * size).astype(np.float32),
        np.zeros(count, np.float32),
        np.ones(count, bool),
    )
    return Footage(frames, track, audio.astype(np.float32))


def make_run(root, baselines, methods, persons=("ann", "bob"), **more):
    """A run with clips and tracks on disk: persons of 40 frames (25 to learn from), two words to train on."""
    config = parse_config(
        {
            "run": "made",
            "corpora": {
                "people": {"role": "persons", "path": "."},
                "words": {"role": "general", "path": "."},
            },
            "train_seconds": 1,
            "clips": {"size": SIDE},
            "methods": methods,
            "baselines": str(baselines),
            **more,
        }
    )
    layout = RunLayout(root)
    write_json(layout.config_file, config.model_dump(mode="json"))
    for corpus, names, count in (("people", persons, 40), ("words", ("w1", "w2"), 20)):
        write_list(layout.clip_list(corpus), {"0000": [ClipSource(n, root / n, word=n) for n in names]})
        write_parquet(layout.clips_shard(corpus, "0000"), pd.DataFrame({"clip": list(names)}))
        for seed, name in enumerate(names):
            made = footage(count, seed)
            write_lossless(layout.clip_folder(corpus, name) / "frames.mkv", made.frames)
            write_wav(layout.clip_folder(corpus, name) / "audio.wav", made.audio)
            save_track(layout.track(corpus, name), made.track)
    return layout


def manifest(name, /, **changes):
    """A method.yaml that is right, with changes; None takes a key out."""
    data = {
        "name": name,
        "title": "Made",
        "about": "made by a test",
        "citation": {"title": "Made", "authors": ["A. Tester"], "year": 2024},
        "licence": "Apache-2.0",
        "status": "own",
        "needs": "image",
        "pose": "fixed",
        "run": {"kind": "in_process", "trained": False},
    }
    return {key: value for key, value in {**data, **changes}.items() if value is not None}


def baseline(root, name, files=None, **changes):
    """Write a baseline's folder; returns it."""
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "method.yaml").write_text(yaml.safe_dump(manifest(name, **changes)))
    for path, text in (files or {}).items():
        (folder / path).write_text(text)
    return folder


METHOD = """
import numpy as np
from talkpose.methods.contract import Generated
from talkpose.methods.retrained import Baseline

class Method(Baseline):
    def generate(self, target, audio, is_own):
        count = len(audio) // 640
        loud = np.abs(audio[: 640 * count].reshape(count, 640)).mean(1)
        frames = np.repeat(target.train.frames[:1], count, 0)
        frames[:, -8:, :8] = (255 * np.clip(3 * loud, 0, 1))[:, None, None, None].astype(np.uint8)
        BODY
        return Generated(frames)
"""


def method(body="pass"):
    """A method.py whose corner shows how loud it is, with lines of its own."""
    return METHOD.replace("BODY", body)
