"""Seconds and memory to plan LRW: its 488,766 training clips from a list of paths, and from a folder on disk.

python benchmarks/readers.py [--clips 500000] [--disk <empty folder to make the files in>]
"""

import argparse
import resource
import time
from pathlib import Path, PurePosixPath

from talkpose.clips.readers import list_clips, select_clips
from talkpose.config import CorpusConfig

WORDS = 500


def names(n: int):
    """Paths of `n` LRW training clips and of the text files beside them."""
    for i in range(n):
        word = f"WORD{chr(65 + i % WORDS // 26)}{chr(65 + i % WORDS % 26)}"
        stem = f"{word}/train/{word}_{i // WORDS + 1:05d}"
        yield PurePosixPath(f"{stem}.mp4")
        yield PurePosixPath(f"{stem}.txt")


def timed(what: str, work) -> None:
    """Print how long `work` takes, for how many clips, and the peak memory so far."""
    start = time.perf_counter()
    clips = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what}: {len(clips)} clips in {time.perf_counter() - start:.2f} s, peak {peak:.0f} MiB")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=500_000)
    parser.add_argument("--disk", type=Path)
    options = parser.parse_args()
    root = options.disk or Path("lrw")
    corpus = CorpusConfig(reader="lrw", path=str(root), role="general", split="train")
    if options.disk is None:
        files = list(names(options.clips))
        timed("select_clips", lambda: select_clips(files, root, corpus))
        return
    for name in names(options.clips):
        if not (root / name.parent).is_dir():
            (root / name.parent).mkdir(parents=True)
        (root / name).touch()
    timed("list_clips", lambda: list_clips(corpus))


if __name__ == "__main__":
    main()
