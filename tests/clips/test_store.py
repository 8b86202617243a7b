import av
import numpy as np
import pytest

from talkpose.clips.audio import decode_audio
from talkpose.clips.store import (
    SYNTHETIC,
    read_frames,
    read_metadata,
    read_wav,
    write_lossless,
    write_m4a,
    write_mp4,
    write_wav,
)
from talkpose.errors import ClipError, UserError


@pytest.fixture(scope="module")
def frames():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (30, 31, 45, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def smooth():
    y, x = np.mgrid[0:63, 0:65]
    frames = [np.stack([(x * 3 + t) % 200, y * 3, np.full_like(x, 90)], -1) for t in range(50)]
    return np.stack(frames).astype(np.uint8)


def test_lossless_is_bit_exact_and_can_be_cut(tmp_path, frames):
    path = tmp_path / "a.mkv"
    assert write_lossless(path, iter(frames)) == 30
    assert np.array_equal(read_frames(path), frames)
    for start, stop in [(0, 1), (7, 19), (29, 30), (25, 99)]:
        assert np.array_equal(read_frames(path, start, stop), frames[start:stop])
    assert read_frames(path, 5, 5).shape == (0, 31, 45, 3)


def test_equal_input_gives_equal_bytes(tmp_path, smooth):
    sound = np.sin(np.arange(50 * 640) / 20).astype(np.float32) * 0.3
    for name in "ab":
        write_lossless(tmp_path / f"{name}.mkv", smooth)
        write_mp4(tmp_path / f"{name}.mp4", smooth, sound, title="x")
    assert (tmp_path / "a.mkv").read_bytes() == (tmp_path / "b.mkv").read_bytes()
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_mp4_plays_anywhere_and_looks_right(tmp_path, smooth):
    path = tmp_path / "a.mp4"
    sound = (np.sin(np.arange(50 * 640) * 2 * np.pi * 440 / 16000) * 0.3).astype(np.float32)
    write_mp4(path, smooth, sound)
    data = path.read_bytes()
    assert data.find(b"moov") < data.find(b"mdat"), "starts to play before it is loaded"
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (video.width, video.height) == (66, 64), "odd sizes gain a row and a column"
        assert audio.codec_context.name == "aac"
        assert abs(float(video.duration * video.time_base) - 2) < 1e-6
        assert abs(float(audio.duration * audio.time_base) - 2) < 0.07
        seen = np.stack([f.to_ndarray(format="rgb24") for f in container.decode(video)])
    assert np.abs(seen[:, :63, :65].astype(int) - smooth).mean() < 6
    assert np.abs(seen[:, :63, :65].mean((0, 1, 2)) - smooth.mean((0, 1, 2))).max() < 3, "colours kept"


def test_files_say_that_they_are_synthetic(tmp_path, smooth):
    write_mp4(tmp_path / "a.mp4", smooth[:3], None, title="someone")
    write_lossless(tmp_path / "a.mkv", smooth[:3], title="someone", synthetic=True)
    write_lossless(tmp_path / "b.mkv", smooth[:3])
    for name in ("a.mp4", "a.mkv"):
        metadata = read_metadata(tmp_path / name)
        assert metadata["comment"] == SYNTHETIC
        assert "someone" in metadata["title"] and "synthetic" in metadata["title"]
    assert "comment" not in read_metadata(tmp_path / "b.mkv"), "a recording is not called synthetic"


def test_a_failed_write_leaves_nothing(tmp_path, smooth):
    def broken():
        yield smooth[0]
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        write_lossless(tmp_path / "a.mkv", broken())
    with pytest.raises(UserError, match="no frame"):
        write_mp4(tmp_path / "a.mp4", [], None)
    assert list(tmp_path.iterdir()) == []


def test_wav_round_trip(tmp_path):
    rng = np.random.default_rng(0)
    sound = (rng.integers(-32768, 32768, 5000) / 32768).astype(np.float32)
    write_wav(tmp_path / "a.wav", sound)
    assert np.array_equal(read_wav(tmp_path / "a.wav"), sound)
    write_wav(tmp_path / "b.wav", np.array([2.0, -2.0], np.float32))
    assert read_wav(tmp_path / "b.wav").tolist() == [32767 / 32768, -1]


def test_wrong_files_are_named(tmp_path, clips_dir):
    (tmp_path / "a.wav").write_bytes(b"no")
    (tmp_path / "a.mkv").write_bytes(b"no")
    for read, name in [(read_wav, "a.wav"), (read_frames, "a.mkv"), (read_frames, "absent.mkv")]:
        with pytest.raises(ClipError, match=name):
            read(tmp_path / name)
    with pytest.raises(ClipError, match="mono"):
        read_wav(clips_dir / "driving_a.wav")  # stereo


def test_sound_alone_as_m4a_is_the_sound_and_marked(tmp_path):
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000).astype(np.float32)
    write_m4a(tmp_path / "a.m4a", tone, title="tone")
    write_m4a(tmp_path / "b.m4a", tone, title="tone")
    assert (tmp_path / "a.m4a").read_bytes() == (tmp_path / "b.m4a").read_bytes()
    found = decode_audio(tmp_path / "a.m4a").samples[2000:14000]
    peak = np.abs(np.fft.rfft(found * np.hanning(len(found)))).argmax() * 16000 / len(found)
    assert abs(peak - 440) < 2 and abs(np.std(found) / np.std(tone) - 1) < 0.05
    assert "synthetic" in read_metadata(tmp_path / "a.m4a")["comment"].lower()
