"""Which files the embedded corpus has: known before any of them is made, so that a run can be planned."""

from pathlib import PurePosixPath
from typing import Final, Literal, NamedTuple

from talkpose.clips.readers import shards
from talkpose.config import SyntheticConfig
from talkpose.errors import UserError
from talkpose.synthetic.texts import words

Part = Literal["lrw", "persons", "voxceleb2", "tcd-timit"]
PARTS: Final[tuple[Part, ...]] = ("lrw", "persons", "voxceleb2", "tcd-timit")

LONG: Final = 20
"""Word clips that a person's long video counts as, in the size of a shard."""


class Entry(NamedTuple):
    """One clip of the embedded corpus."""

    path: PurePosixPath
    """inside the part's folder, in the real corpus's layout"""
    speaker: str
    word: str = ""


def entries(config: SyntheticConfig, part: Part) -> list[Entry]:
    """Every clip of a part, in order."""
    if part == "lrw":
        return _words(config)
    if part == "persons":
        return [
            Entry(PurePosixPath(f"person-{n + 1:02d}.mp4"), f"person-{n + 1:02d}")
            for n in range(config.persons)
        ]
    if part == "voxceleb2":
        return [
            Entry(PurePosixPath(f"dev/aac/id{n + 1:05d}/synthetic{n + 1:02d}/00001.m4a"), f"voxceleb-{n + 1}")
            for n in range(config.voxceleb)
        ]
    return [
        Entry(PurePosixPath(f"volunteers/{n + 1:02d}{'MF'[n % 2]}/straightcam/sa1.wav"), f"tcd-{n + 1}")
        for n in range(config.tcd_timit)
    ]


def part_shards(config: SyntheticConfig, part: Part) -> dict[str, list[Entry]]:
    """A part's clips by the job that writes them."""
    size = config.shard_size if part == "lrw" else max(config.shard_size // LONG, 1)
    return shards(entries(config, part), size)


def _words(config: SyntheticConfig) -> list[Entry]:
    """LRW's layout; the test clips' speakers, a fifth of all but at least one, say nothing in training.

    Raises UserError where more words are asked for than the vocabulary has.
    """
    if config.words > len(words()):
        raise UserError(
            f"`synthetic.words`: {config.words}, but the vocabulary has {len(words())}; ask for fewer"
        )
    testers = max(config.speakers // 5, 1)
    groups = {
        "train": [f"speaker-{n + 1:03d}" for n in range(max(config.speakers - testers, 1))],
        "test": [f"speaker-{n + 1:03d}" for n in range(config.speakers - testers, config.speakers)],
    }
    found = []
    for place, word in enumerate(words()[: config.words]):
        for split, count in (("train", config.train_per_word), ("test", config.test_per_word)):
            for n in range(count):
                path = PurePosixPath(word) / split / f"{word}_{n + 1:05d}.mp4"
                found.append(Entry(path, groups[split][(place * count + n) % len(groups[split])], word))
    return found
