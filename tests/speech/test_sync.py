import numpy as np
import pytest
import soundfile
from scipy.ndimage import gaussian_filter1d

from talkpose.errors import UserError
from talkpose.speech.sync import correct_offset, estimate_offset


@pytest.fixture(scope="module")
def speech(clips_dir):
    """24 s of real speech and a mouth that follows its loudness at the same moment, with noise."""
    parts = [soundfile.read(clips_dir / f"driving_{x}.wav")[0].mean(1) for x in "aba"]
    audio = np.concatenate(parts).astype(np.float32)
    n = len(audio) // 640
    audio = audio[: n * 640]
    loudness = np.log(np.square(audio.reshape(n, 640)).mean(1) + 1e-6)
    rng = np.random.default_rng(0)
    noise = gaussian_filter1d(rng.normal(size=n), 2) * 2
    return gaussian_filter1d(loudness, 1) / loudness.std() + noise, audio


@pytest.mark.parametrize("offset", [-9, -4, -1, 0, 3, 6, 10])
def test_a_known_shift_is_found(speech, offset):
    mouth, audio = speech
    late = np.roll(audio, 640 * offset)
    estimate = estimate_offset(mouth, late, 12)
    assert abs(estimate.offset_frames - offset) <= 1
    assert estimate.confidence > 0.9 and 0.3 < estimate.correlation < 1
    assert estimate.curve.shape == (25,) and abs(int(np.argmax(estimate.curve)) - 12 - offset) <= 1


def test_correcting_leaves_no_offset(speech):
    mouth, audio = speech
    for offset in (-7, 5):
        late = np.roll(audio, 640 * offset)
        kept, moved = correct_offset(len(mouth), late, estimate_offset(mouth, late, 12).offset_frames)
        assert len(moved) == 640 * len(mouth[kept])
        assert abs(estimate_offset(mouth[kept], moved, 12).offset_frames) <= 1


def test_correct_offset_moves_whole_frames():
    audio = np.repeat(np.arange(10), 640).astype(np.float32)
    kept, moved = correct_offset(10, audio, 3)  # the sound of frame 0 is heard at frame 3
    assert (kept.start, kept.stop) == (0, 7) and moved[::640].tolist() == [3, 4, 5, 6, 7, 8, 9]
    kept, moved = correct_offset(10, audio, -3)
    assert (kept.start, kept.stop) == (3, 10) and moved[::640].tolist() == [0, 1, 2, 3, 4, 5, 6]
    kept, moved = correct_offset(10, audio[:-100], 0)
    assert (kept.start, kept.stop) == (0, 10) and len(moved) == 6400
    with pytest.raises(UserError):
        correct_offset(10, audio, 10)


def test_unrelated_sound_gives_no_confidence(speech):
    mouth, audio = speech
    low = [estimate_offset(mouth, np.roll(audio, 640 * s), 12).confidence for s in (70, 110, 140)]
    rng = np.random.default_rng(1)
    for _ in range(5):
        noise = gaussian_filter1d(rng.normal(size=len(mouth)), 3)
        low.append(estimate_offset(noise, audio, 12).confidence)
    assert np.mean(np.array(low) < 0.5) >= 7 / 8


def test_short_noise_gives_no_confidence(speech):
    """75 frames, as in GRID: a high r turns up by chance, and must not count."""
    rng = np.random.default_rng(2)
    estimates = []
    for i in range(20):
        mouth = gaussian_filter1d(rng.normal(size=75), 3)
        estimates.append(estimate_offset(mouth, speech[1][640 * 20 * i :][: 75 * 640], 12))
    assert sum(e.confidence >= 0.5 for e in estimates) <= 1
    assert max(e.correlation for e in estimates) > 0.3


def test_missing_frames_and_useless_input(speech):
    mouth, audio = speech
    holes = mouth.copy()
    holes[40:60] = np.nan
    assert abs(estimate_offset(holes, np.roll(audio, 640 * 4), 12).offset_frames - 4) <= 1
    for useless in (np.full(200, np.nan), np.zeros(200), mouth[:30]):
        estimate = estimate_offset(useless, audio, 12)
        assert estimate[:3] == (0, 0.0, 0.0) and np.isnan(estimate.curve).all()
    with pytest.raises(UserError, match="sound"):
        estimate_offset(mouth, audio[: len(audio) // 2], 12)


def test_same_input_same_answer(speech):
    first, second = estimate_offset(*speech), estimate_offset(*speech)
    assert first[:3] == second[:3] and np.array_equal(first.curve, second.curve)
