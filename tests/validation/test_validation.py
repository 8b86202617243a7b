"""Tracks against known truth: a perfect track has no error, a turned one the turn, and bounds are judged."""

import numpy as np
import pandas as pd
import pytest

from talkpose.clips.crop import CropWindow
from talkpose.clips.listing import write_list
from talkpose.clips.readers import ClipSource
from talkpose.clips.store import write_lossless, write_wav
from talkpose.config import parse_config
from talkpose.errors import UserError
from talkpose.face.coefficients import POSE
from talkpose.face.model import load_face_model
from talkpose.face.track import Track, fitted_landmarks, save_track
from talkpose.face.truth import Spans, Truth, truth_path, write_truth
from talkpose.files import read_json, write_json, write_npz, write_parquet
from talkpose.layout import RunLayout
from talkpose.validation.compare import compare
from talkpose.validation.step import validate_run

SIZE, COUNT = 128, 120
WHOLE = CropWindow(x0=0, y0=0, side=SIZE, size=SIZE)
NOTHING = Spans(np.zeros(0, "U1"), np.zeros(0), np.zeros(0))


@pytest.fixture(scope="module")
def model():
    return load_face_model("cc0")


def made_truth(model, seed=0):
    rng = np.random.default_rng(seed)
    chi = np.zeros((COUNT, 257), np.float32)
    chi[:, :80] = rng.normal(0, 0.5, 80)
    jaw = np.abs(np.sin(np.arange(COUNT) / 3 + seed))
    chi[:, 80:144] = jaw[:, None] * model.unit_to_expression[model.units.index("jawOpen")]
    steps = rng.normal(0, 0.02, (COUNT, 3))
    chi[:, POSE][:, :3] = np.cumsum(steps, 0) - np.cumsum(steps, 0).mean(0)
    chi[:, 253:256] = 0
    points = fitted_landmarks(chi, model, SIZE).astype(np.float32)
    return Truth(chi, np.zeros((COUNT, 68, 2), np.float32), points, SIZE, NOTHING, NOTHING)


def track_of(truth, turn=(0.0, 0.0, 0.0), shift=0.0):
    chi = truth.coefficients.copy()
    chi[:, POSE.start : POSE.start + 3] += np.radians(turn)
    points = truth.points468 + np.float32(shift)
    return Track(chi, points, np.zeros(COUNT, np.float32), np.ones(COUNT, bool))


def test_a_perfect_track_has_no_error(model):
    truth = made_truth(model)
    errors = compare(track_of(truth), truth, WHOLE, slice(0, COUNT), model)
    assert np.abs(errors.pose).max() < 1e-3 and errors.rotation.max() < 0.05
    assert errors.landmarks.max() < 1e-6
    assert errors.mouth == pytest.approx(1, abs=1e-6)


def test_a_turn_and_a_shift_are_measured_as_they_are(model):
    truth = made_truth(model)
    errors = compare(track_of(truth, (0, 0, 2), 1.0), truth, WHOLE, slice(0, COUNT), model)
    assert np.allclose(errors.pose, [0, 0, 2], atol=1e-3)
    assert np.allclose(errors.rotation, 2, atol=0.02), "roll turns about the axis of the view"
    eyes = np.linalg.norm(truth.points468[:, 33] - truth.points468[:, 263], axis=1)
    assert np.allclose(errors.landmarks, np.sqrt(2) / eyes, rtol=1e-4)


def test_frames_that_were_cut_are_cut_from_the_truth(model):
    truth = made_truth(model)
    track = Track(*(np.asarray(part)[20:] for part in track_of(truth)))
    errors = compare(track, truth, WHOLE, slice(20, COUNT), model)
    assert np.abs(errors.pose).max() < 1e-3


def made_run(root, model, turn):
    layout = RunLayout(root / "r")
    corpora = {"people": {"role": "persons", "path": str(root), "shard_size": 2}}
    config = parse_config({"run": "r", "corpora": corpora, "train_seconds": 2})
    write_json(layout.config_file, config.model_dump(mode="json"))
    sources = [ClipSource(name, root / f"{name}.mp4") for name in ("ann", "bob")]
    write_list(layout.clip_list("people"), {"0000": sources})
    write_parquet(layout.clips_index("people"), pd.DataFrame({"clip": ["ann", "bob"]}))
    rng = np.random.default_rng(1)
    for seed, source in enumerate(sources):
        truth = made_truth(model, seed)
        write_truth(truth_path(source.path), truth)
        folder = layout.clip_folder("people", source.clip)
        window = {f"crop_{k}": v for k, v in WHOLE.as_dict().items()}
        row = {"n_frames": COUNT, "sync_applied": False, "sync_offset": 0}
        write_json(folder / "clip.json", row | window)
        write_wav(folder / "audio.wav", rng.normal(0, 0.1, COUNT * 640).astype(np.float32))
        save_track(layout.track("people", source.clip), track_of(truth, turn))
    return layout


def test_a_run_is_judged_by_the_bounds(model, tmp_path):
    good, bad = (
        made_run(tmp_path / name, model, turn) for name, turn in (("a", (0, 0, 0)), ("b", (2, 0, 0)))
    )
    validate_run(good)
    lines = {line["quantity"]: line for line in read_json(good.validation)["bounds"]}
    assert len(lines) == 13 and all(line["passed"] for line in lines.values())
    validate_run(bad)
    lines = {line["quantity"]: line for line in read_json(bad.validation)["bounds"]}
    assert not lines["pitch-median"]["passed"] and lines["pitch-median"]["found"] == pytest.approx(
        2, abs=0.01
    )
    assert lines["pitch-p95"]["passed"], "2 degrees are below the bound of 3"
    assert lines["hs"]["found"] < 0.02 or not lines["hs"]["passed"]


def test_a_run_without_truth_has_no_bounds(model, tmp_path):
    layout = made_run(tmp_path, model, (0, 0, 0))
    for path in tmp_path.glob("*.truth.npz"):
        path.unlink()
    validate_run(layout)
    assert read_json(layout.validation) == {"landmarks": "mediapipe", "bounds": [], "clips": []}


def test_what_a_detector_mended_is_judged_beside_it(model, tmp_path):
    """Points a pixel off in both directions, mended to be perfect: the bounds see both."""
    layout = made_run(tmp_path, model, (0, 0, 0))
    config = layout.load_config().model_dump(mode="json")
    write_json(layout.config_file, config | {"face": {"landmarks": "dense"}, "synthetic": {}})
    with pytest.raises(UserError, match="no landmarks"):
        validate_run(layout)
    frames = np.random.default_rng(0).integers(0, 256, (COUNT, SIZE, SIZE, 3)).astype(np.uint8)
    eyes = []
    for seed, clip in enumerate(("ann", "bob")):
        points = made_truth(model, seed).points468
        eyes.append(np.linalg.norm(points[:, 33] - points[:, 263], axis=1))
        folder = layout.clip_folder("people", clip)
        whole = np.nan_to_num(points)  # a detector finds all
        write_npz(
            folder / "landmarks.npz", points=whole, n_faces=np.ones(COUNT, np.int32), unmended=whole + 1
        )
        write_lossless(folder / "frames.mkv", frames)
    validate_run(layout)
    lines = {line["quantity"]: line for line in read_json(layout.validation)["bounds"]}
    assert lines["landmarks"]["found"] < 1e-6
    assert lines["landmarks"]["unmended"] == pytest.approx(
        np.mean(np.sqrt(2) / np.concatenate(eyes)), rel=1e-3
    )
    assert lines["mouth"]["unmended"] > 0.99 and lines["pitch-median"]["unmended"] > 0.01
