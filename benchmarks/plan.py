"""Dry run of config/paper.yaml over a tree of empty files as large as LRW: time, memory and jobs.

python benchmarks/plan.py [--train 488766] [--test 25000]
"""

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORDS = 500


def fill(folder: Path, train: int, test: int) -> None:
    """LRW's layout, 15 persons and a few foreign sounds, all empty."""
    for split, count in (("train", train), ("test", test)):
        for n in range(count):
            word = f"WORD{n % WORDS:03d}"
            path = folder / "lrw" / word / split
            if n < WORDS:
                path.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path / f"{word}_{n // WORDS + 1:05d}.mp4", os.O_CREAT))
    (folder / "persons").mkdir()
    rows = ["file,start,stop,name"]
    for n in range(15):
        (folder / "persons" / f"p{n:02d}.mp4").touch()
        rows.append(f"p{n:02d}.mp4,0,60,p{n:02d}")
    (folder / "persons" / "segments.csv").write_text("\n".join(rows) + "\n")
    for name in ("voxceleb2/test/aac/id00017/a/00001.m4a", "tcd/volunteers/03F/straightcam/si1201.wav"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).touch()


def dry_run(folder: Path) -> subprocess.CompletedProcess:
    """The plan of config/paper.yaml over `folder`."""
    places = {
        "LRW": "lrw",
        "PERSONS": "persons",
        "VOXCELEB2": "voxceleb2",
        "TCD_TIMIT": "tcd",
        "WEIGHTS": "w",
    }
    command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "rules", "--cores", "1"]
    command += ["--snakefile", str(ROOT / "Snakefile"), "--configfile", str(ROOT / "config" / "paper.yaml")]
    command += ["--directory", str(folder), "--config", *(f"{k}={folder / v}" for k, v in places.items())]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=int, default=488_766)
    parser.add_argument("--test", type=int, default=25_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder, arguments.train, arguments.test)
        begin = time.perf_counter()
        done = dry_run(folder)
        seconds = time.perf_counter() - begin
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    jobs = re.findall(r"^total\s+(\d+)", done.stdout + done.stderr, re.MULTILINE)
    print(f"{seconds:.1f} s, {memory:.0f} MiB, {jobs[-1] if jobs else 'no'} jobs")
    if done.returncode:
        print((done.stdout + done.stderr)[-3000:])


if __name__ == "__main__":
    main()
