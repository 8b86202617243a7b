import numpy as np
import pytest
import torch
from made_stills import Stop, check_hears, clips, method, session, stop_at

from talkpose.errors import UserError
from talkpose.methods.discovery import get_baseline, import_method
from talkpose.methods.retrained import TrainingClip, TrainingClips

SMALL = {
    "face": 32, "length": 2, "identity_widths": (8, 12), "audio_width": 4, "video_width": 4, "dropout": 0.1,
    "mask": 0, "lips_steps": 80, "lips_batch": 32, "steps": 120, "batch": 4, "discriminator_width": 4,
    "hidden": 16,
}  # fmt: skip
FEW = {"lips_steps": 2, "steps": 8, "batch": 2}


@pytest.fixture(scope="module")
def losses():
    import sys

    import_method(get_baseline("davs"))
    return sys.modules["talkpose_baselines.davs.losses"]


def train(path, **settings):
    built = method("davs", **{**SMALL, **settings})
    built.fit(clips(), session(path))
    return built


def test_mouth_follows_sound(tmp_path):
    train(tmp_path / "checkpoint").save(tmp_path / "weights.safetensors")
    loaded = method("davs", seed=8, **SMALL)
    loaded.load(tmp_path / "weights.safetensors")
    assert check_hears(loaded) > 0.5


def test_a_stopped_training_ends_in_the_same_bytes(tmp_path):
    def end(run: str, **more) -> bytes:
        built = method("davs", **{**SMALL, **FEW})
        built.fit(clips(2), session(tmp_path / f"{run} checkpoint", **more))
        built.save(tmp_path / run)
        return (tmp_path / run).read_bytes()

    whole = end("whole")
    with pytest.raises(Stop):
        end("stopped", checkpoint_every=2, progress=stop_at("joint", 5))
    assert (tmp_path / "stopped checkpoint").is_file()
    assert end("stopped", checkpoint_every=2) == whole


def test_fits_the_still_and_leaves_the_weights_alone():
    built = method("davs", **SMALL, adapt_steps=3, adapt_lr=1e-2)
    for network in built.networks.values():
        network.eval()
    still = torch.rand(1, 3, 32, 32) * 2 - 1
    before = {k: v.clone() for k, v in built.decoder.state_dict().items()}
    adapted = built._adapted(still)
    with torch.no_grad():
        pid, maps = built.identity(still)
        errors = [
            (net(pid, built.video(still), maps, still) - still).abs().mean()
            for net in (adapted, built.decoder)
        ]
    assert errors[0] < errors[1]
    assert all((before[k] == v).all() for k, v in built.decoder.state_dict().items())


def test_contrastive(losses):
    audio = torch.tensor([[0.0, 0.0], [3.0, 0.0]])
    # own pairs meet, others lie 3 apart, beyond the margin
    assert losses.contrastive(audio, audio) == pytest.approx(0, abs=1e-9)
    # all in one place: each row pays the whole margin
    assert losses.contrastive(torch.zeros(2, 2), torch.zeros(2, 2)) == pytest.approx(1, abs=1e-4)
    # own pairs 0.5 apart, others 0.5 apart as well: 0.25 + 0.25
    video = torch.tensor([[0.0], [0.0]])
    assert losses.contrastive(video + 0.5, video) == pytest.approx(0.5, abs=1e-4)


def test_confusion_is_least_where_nothing_can_be_told(losses):
    assert losses.confusion(torch.zeros(3, 5)) == pytest.approx(0, abs=1e-9)
    certain = torch.tensor([[100.0, 0.0, 0.0, 0.0]])
    assert losses.confusion(certain) == pytest.approx((3 / 4) ** 2 + 3 / 16, rel=1e-5)


def test_other_losses(losses):
    real = torch.rand(2, 4, 3, 5, 5)
    assert losses.temporal(real + 0.3, real) == pytest.approx(0, abs=1e-6)  # a constant shift is steady
    assert losses.judge(torch.zeros(4), torch.zeros(4)) == pytest.approx(2 * np.log(2), rel=1e-6)
    assert losses.fool(torch.full((2,), 50.0)) == pytest.approx(0, abs=1e-9)
    told = losses.speaker_logits(torch.tensor([[2.0, 0.0]]), torch.tensor([[1.0, 0.0], [0.0, 5.0]]))
    assert told.tolist() == [[10, 0]]
    assert losses.among(torch.arange(8.0).view(2, 4), torch.tensor([3, 1, 3])).tolist() == [[1, 3], [5, 7]]
    assert losses.word_class("ABOUT", 64) == losses.word_class("ABOUT", 64) < 64


def test_clips_without_words_are_refused(tmp_path):
    made = clips(2)
    mute = TrainingClips(made.names, lambda name: TrainingClip(name, made[0].footage))
    with pytest.raises(UserError, match="davs learns from words"):
        method("davs", **{**SMALL, "lips_steps": 1}).fit(mute, session(tmp_path / "checkpoint"))


def test_settings_that_do_not_fit_are_refused():
    kind = type(method("davs")).settings_type
    with pytest.raises(ValueError, match="`embedding` must be 8"):
        kind(embedding=9)
    with pytest.raises(ValueError, match="must (halve evenly|be a multiple)"):
        kind(face=30)


def test_paper_scale_builds():
    kind = type(method("davs"))
    built = method("davs", **kind.settings_type.PAPER)
    stills = torch.zeros(1, 3, 256, 256)
    for network in built.networks.values():
        network.eval()
    with torch.no_grad():
        pid, maps = built.identity(stills)
        wid = built.audio(torch.zeros(1, 20, 12))
        assert pid.shape == wid.shape == built.video(stills).shape == (1, 256)
        assert maps[-1].shape == (1, 512, 4, 4)
        assert built.decoder(pid, wid, maps, stills).shape == (1, 3, 256, 256)
