"""Training of stage 2 learns, resumes to the same bytes, and refuses what does not fit."""

import json
from functools import cache

import numpy as np
import pytest
import torch
from refine_made import FEATURE, made_clip, tiny, unit
from safetensors.torch import load_file

from talkpose.errors import UserError
from talkpose.files import sha256
from talkpose.refine.finetune import finetune
from talkpose.refine.predict import refine_frames
from talkpose.refine.refiner import build_refiner, load_refiner, save_refiner
from talkpose.refine.train import train_general


class Stop(Exception):
    pass


class Steps:
    """A progress callback that records the steps, and raises at one of them."""

    def __init__(self, stop=None):
        self.stop, self.done = stop, []

    def __call__(self, step, steps):
        self.done.append(step)
        if step == self.stop:
            raise Stop


@cache
def clips():
    return [made_clip("a", 1), made_clip("b", 2)]


@cache
def person():
    return [made_clip("p", 3, frames=10)]


def train(folder, config, samples=None, seed=0, progress=None, general=None, **more):
    folder.mkdir(exist_ok=True)
    out, checkpoint = folder / "out.safetensors", folder / "out.ckpt"
    rest = (config, seed, "cpu", "32-true", out, checkpoint, progress)
    if general is None:
        train_general(samples or clips(), *rest, **more)
    else:
        finetune(samples or person(), general, *rest, **more)
    assert not checkpoint.exists()
    return out


def curves(out):
    return json.loads(out.with_suffix(".json").read_text())["curves"]


def same(a, b):
    return all(
        x.read_bytes() == y.read_bytes()
        for x, y in [(a, b), (a.with_suffix(".json"), b.with_suffix(".json"))]
    )


@pytest.fixture(scope="module")
def general(tmp_path_factory):
    return train(tmp_path_factory.mktemp("refine") / "general", tiny())


def test_a_training_gives_the_same_bytes_whatever_was_drawn_before(general, tmp_path):
    torch.manual_seed(123)
    torch.rand(7)
    assert same(train(tmp_path / "again", tiny()), general)
    assert not same(train(tmp_path / "other", tiny(), seed=1), general)


@pytest.mark.parametrize("stop", [3, 4])
def test_interrupted_and_resumed_gives_the_same_bytes(general, tmp_path, stop):
    config = tiny(dropout=0.5)
    base = train(tmp_path / "base", config)
    assert not same(base, general)
    folder = tmp_path / "stopped"
    with pytest.raises(Stop):
        train(folder, config, progress=Steps(stop))
    assert (folder / "out.ckpt").is_file() and not (folder / "out.safetensors").exists()
    torch.manual_seed(99)
    resumed = Steps()
    assert same(train(folder, config, progress=resumed), base)
    last = stop // 2 * 2  # checkpoints come every 2 steps
    assert resumed.done == list(range(last + 1, 7))


def test_fine_tuning_resumes_to_the_same_bytes(general, tmp_path):
    base = train(tmp_path / "base", tiny(), general=general)
    with pytest.raises(Stop):
        train(tmp_path / "stopped", tiny(), general=general, progress=Steps(3))
    resumed = Steps()
    assert same(train(tmp_path / "stopped", tiny(), general=general, progress=resumed), base)
    assert resumed.done == [3, 4]


def test_the_checkpoint_of_another_training_is_not_resumed(general, tmp_path):
    folder = tmp_path / "here"
    brighter = [clips()[0], made_clip("b", 2, darker=0.7)]
    others = {
        "seed": {"config": tiny(), "seed": 5},
        "configuration": {"config": tiny(lambda_l1=99.0)},
        "data": {"config": tiny(), "samples": brighter},
        "facts": {"config": tiny(), "facts": {"identity": "another"}},
    }
    for name, other in others.items():
        with pytest.raises(Stop):
            train(folder, progress=Steps(3), **other)
        steps = Steps()
        assert same(train(folder, tiny(), progress=steps), general), name
        assert steps.done == list(range(1, 7)), name


@pytest.mark.parametrize("lambda_gan", [0.0, 0.1])
def test_a_few_dozen_steps_undo_a_darkening(tmp_path, lambda_gan):
    config = tiny(
        identity="none",
        levels=3,
        general_steps=60,
        general_lr=5e-3,
        lambda_gan=lambda_gan,
        attention_start=0.5,
        ema=0.0,
        batch=4,
        log_every=20,
        checkpoint_every=1000,
        flip=False,
    )
    samples = [made_clip("a", 1, frames=12, darker=0.6)]
    out = train(tmp_path / "toy", config, samples)
    rows = curves(out)
    assert [row["step"] for row in rows] == [0, 20, 40, 60]
    assert rows[-1]["l1"] < 0.5 * rows[1]["l1"]
    assert rows[-1]["psnr_refined"] > rows[-1]["psnr_rendered"] + 3
    refiner = load_refiner(out)
    refined = refine_frames(refiner.generator, refiner.memory, samples[0].rendered).frames
    real = samples[0].real.astype(float)
    before, after = (np.abs(x - real).mean() for x in (samples[0].rendered, refined))
    assert after < 0.5 * before


def test_curves_tell_how_the_training_went(general, tmp_path):
    rows = curves(general)
    assert [row["step"] for row in rows] == [0, 2, 4, 6]
    expected = {"l1", "attention", "tv", "gan", "total", "discriminator", "mean_attention", "memory"}
    for row in rows[1:]:
        assert expected <= set(row) and all(np.isfinite(list(row.values())))
        assert 0 < row["mean_attention"] < 1
        terms = sum(row[name] for name in ("l1", "attention", "tv", "gan"))
        assert row["total"] == pytest.approx(terms, rel=1e-4)
    error = [(c.rendered[-1:].astype(float) - c.real[-1:]) ** 2 for c in clips()]
    psnr = np.mean([10 * np.log10(255**2 / e.mean()) for e in error])
    assert all(row["psnr_rendered"] == pytest.approx(psnr, abs=1e-3) for row in rows)
    lone = curves(train(tmp_path / "lone", tiny(lambda_gan=0.0, identity="none", validation_frames=0)))
    assert not {"gan", "discriminator", "memory", "psnr_refined"} & set(lone[-1])
    assert "mean_attention" in lone[-1]


def test_the_discriminator_learns_only_where_it_judges(tmp_path):
    for weight in (0.0, 1.0):
        config = tiny(identity="none", lambda_gan=weight, general_steps=2)
        got = load_refiner(train(tmp_path / str(weight), config)).discriminator.state_dict()
        start = build_refiner(config, FEATURE, 0).discriminator.state_dict()
        assert all(torch.equal(got[name], start[name]) for name in start) is (weight == 0)


def test_the_general_memory_holds_the_training_pairs(general):
    memory = load_refiner(general).memory
    facts = json.loads(general.with_suffix(".json").read_text())
    assert 0 < memory.filled == facts["memory_pairs"] <= 16
    known = np.concatenate([clip.identity for clip in clips()])
    held = memory.values[: memory.filled].numpy()
    assert np.allclose((held @ known.T).max(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(memory.keys[: memory.filled].norm(dim=1).numpy(), 1, atol=1e-5)


def test_fine_tuning_starts_from_the_general_weights(general, tmp_path):
    config = tiny(personal_steps=4, memory_every=1)
    out = train(tmp_path / "p", config, general=general, facts={"person": "p"})
    before, after = load_file(str(general)), load_file(str(out))
    assert before.keys() == after.keys()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    for part in ("generator.", "discriminator.", "memory.project", "memory.keys", "memory.mean"):
        assert any(name.startswith(part) for name in moved), part
    assert not any(name.startswith("memory.encoder") for name in moved), "frozen after general training"
    for name in before:
        if name.startswith("generator.") and before[name].is_floating_point():
            assert (before[name] - after[name]).abs().max() < 0.05, "near the start"
    facts = json.loads(out.with_suffix(".json").read_text())["facts"]
    assert facts["general"] == sha256(general) and facts["person"] == "p" and facts["stage"] == "personal"
    trained = person()[0].identity[2:8]  # whole windows, less two frames that are held out
    np.testing.assert_allclose(after["memory.mean"].numpy(), unit(trained.mean(0)), atol=1e-5)
    values = after["memory.values"][after["memory.ages"] >= 0].numpy()
    assert (values @ person()[0].identity.T).max() > 0.99, "the person is in the memory"


@pytest.mark.parametrize("identity", ["mean", "none"])
def test_ablations_leave_the_memory_alone(tmp_path, identity):
    config = tiny(identity=identity, general_steps=2, personal_steps=2)
    start = train(tmp_path / "general", config)
    out = train(tmp_path / "personal", config, general=start)
    refiner = load_refiner(out)
    assert refiner.memory.filled == 0
    refined = refine_frames(refiner.generator, refiner.memory, person()[0].rendered)
    assert refined.frames.shape == (10, 32, 32, 3)


def test_a_falling_learning_rate_moves_less(tmp_path):
    ends = []
    for decay in ("none", "linear"):
        config = tiny(identity="none", lr_decay=decay, general_steps=8, general_lr=1e-3, ema=0.0)
        ends.append(load_file(str(train(tmp_path / decay, config)))["generator.heads.bias"])
    start = build_refiner(config, FEATURE, 0).generator.heads.bias.detach()
    assert (ends[1] - start).abs().sum() < 0.9 * (ends[0] - start).abs().sum()


def test_a_running_average_lags_behind_the_weights(tmp_path):
    moved = []
    for ema in (0.0, 0.9):
        config = tiny(
            identity="none", general_steps=12, ema=ema, lr_decay="none", log_every=12, checkpoint_every=99
        )
        start = build_refiner(config, FEATURE, 0).generator.state_dict()
        end = load_refiner(train(tmp_path / str(ema), config)).generator.state_dict()
        moved.append(sum(float((end[name] - start[name]).abs().sum()) for name in start))
    assert 0.5 * moved[0] < moved[1] < 0.95 * moved[0]


def test_what_is_saved_is_loaded(tmp_path):
    refiner = build_refiner(tiny(), FEATURE, 0)
    torch.rand(3)
    again = build_refiner(tiny(), FEATURE, 0)
    save_refiner(tmp_path / "a.safetensors", refiner)
    loaded = load_refiner(tmp_path / "a.safetensors")
    for name, network in refiner.networks.items():
        for key, tensor in network.state_dict().items():
            assert torch.equal(tensor, again.networks[name].state_dict()[key]), key
            assert torch.equal(tensor, loaded.networks[name].state_dict()[key]), key
    assert loaded.facts == refiner.facts and loaded.generator.config == tiny()
    assert not any(network.training for network in loaded.networks.values())


def test_weights_of_other_sizes_are_refused(general, tmp_path):
    for change, part in (
        ({"generator_width": 8}, "generator"),
        ({"discriminator_width": 8}, "discriminator"),
        ({"memory_size": 8}, "memory"),
    ):
        with pytest.raises(UserError, match=f"{part} has other sizes"):
            train(tmp_path / "p", tiny(**change), general=general)


def test_missing_and_foreign_weights_are_refused(tmp_path):
    from safetensors.torch import save_file

    with pytest.raises(UserError, match="train it first"):
        train(tmp_path / "p", tiny(), general=tmp_path / "nowhere.safetensors")
    save_file({"x": torch.zeros(1)}, str(tmp_path / "x.safetensors"))
    with pytest.raises(UserError, match="not a second stage"):
        load_refiner(tmp_path / "x.safetensors")


def test_no_clips_no_training(tmp_path):
    with pytest.raises(UserError, match="no clip"):
        train_general([], tiny(), 0, "cpu", "32-true", tmp_path / "o.safetensors", tmp_path / "c")
