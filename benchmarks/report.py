"""The whole report of a paper-sized run from its Parquet files: 25,000 clips x 8 methods x 35 measures.

python benchmarks/report.py [--clips 25000] [--videos] [--profile]

Prints seconds, seconds of processor and the largest memory of `talkpose report build`, and what it wrote.
With `--videos` every clip has a folder with a video by every method, as after a real run.
"""

import argparse
import cProfile
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from talkpose.config import parse_config
from talkpose.files import write_json, write_parquet, write_text
from talkpose.layout import RunLayout
from talkpose.metrics import blink, cpbd, csim, eat_lmd, lmd, lpips, lse, mouth, psnr, ssim, velocity
from talkpose.metrics.base import COLUMNS
from talkpose.report.build import build_report

METHODS = ("ours-g", "chen2018", "x2face", "yousaidthat", "davs", "atvg", "still", "oracle")
METRICS = [
    *(psnr.PROTOCOL, psnr.ATVG, psnr.ATVG_FIXED, ssim.PROTOCOL, ssim.ATVG, ssim.ATVG_FIXED),
    *(
        protocol
        for scorer in ("mediapipe", "dlib")
        for group in (lmd.protocols, lmd.atvg_protocols, eat_lmd.protocols, velocity.protocols)
        for protocol in group(scorer)
    ),
    *mouth.protocols("mediapipe", 12),
    *(blink.protocol("mediapipe"), cpbd.PROTOCOL, lpips.protocol(10)),
    *csim.protocols("dlib-resnet", 10),
    *lse.protocols("mediapipe"),
]
"""What the default configuration measures of a word's clip where every weight is there."""


def make(layout: RunLayout, clips: int, videos: bool) -> int:
    """Write a run of `clips` word clips; returns its metric rows."""
    rng = np.random.default_rng(0)
    corpora = {"lrw": {"role": "test", "reader": "lrw", "path": "lrw", "split": "test"}}
    config = parse_config({"run": "large", "corpora": corpora, "methods": list(METHODS)})
    write_json(layout.config_file, config.model_dump(mode="json"))
    names = np.array([f"WORD{i % 500:03d}_{i // 500:05d}" for i in range(clips)])
    items = np.char.add(names, "__own")
    shared = {"corpus": "lrw", "clip": items, "n_frames": 29}
    parts = [
        pd.DataFrame(
            {
                "method": method,
                **shared,
                "metric": protocol.metric,
                "protocol": protocol.id,
                "value": rng.normal(10, 1, clips),
            }
        )
        for method in sorted(METHODS)
        for protocol in METRICS
    ]
    rows = pd.concat(parts, ignore_index=True)[list(COLUMNS)]
    write_parquet(layout.metrics, rows)
    index = {"corpus": "lrw", "clip": names, "seconds": 1.16, "n_frames": 29, "codec": "h264"}
    index |= {name: rng.normal(0, 1, clips) for name in ("face_pixels", "sync_offset", "sync_correlation")}
    write_parquet(layout.clips_index("lrw"), pd.DataFrame(index))
    tracks = pd.DataFrame({"corpus": "lrw", "clip": names, "landmark_error": rng.random(clips)})
    write_parquet(layout.tracks_shard("lrw", "0000"), tracks)
    aside = "".join(f"lrw\tBAD_{i:05d}\tno-face\tno face in the picture\n" for i in range(clips // 50))
    write_text(layout.quarantine, f"corpus\tclip\treason\tmessage\n{aside}")
    for method in METHODS:
        source = layout.root / f"{method}.mp4"  # one each: file systems allow so many links to a file
        source.write_bytes(bytes(20_000))
        write_json(layout.videos_shard(method, "lrw", "0000"), {"spec": {"title": method, "kind": "method"}})
        for item in items if videos else ():
            folder = layout.video(method, str(item))
            folder.mkdir()
            (folder / "video.mp4").hardlink_to(source)
    return len(rows)


def measure(root: Path, profile: bool) -> None:
    """Build the report and say what it took."""
    start, busy = time.perf_counter(), time.process_time()
    profiler = cProfile.Profile()
    if profile:
        profiler.enable()
    index = build_report(root)
    profiler.disable()
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"report build: {seconds:.1f} s, {busy:.1f} s of processor, {peak:.2f} GB at most")
    files = [path for path in index.parent.rglob("*") if path.is_file()]
    print(f"{len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:.1f} MB")
    if profile:
        pstats.Stats(profiler).sort_stats("cumulative").print_stats(45)


def main() -> None:
    """Make the run here and measure in another process, so that making it counts in no figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=25_000)
    parser.add_argument("--videos", action="store_true")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure, options.profile)
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "large"
        rows = make(RunLayout(root), options.clips, options.videos)
        print(f"{rows} rows of {options.clips} clips, {len(METRICS)} measures of each", flush=True)
        more = ["--profile"] if options.profile else []
        subprocess.run([sys.executable, __file__, "--measure", str(root), *more], check=True)


if __name__ == "__main__":
    main()
