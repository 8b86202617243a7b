"""A segment of a file is exactly that part of the whole."""

from fractions import Fraction

import numpy as np
import pytest

from talkpose.clips.audio import decode_audio
from talkpose.clips.decode import VideoReader, decode
from talkpose.clips.store import write_mp4
from talkpose.errors import ClipError

N = 400


@pytest.fixture(scope="module")
def sound():
    return np.random.default_rng(0).normal(0, 0.1, N * 640).astype(np.float32).clip(-1, 1)


@pytest.fixture
def video(tmp_path, tools, sound):
    """Frames that show their number, H.264 with its far key frames, and noise for a sound."""
    path = tmp_path / "long.mp4"
    write_mp4(path, (tools.numbered(i) for i in range(N)), sound)
    return path


@pytest.mark.parametrize(("first", "last"), [(0, 30), (1, 2), (10, 60), (249, 251), (260, 380), (370, N)])
def test_frames_and_sound_are_those_of_the_whole(video, tools, first, last):
    whole = decode(video)
    part = decode(video, first / 25, last / 25)
    assert [tools.number_of(frame) for frame in part.frames] == list(range(first, last))
    expected = whole.audio[first * 640 : last * 640]
    assert part.audio.shape == expected.shape
    assert np.abs(part.audio - expected).max() < 0.01 * np.abs(expected).max()


def test_open_ends(video, tools):
    assert [tools.number_of(f) for f in VideoReader(video, start=15.0)] == list(range(375, N))
    assert [tools.number_of(f) for f in VideoReader(video, stop=0.2)] == list(range(5))


def test_twice_through_a_segment(video):
    for keep in (0, 10**9):
        reader = VideoReader(video, keep, 10.0, 11.0)
        first, second = np.stack(list(reader)), np.stack(list(reader))
        assert np.array_equal(first, second) and reader.n_frames == 25


def test_little_is_decoded_before_a_segment(odd_video, monkeypatch):
    pictures = [np.full((32, 160, 3), i % 200, np.uint8) for i in range(1500)]
    path = odd_video("long.mkv", [Fraction(i, 25) for i in range(1500)], pictures, codec="mpeg4")
    reader = VideoReader(path, start=50.0, stop=51.0)
    decoded = 0

    def counted(seek=None, inner=reader._decoded):
        nonlocal decoded
        for item in inner(seek):
            decoded += 1
            yield item

    monkeypatch.setattr(reader, "_decoded", counted)
    assert len(list(reader)) == 25 and decoded < 80


@pytest.mark.parametrize("name", ["a.mkv", "a.avi", "a.mov", "a.mp4", "a.mpg"])
@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30000, 1001), Fraction(50)])
def test_any_container_and_rate(odd_video, tools, name, rate):
    codec = {"a.avi": "mpeg4", "a.mpg": "mpeg2video"}.get(name, "libx264")
    times = [Fraction(i) / rate for i in range(int(12 * rate))]
    coding = {"sound_codec": "mp2"} if name == "a.mpg" else {}
    sound = tools.click(12.0, 8.0, 48000)
    path = odd_video(name, times, codec=codec, sound=sound, sound_rate=48000, **coding)
    whole, part = decode(path), decode(path, 7.0, 9.52)
    assert np.array_equal(part.frames, whole.frames[175:238])
    expected = whole.audio[175 * 640 : 238 * 640]
    slip = int(np.argmax(part.audio)) - int(np.argmax(expected))
    assert part.audio.shape == expected.shape
    # Matroska rounds times to milliseconds
    assert abs(slip) <= (9 if name == "a.mkv" else 1) and part.audio.max() > 0.5


def test_video_that_starts_late(odd_video, tools):
    times = [Fraction(2, 5) + Fraction(i, 25) for i in range(150)]
    path = odd_video("a.mkv", times, sound=tools.click(7.0, 5.0))
    part = decode(path, 4.0, 5.0)
    assert [tools.number_of(frame) for frame in part.frames] == list(range(100, 125))
    assert abs(int(np.argmax(part.audio)) - 0.6 * 16000) <= 32


def test_segments_beyond_the_end(video):
    assert len(list(VideoReader(video, start=10.0, stop=16.1))) == 150, "a frame or two may be missing"
    for start, stop in [(10.0, 20.0), (17.0, None), (16.0, 18.0)]:
        with pytest.raises(ClipError, match=r"ends after 16\.00 s.*mend the segment's times"):
            list(VideoReader(video, start=start, stop=stop))
    with pytest.raises(ClipError, match="from 30.00 s to its end"):
        decode_audio(video, 30.0)


def test_sound_alone(video, sound):
    whole, part = decode_audio(video), decode_audio(video, 5.0, 6.0)
    assert 4.8 < part.start <= 5.0 and len(part.samples) < 1.4 * 16000
    first = round(5.0 * 16000 - part.start * 16000)
    ours = part.samples[first : first + 16000]
    assert np.abs(ours - whole.samples[80000:96000]).max() < 1e-3
