import struct
from fractions import Fraction

import numpy as np
import pytest

from talkpose.clips.decode import VideoReader, decode, iter_frames
from talkpose.errors import ClipError


def regular(n, rate):
    return [Fraction(i) / Fraction(rate) for i in range(n)]


def shown(path, tools):
    return np.array([tools.number_of(frame) for frame in iter_frames(path)])


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.mov"])
def test_25_fps_passes_one_to_one(odd_video, tools, name):
    path = odd_video(name, regular(60, 25), codec="mpeg4" if name == "a.avi" else "libx264")
    assert shown(path, tools).tolist() == list(range(60))


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(30000, 1001), 30, 50, 60, 15])
def test_other_rates_show_the_nearest_frame(odd_video, tools, rate):
    n = 96
    numbers = shown(odd_video("a.mkv", regular(n, rate)), tools)
    assert len(numbers) == round(n / Fraction(rate) * 25)
    ticks, times = np.arange(len(numbers)) / 25, numbers / float(rate)
    before_end = ticks <= (n - 1) / float(rate)
    assert np.all(np.diff(numbers) >= 0)
    # Matroska rounds times to milliseconds
    assert np.abs(ticks - times)[before_end].max() <= max(0.5 / float(rate), 0.02) + 0.0015 or rate == 15
    assert (times - ticks).max() <= 0.0215
    if rate == 50:
        assert numbers.tolist() == list(range(0, n, 2))


def test_variable_rate_holds_a_picture_and_is_never_early(odd_video, tools):
    times = [Fraction(ms, 1000) for ms in (0, 40, 80, 120, 1120, 1160, 1190, 1225, 1280)]
    numbers = shown(odd_video("a.mkv", times), tools)
    assert numbers[:4].tolist() == [0, 1, 2, 3]
    assert set(numbers[3:28]) == {3}, "held for a second"
    assert numbers[28] == 4
    assert numbers[29] == 5 and numbers[30] in (6, 7)


def test_jitter_of_a_few_milliseconds_drops_nothing(odd_video, tools):
    rng = np.random.default_rng(0)
    times = [Fraction(40 * i + int(rng.integers(-8, 9) if i else 0), 1000) for i in range(50)]
    assert shown(odd_video("a.mkv", times), tools)[:49].tolist() == list(range(49))


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_rotation_flag_turns_the_picture(odd_video, rotation):
    picture = np.full((48, 96, 3), 128, np.uint8)
    picture[:24, :48] = (250, 10, 10)  # red in the stored top left
    path = odd_video("a.mp4", regular(5, 25), [picture] * 5, rotation=rotation)
    reader = VideoReader(path)
    frame = next(iter(reader))
    expected = np.rot90(picture, reader.info.rotation // 90)
    assert reader.info.rotation in (rotation, 360 - rotation)
    assert frame.shape == expected.shape == (reader.info.height, reader.info.width, 3)
    assert np.abs(frame.astype(int) - expected).mean() < 6


def test_the_matrix_of_a_phone_held_upright(odd_video):
    # QuickTime's matrix (a, b, c, d) = (0, 1, -1, 0) takes (x, y) to (-y, x): a turn to the right
    picture = np.full((48, 96, 3), 128, np.uint8)
    picture[:24, :48] = (250, 10, 10)
    path = odd_video("a.mp4", regular(5, 25), [picture] * 5)
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 4 + 40  # version 0: 40 bytes stand before the matrix
    assert struct.unpack_from(">9i", data, start) == (65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)
    struct.pack_into(">9i", data, start, 0, 65536, 0, -65536, 0, 0, 48 << 16, 0, 1 << 30)
    path.write_bytes(data)
    frame = next(iter_frames(path))
    red = (frame[..., 0] > 200) & (frame[..., 1] < 80)
    y, x = (v.mean() for v in np.nonzero(red))
    assert frame.shape == (96, 48, 3) and y < 48 and x > 24, "top left goes to top right"


def test_pixels_become_square_and_odd_sizes_stay(odd_video, tools):
    path = odd_video("a.mp4", regular(5, 25), [tools.numbered(i) for i in range(5)], aspect=Fraction(3, 2))
    assert next(iter_frames(path)).shape == (32, 240, 3)
    path = odd_video("b.mp4", regular(5, 25), [tools.numbered(i) for i in range(5)], aspect=Fraction(2, 3))
    assert next(iter_frames(path)).shape == (48, 160, 3)
    odd = [np.full((51, 77, 3), 90, np.uint8)] * 5
    assert next(iter_frames(odd_video("c.mkv", regular(5, 25), odd))).shape == (51, 77, 3)


@pytest.mark.parametrize(("rate", "channels"), [(44100, 2), (48000, 1), (16000, 1), (8000, 2), (22050, 2)])
def test_sound_of_any_rate_stays_in_its_place(odd_video, tools, rate, channels):
    sound = tools.click(3.0, 1.0, rate, channels)
    decoded = decode(odd_video("a.mkv", regular(75, 25), sound=sound, sound_rate=rate))
    assert decoded.audio.shape == (75 * 640,) and decoded.audio.dtype == np.float32
    assert abs(int(np.argmax(decoded.audio)) - 16000) <= 8
    assert decoded.silence < 0.001


def test_resampling_keeps_a_tone_and_adds_no_alias(odd_video):
    t = np.arange(3 * 44100) / 44100
    tone, high = (
        0.5 * np.sin(2 * np.pi * 1000 * t),
        0.4 * np.sin(2 * np.pi * 11000 * t),
    )  # 11 kHz would fold to 5
    sound = np.stack([tone + high, tone + high]).astype(np.float32)
    audio = decode(odd_video("a.mkv", regular(75, 25), sound=sound)).audio[1600:-1600]
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio)))) / len(audio) * 4
    frequency = np.fft.rfftfreq(len(audio), 1 / 16000)
    assert abs(spectrum[np.argmin(np.abs(frequency - 1000))] - 0.5) < 0.01
    assert spectrum[np.abs(frequency - 1000) > 50].max() < 1e-3


@pytest.mark.parametrize("start", [Fraction(1, 5), Fraction(2, 5)])
def test_sound_that_starts_late_stays_late(odd_video, tools, start):
    path = odd_video("a.mkv", regular(75, 25), sound=tools.click(2.0, 0.5), sound_start=start)
    decoded = decode(path)
    assert abs(int(np.argmax(decoded.audio)) - (0.5 + float(start)) * 16000) <= 32
    assert abs(decoded.silence - 1.0) < 0.03, "late start and early end are silence, and noted"


def test_video_that_starts_late_takes_the_sound_with_it(odd_video, tools):
    times = [t + Fraction(2, 5) for t in regular(50, 25)]
    decoded = decode(odd_video("a.mkv", times, sound=tools.click(3.0, 1.0)))
    assert len(decoded.frames) == 50
    assert abs(int(np.argmax(decoded.audio)) - 0.6 * 16000) <= 32


def test_aac_in_mp4_keeps_its_place(odd_video, tools):
    sound = tools.click(3.0, 1.0, 48000)
    path = odd_video("a.mp4", regular(75, 25), sound=sound, sound_rate=48000, sound_codec="aac")
    assert abs(int(np.argmax(decode(path).audio)) - 16000) <= 16


def test_no_sound_is_a_reason(odd_video):
    with pytest.raises(ClipError) as error:
        decode(odd_video("a.mp4", regular(30, 25)))
    assert error.value.reason == "no-sound"


def test_unreadable_files_are_a_reason(odd_video, tmp_path, tools):
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 255, (64, 64, 3), np.uint8) for _ in range(100)]
    whole = odd_video("a.mp4", regular(100, 25), pictures, options={"movflags": "+faststart"})
    data = whole.read_bytes()
    for name, part in {
        "cut.mp4": data[: len(data) // 2],
        "head.mp4": data[:200],
        "empty.mp4": b"",
        "text.mp4": b"not a video\n" * 50,
    }.items():
        (tmp_path / name).write_bytes(part)
        with pytest.raises(ClipError) as error:
            list(iter_frames(tmp_path / name))
        assert error.value.reason == "unreadable" and name in str(error.value)
    with pytest.raises(ClipError):
        VideoReader(tmp_path / "absent.mp4")


def test_a_second_pass_gives_the_same_frames(odd_video):
    path = odd_video("a.mp4", regular(20, 25))
    for keep in (0, 5 * 32 * 160 * 3, 10**9):
        reader = VideoReader(path, keep_bytes=keep)
        first, second = np.stack(list(reader)), np.stack(list(reader))
        assert np.array_equal(first, second) and len(first) == reader.n_frames == 20


@pytest.mark.parametrize(("name", "n"), [("grid_bbaf2n.mpg", 75), ("personal_a.mp4", 500)])
def test_real_clips_keep_every_frame(clips_dir, name, n):
    reader = VideoReader(clips_dir / name)
    last, same = None, 0
    for frame in reader:
        same += last is not None and frame is last
        last = frame
    assert reader.n_frames == n and same == 0
