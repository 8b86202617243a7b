"""Time the embedded world's pictures: frames a second at 128x128, everything included.

    OPENBLAS_NUM_THREADS=1 python benchmarks/synthetic.py [--size 128] [--frames 250] [--people 3]

The target is 30 frames/s on one core. The first line is what compiling and loading cost.
"""

import argparse
import time

import numpy as np

from talkpose.face.model import load_face_model
from talkpose.synthetic.contract import Presents
from talkpose.synthetic.looks import sample_look
from talkpose.synthetic.render import render_performance


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--frames", type=int, default=250)
    parser.add_argument("--people", type=int, default=3)
    options = parser.parse_args()
    model = load_face_model("cc0")
    rng = np.random.default_rng(0)
    units = rng.uniform(0, 0.3, (options.frames, len(model.units))).astype(np.float32)
    expression = units @ model.unit_to_expression
    pose = rng.normal(0, 0.1, (options.frames, 6)) * [1, 1, 1, 0.5, 0.5, 0.5]
    start = time.perf_counter()
    first = sample_look(model, 0, "warm", presents="female")
    render_performance(model, first, expression[:2], pose[:2], options.size)
    print(f"start: {time.perf_counter() - start:.1f} s")
    for person in range(options.people):
        look = sample_look(model, person, "bench", presents=Presents[person % 2])
        start, used = time.perf_counter(), time.process_time()
        render_performance(model, look, expression, pose, options.size)
        wall, core = time.perf_counter() - start, time.process_time() - used
        print(
            f"{look.hair_style}: {options.frames / wall:.0f} frames/s of wall time, "
            f"{options.frames / core:.0f} a core second"
        )


if __name__ == "__main__":
    main()
