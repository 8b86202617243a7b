"""What programs of others are given, and what is taken back from them."""

import av
import cv2
import numpy as np
import pytest
from made_world import footage

from talkpose.clips.decode import decode
from talkpose.clips.store import read_wav, write_mp4
from talkpose.errors import ClipError
from talkpose.methods.contract import Target
from talkpose.methods.handover import (
    mfcc_windows,
    read_pictures,
    read_result,
    write_inputs,
    write_mfcc,
    write_sound,
)  # fmt: skip
from talkpose.methods.manifest import Inputs, Mfcc
from talkpose.speech.mfcc import speech_windows


@pytest.fixture
def target():
    return Target("ann", footage(10))


def test_picture_video_and_sound_have_the_size_rate_and_length_asked_for(tmp_path, target):
    audio = footage(25).audio
    files = write_inputs(Inputs(size=64, image="jpg"), target, audio, tmp_path)
    assert cv2.imread(str(files["image"])).shape == (64, 64, 3)
    video = decode(files["video"])
    assert video.frames.shape == (25, 64, 64, 3), "back and forth for as long as the sound"
    assert np.abs(read_wav(files["audio"]) - audio).max() < 1e-4
    middle = video.frames[:, 16:48, 16:48].astype(int)
    assert np.abs(middle[12] - middle[6]).mean() < 3, "frame 12 of ten frames back and forth is frame 6"


def test_another_rate_keeps_the_pace(tmp_path, target):
    files = write_inputs(Inputs(fps=50, video_length="training"), target, footage(25).audio, tmp_path)
    with av.open(str(files["video"])) as container:
        assert container.streams.video[0].average_rate == 50
        assert len(list(container.decode(video=0))) == 20, "ten frames of 25 a second"


def test_sound_at_another_rate(tmp_path):
    import wave

    path = write_sound(tmp_path / "a.wav", footage(25).audio, 44100)
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnframes()) == (44100, 44100)


def test_mfcc_windows_are_those_of_stage_1_where_they_ask_for_the_same():
    audio = np.random.default_rng(0).normal(0, 0.1, 640 * 12).astype(np.float32)
    found = mfcc_windows(Mfcc(path="x"), audio)
    expected = speech_windows(audio)
    assert found.shape == expected.shape
    inner = slice(4, 8)  # rows of silence around the sound are padded otherwise
    assert np.abs(found[inner] - expected[inner]).max() < 1e-3


def test_mfcc_files_a_frame_begin_at_their_number(tmp_path):
    spec = Mfcc(
        path="x", format="float64", first=2, window=20, before=7, filters=13, low_hz=300, high_hz=3700
    )
    audio = footage(6).audio
    write_mfcc(spec, audio, str(tmp_path / "{frame}.bin"))
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{i}.bin" for i in range(2, 8)]
    read = np.fromfile(tmp_path / "4.bin").reshape(20, 12)
    assert np.array_equal(read, mfcc_windows(spec, audio)[2])
    assert np.isfinite(read).all()


def made_video(path, count, size=(32, 32), fps=25):
    frames = np.zeros((count, *size, 3), np.uint8)
    frames[:, : size[0] // 2] = (np.arange(count) * 5 % 255)[:, None, None, None]
    write_mp4(path, frames, None, fps=fps)
    return path


def test_a_result_is_scaled_resampled_and_filled(tmp_path):
    assert read_result(made_video(tmp_path / "a.mp4", 20), 20, 64, 0).shape == (20, 64, 64, 3)
    found = read_result(made_video(tmp_path / "b.mp4", 18), 20, 32, 2)
    assert len(found) == 20 and np.array_equal(found[19], found[17])
    assert len(read_result(made_video(tmp_path / "c.mp4", 40, fps=50), 20, 32, 1)) == 20


@pytest.mark.parametrize(
    ("count", "size", "fps", "says"),
    [
        (12, (32, 32), 25, "12 frames at 25 fps instead of 20"),
        (20, (32, 64), 25, "64x32 pixels; a square"),
        (20, (6, 6), 25, "too small"),
        (20, (32, 32), 30, "30 frames a second instead of 25"),
    ],
)
def test_a_wrong_result_is_refused(tmp_path, count, size, fps, says):
    with pytest.raises(ClipError, match=says):
        read_result(made_video(tmp_path / "a.mp4", count, size, fps), 20, 32, 1, 25)


def test_a_file_that_is_no_video_is_refused(tmp_path):
    (tmp_path / "a.mp4").write_text("#!/bin/sh\ntouch ran\n")
    with pytest.raises(ClipError, match="can not be decoded"):
        read_result(tmp_path / "a.mp4", 20, 32, 1)


def test_pictures_are_read_in_natural_order(tmp_path):
    for i in range(12):
        cv2.imwrite(str(tmp_path / f"out_{i}.png"), np.full((32, 32, 3), i * 10, np.uint8))
    found = read_pictures(list(tmp_path.iterdir()), 12, 32, 0)
    assert found[:, 0, 0, 0].tolist() == [i * 10 for i in range(12)]
    with pytest.raises(ClipError, match="12 pictures instead of 20"):
        read_pictures(list(tmp_path.iterdir()), 20, 32, 2)
