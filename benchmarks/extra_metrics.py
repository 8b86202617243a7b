"""CPU seconds a video of each metric of `metrics.extra` that needs no weights, on a finished run.

python benchmarks/extra_metrics.py results/demo people person-01 ours-p
Other jobs on the machine change even CPU seconds; compare the lines with one another.
"""

import argparse
import time
from pathlib import Path
from typing import Any

from talkpose.clips.store import read_frames
from talkpose.face.coefficients import POSE
from talkpose.face.track import load_track
from talkpose.layout import OWN, RunLayout, item_id
from talkpose.metrics.extra import ExtraMeter, measure_scene


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("corpus")
    parser.add_argument("person")
    parser.add_argument("method", nargs="?", default="ours-p")
    arguments = parser.parse_args()
    layout = RunLayout(arguments.run)
    config, person = layout.load_config(), arguments.person
    frames = read_frames(layout.video(arguments.method, item_id(person, OWN)) / "frames.mkv")
    track = load_track(layout.track(arguments.corpus, person))
    part = slice(config.held_out_start, config.held_out_start + len(frames))
    real = read_frames(layout.clip_folder(arguments.corpus, person) / "frames.mkv", part.start, part.stop)
    points, poses = track.landmarks[part], track.coefficients[part, POSE]  # the cost is that of any others
    meter = ExtraMeter(layout, config, "oracle", arguments.corpus)
    item: dict[str, Any] = {"person": person, "audio": OWN}
    whole = meter._scene(item, frames, points, real, points, poses)
    scene = whole._replace(whole=None)
    jobs = [(name, scene, [name]) for name in ("beat", "blink", "cpbd", "csim", "audio-pose")]
    jobs.append(
        (f"appendix-a, {len(track.valid)} frames", whole._replace(real=None, poses=None), ["audio-pose"])
    )
    print(f"{len(frames)} frames of {frames.shape[1]} px, network_every {config.metrics.network_every}")
    for name, seen, extra in jobs:
        only = config.metrics.model_copy(update={"extra": extra})
        measure_scene(seen, only, "warm")  # imports, compilation and models
        start = time.process_time()
        measure_scene(seen, only, "timed")
        print(f"{name:28s} {time.process_time() - start:.2f} s")


if __name__ == "__main__":
    main()
