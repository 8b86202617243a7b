"""Any two videos: what is cut, resized and shifted, folders by name, and the command's output."""

import json

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from skimage.data import astronaut
from typer.testing import CliRunner

from talkpose.cli.app import app
from talkpose.clips.decode import decode
from talkpose.clips.store import write_mp4
from talkpose.errors import UserError
from talkpose.face.model import load_face_model
from talkpose.metrics import align, beat, fid, pair
from talkpose.metrics.base import COLUMNS
from talkpose.metrics.detections import make_scorer
from talkpose.metrics.inception import Inception

SILENT = "neither video has sound: what compares sound and picture is not measured"


def walking(frames: int = 30, size: int = 128, first: int = 0) -> np.ndarray:
    """A face that sways, from frame `first` on."""
    face = cv2.resize(astronaut()[10:190, 130:310], (100, 100), interpolation=cv2.INTER_AREA)
    video = np.full((frames, 128, 128, 3), 90, np.uint8)
    for i, frame in enumerate(video):
        x, y = round(14 + 12 * np.sin((i + first) / 5)), round(14 + 8 * np.cos((i + first) / 7))
        frame[y : y + 100, x : x + 100] = face
    return np.stack([cv2.resize(frame, (size, size), interpolation=cv2.INTER_AREA) for frame in video])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """real/{a,b,c}.mp4 and made/{a,b,d}.mp4: `a` equal, `b` shorter, smaller and at 50 frames/s."""
    root = tmp_path_factory.mktemp("pairs")
    for name in "abc":
        write_mp4(root / "real" / f"{name}.mp4", walking(), None)
    write_mp4(root / "made" / "a.mp4", walking(), None)
    write_mp4(root / "made" / "b.mp4", walking(40, 96).repeat(1, 0), None, fps=50)
    write_mp4(root / "made" / "d.mp4", walking(), None)
    write_mp4(root / "late.mp4", walking(30, first=-3), None)
    return root


def test_equal_videos_need_no_note(folder):
    loaded = align.load_pair(folder / "real" / "a.mp4", folder / "made" / "a.mp4")
    assert loaded.notes == [SILENT] and loaded.sound is None
    assert loaded.real.shape == loaded.generated.shape == (30, 128, 128, 3)
    np.testing.assert_array_equal(loaded.real, loaded.generated)


def test_what_is_done_is_said(folder):
    loaded = align.load_pair(folder / "real" / "b.mp4", folder / "made" / "b.mp4")
    assert loaded.notes == [
        "generated: 50 frames/s taken at 25",
        "generated: resized from 96x96 to 128x128",
        "real: cut from 30 to 20 frames, the length of the other",
        SILENT,
    ]
    assert loaded.real.shape == loaded.generated.shape == (20, 128, 128, 3)
    small = align.load_pair(folder / "real" / "a.mp4", folder / "made" / "a.mp4", size=64)
    assert small.real.shape == (30, 64, 64, 3) and len(small.notes) == 3


@pytest.mark.parametrize("lag", [0, 3, -4])
def test_the_lag_is_found(lag):
    real, generated = walking(), walking(first=-lag)
    assert align.best_lag(real, generated, 6) == lag
    assert align.best_lag(real[:7], real[:7], 6) == 0


def test_alignment_only_where_asked(folder):
    real, late = folder / "real" / "a.mp4", folder / "late.mp4"
    aligned = align.load_pair(real, late, align=5)
    assert aligned.notes[0] == "generated: taken 3 frames later, where it fits best"
    assert len(aligned.real) == 27
    error = [np.abs(p.real.astype(int) - p.generated).mean() for p in (aligned, align.load_pair(real, late))]
    assert error[0] < 0.2 * error[1]


def test_too_short_and_too_large_are_refused(folder, tmp_path, monkeypatch):
    write_mp4(tmp_path / "short.mp4", walking(3), None)
    with pytest.raises(UserError, match="3 frames in common"):
        align.load_pair(folder / "real" / "a.mp4", tmp_path / "short.mp4")
    monkeypatch.setattr(align, "MEMORY", 128 * 128 * 3 * 10)
    with pytest.raises(UserError, match="--size 256"):
        align.load_pair(folder / "real" / "a.mp4", folder / "made" / "a.mp4")


def test_folders_match_by_name(folder, tmp_path):
    both, alone = pair.match(folder / "real", folder / "made")
    assert [stem for stem, _, _ in both] == ["a", "b"]
    assert [name.rpartition("/")[2] for name in alone] == ["c.mp4", "d.mp4"]
    with pytest.raises(UserError, match="no video name in common"):
        pair.match(folder / "real", tmp_path)
    with pytest.raises(UserError, match="no such folder"):
        pair.match(folder / "real", tmp_path / "none")
    for name in ("a.mp4", "a.mkv"):
        (tmp_path / name).touch()
    with pytest.raises(UserError, match="share a name"):
        pair.match(folder / "real", tmp_path)


def run(*arguments: object):
    return CliRunner().invoke(app, ["measure", *map(str, arguments)])


def test_command_prints_every_metric_as_json(folder):
    result = run(folder / "real" / "a.mp4", folder / "made" / "a.mp4", "--json")
    assert result.exit_code == 0, result.output
    rows = {(r["metric"], r["protocol"]): r for r in json.loads(result.stdout)["rows"]}
    for key in [("psnr", "atvg-v1"), ("psnr", "full-v1")]:
        assert rows[key]["value"] == 100 and rows[key]["unit"] == "dB" and rows[key]["n_frames"] == 30
    for key in [
        ("lmd", "atvg-v1-dlib"),
        ("lmd", "full-v1-mediapipe"),
        ("f-lmd", "eat-v1-dlib"),
        ("lvd-face", "full-v1-dlib"),
    ]:
        assert rows[key]["value"] == 0
    for key in [("ssim", "atvg-fixed-v1"), ("hs", "pooled-20-linear"), ("hs", "joint-10-linear")]:
        assert rows[key]["value"] == pytest.approx(1)
    assert rows["pose-spectrum", "welch-64-v1"]["value"] is None  # 30 frames have no spectrum
    assert all("not defined" not in r["definition"] for r in rows.values())


def test_command_with_folders_writes_the_same_columns(folder, tmp_path):
    out = tmp_path / "metrics.parquet"
    result = run(
        folder / "real", "--against", folder / "made", "--metric", "psnr", "--metric", "ssim", "--out", out
    )
    assert result.exit_code == 0, result.output
    table = pd.read_parquet(out)
    assert tuple(table.columns) == COLUMNS
    assert set(table["clip"]) == {"a__own", "b__own"} and set(table["method"]) == {"made"}
    assert len(table) == 12
    assert result.output.count("not measured, no match") == 2
    assert "resized from 96x96" in result.output


def test_a_protocol_or_family_is_chosen(folder):
    result = run(
        folder / "real" / "a.mp4",
        folder / "made" / "a.mp4",
        "--metric",
        "psnr",
        "--protocol",
        "atvg-v1",
        "--json",
    )
    assert [r["protocol"] for r in json.loads(result.stdout)["rows"]] == ["atvg-v1"]
    rows = [{"protocol": name} for name in ("atvg-v1-dlib", "atvg-v1-mean-dlib", "full-v1")]
    assert pair.of_protocols(rows, ["atvg-v1"]) == rows[:2]
    assert pair.of_protocols(rows, []) == rows


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["real/a.mp4"], "not both and not neither"),
        (["real/a.mp4", "real/none.mp4"], "no such file"),
        (["real/a.mp4", "made/a.mp4", "--metric", "fid"], "needs many videos; give folders by --against"),
        (["real", "--against", "made", "--against", "other/made"], "two folders are called made"),
        (["real/a.mp4", "made/a.mp4", "--metric", "blink"], "no value of blink: the videos are too short"),
        (["real/a.mp4", "made/a.mp4", "--metric", "lse"], "give `--weights syncnet_weights=FILE`"),
        (["real/a.mp4", "made/a.mp4", "--weights", "syncnet=none"], "a file that is there"),
        (
            ["real/a.mp4", "made/a.mp4", "--metric", "psnr", "--protocol", "v9"],
            "none of these metrics has `v9`",
        ),
    ],
)
def test_errors_are_one_sentence(folder, arguments, message):
    result = run(*[folder / a if "/" in a else a for a in arguments])
    assert isinstance(result.exception, UserError)
    assert message in str(result.exception) and "\n" not in str(result.exception)


def test_what_has_no_value_is_named_with_its_reason(folder):
    """Thirty frames without sound: nothing is left out silently."""
    result = run(folder / "real" / "a.mp4", folder / "made" / "a.mp4", "--json")
    report = json.loads(result.stdout)
    assert report["not_attempted"]["beat"] == "no value: the videos have no sound"
    assert "too short" in report["not_attempted"]["blink"]
    assert "weights missing" in report["not_attempted"]["lpips"]
    told = set(pair.wanted_config([]).names) | set(pair.EXTRA)
    shown = {
        name for name in told for r in report["rows"] if r["metric"].startswith(pair.ROWS.get(name, name))
    }
    assert shown | set(report["not_attempted"]) == told and not shown & set(report["not_attempted"])
    both = [folder / "real" / "a.mp4", folder / "made" / "a.mp4", "--metric", "psnr", "--metric", "blink"]
    assert "blink: no value: the videos are too short" in run(*both).output


def test_fid_of_folders(folder, tmp_path):
    """All frames of all pairs together, as the distance of their features has it."""
    torch.manual_seed(0)
    network = Inception().eval()
    torch.save(
        network.state_dict() | {"fc.weight": torch.zeros(1), "fc.bias": torch.zeros(1)}, tmp_path / "i.pth"
    )
    given = [
        "--metric",
        "fid",
        "--metric",
        "psnr",
        "--weights",
        f"fid_weights={tmp_path / 'i.pth'}",
        "--json",
    ]
    result = run(folder / "real", "--against", folder / "made", *given)
    assert result.exit_code == 0, result.output
    (row,) = [r for r in json.loads(result.stdout)["rows"] if r["metric"] == "fid"]
    pairs = [
        align.load_pair(folder / "real" / f"{n}.mp4", folder / "made" / f"{n}.mp4", 0, None) for n in "ab"
    ]
    every = pair.wanted_config([]).network_every
    sides = [
        fid.describe(network, np.concatenate([getattr(p, side)[::every] for p in pairs]), 8)
        for side in ("generated", "real")
    ]
    assert row["value"] == pytest.approx(fid.frechet(*sides), rel=1e-3, abs=1e-6)
    assert (row["method"], row["clip"], row["n_frames"]) == ("made", "all__own", len(sides[0]))
    without = run(
        folder / "real", "--against", folder / "made", "--metric", "psnr", "--metric", "fid", "--json"
    )
    assert "fid_weights" in str(without.exception)


def test_one_bad_file_of_a_folder_is_named_and_the_rest_measured(folder, tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.mp4").write_bytes((folder / "real" / "a.mp4").read_bytes())
    (tmp_path / "b.mp4").write_bytes(b"nothing")
    result = run(folder / "real", "--against", tmp_path, "--metric", "psnr", "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert {row["clip"] for row in report["rows"]} == {"a__own"}
    assert len(report["failed"]) == 1 and "b.mp4" in report["failed"][0]


def test_real_clips(clips_dir):
    """Two sentences of one corpus: another person's face is far, and the command says so in its table."""
    result = run(
        clips_dir / "grid_bbaf2n.mpg",
        clips_dir / "grid_brbk7n.mpg",
        "--metric",
        "lmd",
        "--metric",
        "hs",
        "--json",
    )
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    value = {(r["metric"], r["protocol"]): r["value"] for r in report["rows"]}
    assert value["lmd", "atvg-v1-dlib"] == pytest.approx(20 * value["lmd", "atvg-v1-mean-dlib"])
    assert 0 < value["hs", "pooled-20-linear"] < value["hs", "fixed-90-linear"] < 1
    assert report["notes"] and report["unmatched"] == []


def test_what_needs_no_sound_and_no_weights_is_measured_too():
    frames = np.random.default_rng(0).integers(0, 256, (12, 64, 64, 3), dtype=np.uint8)
    both = align.Pair(frames, frames[::-1])
    config = pair.wanted_config(["cpbd", "csim", "beat"])
    rows = pair.measure_pair(both, config, method="m", corpus="c", clip="x")
    value = {row["metric"]: row["value"] for row in rows}
    assert set(value) == {"cpbd", "csim"}
    assert 0 <= value["cpbd"] <= 1 and np.isnan(value["csim"]), "noise has edges, and no face"


def test_the_generated_videos_own_sound_is_measured(clips_dir):
    clip = clips_dir / "grid_bbaf2n.mpg"
    names = ["--metric", "beat", "--metric", "audio-pose", "--json"]
    result = run(clip, clip, *names)
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    value = {(row["metric"], row["protocol"]): row["value"] for row in report["rows"]}
    whole = decode(clip)
    points = make_scorer("mediapipe").detect(whole.frames).points
    poses = pair.poses_of(points, load_face_model("cc0", None))
    expected, _ = beat.compute(whole.audio, poses)
    assert value["beat", "bas-v1"] == pytest.approx(expected) and 0 < expected <= 1
    assert {p.split("-")[2] for m, p in value if m == "audio-pose"} == {"window", "frame"}


def test_a_silent_video_is_measured_with_the_real_ones_sound(clips_dir, tmp_path):
    whole = decode(clips_dir / "grid_bbaf2n.mpg")
    write_mp4(tmp_path / "late.mp4", whole.frames[4:], None)
    write_mp4(tmp_path / "loud.mp4", whole.frames[4:], whole.audio[4 * 640 :])
    silent = align.load_pair(clips_dir / "grid_bbaf2n.mpg", tmp_path / "late.mp4", align=6)
    assert any("the real video's is taken" in note for note in silent.notes)
    np.testing.assert_array_equal(silent.sound, whole.audio[4 * 640 :])
    own = align.load_pair(clips_dir / "grid_bbaf2n.mpg", tmp_path / "loud.mp4")
    assert len(own.sound) == 640 * len(own.generated)
    assert np.corrcoef(own.sound, whole.audio[4 * 640 :])[0, 1] > 0.9
