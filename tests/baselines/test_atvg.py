import importlib

import numpy as np
import pytest
import torch
from made_speech import SIDE, StoppedError, clips, face_model, hears, method, session, spoken, stop_at, target

from talkpose.errors import ClipError, UserError
from talkpose.face.coefficients import POSE
from talkpose.face.track import fitted_landmarks
from talkpose.methods.contract import Footage, Target

SMALL = {
    "at_channels": [4, 4, 4, 4, 8], "at_dense": 32, "at_hidden": 16, "at_dropout": 0.1, "at_steps": 60,
    "sequence": 12, "at_lr": 3e-3, "crop": 32, "width": 4, "gru": 8, "judge_width": 4,
    "judge_halvings": 3, "judge_hidden": 8,
    "vg_steps": 120, "vg_lr": 3e-3, "scales": [1.0],
}  # fmt: skip
FEW = {**SMALL, "at_steps": 3, "at_batch": 2, "vg_steps": 3, "vg_batch": 2, "vg_length": 2}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Threads of networks this small only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def atvg():
    built = method("atvg", **SMALL)
    return {
        name: importlib.import_module(f"{type(built).__module__.rpartition('.')[0]}.{name}")
        for name in ("network", "losses", "landmarks", "clips", "method")
    }


def train(path, settings=None, **more):
    built = method("atvg", **(settings or FEW))
    built.fit(clips(6), session(path, **more))
    return built


def test_mouth_follows_sound(tmp_path):
    train(tmp_path / "checkpoint", SMALL, checkpoint_every=1000).save(tmp_path / "weights.safetensors")
    loaded = method("atvg", **SMALL)
    loaded.load(tmp_path / "weights.safetensors")
    own, late = hears(loaded, 40)
    assert own > 0.4
    assert own > late + 0.2


def test_resumes_to_the_same_bytes(tmp_path):
    def end(run, **more):
        train(tmp_path / f"{run}.checkpoint", **more).save(tmp_path / run)
        return (tmp_path / run).read_bytes()

    whole = end("whole")
    for phase, step in (("at", 2), ("vg", 2)):
        with pytest.raises(StoppedError):
            end(phase, progress=stop_at(phase, step))
        assert end(phase) == whole


def test_components_tell_what_they_were_fitted_to(atvg):
    rng = np.random.default_rng(0)
    axes = rng.normal(size=(2, 68, 3))
    rows = rng.normal(size=(30, 2)) @ axes.reshape(2, -1) + 5
    rows = rows.reshape(-1, 68, 3)
    components = atvg["landmarks"].Components(4)
    components.fit(rows)
    scores = components.scores(rows)
    assert scores.shape == (30, 4)
    assert scores[:, 0].std(correction=0) == pytest.approx(1, abs=1e-3)
    assert scores[:, 2:].abs().max() < 1e-3
    assert np.abs(components.points(scores) - rows).max() < 1e-3


def test_fewer_rows_than_components_leave_zeros(atvg):
    components = atvg["landmarks"].Components(6)
    components.fit(np.random.default_rng(0).normal(size=(3, 68, 3)))
    assert components.axes[3:].abs().max() == 0


def test_points_are_where_the_track_shows_them(atvg):
    landmarks = atvg["landmarks"]
    footage = spoken(1)
    points = landmarks.Points(face_model())
    known = footage.track.coefficients[:1]
    frontal = points.neutral(known) + points.moved(known)
    matrix = np.array([[2.0, 0, -10], [0, 2.0, -20]])
    seen = landmarks.seen_from(frontal, known[0, POSE], SIDE, matrix, 96).reshape(68, 2)
    shown = fitted_landmarks(known, face_model(), SIDE, 68)[0]
    crop = (shown - 0.5) @ matrix[:, :2].T + matrix[:, 2] + 0.5
    assert np.abs((seen + 1) / 2 * 96 - crop).max() < 1e-3


def test_runs_hold_the_landmarks_of_their_pictures(atvg):
    """Where the landmarks open the mouth, the pictures are dark there."""
    source = atvg["clips"].Clips(
        clips(4), atvg["landmarks"].Points(face_model()), atvg["clips"].WINDOWS["lips"], 48, 1.0
    )
    runs = source.runs(np.random.default_rng(0), 12, 3)
    assert runs.frames.shape == (12, 3, 3, 48, 48)
    points = runs.landmarks.reshape(36, 68, 2)
    gap = points[:, 66, 1] - points[:, 62, 1]
    middle = ((points[:, 62] + points[:, 66]) / 2 + 1) * 24
    shades = [
        float(frame[:, int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2].mean())
        for frame, (x, y) in zip(runs.frames.flatten(0, 1), middle, strict=True)
    ]
    assert np.corrcoef(gap, shades)[0, 1] < -0.6


def test_dynamic_pixel_loss_by_hand(atvg):
    loss = atvg["losses"].dynamic_pixel
    made = torch.zeros(1, 1, 3, 1, 2, requires_grad=True)
    real = torch.tensor([1.0, 2.0]).expand(1, 1, 3, 1, 2)
    attention = torch.tensor([1.0, 0.0]).expand(1, 1, 1, 1, 2).clone().requires_grad_()
    value = loss(made, real, attention)
    assert value.item() == pytest.approx((1 * 1.5 + 2 * 0.5) / 2)
    value.backward()
    assert attention.grad is None


def test_landmark_error_by_hand(atvg):
    wanted = torch.zeros(1, 136)
    found = wanted.clone()
    found[0, 2 * 50 + 1] = 0.5  # the mouth, down
    found[0, 2 * 50] = 1.0  # the mouth, aside
    found[0, 2 * 10 + 1] = 2.0  # the chin, down
    expected = (100 * 0.25 + 1 + 4) / 136
    assert atvg["losses"].landmark_error(found, wanted, 100.0).item() == pytest.approx(expected)


def test_adversarial_loss_by_hand(atvg):
    logits = torch.tensor([0.0, np.log(3.0)])
    real = atvg["losses"].real_or_not(logits, True).item()
    assert real == pytest.approx(-(np.log(0.5) + np.log(0.75)) / 2, rel=1e-5)
    fake = atvg["losses"].real_or_not(logits, False).item()
    assert fake == pytest.approx(-(np.log(0.5) + np.log(0.25)) / 2, rel=1e-5)


def test_a_shut_attention_leaves_the_image(atvg):
    torch.manual_seed(0)
    net = atvg["network"].VGNet(32, 4, 2, 8, 1, 3, True).eval()
    image, own, wanted = torch.rand(2, 3, 32, 32) * 2 - 1, torch.randn(2, 136), torch.randn(2, 3, 136)
    with torch.no_grad():
        net.heads.weight[3] = 0
        net.heads.bias[3] = -30
        made = net(image, own, wanted)
    assert made.image.shape == (2, 3, 3, 32, 32)
    assert made.attention.shape == (2, 3, 1, 32, 32)
    assert torch.allclose(made.image, image[:, None].expand(-1, 3, -1, -1, -1), atol=1e-6)


def test_frames_in_parts_are_frames_at_once(atvg):
    torch.manual_seed(0)
    net = atvg["network"].VGNet(16, 4, 2, 8, 1, 3, True).eval()
    image, own, wanted = torch.rand(1, 3, 16, 16), torch.randn(1, 136), torch.randn(1, 5, 136)
    with torch.no_grad():
        whole = net(image, own, wanted).image
        first = net(image, own, wanted[:, :2])
        rest = net(image, own, wanted[:, 2:], first.state)
    assert torch.allclose(torch.cat([first.image, rest.image], 1), whole, atol=1e-5)


def test_gru_by_hand(atvg):
    gru = atvg["network"].ConvGRU(1, 1)
    with torch.no_grad():
        for layer in (gru.gates, gru.candidate):
            layer.weight.zero_()
            layer.bias.zero_()
        gru.candidate.bias.fill_(1.0)
        state = gru(torch.zeros(1, 1, 2, 2), torch.full((1, 1, 2, 2), 0.4))
    assert torch.allclose(state, torch.full_like(state, 0.5 * 0.4 + 0.5 * np.tanh(1.0)))


def test_the_judge_starts_at_the_landmarks_it_is_given(atvg):
    torch.manual_seed(0)
    judge = atvg["network"].Discriminator(32, 4, 3, 8)
    own = torch.randn(2, 136)
    logit, read = judge(torch.rand(2, 3, 3, 32, 32), own)
    assert logit.shape == (2,)
    assert read.shape == (2, 3, 136)
    assert (read - own[:, None]).abs().max() < 0.1


def test_at_net_hears_no_later_sound_than_its_windows(atvg):
    torch.manual_seed(0)
    net = atvg["network"].ATNet([4, 4, 4, 4, 8], 16, 8, 6, 6, 0.0, "none").eval()
    rows, face = torch.randn(1, 4 * 8 + 24, 12), torch.randn(1, 6)
    changed = rows.clone()
    changed[:, 4 * 4 + 24 :] += 1  # windows of frames 4 and later
    with torch.no_grad():
        before, after = net(rows, face), net(changed, face)
    assert before.shape == (1, 8, 6)
    assert torch.allclose(before[:, :4], after[:, :4], atol=1e-6)
    assert (before[:, 4:] != after[:, 4:]).any(2).all()


def test_scales_open_the_mouth_wider(tmp_path):
    built = train(tmp_path / "checkpoint")
    built.save(tmp_path / "weights")
    audio = spoken(2).audio
    neutral, moved = np.zeros((68, 3)), np.zeros((68, 3))
    spread = []
    for scale in (1.0, 2.0):
        other = method("atvg", **{**FEW, "scales": [scale]})
        other.load(tmp_path / "weights")
        spread.append(np.std(other.speak(audio, neutral, moved), axis=0).max())
    assert spread[1] == pytest.approx(2 * spread[0], rel=1e-3)


def test_hidden_columns_hold_the_mean(atvg):
    rows, mean = torch.randn(50, 6, 12), torch.arange(12.0)
    hidden = atvg["method"].hide(rows, mean, 4, np.random.default_rng(0))
    changed = (hidden != rows).all(1)
    assert changed.sum(1).max() == 4
    assert (hidden == torch.where(changed[:, None], mean, rows)).all()
    assert atvg["method"].hide(rows, mean, 0, np.random.default_rng(0)) is rows


def test_frames_keep_the_image_outside_the_mouth(tmp_path):
    built = train(tmp_path / "checkpoint")
    for network in built.networks.values():
        network.eval()
    made = built.generate(target(3), spoken(2).audio, False)
    assert made.frames.shape == (24, 64, 64, 3)
    assert made.frames.dtype == np.uint8
    assert (made.frames[:, :12] == target(3).train.frames[0][:12]).all()
    assert 0 < made.facts["attention_mean"] < 1


def test_without_a_face_it_is_refused():
    given = target(3)
    track = given.train.track._replace(valid=np.zeros(1, bool))
    blind = Target("nobody", Footage(given.train.frames, track, given.train.audio))
    with pytest.raises(ClipError, match="no face in the first frame"):
        method("atvg", **SMALL).generate(blind, spoken(3).audio, True)


def test_mistakes_are_named(tmp_path):
    with pytest.raises(UserError, match="multiple of 2\\^halvings"):
        method("atvg", crop=36, judge_halvings=3)
    with pytest.raises(UserError, match="lower `sequence`"):
        train(tmp_path / "checkpoint", {**FEW, "sequence": 40})


def test_paper_scale_builds(atvg):
    with torch.device("meta"):
        built = method("atvg", scale="paper").settings
        network = atvg["network"]
        at = network.ATNet(
            built.at_channels,
            built.at_dense,
            built.at_hidden,
            built.components,
            built.identities,
            0.0,
            "batch",
        )
        vg = network.VGNet(
            built.crop, built.width, built.halvings, built.gru, built.blocks, built.head, built.skip
        )
    assert at.lstm.input_size == 768
    assert at.lstm.num_layers == 3
    assert vg.side == 8
    assert vg.gru.gates.in_channels == 128 + 512
    image = vg.image(torch.empty(2, 3, 128, 128, device="meta"))
    assert image.shape == (2, 512, 8, 8)
    # encoder: as in the paper's own stage 1, without its LSTM and its output of 70
    assert sum(p.numel() for p in at.encoder.parameters()) == pytest.approx(27.6e6, rel=0.02)
    assert built.scales == [1.0, 2.2, 2.4, 2.6, 2.8, 3.0]
