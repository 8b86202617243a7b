"""Seconds for 200 participants x 30 groups: building beyond the encoding, audit, import and analysis.

python benchmarks/study.py [--participants 200] [--groups 30] [--seconds 4] [--size 128] [--work <folder>]

A made run is encoded first; what is timed is a second build of the same study, which encodes nothing.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from talkpose.clips.store import write_lossless, write_wav
from talkpose.config import parse_config
from talkpose.files import write_json, write_parquet
from talkpose.layout import RunLayout, item_id
from talkpose.study.analyse_step import analyse_study
from talkpose.study.audit import audit_packets
from talkpose.study.build import build_study
from talkpose.study.config import StudyConfig
from talkpose.study.import_step import import_answers
from talkpose.study.simulate import load_preferences, simulate_answers

METHODS = ("ours-p", "davs", "yousaidthat", "atvg")


def made_run(root: Path, persons: int, seconds: float, size: int) -> RunLayout:
    """A run whose videos are moving noise: the hardest to encode."""
    layout, count = RunLayout(root), round(25 * seconds)
    corpora = {
        "people": {"role": "persons", "path": "people"},
        "voices": {"role": "foreign", "reader": "audio", "path": "voices"},
    }
    config = parse_config({"run": root.name, "corpora": corpora, "train_seconds": 1})
    write_json(layout.config_file, config.model_dump(mode="json"))
    names = [f"person-{i:02d}" for i in range(persons)]
    write_parquet(layout.clips_index("people"), pd.DataFrame({"clip": names}))
    write_parquet(layout.clips_index("voices"), pd.DataFrame({"clip": ["voice"]}))
    rng = np.random.default_rng(0)
    write_wav(layout.clip_folder("voices", "voice") / "audio.wav", rng.normal(0, 0.05, 640 * count))
    for name in names:
        folder = layout.clip_folder("people", name)
        still = rng.integers(0, 255, (size, size, 3), dtype=np.uint8)
        rolled = np.stack([np.roll(still, t, 1) for t in range(count + 25)])
        write_lossless(folder / "frames.mkv", rolled)
        write_wav(folder / "audio.wav", rng.normal(0, 0.05, 640 * (count + 25)))
        for m, method in enumerate(METHODS):
            for audio in ("own", "voice"):
                out = layout.video(method, item_id(name, audio)) / "frames.mkv"
                write_lossless(out, np.roll(rolled[:count], m, 2), synthetic=True)
    return layout


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--participants", type=int, default=200)
    parser.add_argument("--groups", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--work", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        persons = (options.groups + 1) // 2
        layout = made_run(Path(folder) / "bench", persons, options.seconds, options.size)
        design = {
            "design": "best-of-n",
            "participants": options.participants,
            "groups": options.groups,
            "methods": METHODS,
            "sounds": "all",
        }
        config = StudyConfig.model_validate(
            {"study": "bench", "designs": [design], "video": {"size": options.size}}
        )
        start = time.perf_counter()
        build_study(config, layout)
        first = time.perf_counter()
        made = build_study(config, layout)
        second = time.perf_counter()
        found = audit_packets(made.packets)
        third = time.perf_counter()
        preferences = load_preferences(None)
        written = simulate_answers(made.folder, preferences, made.folder / "simulated")
        fourth = time.perf_counter()
        taken = import_answers(made.folder, written)
        fifth = time.perf_counter()
        analyse_study(layout)
        sixth = time.perf_counter()
        unique = sum(path.stat().st_size for path in (made.folder / "videos").iterdir())
        print(f"{made.videos} videos, {len(made.packets)} packets, {len(made.zips)} zips")
        print(
            f"with encoding {first - start:.1f} s; without {second - first:.1f} s; "
            f"audit {third - second:.1f} s"
        )
        print(
            f"{len(taken.accepted)} simulated answers: import {fifth - fourth:.1f} s; "
            f"analysis {sixth - fifth:.1f} s"
        )
        print(f"packets {made.packet_bytes / 1e9:.2f} GB as seen; their videos, once: {unique / 1e6:.0f} MB")
        print(f"faults: {found.faults or 'none'}; {found.notes}")
        print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
