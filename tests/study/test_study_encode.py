"""Videos encoded alike: sizes, sound, and pictures that survive."""

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_study import moving, tone

from talkpose.study.config import StudyVideo
from talkpose.study.encode import LEAST_FILL, broken, encode_pictures, filled, pad_file, write_video
from talkpose.study.loudness import PEAK, gain_to, highest_target, loudness

VIDEO = StudyVideo(size=64)


def ffmpeg_loudness(audio: np.ndarray, rate: int) -> float:
    """Integrated loudness by FFmpeg's own EBU R 128 meter."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(format="flt", sample_rate=rate, layout="mono", time_base="1/48000")
    meter, sink = graph.add("ebur128", "metadata=1"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(audio[None].astype(np.float32), format="flt", layout="mono")
    frame.sample_rate = rate
    graph.push(frame)
    graph.push(None)
    value = np.nan
    while True:
        try:
            value = float(graph.pull().metadata["lavfi.r128.I"])
        except (av.error.EOFError, av.error.BlockingIOError):
            return value


@pytest.mark.parametrize("seed", [1, 5])
def test_loudness_as_ffmpeg_measures_it(seed):
    rng = np.random.default_rng(seed)
    audio = rng.normal(0, 0.05, 48000 * 4) * np.repeat([1.0, 0.2, 0.001, 1.0], 48000)
    audio += 0.1 * np.sin(2 * np.pi * 300 * seed * np.arange(len(audio)) / 48000)
    assert loudness(audio, 48000) == pytest.approx(ffmpeg_loudness(audio, 48000), abs=0.15)


def test_gain_reaches_the_target_and_the_highest_target_the_peak():
    audio = tone(2, 50)
    assert loudness(audio * gain_to(audio, -30)) == pytest.approx(-30, abs=1e-6)
    assert np.abs(audio * gain_to(audio, highest_target(audio))).max() == pytest.approx(PEAK)
    assert loudness(np.zeros(16000)) == -np.inf
    assert gain_to(np.zeros(16000), -23) == 1


@given(st.integers(0, 4000))
def test_a_filled_frame_has_any_size_and_holds_the_frame(more):
    frame = b"\x00\x00\x00\x01frame"
    made = filled(frame, len(frame) + LEAST_FILL + more)
    assert len(made) == len(frame) + LEAST_FILL + more
    assert made.endswith(frame)
    # No start code inside the message, which would end it early.
    assert made[4 : -len(frame)].count(b"\x00\x00") == 0


def test_too_small_a_fill_is_refused():
    with pytest.raises(ValueError, match="too few"):
        filled(b"frame", 6)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Three very different videos, written as a study writes them."""
    folder = tmp_path_factory.mktemp("encoded")
    noise = np.random.default_rng(0).integers(0, 255, (25, 64, 64, 3), dtype=np.uint8)
    frames = {"moving": moving(1, 25, 64), "still": np.repeat(moving(1, 1, 64), 25, 0), "noise": noise}
    pictures = {name: encode_pictures(value, VIDEO) for name, value in frames.items()}
    sizes = np.max([one.sizes for one in pictures.values()], 0) + LEAST_FILL
    audio = tone(1, 25).astype(np.float32)
    paths = {}
    for name, one in pictures.items():
        paths[name] = folder / f"{name}.mp4"
        write_video(paths[name], one, sizes, audio, VIDEO)
        pad_file(paths[name], 400_000)
    return frames, paths


def test_different_videos_become_files_of_equal_properties(written):
    frames, paths = written
    seen = []
    for path in paths.values():
        with av.open(str(path)) as container:
            video = container.streams.video[0]
            about = (dict(container.metadata), container.duration, video.codec_context.extradata)
            seen.append((*about, [p.size for p in container.demux(video) if p.size], path.stat().st_size))
    assert all(one == seen[0] for one in seen)


def test_the_pictures_survive(written):
    frames, paths = written
    for name in ("moving", "still"):
        with av.open(str(paths[name])) as container:
            shown = np.stack([f.to_ndarray(format="rgb24") for f in container.decode(video=0)])
        assert shown.shape == frames[name].shape
        assert np.abs(shown.astype(int) - frames[name]).mean() < 6


def test_same_input_same_bytes():
    first, second = (encode_pictures(moving(2, 25, 64), VIDEO) for _ in range(2))
    assert first.frames == second.frames


def test_a_file_cannot_be_padded_to_less(tmp_path):
    path = tmp_path / "x.mp4"
    path.write_bytes(bytes(100))
    with pytest.raises(ValueError, match="too few"):
        pad_file(path, 104)


def test_a_broken_video_is_frozen_and_differs_from_the_real_one():
    real = moving(0, 60, 64)
    spoilt = broken(real, np.random.default_rng(0))
    assert spoilt.shape == real.shape
    assert np.array_equal(spoilt[1], spoilt[24])
    assert np.abs(spoilt.astype(int) - real).mean() > 20
