"""A tiny corpus for checks, out of the embedded world: real sounds, rendered heads, detected landmarks."""

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from talkpose.clips.crop import crop_frames, fit_window
from talkpose.face.landmarks import make_detector
from talkpose.face.model import FaceModel, load_face_model
from talkpose.face.track import Track
from talkpose.face.truth import Spans, Truth, truth_in_crop
from talkpose.files import write_npz
from talkpose.methods.contract import Footage, Target
from talkpose.methods.footage import SAMPLES, cut
from talkpose.methods.retrained import TrainingClip, TrainingClips
from talkpose.synthetic.contract import Performance
from talkpose.synthetic.perform import perform_sentences, perform_word
from talkpose.synthetic.render import coefficients_of, render_performance, true_landmarks
from talkpose.synthetic.texts import words
from talkpose.synthetic.write import speaker

SOURCE: Final = 128
"""Side of the pictures before cropping."""
SEED: Final = 5
TRAIN: Final = 50
"""Frames of the person's video that a method may see."""
SPOKEN: Final = 40
"""Frames of each sound to speak."""


class World(NamedTuple):
    """What checks run on."""

    clips: dict[str, TrainingClip]
    """word clips to train on, 29 frames each"""
    person: Footage
    """TRAIN frames of somebody else"""
    sounds: dict[str, np.ndarray]
    """`own`: what the person says next; `other`: another voice; SPOKEN frames each"""

    def target(self, frames: int | None = None) -> Target:
        """The person, with all training frames or the first few; nothing held out."""
        return Target("person-01", cut(self.person, 0, frames), None)

    def training(self) -> TrainingClips:
        """The clips as `fit` gets them."""
        return TrainingClips(list(self.clips), self.clips.__getitem__)


def make_world(size: int) -> World:
    """Four word clips by two speakers, a person of two seconds, two sounds; `size` px frames."""
    model = load_face_model("cc0")
    clips = {}
    for word in words()[:2]:
        for number, name in enumerate(("speaker-001", "speaker-002")):
            who = speaker(model, SEED, name)
            done = perform_word(model, word, who.voice, who.style, SEED, "check", word, name)
            clip = f"check/{word}_{number + 1:05d}"
            clips[clip] = TrainingClip(clip, _footage(model, name, done, size), word)
    who, other = speaker(model, SEED, "person-01"), speaker(model, SEED, "speaker-003")
    seconds = (TRAIN + SPOKEN) / 25
    done = perform_sentences(model, seconds, who.voice, who.style, SEED, "check", "person")
    foreign = perform_sentences(model, SPOKEN / 25, other.voice, other.style, SEED, "check", "other")
    sounds = {"own": done.audio[TRAIN * SAMPLES :], "other": foreign.audio}
    first = done._replace(
        audio=done.audio[: TRAIN * SAMPLES], expression=done.expression[:TRAIN], pose=done.pose[:TRAIN]
    )
    return World(clips, _footage(model, "person-01", first, size), sounds)


def _footage(model: FaceModel, name: str, done: Performance, size: int) -> Footage:
    look = speaker(model, SEED, name).look
    pictures = render_performance(model, look, done.expression, done.pose, SOURCE)
    points = make_detector("mediapipe", max_faces=1).detect(pictures).points
    coefficients = coefficients_of(look, done.expression, done.pose)
    window = fit_window(points, size, 0.62)
    nothing = Spans(np.zeros(0, "U16"), np.zeros(0), np.zeros(0))
    truth = Truth(coefficients, *true_landmarks(model, coefficients, SOURCE), SOURCE, nothing, nothing)
    seen = truth_in_crop(truth, window, slice(0, len(pictures)), model).truth
    valid = np.isfinite(points).all((1, 2))
    track = Track(seen.coefficients, window.to_crop(points), np.zeros(len(points), np.float32), valid)
    return Footage(np.stack(list(crop_frames(pictures, window))), track, done.audio[: len(points) * SAMPLES])


def save_world(path: Path, world: World) -> None:
    """Write a world where the checks' child processes read it."""
    arrays: dict[str, np.ndarray] = {f"sound {name}": sound for name, sound in world.sounds.items()}
    for name, footage in {"person": world.person, **{n: c.footage for n, c in world.clips.items()}}.items():
        arrays |= {
            f"{name}|frames": footage.frames,
            f"{name}|audio": footage.audio,
            **{f"{name}|{field}": part for field, part in footage.track._asdict().items()},
        }
    write_npz(path, **arrays)


def load_world(path: Path) -> World:
    """Read what `save_world` wrote."""
    with np.load(path, allow_pickle=False) as stored:
        data = dict(stored)
    names = sorted({key.partition("|")[0] for key in data if "|" in key})

    def footage(name: str) -> Footage:
        track = Track(*(data[f"{name}|{field}"] for field in Track._fields))
        return Footage(data[f"{name}|frames"], track, data[f"{name}|audio"])

    clips = {
        name: TrainingClip(name, footage(name), name.partition("/")[2].partition("_")[0])
        for name in names
        if name != "person"
    }
    sounds = {key.removeprefix("sound "): part for key, part in data.items() if key.startswith("sound ")}
    return World(clips, footage("person"), sounds)
