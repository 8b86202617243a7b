import sys

import numpy as np
import pytest
import torch
from made_stills import Stop, check_hears, clips, method, session, stop_at

from talkpose.errors import UserError
from talkpose.methods.discovery import get_baseline, import_method

SMALL = {
    "lips": 24, "length": 3, "mels": 20, "width": 6, "blocks": 2, "audio_width": 4, "dropout": 0.1, "mask": 0,
    "judge_width": 4, "judge_embedding": 8, "lips_steps": 80, "lips_batch": 32, "correlation_steps": 4,
    "autoencoder_steps": 4, "lesson_batch": 4, "batch": 4, "steps": 120,
}  # fmt: skip
FEW = {"lips_steps": 2, "correlation_steps": 2, "autoencoder_steps": 2, "steps": 8, "batch": 2}


@pytest.fixture(scope="module")
def motion():
    import_method(get_baseline("chen2018"))
    return sys.modules["talkpose_baselines.chen2018.motion"]


@pytest.fixture(scope="module")
def network():
    import_method(get_baseline("chen2018"))
    return sys.modules["talkpose_baselines.chen2018.network"]


def train(path, **settings):
    built = method("chen2018", **{**SMALL, **settings})
    built.fit(clips(), session(path))
    return built


def test_mouth_follows_sound(tmp_path):
    train(tmp_path / "checkpoint").save(tmp_path / "weights.safetensors")
    loaded = method("chen2018", seed=8, **SMALL)
    loaded.load(tmp_path / "weights.safetensors")
    assert check_hears(loaded) > 0.5


def test_a_stopped_training_ends_in_the_same_bytes(tmp_path):
    def end(run: str, **more) -> bytes:
        built = method("chen2018", **{**SMALL, **FEW})
        built.fit(clips(2), session(tmp_path / f"{run} checkpoint", **more))
        built.save(tmp_path / run)
        return (tmp_path / run).read_bytes()

    whole = end("whole")
    with pytest.raises(Stop):
        end("stopped", checkpoint_every=2, progress=stop_at("generator", 5))
    assert (tmp_path / "stopped checkpoint").is_file()
    assert end("stopped", checkpoint_every=2) == whole


def test_flow_of_a_moving_picture(motion):
    y, x = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")

    def wave(dx: float, dy: float) -> torch.Tensor:
        return torch.sin((x - dx) / 3) * torch.cos((y - dy) / 4)

    frames = torch.stack([wave(0, 0), wave(0.4, -0.3)])[None, :, None].expand(-1, -1, 3, -1, -1)
    found = motion.flow(frames, ridge=1e-6)[0, 0, :, 6:-6, 6:-6]
    assert found.shape == (2, 20, 20)
    assert found.mean((1, 2)).tolist() == pytest.approx([0.4, -0.3], abs=0.05)
    assert motion.flow(torch.full((1, 2, 3, 8, 8), 0.3)).abs().max() == 0  # nothing moves where nothing shows


def test_flow_passes_gradients(motion):
    frames = torch.rand(1, 3, 3, 12, 12, requires_grad=True)
    motion.flow(frames).square().mean().backward()
    assert torch.isfinite(frames.grad).all()
    assert frames.grad.abs().max() > 0


def test_losses(motion):
    assert motion.correlation_lesson(torch.ones(4), torch.full((4,), -0.5)) == pytest.approx(0)
    assert motion.correlation_lesson(torch.zeros(2), torch.full((2,), 0.25)) == pytest.approx(1.25)
    zero = torch.zeros(3)
    assert motion.judge(zero, zero, zero) == pytest.approx(2 * np.log(2), rel=1e-6)
    levels = (torch.ones(2, 2), torch.zeros(3)), (torch.zeros(2, 2), torch.zeros(3))
    assert motion.perceptual(*levels) == pytest.approx(0.5)


def test_log_mel_follows_its_frame(motion):
    audio = np.zeros(640 * 20, np.float32)
    audio[640 * 10 : 640 * 11] = np.random.default_rng(0).normal(size=640)
    windows = motion.log_mel(audio, 24)
    assert windows.shape == (20, 28, 24)
    own = motion.spectra(torch.from_numpy(windows)[None])[0].mean(1)
    assert own.argmax() == 10
    with pytest.raises(UserError, match="at least 640 samples"):
        motion.log_mel(audio[:100], 24)


def test_long_sounds_are_drawn_in_parts(motion):
    built = method("chen2018", **SMALL)
    built.generator.eval()
    heard, still = torch.randn(1, 70, 8), torch.rand(1, 3, 24, 24)
    with torch.no_grad():
        whole = built.generator.draw(heard, still)[0]
        parts = [
            built.generator.draw(heard[:, :65], still)[0, :64],
            built.generator.draw(heard[:, 63:], still)[0, 1:],
        ]
    assert torch.allclose(whole, torch.cat(parts), atol=1e-5)


def test_networks_of_judges(network):
    frames = torch.rand(2, 4, 3, 24, 24)
    flow, spectra = torch.rand(2, 3, 2, 24, 24), torch.rand(2, 4, 20)
    assert network.Discriminator(4, 20, 4, 8, 24)(spectra, frames, flow).shape == (2,)
    cosines = network.Correlation(4, 20, 4, 8, 24)(spectra, flow)
    assert cosines.shape == (2,)
    assert cosines.abs().max() <= 1.00001
    assert network.Autoencoder(4, 4)(frames).shape == frames.shape


def test_settings_that_do_not_fit_are_refused():
    kind = type(method("chen2018")).settings_type
    with pytest.raises(ValueError, match="`embedding` must be 8"):
        kind(embedding=9)
    with pytest.raises(ValueError, match="must (halve evenly|be a multiple)"):
        kind(lips=30)


def test_paper_scale_builds():
    kind = type(method("chen2018"))
    built = method("chen2018", **kind.settings_type.PAPER)
    assert len(built.generator.blocks) == 9
    assert built.generator.fuse.weight.shape == (256, 512, 3, 3, 3)
    with torch.no_grad():
        drawn = built.generator.eval()(torch.zeros(1, 2, 28, 128), torch.zeros(1, 3, 64, 64))
    assert drawn.shape == (1, 2, 3, 64, 64)
