"""Tables of a paper-sized run from its metric rows alone: 25,000 clips x 8 methods x 12 metrics.

    python benchmarks/tables.py [clips]

Prints seconds and the process's largest memory for reading the rows, building every table and writing them in
all formats.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from talkpose.files import write_parquet
from talkpose.metrics.base import COLUMNS
from talkpose.report.tables import build_tables, write_tables

METHODS = ("ours-g", "chen2018", "x2face", "yousaidthat", "davs", "atvg", "still", "oracle")
METRICS = {
    "psnr": ("atvg-v1", "atvg-fixed-v1", "full-v1"),
    "ssim": ("atvg-v1", "full-v1"),
    "lmd": ("atvg-v1-mean-dlib", "full-v1-dlib", "full-v1-mediapipe"),
    "lmd-normalised": ("full-v1-mediapipe",),
    "mouth": ("full-v1-mediapipe",),
    "mouth-lag": ("full-v1-mediapipe-lag12",),
    "mouth-best": ("full-v1-mediapipe-lag12",),
}


def made_rows(clips: int) -> pd.DataFrame:
    """Rows of METHODS on so many word clips."""
    rng = np.random.default_rng(0)
    names = np.array([f"WORD_{i:05d}__own" for i in range(clips)])
    columns = [(metric, protocol) for metric, found in METRICS.items() for protocol in found]
    parts = [
        pd.DataFrame(
            {
                "method": method,
                "corpus": "lrw",
                "clip": names,
                "metric": metric,
                "protocol": protocol,
                "value": rng.normal(10, 1, clips),
                "n_frames": 29,
            }
        )
        for method in METHODS
        for metric, protocol in columns
    ]
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)]


def peak() -> float:
    """Largest resident memory of this process so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main() -> None:
    """Make the rows here and measure in another process, so that making them counts in no figure."""
    clips = int(sys.argv[1]) if len(sys.argv) > 1 else 25_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "metrics.parquet"
        made = made_rows(clips)
        write_parquet(path, made)
        count = len(made)
        del made
        subprocess.run([sys.executable, __file__, "--measure", str(path)], check=True)
        print(f"{count} rows of {clips} clips")


def measure(path: Path) -> None:
    """Read, build, write."""
    times, busy = [time.perf_counter()], time.process_time()
    rows = pd.read_parquet(path)
    times.append(time.perf_counter())
    tables = build_tables(rows, 0, 2000, ["lrw"])
    times.append(time.perf_counter())
    write_tables(path.parent / "tables", tables)
    times.append(time.perf_counter())
    for name, seconds in zip(("read", "build", "write"), np.diff(times), strict=True):
        print(f"{name}: {seconds:.1f} s")
    print(
        f"all: {times[-1] - times[0]:.1f} s, {time.process_time() - busy:.1f} s of processor, {peak():.2f} GB"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(Path(sys.argv[2]))
    else:
        main()
