"""A person speaks: sound, expression and pose of every frame."""

from typing import NamedTuple

import numpy as np

from talkpose.errors import UserError
from talkpose.face.model import FaceModel
from talkpose.seeds import numpy_rng
from talkpose.synthetic.contract import FPS, SAMPLE_RATE, Performance, Span
from talkpose.synthetic.espeak import Speech, synthesise
from talkpose.synthetic.gestures import GestureStyle, gestures, sample_gestures
from talkpose.synthetic.headmotion import MotionStyle, head_motion, sample_style
from talkpose.synthetic.prosody import prosody
from talkpose.synthetic.texts import context_sentence, sentences
from talkpose.synthetic.visemes import face_units
from talkpose.synthetic.voices import Voice

SAMPLES_PER_FRAME = SAMPLE_RATE // FPS
PEAK = 0.6
NOISE = 0.002
"""Standard deviation of the room's noise: about 40 dB under speech"""
PAUSE = (0.25, 0.75)
"""Silence between sentences, seconds"""


class Style(NamedTuple):
    """How a person moves: head and face."""

    motion: MotionStyle
    gestures: GestureStyle


def sample_person_style(seed: int, *axes: str) -> Style:
    """Style for the named draw."""
    return Style(sample_style(seed, *axes), sample_gestures(seed, *axes))


def perform_text(
    model: FaceModel, text: str, voice: Voice, style: Style, seed: int, *axes: str
) -> Performance:
    """Perform one text, with 0.2 s of silence around it."""
    speech = _join([synthesise(text, voice)], [0.2, 0.2])
    count = -(-len(speech.samples) // SAMPLES_PER_FRAME)
    return _perform(model, speech, count, style, seed, *axes)


def perform_sentences(
    model: FaceModel, seconds: float, voice: Voice, style: Style, seed: int, *axes: str
) -> Performance:
    """Perform sentences in random order, none twice before all were said, for round(25 seconds) frames."""
    count = round(seconds * FPS)
    if count < 1:
        raise UserError(f"a performance of {seconds} s has no frame; give at least 0.04 s")
    rng = numpy_rng(seed, *axes, "sentences")
    said: list[Speech] = []
    pauses = [float(rng.uniform(0.1, 0.3))]
    length, order = pauses[0], np.zeros(0, int)
    while length < count / FPS:
        if not len(order):
            order = rng.permutation(len(sentences()))
        said.append(synthesise(sentences()[order[0]], voice))
        order = order[1:]
        pauses.append(float(rng.uniform(*PAUSE)))
        length += len(said[-1].samples) / SAMPLE_RATE + pauses[-1]
    return _perform(model, _join(said, pauses), count, style, seed, *axes)


def perform_word(
    model: FaceModel, word: str, voice: Voice, style: Style, seed: int, *axes: str, frames: int = 29
) -> Performance:
    """A word in its context, its centre at the clip's centre, as in LRW; `facts["word_seconds"]`: its length.

    The clip is cut out of a longer performance, so that the head's motion and the mouth have a past.
    """
    rng = numpy_rng(seed, *axes, "context")
    before, after = (sentences()[k] for k in rng.choice(len(sentences()), 2, replace=False))
    middle = synthesise(context_sentence(word, rng), voice)
    first_part = _join([synthesise(before, voice)], [0.1, 0.2])
    speech = _join([first_part, middle, synthesise(after, voice)], [0.0, 0.0, 0.2, 0.1])
    offset = len(first_part.samples) / SAMPLE_RATE
    said = [
        span
        for span in speech.words
        if span.label == word.lower() and offset <= span.start < offset + len(middle.samples) / SAMPLE_RATE
    ]
    if not said:
        raise UserError(f"eSpeak NG does not say {word!r} as a word of its own; choose another word")
    target = said[0]
    first = round((target.start + target.end) / 2 * SAMPLE_RATE - frames * SAMPLES_PER_FRAME / 2)
    # Frames of the whole are laid so that one begins at the clip's first sample.
    lead = -first % SAMPLES_PER_FRAME
    speech = _join([speech], [lead / SAMPLE_RATE, 0.0])
    start = (first + lead) // SAMPLES_PER_FRAME
    count = max(-(-len(speech.samples) // SAMPLES_PER_FRAME), start + frames)
    if start < 0:
        raise UserError(f"{frames} frames are more than the context of {word!r}; ask for fewer")
    whole = _perform(model, speech, count, style, seed, *axes)
    facts = {**whole.facts, "word_seconds": target.end - target.start}
    return cut(whole, start, frames)._replace(facts=facts)


def cut(performance: Performance, start: int, count: int) -> Performance:
    """`count` frames of a performance from frame `start`."""
    begin, end = start / FPS, (start + count) / FPS

    def inside(spans: list[Span]) -> list[Span]:
        return [
            Span(span.label, max(span.start, begin) - begin, min(span.end, end) - begin)
            for span in spans
            if span.end > begin and span.start < end
        ]

    return performance._replace(
        audio=performance.audio[start * SAMPLES_PER_FRAME : (start + count) * SAMPLES_PER_FRAME],
        expression=performance.expression[start : start + count],
        pose=performance.pose[start : start + count],
        phonemes=inside(performance.phonemes),
        words=inside(performance.words),
    )


def _perform(
    model: FaceModel, speech: Speech, count: int, style: Style, seed: int, *axes: str
) -> Performance:
    audio = np.zeros(count * SAMPLES_PER_FRAME, np.float32)
    used = min(len(audio), len(speech.samples))
    audio[:used] = speech.samples[:used]
    audio *= PEAK / max(float(np.abs(audio).max()), 1e-6)
    sound = prosody(audio, count)
    pose = head_motion(style.motion, audio, count, seed, *axes)
    mouth = face_units(model, speech.phonemes, audio, count, style.gestures.articulation)
    face = gestures(model, style.gestures, sound, pose, seed, *axes)
    units = np.clip(mouth + face, 0, 1)
    noise = numpy_rng(seed, *axes, "noise").standard_normal(len(audio)).astype(np.float32)
    whole = Performance(
        audio=audio + NOISE * noise,
        expression=(units @ model.unit_to_expression).astype(np.float32),
        pose=pose,
        phonemes=speech.phonemes,
        words=speech.words,
        facts={"coupling": style.motion.coupling},
    )
    return cut(whole, 0, count)


def _join(parts: list[Speech], pauses: list[float]) -> Speech:
    """Parts with a pause before each and one behind the last."""
    samples: list[np.ndarray] = []
    phonemes: list[Span] = []
    words: list[Span] = []
    length = 0

    def rest(seconds: float) -> None:
        nonlocal length
        count = round(seconds * SAMPLE_RATE)
        samples.append(np.zeros(count, np.float32))
        if count:
            phonemes.append(Span("", length / SAMPLE_RATE, (length + count) / SAMPLE_RATE))
        length += count

    for part, pause in zip(parts, pauses[:-1], strict=True):
        rest(pause)
        offset = length / SAMPLE_RATE
        phonemes += [Span(s.label, s.start + offset, s.end + offset) for s in part.phonemes]
        words += [Span(s.label, s.start + offset, s.end + offset) for s in part.words]
        samples.append(part.samples)
        length += len(part.samples)
    rest(pauses[-1])
    return Speech(np.concatenate(samples), phonemes, words)
