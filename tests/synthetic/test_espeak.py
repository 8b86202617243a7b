from pathlib import Path

import espeakng_loader
import numpy as np
import pytest

from talkpose.errors import UserError
from talkpose.synthetic.espeak import synthesise
from talkpose.synthetic.voices import VARIANTS, Voice, sample_voice

TEXT = "The quick brown fox, maybe, jumps about the lazy thumb."


def level(samples, start, end):
    part = samples[int(start * 16000) : int(end * 16000)]
    return float(np.sqrt(np.mean(np.square(part)))) if len(part) else 0.0


def test_equal_bytes_whatever_was_said_before():
    first = synthesise(TEXT, Voice(variant="f4"))
    synthesise("Something else, and a whisper.", Voice("en", "m7", 80, 20, 240))
    again = synthesise(TEXT, Voice(variant="f4"))
    assert first.samples.tobytes() == again.samples.tobytes()
    assert first[1:] == again[1:]


def test_phonemes_cover_the_sound_and_vowels_are_louder_than_silence():
    speech = synthesise(TEXT, Voice())
    spans = speech.phonemes
    assert spans[0].start == 0 and spans[-1].end == pytest.approx(len(speech.samples) / 16000)
    assert all(a.end == b.start and a.end > a.start for a, b in zip(spans, spans[1:], strict=False))
    vowels = [level(speech.samples, s.start, s.end) for s in spans if s.label.startswith("'")]
    silences = [
        level(speech.samples, s.start + 0.02, s.end - 0.02)
        for s in spans
        if not s.label and s.end - s.start > 0.1
    ]
    assert len(vowels) >= 7 and len(silences) >= 2
    assert min(vowels) > 5 * max(silences)


def test_closure_of_a_voiceless_stop_is_its_own():
    speech = synthesise("Happy.", Voice())
    stop = next(span for span in speech.phonemes if span.label == "p")
    vowel = next(span for span in speech.phonemes if span.label == "'a")
    assert stop.end - stop.start > 0.05
    assert level(speech.samples, stop.start + 0.01, stop.start + 0.025) < 0.1 * level(
        speech.samples, vowel.start, vowel.end
    )


def test_words_in_order_with_their_text():
    words = synthesise(TEXT, Voice()).words
    assert [word.label for word in words] == TEXT.lower().replace(",", "").replace(".", "").split()
    assert all(a.end <= b.start + 1e-9 for a, b in zip(words, words[1:], strict=False))


def test_pitch_rate_and_formants_are_heard():
    def length(voice):
        return len(synthesise(TEXT, voice).samples)

    assert length(Voice(rate=130)) > 1.15 * length(Voice(rate=180))
    # Formants move the sound's spectrum, not its length.
    assert length(Voice(formants=1.06)) == pytest.approx(length(Voice()), rel=0.04)
    spectra = [
        np.abs(np.fft.rfft(synthesise(TEXT, Voice(formants=f)).samples, 2**17)) ** 2 for f in (0.94, 1.06)
    ]
    centres = [np.average(np.arange(len(s)), weights=s) for s in spectra]
    assert centres[1] > 1.05 * centres[0]


def test_every_voice_that_may_be_drawn_exists():
    for presents, variants in VARIANTS.items():
        for k in range(12):
            assert sample_voice(0, str(k), presents=presents).variant in variants
            synthesise("Hello.", sample_voice(0, str(k), presents=presents))
    assert sample_voice(1, "a", presents="male") == sample_voice(1, "a", presents="male")
    assert sample_voice(1, "a", presents="male") != sample_voice(1, "b", presents="male")


@pytest.mark.parametrize("text, voice", [("", Voice()), ("Hello", Voice(variant="nobody"))])
def test_nothing_to_say_and_unknown_voices_are_user_errors(text, voice):
    with pytest.raises(UserError, match="eSpeak NG"):
        synthesise(text, voice)


def test_missing_library_is_a_user_error(monkeypatch):
    monkeypatch.setattr("espeakng_loader.get_library_path", lambda: "/nowhere/libespeak-ng.so")
    with pytest.raises(UserError, match="install the package espeakng-loader"):
        synthesise("Hello", Voice())


def test_no_voice_of_the_corpus_has_breath():
    """Breath reads memory that eSpeak NG never set: other bytes in each process."""
    voices = Path(espeakng_loader.get_data_path()) / "voices" / "!v"
    assert "breath" in (voices / "f5").read_text()
    for variant in (name for names in VARIANTS.values() for name in names):
        assert "breath" not in (voices / variant).read_text(), variant
