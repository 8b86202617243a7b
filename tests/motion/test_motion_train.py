"""Training learns, and resumes to the same bytes."""

import json

import numpy as np
import pytest

from talkpose.config import MotionConfig
from talkpose.errors import UserError
from talkpose.motion.predict import predict
from talkpose.motion.train import finetune, train_general, watch_correlation
from talkpose.motion.weights import load_network


class Stop(Exception):
    pass


def stop_at(step):
    def progress(done, _total):
        if done == step:
            raise Stop

    return progress


def general(clips, config, folder, progress=None, seed=1, watch=()):
    folder.mkdir(exist_ok=True)
    out = folder / "general.safetensors"
    train_general(clips, config, seed, "cpu", "32-true", out, folder / "general.ck", progress, watch)
    return out


@pytest.fixture(autouse=True)
def one_thread():
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize(
    "change",
    [{}, {"normalisation": "batch", "convolution": "window", "average": 0.0, "standardise": False}],
    ids=["small", "like-paper"],
)
def test_resumed_training_gives_the_same_bytes(clips, small, tmp_path, change):
    config = small.model_copy(update=change)
    whole = general(clips, config, tmp_path / "whole", watch=clips[:1])
    cut = tmp_path / "cut"
    for step in (7, 11):  # after the checkpoints at 5 and 10
        with pytest.raises(Stop):
            general(clips, config, cut, stop_at(step), watch=clips[:1])
        assert (cut / "general.ck").is_file() and not (cut / "general.safetensors").exists()
    steps = []
    resumed = general(clips, config, cut, lambda step, _: steps.append(step), watch=clips[:1])
    assert steps == [11, 12]
    assert resumed.read_bytes() == whole.read_bytes()
    assert resumed.with_suffix(".json").read_bytes() == whole.with_suffix(".json").read_bytes()
    assert sorted(path.name for path in cut.iterdir()) == ["general.json", "general.safetensors"]

    outs = []
    for name, stop in (("whole", None), ("cut", 5)):
        out, checkpoint = tmp_path / f"{name}.safetensors", tmp_path / f"{name}.ck"
        arguments = (clips[0], whole, config, 2, "cpu", "32-true", out, checkpoint)
        if stop:
            with pytest.raises(Stop):
                finetune(*arguments, stop_at(stop))
        finetune(*arguments)
        outs.append(out.read_bytes())
    assert outs[0] == outs[1] != whole.read_bytes()


def test_a_checkpoint_of_another_training_is_not_resumed(clips, small, tmp_path, caplog):
    whole = general(clips[:1], small, tmp_path / "whole")
    with pytest.raises(Stop):
        general(clips[1:2], small, tmp_path / "cut", stop_at(7))
    assert general(clips[:1], small, tmp_path / "cut").read_bytes() == whole.read_bytes()
    assert "another training" in caplog.text


def test_it_learns_what_the_sound_says(clips, make_clip, small, tmp_path):
    config = small.model_copy(
        update={"general_steps": 150, "general_lr": 5e-3, "dropout": 0.1, "batch": 8, "members": 1}
    )
    unheard = make_clip("unheard", 50)
    out = general(clips, config, tmp_path, watch=[unheard])
    network = load_network(out)
    assert watch_correlation(network, unheard) > 0.8
    curves = json.loads(out.with_suffix(".json").read_text())["curves"]
    assert curves[-1]["watch_correlation"] == pytest.approx(watch_correlation(network, unheard), abs=1e-6)
    assert [row["step"] for row in curves][:3] == [4, 8, 12]
    assert curves[-1]["total"] < 0.7 * curves[0]["total"]
    parts = sum(curves[0][name] for name in ("expression", "pose", "pose_smooth", "expression_smooth"))
    assert parts == pytest.approx(curves[0]["total"], rel=1e-5)


def test_a_person_gets_its_own_mean(clips, small, tmp_path):
    out = general(clips, small, tmp_path)
    person = finetune(
        clips[2], out, small, 1, "cpu", "32-true", tmp_path / "p.safetensors", tmp_path / "p.ck"
    )
    np.testing.assert_allclose(person.output_mean[:64], clips[2].expression.mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(person.output_mean[64:], clips[2].pose.mean(axis=0), atol=1e-4)
    stored = load_network(tmp_path / "p.safetensors")
    for a, b in zip(predict(stored, clips[2].audio), predict(person, clips[2].audio), strict=True):
        np.testing.assert_array_equal(a, b)


def test_weights_of_other_sizes_are_refused(clips, small, tmp_path):
    out = general(clips, small, tmp_path)
    with pytest.raises(UserError, match="has shape .* `motion` asks for"):
        finetune(
            clips[0], out, MotionConfig(), 1, "cpu", "32-true", tmp_path / "p.safetensors", tmp_path / "p.ck"
        )
    with pytest.raises(UserError, match="no trained first stage"):
        load_network(tmp_path / "absent.safetensors")
    (tmp_path / "bad.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(UserError, match="not a safetensors file"):
        load_network(tmp_path / "bad.safetensors")
