"""Training a baseline on a run's general corpus: settings, receipt, curves, and going on after a kill."""

import pytest
from made_world import SIDE, baseline, make_run, manifest, method

from talkpose.errors import UserError
from talkpose.files import read_json, sha256
from talkpose.methods.baseline_steps import fit, fit_baseline, general_clips
from talkpose.methods.check.new import new_baseline
from talkpose.methods.discovery import get_baseline
from talkpose.methods.generate_step import generate_shard
from talkpose.methods.receipts import weights_beside
from talkpose.methods.runners import build, general_receipt

SETTINGS = {"baseline_settings": {"made": {"steps": 5, "batch": 4}}}


@pytest.fixture
def layout(tmp_path):
    new_baseline("made", "in-process", tmp_path / "b")
    return make_run(tmp_path / "run", tmp_path / "b", ["made"], **SETTINGS)


def test_it_is_trained_then_generates(layout):
    fit(layout, "made")
    receipt = read_json(general_receipt(layout, "made"))
    weights = weights_beside(general_receipt(layout, "made"))
    assert receipt["sha256"] == sha256(weights) and receipt["settings"]["steps"] == 5
    assert receipt["clips"] == 2 and receipt["parameters"] == 28 * 12 + 1
    assert read_json(weights.with_suffix(".json"))["curves"][-1]["step"] == 5
    assert not list(weights.parent.glob("*.checkpoint")), "it is done with"
    generate_shard(layout, "made", "people", "0000")
    made = read_json(layout.videos_shard("made", "people", "0000"))
    assert made["state"] == "done" and made["items"][0]["n_frames"] == 15
    first = sha256(layout.video("made", "ann__own") / "frames.mkv")
    generate_shard(layout, "made", "people", "0000")
    assert sha256(layout.video("made", "ann__own") / "frames.mkv") == first


def test_a_killed_training_goes_on_to_the_same_bytes(layout, tmp_path):
    config = layout.load_config()
    found, clips = get_baseline("made", config), general_clips(layout, config)
    pace = {"log_every": 1, "checkpoint_every": 1}

    def stop(phase, done, total):
        if done == 3:
            raise KeyboardInterrupt

    heard = []
    with pytest.raises(KeyboardInterrupt):
        fit_baseline(found, config, clips, tmp_path / "cut" / "general.json", stop, pace)
    fit_baseline(
        found, config, clips, tmp_path / "cut" / "general.json", lambda *at: heard.append(at[1]), pace
    )
    fit_baseline(found, config, clips, tmp_path / "whole" / "general.json", None, pace)
    assert heard == [4, 5]
    one, two = (weights_beside(tmp_path / name / "general.json") for name in ("cut", "whole"))
    assert one.read_bytes() == two.read_bytes()


def test_the_clips_tell_their_words(layout):
    clips = general_clips(layout, layout.load_config())
    assert [clip.word for clip in clips] == ["w1", "w2"]
    assert clips[0].footage.frames.shape == (20, SIDE, SIDE, 3)


def test_settings_are_the_scales_then_the_runs_and_wrong_ones_are_named(tmp_path):
    new_baseline("made", "in-process", tmp_path / "b")

    def steps(**more):
        config = make_run(tmp_path / "run", tmp_path / "b", ["made"], **more).load_config()
        return build(get_baseline("made", config), config).settings.steps

    assert steps() == 200 and steps(scale="paper", clips={"size": SIDE}) == 5000
    assert steps(**SETTINGS) == 5
    with pytest.raises(UserError, match=r"baseline_settings\.made\.stepz.*it takes steps, batch, lr"):
        steps(baseline_settings={"made": {"stepz": 5}})


def test_a_class_and_its_manifest_must_agree_on_training(tmp_path):
    baseline(tmp_path / "b", "made", {"method.py": method()}, run={"kind": "in_process"})
    config = make_run(tmp_path / "run", tmp_path / "b", ["made"]).load_config()
    with pytest.raises(UserError, match="`run.trained` is true, but `Method` is no Retrained"):
        build(get_baseline("made", config), config)
    assert manifest("made")["run"]["trained"] is False


def test_a_failing_training_stops_loudly(tmp_path):
    folder = baseline(tmp_path / "b", "made", run={"kind": "in_process"})
    (folder / "method.py").write_text(
        "from talkpose.methods.retrained import Retrained\n"
        "class Method(Retrained):\n"
        "    def fit(self, clips, session): raise ZeroDivisionError\n"
        "    def generate(self, target, audio, is_own): ...\n"
    )
    layout = make_run(tmp_path / "run", tmp_path / "b", ["made"])
    with pytest.raises(ZeroDivisionError):
        fit(layout, "made")
    assert not general_receipt(layout, "made").exists()
