import json
from itertools import islice

import numpy as np
import pandas as pd
import pytest

from talkpose.clips.audio import decode_audio
from talkpose.clips.crop import paste_back
from talkpose.clips.decode import VideoReader, decode
from talkpose.clips.listing import write_list
from talkpose.clips.quarantine import read_quarantine
from talkpose.clips.readers import ClipSource, list_clips, shards
from talkpose.clips.store import read_frames, read_wav, write_mp4, write_wav
from talkpose.config import ClipsConfig, RunConfig
from talkpose.errors import ClipError, UserError
from talkpose.face.ingest import (
    COLUMNS,
    ingest_clip,
    ingest_shard,
    ingest_sound,
    load_landmarks,
    load_window,
)
from talkpose.face.ingest_step import index_corpora
from talkpose.face.ingest_step import ingest_shard as ingest_step
from talkpose.face.landmarks import make_detector
from talkpose.files import read_json, sha256, write_json
from talkpose.layout import RunLayout

CONFIG = ClipsConfig()


@pytest.fixture(scope="module")
def detector():
    return make_detector("mediapipe")


@pytest.fixture(scope="module")
def real(clips_dir):
    """Two decoded GRID clips."""
    return [decode(clips_dir / f"grid_{name}.mpg") for name in ("bbaf2n", "lrwp9a")]


@pytest.fixture(scope="module")
def grid(clips_dir, detector, tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips") / "bbaf2n"
    return folder, ingest_clip(clips_dir / "grid_bbaf2n.mpg", folder, detector, CONFIG, "grid")


def reason(path, detector, tmp_path, config=CONFIG):
    with pytest.raises(ClipError) as error:
        ingest_clip(path, tmp_path / "out", detector, config)
    assert path.name in str(error.value)
    assert not (tmp_path / "out").exists(), "whole or not at all"
    return error.value.reason


def test_a_clip_and_its_row(grid, clips_dir):
    folder, row = grid
    assert sorted(p.name for p in folder.iterdir()) == [
        "audio.wav",
        "clip.json",
        "frames.mkv",
        "landmarks.npz",
    ]
    frames, audio = read_frames(folder / "frames.mkv"), read_wav(folder / "audio.wav")
    assert frames.shape == (75, 128, 128, 3) and audio.shape == (48000,)
    assert row == read_json(folder / "clip.json") and tuple(row) == COLUMNS
    expected = {
        "corpus": "grid",
        "clip": "bbaf2n",
        "source": "grid_bbaf2n.mpg",
        "n_frames": 75,
        "seconds": 3.0,
        "width": 360,
        "height": 288,
        "source_fps": 25.0,
        "rotation": 0,
        "missing_share": 0.0,
        "detector": "mediapipe",
        "sync_applied": False,
        "sha256": sha256(clips_dir / "grid_bbaf2n.mpg"),
    }
    assert {key: row[key] for key in expected} == expected
    assert str(clips_dir) not in json.dumps(row), "no path of this machine"


def test_the_crop_is_tight_and_adds_no_motion(grid, real):
    folder, row = grid
    assert abs(row["face_pixels"] / 128 - CONFIG.face_fraction) < 0.02
    window = load_window(folder)
    frames = read_frames(folder / "frames.mkv")
    still = [0, 0, 12, 12]  # the backdrop in the top left corner
    patch = frames[:, still[0] : still[2], still[1] : still[3]].astype(float)
    assert patch.std(0).mean() < 4, "the backdrop does not move"
    full = real[0].frames[10]
    back = paste_back(full, frames[10], window)
    inside = np.s_[
        window.y0 + 20 : window.y0 + window.side - 20, window.x0 + 20 : window.x0 + window.side - 20
    ]
    error = np.square(back[inside].astype(float) - full[inside]).mean()
    assert 10 * np.log10(255**2 / error) > 30, "pasting the crop back restores the picture"


def test_landmarks_are_in_crop_pixels(grid, detector):
    folder, _ = grid
    stored = load_landmarks(folder)
    assert stored.points.shape == (75, 468, 2) and stored.n_faces.tolist() == [1] * 75
    assert (stored.points > 0).all() and (stored.points < 128).all()
    fresh = detector.detect(read_frames(folder / "frames.mkv"))
    distance = np.linalg.norm(stored.points[:, 33] - stored.points[:, 263], axis=1).mean()
    assert np.linalg.norm(stored.points - fresh.points, axis=-1).mean() < 0.04 * distance


def test_the_same_file_gives_the_same_bytes(grid, clips_dir, detector, tmp_path):
    folder, _ = grid
    ingest_clip(clips_dir / "grid_bbaf2n.mpg", tmp_path / "bbaf2n", detector, CONFIG, "grid")
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / "bbaf2n" / path.name).read_bytes(), path.name


def test_two_faces_side_by_side(real, detector, tmp_path):
    both = np.concatenate([clip.frames for clip in real], axis=2)
    write_mp4(tmp_path / "two.mp4", both, real[0].audio)
    assert reason(tmp_path / "two.mp4", detector, tmp_path) == "several-faces"


def test_a_stitched_cut(real, detector, tmp_path):
    frames = np.concatenate([real[0].frames[:40], real[1].frames[:40]])
    write_mp4(tmp_path / "cut.mp4", frames, np.concatenate([real[0].audio, real[1].audio])[: 80 * 640])
    with pytest.raises(ClipError, match=r"1\.60 s") as error:
        ingest_clip(tmp_path / "cut.mp4", tmp_path / "out", detector, CONFIG)
    assert error.value.reason == "cut"


def test_no_face_no_sound_too_short_truncated(real, detector, tmp_path):
    frames, audio = real[0].frames, real[0].audio
    hidden = frames.copy()
    hidden[20:30] = 128
    write_mp4(tmp_path / "hidden.mp4", hidden, audio)
    assert reason(tmp_path / "hidden.mp4", detector, tmp_path) == "no-face"
    write_mp4(tmp_path / "mute.mp4", frames[:30], None)
    assert reason(tmp_path / "mute.mp4", detector, tmp_path) == "no-sound"
    write_mp4(tmp_path / "short.mp4", frames[:24], audio[: 24 * 640])
    assert reason(tmp_path / "short.mp4", detector, tmp_path) == "too-short"
    write_mp4(tmp_path / "whole.mp4", frames, audio)
    data = (tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "part.mp4").write_bytes(data[: len(data) // 2])
    assert reason(tmp_path / "part.mp4", detector, tmp_path) == "unreadable"


def test_another_frame_rate_gives_25(real, detector, tmp_path):
    write_mp4(tmp_path / "fast.mp4", real[0].frames, real[0].audio[: 75 * 640 * 5 // 6], fps=30)
    row = ingest_clip(tmp_path / "fast.mp4", tmp_path / "out", detector, CONFIG)
    assert (row["n_frames"], row["source_fps"]) == (62, 30.0)
    assert len(read_frames(tmp_path / "out" / "frames.mkv")) == 62


@pytest.mark.parametrize(
    ("name", "low", "high", "mode"), [("personal_a", 4, 7, "correct"), ("personal_b", 0, 3, "report")]
)
def test_sync_of_the_personal_clips(clips_dir, detector, tmp_path, name, low, high, mode):
    """The mouth leads the sound by about 4 and 2 frames; only `correct` takes that away."""
    n = 400
    reader = VideoReader(clips_dir / f"{name}.mp4")
    sound = decode_audio(clips_dir / f"{name}.mp4")
    write_mp4(tmp_path / "start.mp4", islice(reader, n), sound.samples[: n * 640])
    row = ingest_clip(tmp_path / "start.mp4", tmp_path / "out", detector, ClipsConfig(sync=mode))
    assert low <= row["sync_offset"] <= high and row["sync_confidence"] > 0.7
    late = row["sync_offset"] if mode == "correct" else 0
    assert row["sync_applied"] == (mode == "correct") and row["n_frames"] == n - late
    assert len(load_landmarks(tmp_path / "out").points) == n - late
    expected = decode_audio(tmp_path / "start.mp4").samples[640 * late : 640 * n]
    audio = read_wav(tmp_path / "out" / "audio.wav")
    assert len(audio) == 640 * (n - late)
    assert np.abs(audio[: len(expected)] - expected[: len(audio)]).max() < 1e-3


def test_shared_grid_clips_pass_and_are_left_in_sync(clips_dir, detector, tmp_path):
    clips = [ClipSource(p.stem, p) for p in sorted(clips_dir.glob("grid_*.mpg"))]
    rows, set_aside = ingest_shard(clips, tmp_path, detector, CONFIG, "grid")
    assert set_aside == [] and [r["n_frames"] for r in rows] == [75] * 6
    assert not any(r["sync_applied"] for r in rows)
    assert max(r["face_pixels"] for r in rows) < 84 and min(r["face_pixels"] for r in rows) > 74


def test_sound_files(clips_dir, tmp_path):
    row = ingest_sound(clips_dir / "driving_a.wav", tmp_path / "driving_a", CONFIG, "foreign")
    assert sorted(p.name for p in (tmp_path / "driving_a").iterdir()) == ["audio.wav", "clip.json"]
    assert row["n_frames"] == 200 and row["audio_channels"] == 2 and row["width"] is None
    assert len(read_wav(tmp_path / "driving_a" / "audio.wav")) == 200 * 640
    with pytest.raises(UserError, match="landmarks"):
        load_landmarks(tmp_path / "driving_a")


def test_the_step_of_a_run(real, tmp_path):
    """One good video, one bad one and a sound, through the files that the rules exchange."""
    raw = tmp_path / "raw"
    raw.mkdir()
    write_mp4(raw / "good.mp4", real[0].frames[:30], real[0].audio[: 30 * 640])
    (raw / "bad.mp4").write_bytes(b"no video")
    write_wav(raw / "voice.wav", real[0].audio)
    config = RunConfig.model_validate(
        {
            "run": "test",
            "train_seconds": 0.2,
            "corpora": {
                "people": {"path": str(raw), "pattern": "*.mp4", "role": "persons", "shard_size": 1},
                "voices": {"path": str(raw), "pattern": "*.wav", "role": "foreign", "reader": "audio"},
            },
        }
    )
    layout = RunLayout(tmp_path / "run")
    write_json(layout.config_file, config.model_dump(mode="json"))
    (layout.clip_folder("people", "bad")).mkdir(parents=True)  # left by an earlier run
    for name, section in config.corpora.items():
        write_list(layout.clip_list(name), shards(list_clips(section), section.shard_size))
    for corpus, shard in [("people", "0000"), ("people", "0001"), ("voices", "0000")]:
        ingest_step(layout, corpus, shard)
    index_corpora(layout)
    people, voices = (pd.read_parquet(layout.clips_index(c)) for c in ("people", "voices"))
    assert people["clip"].tolist() == ["good"] and voices["clip"].tolist() == ["voice"]
    assert people.dtypes.to_dict() == voices.dtypes.to_dict()
    rows = read_quarantine(layout.quarantine)
    assert [(r.corpus, r.clip, r.reason) for r in rows] == [("people", "bad", "unreadable")]
    assert not layout.clip_folder("people", "bad").exists()
    with pytest.raises(UserError, match="shard"):
        ingest_step(layout, "people", "0007")
