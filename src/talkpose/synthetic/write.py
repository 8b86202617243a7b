"""Writes the embedded corpus: videos and sounds in the real corpora's layouts, the truth beside each."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from talkpose.clips.store import FPS, write_m4a, write_mp4, write_wav
from talkpose.config import SyntheticConfig
from talkpose.errors import UserError
from talkpose.face.model import FaceModel, load_face_model
from talkpose.face.truth import Spans, Truth, truth_path, write_truth
from talkpose.files import sha256, write_json, write_text
from talkpose.layout import RunLayout
from talkpose.progress import progress
from talkpose.seeds import numpy_rng
from talkpose.synthetic.contract import Performance, Presentation, Presents, Span
from talkpose.synthetic.looks import Look, sample_look
from talkpose.synthetic.perform import Style, perform_sentences, perform_word, sample_person_style
from talkpose.synthetic.render import coefficients_of, render_performance, true_landmarks
from talkpose.synthetic.voices import Voice, sample_voice
from talkpose.synthetic.world import PARTS, Entry, Part, part_shards

WORD_FRAMES = 29
CRF = 6
"""H.264 quality of its videos: compressed as real ones are; at 12 dark lips lose their inside at this size"""


class Speaker(NamedTuple):
    """Someone of the embedded world."""

    look: Look
    voice: Voice
    style: Style


def speaker(model: FaceModel, seed: int, name: str) -> Speaker:
    """The person of that name: the same in every part, whatever else is drawn."""
    presents: Presentation = Presents[int(numpy_rng(seed, "synthetic", name, "presents").integers(2))]
    axes = ("synthetic", name)
    return Speaker(
        sample_look(model, seed, *axes, presents=presents),
        sample_voice(seed, *axes, presents=presents),
        sample_person_style(seed, *axes),
    )


def write_shard(layout: RunLayout, part: str, shard: str) -> None:
    """Write one shard of a part and its receipt; UserError where the run has no such shard."""
    config = layout.load_config()
    if config.synthetic is None or part not in PARTS:
        raise UserError(f"{layout.root}: no part {part} of an embedded corpus; add `synthetic` to the config")
    shards = part_shards(config.synthetic, part)
    if shard not in shards:
        raise UserError(f"{part} has no shard {shard}; plan the run again")
    model = load_face_model("cc0")
    root = layout.root / "corpus" / part
    facts = {}
    with progress(f"write {part}", len(shards[shard])) as bar:
        for done, entry in enumerate(shards[shard]):
            facts[entry.path.as_posix()] = write_entry(
                model, root, part, entry, config.synthetic, config.seed
            )
            bar.update(done + 1)
    write_json(layout.corpus_shard(part, shard), facts)


def write_entry(
    model: FaceModel, root: Path, part: Part, entry: Entry, config: SyntheticConfig, seed: int
) -> dict[str, float | str]:
    """Write one clip under `root`, its truth and its corpus's own metadata; return hash and facts."""
    who = speaker(model, seed, entry.speaker)
    axes = ("synthetic", part, entry.path.as_posix())
    path = root / entry.path
    if part == "lrw":
        done = perform_word(model, entry.word, who.voice, who.style, seed, *axes, frames=WORD_FRAMES)
    else:
        seconds = config.person_seconds if part == "persons" else config.foreign_seconds
        done = perform_sentences(model, seconds, who.voice, who.style, seed, *axes)
    if part == "voxceleb2":
        write_m4a(path, done.audio, title=entry.speaker)
    elif part == "tcd-timit":
        write_wav(path, done.audio)
    else:
        _write_video(model, path, who.look, done, config.size)
    if part == "lrw":
        write_text(path.with_suffix(".txt"), _lrw_metadata(entry, done.facts["word_seconds"]))
    return {"sha256": sha256(path), **{name: round(value, 6) for name, value in done.facts.items()}}


def _write_video(model: FaceModel, path: Path, look: Look, done: Performance, size: int) -> None:
    frames = render_performance(model, look, done.expression, done.pose, size)
    write_mp4(path, frames, done.audio, FPS, title=path.stem, synthetic=True, crf=CRF)
    coefficients = coefficients_of(look, done.expression, done.pose)
    points68, points468 = true_landmarks(model, coefficients, size)
    truth = Truth(coefficients, points68, points468, size, _spans(done.phonemes), _spans(done.words))
    write_truth(truth_path(path), truth)


def _spans(spans: list[Span]) -> Spans:
    return Spans(
        np.array([span.label for span in spans], "U16"),
        np.array([span.start for span in spans]),
        np.array([span.end for span in spans]),
    )


def _lrw_metadata(entry: Entry, seconds: float) -> str:
    """The text that LRW keeps beside each video."""
    return (
        f"Disk reference: synthetic {entry.speaker}\nChannel: talkpose\nProgram start: 0\n"
        f"Clip start: 0.00\nDuration: {seconds:.2f} seconds\n"
    )
