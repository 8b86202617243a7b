import numpy as np
import pytest
import torch
from made_stills import Stop, check_hears, clips, method, session, stop_at

SMALL = {
    "face": 32, "identity_widths": (8, 12), "audio_width": 4, "dropout": 0.3, "mask": 0, "lips_steps": 480,
    "lips_batch": 32, "steps": 320, "deblur_steps": 4, "deblur_width": 4, "deblur_layers": 3, "batch": 8,
}  # fmt: skip
FEW = {"lips_steps": 2, "steps": 8, "deblur_steps": 2, "batch": 2}


def train(path, **settings):
    built = method("yousaidthat", **{**SMALL, **settings})
    built.fit(clips(), session(path))
    return built


def test_mouth_follows_sound(tmp_path):
    train(tmp_path / "checkpoint").save(tmp_path / "weights.safetensors")
    loaded = method("yousaidthat", seed=8, **SMALL)
    loaded.load(tmp_path / "weights.safetensors")
    assert check_hears(loaded) > 0.5


def test_a_stopped_training_ends_in_the_same_bytes(tmp_path):
    def end(run: str, **more) -> bytes:
        built = method("yousaidthat", **{**SMALL, **FEW})
        built.fit(clips(2), session(tmp_path / f"{run} checkpoint", **more))
        built.save(tmp_path / run)
        return (tmp_path / run).read_bytes()

    whole = end("whole")
    with pytest.raises(Stop):
        end("stopped", checkpoint_every=2, progress=stop_at("generator", 5))
    assert (tmp_path / "stopped checkpoint").is_file()
    assert end("stopped", checkpoint_every=2) == whole


def test_shapes_and_where_the_still_shows(tmp_path):
    built = method("yousaidthat", **SMALL)
    net = built.generator.eval()
    stills = torch.rand(2, 3, 32, 32) * 2 - 1
    frames = net(torch.randn(2, 35, 12), stills)
    assert frames.shape == (2, 3, 32, 32)
    with torch.no_grad():
        net.head.weight.zero_()
        net.head.bias.zero_()  # no shift and no colour: the still comes through
    assert torch.allclose(net(torch.randn(2, 35, 12), stills), stills, atol=1e-5)
    assert built.deblur(frames, stills).shape == frames.shape


def test_hears_350_ms_about_a_frame():
    hear = type(method("yousaidthat")).generate.__globals__["hear"]
    audio = np.random.default_rng(0).normal(size=640 * 30).astype(np.float32)
    windows = hear(audio)
    assert windows.shape == (30, 35, 12)
    louder = audio.copy()
    louder[640 * 20 :] = 0
    changed = np.abs(hear(louder) - windows).max((1, 2)) > 1e-6
    assert changed.argmax() == 15  # its last row, 19 steps after its frame, still hears 25 ms


def test_settings_that_do_not_fit_are_refused():
    kind = type(method("yousaidthat")).settings_type
    with pytest.raises(ValueError, match="`embedding` must be 8"):
        kind(embedding=9)
    with pytest.raises(ValueError, match="must (halve evenly|be a multiple)"):
        kind(face=30)


def test_paper_scale_builds():
    kind = type(method("yousaidthat"))
    built = method("yousaidthat", **kind.settings_type.PAPER)
    count = sum(p.numel() for p in built.generator.parameters())
    assert 2e7 < count < 6e7
    assert built.generator.eval()(torch.zeros(1, 35, 12), torch.zeros(1, 15, 112, 112)).shape == (
        1,
        3,
        112,
        112,
    )
    assert sum(isinstance(m, torch.nn.Conv2d) for m in built.deblur.modules()) == 10
