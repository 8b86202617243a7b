"""What a run has to show: comparison groups (a person, a sound), and the files of each video."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from talkpose.config import RunConfig
from talkpose.errors import UserError
from talkpose.layout import OWN, RunLayout, item_id
from talkpose.seeds import numpy_rng
from talkpose.study.config import REAL, Design


@dataclass(frozen=True)
class Item:
    """A person who speaks a sound."""

    person: str
    audio: str
    """`own`, or a foreign clip's id"""
    corpus: str
    """of the person"""
    sound: str
    """corpus of the sound's clip"""

    @property
    def name(self) -> str:
        """As in results/<run>/videos/<method>/<name>."""
        return item_id(self.person, self.audio)


@dataclass(frozen=True)
class Source:
    """Where the pictures and the sound of one video are."""

    frames: Path
    first_frame: int
    audio: Path
    first_sample: int


def items_of(layout: RunLayout, run: RunConfig, design: Design) -> list[Item]:
    """Every item that the design may use, person by person: the own sound, then the foreign ones."""
    roles = {corpus: run.corpora[corpus].role for corpus in run.corpora}
    people = [(corpus, clip) for corpus in run.corpora_with("persons") for clip in _clips(layout, corpus)]
    if design.persons is not None:
        tests = [(corpus, clip) for corpus in run.corpora_with("test") for clip in _clips(layout, corpus)]
        known = {clip: corpus for corpus, clip in [*tests, *people]}
        lost = [person for person in design.persons if person not in known]
        if lost:
            raise UserError(
                f"{design.name}: the run {layout.root} has no person {lost[0]}; "
                f"it has {', '.join(known) or 'none'}"
            )
        people = [(known[person], person) for person in design.persons]
    foreign = [(corpus, clip) for corpus in run.corpora_with("foreign") for clip in _clips(layout, corpus)]
    items = []
    for corpus, person in people:
        items.append(Item(person, OWN, corpus, corpus))
        if design.sounds == "all" and roles[corpus] == "persons":
            items += [Item(person, clip, corpus, sound) for sound, clip in foreign]
    return items


def choose_groups(layout: RunLayout, items: list[Item], design: Design, seed: int) -> list[Item]:
    """The design's groups and, where the run has one more, a last one for practice.

    All persons come equally often to within one: each first with the own sound, then with foreign ones in an
    order drawn for it. UserError where fewer groups are complete than the design asks for.
    """
    complete = [item for item in items if not _missing(layout, item, design.methods)]
    by_person: dict[str, list[Item]] = {}
    for item in complete:
        by_person.setdefault(item.person, []).append(item)
    queues = []
    for person, own in by_person.items():
        own.sort(key=lambda item: (item.audio != OWN, item.audio))
        start = 1 if own[0].audio == OWN else 0
        rest = own[start:]
        shuffled = numpy_rng(seed, "study", design.name, "sounds", person).permutation(len(rest))
        queues.append([*own[:start], *(rest[i] for i in shuffled)])
    rounds = max(map(len, queues), default=0)
    ordered = [queue[i] for i in range(rounds) for queue in queues if i < len(queue)]
    wanted = design.groups or len(ordered)
    if len(ordered) < max(wanted, 1):
        gaps = [path for item in items for path in _missing(layout, item, design.methods)]
        first = f"; the first file that is missing: {gaps[0]}" if gaps else ""
        raise UserError(
            f"{design.name}: {wanted} groups are asked for and {len(ordered)} are complete in "
            f"{layout.root}{first}; lower `groups`, take methods out, or set `sounds: all`"
        )
    return ordered[: wanted + 1]


def left_out(layout: RunLayout, items: list[Item], design: Design) -> str | None:
    """A sentence on the groups that lack a method's video; None where all are complete."""
    gaps = {item.name: _missing(layout, item, design.methods) for item in items}
    lacking = [name for name, paths in gaps.items() if paths]
    if not lacking:
        return None
    return (
        f"{design.name}: {len(lacking)} of {len(items)} groups are left out, since a video is missing "
        f"({gaps[lacking[0]][0]})"
    )


def source_of(layout: RunLayout, run: RunConfig, method: str, item: Item) -> Source:
    """Files of a method's video of an item; of the real one the held-out frames, with its own sound."""
    held_out = 0 if run.corpora[item.corpus].role == "test" else run.held_out_start
    if method == REAL or item.audio == OWN:
        sound, first = layout.clip_folder(item.corpus, item.person) / "audio.wav", held_out * 640
    else:
        sound, first = layout.clip_folder(item.sound, item.audio) / "audio.wav", 0
    if method == REAL:
        return Source(layout.clip_folder(item.corpus, item.person) / "frames.mkv", held_out, sound, first)
    return Source(layout.video(method, item.name) / "frames.mkv", 0, sound, first)


def _clips(layout: RunLayout, corpus: str) -> list[str]:
    index = layout.clips_index(corpus)
    if not index.is_file():
        raise UserError(f"{index}: missing; finish the run first (`talkpose run`)")
    return [str(clip) for clip in np.asarray(pd.read_parquet(index, columns=["clip"])["clip"])]


def _missing(layout: RunLayout, item: Item, methods: list[str]) -> list[Path]:
    paths = [layout.video(method, item.name) / "frames.mkv" for method in methods]
    return [path for path in paths if not path.is_file()]
