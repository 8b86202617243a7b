"""`talkpose animate` with a small trained run: full frames, the sound, resumable fine-tuning, refusals."""

import os
import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from talkpose.clips.decode import decode
from talkpose.clips.store import read_metadata, write_mp4
from talkpose.face.ingest import load_window

sys.path.insert(0, str(Path(__file__).parent))
from tiny import prepare, run, tiny_clips, tiny_config


@pytest.fixture(scope="module")
def clips(clips_dir, tmp_path_factory):
    return tiny_clips(clips_dir, tmp_path_factory.mktemp("raw") / "clips")


@pytest.fixture(scope="module")
def trained(clips, tmp_path_factory):
    """A run that has its general models; nothing is generated or measured."""
    folder = tmp_path_factory.mktemp("trained")
    prepare(folder, tiny_config())
    result = run(folder, clips, "--until", "motion_train", "refine_train")
    assert result.returncode == 0, result.stderr + result.stdout
    return folder


def animate(folder, *arguments):
    command = [sys.executable, "-m", "talkpose", "animate", "--run", "results/tiny", *map(str, arguments)]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_video_speaks_in_its_full_frames_and_a_second_sound_trains_nothing(trained, clips):
    video, sound, out = clips / "personal_a.mp4", clips / "driving_a.wav", trained / "out.mp4"
    result = animate(trained, "--video", video, "--audio", sound, "--out", out)
    assert result.returncode == 0, result.stderr
    made, source = decode(out), decode(video)
    assert made.frames.shape == (50, 450, 450, 3)
    with av.open(str(out)) as container:
        assert {stream.codec_context.name for stream in container.streams} == {"h264", "aac"}
    assert "synthetic" in read_metadata(out)["comment"].lower()
    (work,) = (trained / "results" / "tiny" / "animate").iterdir()
    window = load_window(work / "clips" / "person" / "personal_a")
    outside = np.ones((450, 450), bool)
    outside[window.y0 : window.y0 + window.side, window.x0 : window.x0 + window.side] = False
    # Every frame stands in a real one: outside the crop it is one of the video's frames, up to the codec.
    nearest = [
        np.abs(source.frames[:, outside].astype(int) - frame[outside]).mean((1, 2)).min()
        for frame in made.frames[::10]
    ]
    assert max(nearest) < 3
    receipts = {path: path.stat().st_mtime_ns for path in (work / "models").rglob("person/*")}
    assert len(receipts) >= 6
    result = animate(
        trained, "--video", video, "--audio", clips / "grid_lrwp9a.mpg", "--out", trained / "second.mp4"
    )
    assert result.returncode == 0, result.stderr
    assert len(decode(trained / "second.mp4").frames) in (74, 75), "as long as the sound"
    assert receipts == {path: path.stat().st_mtime_ns for path in receipts}


def test_without_finetuning_no_network_of_the_person_is_trained(trained, clips):
    """Ours-G: another picture than Ours-P's of the same video and sound, and no weights of the person."""
    video, sound = clips / "personal_a.mp4", clips / "driving_a.wav"
    work = trained / "results" / "tiny" / "animate"
    before = set(work.rglob("person/*.safetensors"))
    made = {}
    for option in ("--no-finetune", "--finetune"):
        out = trained / f"own{option}.mp4"
        result = animate(trained, "--video", video, "--audio", sound, "--out", out, option)
        assert result.returncode == 0, result.stderr
        made[option] = decode(out).frames.astype(int)
        if option == "--no-finetune":
            assert set(work.rglob("person/*.safetensors")) == before
    assert np.abs(made["--no-finetune"] - made["--finetune"]).mean() > 0.5


def test_a_picture_speaks(trained, clips):
    picture = trained / "face.png"
    cv2.imwrite(str(picture), decode(clips / "personal_a.mp4").frames[0][..., ::-1])
    result = animate(
        trained, "--image", picture, "--audio", clips / "driving_a.wav", "--out", trained / "image.mp4"
    )
    assert result.returncode == 0, result.stderr
    assert decode(trained / "image.mp4").frames.shape == (50, 450, 450, 3)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--image", "nowhere.png"], "nowhere.png: no such file"),
        (["--image", "config.yaml"], "not a readable picture"),
        (["--video", "bad.mp4"], "this video cannot be used"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_sentence(trained, clips, arguments, says):
    (trained / "bad.mp4").write_bytes(b"no video")
    result = animate(trained, *arguments, "--audio", clips / "driving_a.wav", "--out", trained / "no.mp4")
    assert result.returncode == 2
    assert says in result.stderr
    assert "Traceback" not in result.stderr
    assert not (trained / "no.mp4").exists()


def test_a_video_as_short_as_the_training_part_is_enough(trained, clips):
    known, short, out = decode(clips / "personal_a.mp4"), trained / "short.mp4", trained / "short-out.mp4"
    write_mp4(short, known.frames[:60], known.audio[: 60 * 640], synthetic=False)
    result = animate(trained, "--video", short, "--audio", clips / "driving_a.wav", "--out", out)
    assert result.returncode == 0, result.stderr
    assert len(decode(out).frames) == 50
