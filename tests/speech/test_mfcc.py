"""MFCC against python_speech_features, windows against their definition."""

import numpy as np
import pytest
import soundfile

from talkpose.errors import UserError
from talkpose.speech.mfcc import context_windows, mel_filters, mfcc, speech_windows, windows


def reference(audio):
    psf = pytest.importorskip("python_speech_features", reason="the reference MFCC is not installed")
    return psf.mfcc(audio, 16000, winstep=0.01)


def test_equals_reference_on_speech(clips_dir):
    audio, rate = soundfile.read(clips_dir / "driving_a.wav", dtype="float32")
    assert rate == 16000
    audio = audio.mean(axis=1)
    np.testing.assert_allclose(mfcc(audio), reference(audio), atol=1e-4)


@pytest.mark.parametrize("n", [1, 399, 400, 401, 560, 561, 16000, 16079])
def test_equals_reference_on_every_length(n):
    audio = np.random.default_rng(n).normal(size=n) * 0.1
    np.testing.assert_allclose(mfcc(audio), reference(audio), atol=1e-6)


def test_silence_is_finite_and_flat():
    rows = mfcc(np.zeros(16000, np.float32))
    assert np.isfinite(rows).all()
    np.testing.assert_allclose(rows[:, 1:], 0, atol=1e-9)


def test_scale_moves_energy_only():
    audio = np.random.default_rng(0).normal(size=8000)
    loud, quiet = mfcc(audio * 100), mfcc(audio)
    np.testing.assert_allclose(loud[:, 1:], quiet[:, 1:], atol=1e-6)
    np.testing.assert_allclose(loud[:, 0] - quiet[:, 0], 2 * np.log(100))


def test_input_is_not_changed():
    audio = np.ones(1000)
    mfcc(audio)
    assert (audio == 1).all()


def test_filters_cover_the_spectrum_once():
    inside = mel_filters()[:, 3:230].sum(axis=0)
    np.testing.assert_allclose(inside, 1)


def test_windows_hold_seven_frames():
    rows = np.arange(4 * 10 + 24)[:, None] * np.ones((1, 12))
    found = windows(rows, 10)
    assert found.shape == (10, 28, 12)
    for t in range(10):
        np.testing.assert_array_equal(found[t, :, 5], np.arange(4 * t, 4 * t + 28))
    with pytest.raises(UserError, match="64 MFCC rows"):
        windows(rows[:-1], 10)


def test_every_frame_has_a_window_and_public_ones_are_equal():
    audio = np.random.default_rng(3).normal(size=640 * 9 + 100).astype(np.float32)
    found = speech_windows(audio)
    assert found.shape == (9, 28, 12) and found.dtype == np.float32
    rows = reference(np.pad(audio[: 640 * 9], 1920))[:, 1:]
    public = np.stack([rows[4 * t : 4 * t + 28] for t in range(len(rows) // 4 - 6)])
    assert len(public) == 8
    np.testing.assert_allclose(found[:8], public, atol=1e-4)


def test_a_click_moves_only_the_windows_that_contain_it():
    quiet = np.random.default_rng(1).normal(size=640 * 20).astype(np.float32) * 1e-3
    loud = quiet.copy()
    loud[640 * 10 + 300] = 1
    moved = np.abs(speech_windows(loud) - speech_windows(quiet)).max(axis=(1, 2)) > 1e-3
    assert moved[7:14].all() and not moved[:7].any() and not moved[14:].any()


@pytest.mark.parametrize("audio", [np.zeros(0), np.zeros(639), np.zeros((2, 16000))])
def test_unusable_sound_is_refused(audio):
    with pytest.raises(UserError, match="mono sound"):
        speech_windows(audio)


def test_filters_span_what_they_are_told():
    filters = mel_filters(40, 300.0, 3700.0)
    assert filters.shape == (40, 257)
    heard = np.flatnonzero(filters.any(0)) * 16000 / 512
    assert 290 <= heard.min() <= 340
    assert 3640 <= heard.max() <= 3710


def test_context_windows_hold_the_rows_about_a_frame():
    audio = np.random.default_rng(0).normal(size=640 * 12).astype(np.float32)
    windows = context_windows(audio, 7, 20, 13, 300.0, 3700.0)
    assert windows.shape == (12, 20, 12)
    rows = mfcc(audio, 13, 300.0, 3700.0)[:, 1:]
    assert windows[5] == pytest.approx(rows[13:33], abs=1e-4)
    assert windows[0, :5] == pytest.approx(0, abs=1e-9)  # silence before the sound: a flat spectrum
    # the windows of stage 1 are the ones that begin 12 rows before their frame
    assert context_windows(audio, 12, 28) == pytest.approx(speech_windows(audio), abs=1e-4)
    with pytest.raises(UserError, match="at least 640 samples"):
        context_windows(audio[:600], 7, 20)
