import time

import numpy as np
import pytest

from talkpose.errors import UserError
from talkpose.face.model import load_face_model
from talkpose.motion.check import mouth_opening_of
from talkpose.speech.mfcc import speech_windows
from talkpose.synthetic.contract import FPS
from talkpose.synthetic.gestures import blink_times
from talkpose.synthetic.perform import (
    perform_sentences,
    perform_text,
    perform_word,
    sample_person_style,
)
from talkpose.synthetic.texts import context_sentence, sentences, words
from talkpose.synthetic.voices import sample_voice

MODEL = load_face_model("cc0")
VOICE = sample_voice(0, "p", presents="female")
STYLE = sample_person_style(0, "p")


def bytes_of(performance):
    return [part.tobytes() for part in performance[:3]], performance[3:]


@pytest.fixture(scope="module")
def long():
    return perform_sentences(MODEL, 24, VOICE, STYLE, 0, "p")


def test_shapes_and_levels(long):
    assert long.audio.shape == (24 * 16000,) and long.audio.dtype == np.float32
    assert long.expression.shape == (600, 64) and long.expression.dtype == np.float32
    assert long.pose.shape == (600, 6) and long.pose.dtype == np.float32
    assert 0.5 < np.abs(long.audio).max() < 0.75
    assert long.facts["coupling"] == STYLE.motion.coupling
    # Silence is a quiet room, never digital zero.
    silences = [s for s in long.phonemes if not s.label and s.end - s.start > 0.2]
    middle = long.audio[int(16000 * (silences[1].start + 0.08)) :][:1000]
    assert 0 < middle.std() < 0.01


def test_spans_lie_inside_and_in_order(long):
    for spans in (long.phonemes, long.words):
        assert spans[0].start >= 0 and spans[-1].end <= 24 + 1e-9
        assert all(a.end <= b.start + 1e-6 for a, b in zip(spans, spans[1:], strict=False))


def test_deterministic_quick_and_personal(long):
    begin = time.perf_counter()
    again = perform_sentences(MODEL, 24, VOICE, STYLE, 0, "p")
    assert time.perf_counter() - begin < 3
    assert bytes_of(again) == bytes_of(long)
    other = perform_sentences(MODEL, 24, VOICE, STYLE, 0, "q")
    assert not np.array_equal(other.audio, long.audio)


def test_mouth_can_be_learnt_from_twelve_seconds(long):
    """Ridge regression; a shuffled target shows what chance gives."""
    target = mouth_opening_of(MODEL, np.zeros(80))(long.expression)
    rows = speech_windows(long.audio).reshape(600, -1)
    rows = (rows - rows[:300].mean(0)) / (rows[:300].std(0) + 1e-6)

    def held_out(series):
        gram = rows[:300].T @ rows[:300] + 900 * np.eye(rows.shape[1])
        weights = np.linalg.solve(gram, rows[:300].T @ (series[:300] - series[:300].mean()))
        return np.corrcoef(rows[330:580] @ weights, series[330:580])[0, 1]

    assert held_out(target) > 0.6
    assert abs(held_out(np.roll(target, 250))) < 0.35


@pytest.mark.parametrize("word", ["ABOUT", "PEOPLE", "ABSOLUTELY"])
def test_word_is_centred_with_speech_around_it(word):
    clip = perform_word(MODEL, word, VOICE, STYLE, 0, word)
    assert clip.audio.shape == (29 * 640,) and clip.expression.shape == (29, 64)
    target = [span for span in clip.words if span.label == word.lower()]
    assert len(target) == 1
    assert (target[0].start + target[0].end) / 2 == pytest.approx(29 / FPS / 2, abs=0.001)
    assert target[0].end - target[0].start == pytest.approx(clip.facts["word_seconds"])
    edge = int(0.1 * 16000)
    assert len(clip.words) >= 3
    assert max(clip.audio[:edge].std(), clip.audio[-edge:].std()) > 0.01
    assert bytes_of(clip) == bytes_of(perform_word(MODEL, word, VOICE, STYLE, 0, word))


def test_every_word_is_found_in_its_context():
    for k, word in enumerate(words()):
        voice = sample_voice(0, str(k), presents="male")
        assert perform_word(MODEL, word, voice, STYLE, 0, word).facts["word_seconds"] > 0.1


def test_texts():
    assert len(set(sentences())) == len(sentences()) >= 120
    assert len(set(words())) == len(words()) >= 60
    phrase = context_sentence("BEFORE", np.random.default_rng(0)).split()
    assert phrase.count("before") == 1 and 2 <= phrase.index("before") <= len(phrase) - 3
    with pytest.raises(UserError, match="no single word"):
        context_sentence("two words", np.random.default_rng(0))


def test_one_text_begins_and_ends_in_silence():
    clip = perform_text(MODEL, "Good morning.", VOICE, STYLE, 0, "t")
    assert len(clip.audio) == 640 * len(clip.pose)
    assert clip.phonemes[0].label == clip.phonemes[-1].label == ""
    with pytest.raises(UserError, match="no frame"):
        perform_sentences(MODEL, 0.01, VOICE, STYLE, 0, "t")


def test_blinks_keep_their_distance_and_rate():
    middles = blink_times(np.random.default_rng(0), 4000, 0.3)
    assert np.diff(middles).min() >= 0.8
    assert len(middles) / 4000 == pytest.approx(0.3, rel=0.1)
