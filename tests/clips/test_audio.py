import numpy as np
import pytest
import soundfile

from talkpose.clips.audio import Sound, decode_audio, place
from talkpose.errors import ClipError


def test_wav_is_mixed_down(clips_dir):
    sound = decode_audio(clips_dir / "driving_a.wav")
    raw, rate = soundfile.read(clips_dir / "driving_a.wav", dtype="float32")
    assert (sound.rate, sound.channels, rate) == (16000, 2, 16000)
    assert np.allclose(sound.samples, raw.mean(1), atol=2e-4)


@pytest.mark.parametrize("suffix", ["flac", "ogg", "mp3"])
def test_other_formats(tmp_path, suffix):
    t = np.arange(2 * 44100) / 44100
    tone = 0.5 * np.sin(2 * np.pi * 300 * t)
    soundfile.write(tmp_path / f"a.{suffix}", tone, 44100)
    sound = decode_audio(tmp_path / f"a.{suffix}")
    assert abs(len(sound.samples) - 32000) < 1200
    assert abs(np.abs(sound.samples[4000:-4000]).max() - 0.5) < 0.03


@pytest.mark.parametrize(
    ("start", "n", "expected", "silence"),
    [
        (0.0, 4, [1, 2, 3, 4], 0),
        (-2 / 16000, 4, [0, 0, 1, 2], 2),
        (2 / 16000, 4, [3, 4, 0, 0], 2),
        (1, 2, [0, 0], 2),
    ],
)
def test_place(start, n, expected, silence):
    sound = Sound(np.array([1, 2, 3, 4], np.float32), 0.0, 16000, 1)
    samples, missing = place(sound, start, n)
    assert samples.tolist() == expected
    assert round(missing * 16000) == silence


def test_bad_files(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFFxxxx")
    with pytest.raises(ClipError) as error:
        decode_audio(tmp_path / "a.wav")
    assert error.value.reason == "unreadable"
    soundfile.write(tmp_path / "b.wav", np.zeros(0), 16000)
    with pytest.raises(ClipError) as error:
        decode_audio(tmp_path / "b.wav")
    assert error.value.reason == "no-sound"
