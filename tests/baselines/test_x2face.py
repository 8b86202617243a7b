import importlib

import numpy as np
import pytest
import torch
from made_speech import StoppedError, clips, hears, method, session, spoken, stop_at, target

from talkpose.errors import ClipError, UserError
from talkpose.methods.contract import Footage, Target
from talkpose.speech.mfcc import speech_windows

SMALL = {"crop": 32, "levels": 3, "width": 4, "bottleneck": 16, "steps": 200, "lr": 3e-3}
FEW = {**SMALL, "steps": 3, "batch": 2}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Threads of networks this small only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def x2face():
    built = method("x2face", **SMALL)
    return {
        name: importlib.import_module(f"{type(built).__module__.rpartition('.')[0]}.{name}")
        for name in ("network", "voice", "frames", "method")
    }


def train(path, settings=None, **more):
    built = method("x2face", **(settings or FEW))
    built.fit(clips(6), session(path, **more))
    return built


def test_mouth_follows_sound(tmp_path):
    train(tmp_path / "checkpoint", SMALL, checkpoint_every=1000).save(tmp_path / "weights.safetensors")
    loaded = method("x2face", **SMALL)
    loaded.load(tmp_path / "weights.safetensors")
    own, late = hears(loaded, 40)
    assert own > 0.4
    assert own > late + 0.2


def test_resumes_to_the_same_bytes(tmp_path):
    def end(run, **more):
        train(tmp_path / f"{run}.checkpoint", **more).save(tmp_path / run)
        return (tmp_path / run).read_bytes()

    whole = end("whole")
    for phase, step in (("pictures", 2), ("voice", 3)):
        with pytest.raises(StoppedError):
            end(phase, progress=stop_at(phase, step))
        assert end(phase) == whole


def test_no_offset_leaves_the_picture_and_one_pixel_moves_it(x2face):
    warp = x2face["network"].warp
    image = torch.rand(1, 3, 16, 16)
    assert torch.allclose(warp(image, torch.zeros(1, 2, 8, 8)), image, atol=1e-6)
    one_pixel = torch.zeros(1, 2, 16, 16)
    one_pixel[:, 0] = np.arctanh(2 / 16)  # a side is 2 wide
    moved = warp(image, one_pixel)
    assert torch.allclose(moved[..., :-1], image[..., 1:], atol=1e-5)
    assert torch.allclose(moved[..., -1], image[..., -1], atol=1e-5)  # the border goes on


def test_starts_as_the_source(x2face):
    torch.manual_seed(0)
    embedding = x2face["network"].Embedding(4, 3, 1).eval()
    sources = torch.rand(2, 3, 3, 32, 32) * 2 - 1
    same = sources[:, :1].expand(-1, 3, -1, -1, -1)
    face, offset = embedding(same)
    assert face.shape == (2, 3, 32, 32)
    assert offset.shape == (6, 2, 16, 16)
    assert offset.abs().max() < 0.1


def test_trust_decides_between_sources(x2face):
    torch.manual_seed(0)
    embedding = x2face["network"].Embedding(4, 3, 0).eval()
    with torch.no_grad():
        embedding.sampler.weight.zero_()  # every source is trusted alike
    sources = torch.rand(1, 2, 3, 32, 32)
    assert torch.allclose(embedding(sources)[0], sources.mean(1), atol=1e-5)


def test_only_the_vector_passes(x2face):
    driving = x2face["network"].Driving(32, 4, 3, 5, 1).eval()
    vectors = driving.encode(torch.rand(2, 3, 32, 32))
    assert vectors.shape == (2, 5)
    assert driving.decode(vectors).shape == (2, 2, 16, 16)


def test_photometric_loss_by_hand(x2face):
    loss = x2face["method"].photometric
    made, wanted = torch.zeros(1, 3, 2, 2), torch.full((1, 3, 2, 2), 0.5)
    wanted[..., 0, 0] = 1.0
    weights = torch.tensor([[2.0, 1.0], [1.0, 0.0]])[None, None]
    assert loss(made, wanted, weights) == pytest.approx((2 * 1 + 0.5 + 0.5) / 4)


def test_weights_of_the_mouth_have_mean_one(x2face):
    frames = x2face["frames"]
    weight = frames.mouth_weight(spoken(1), 0, frames.WINDOWS["lips"], 32, 10.0)
    assert weight.mean() == pytest.approx(1, abs=1e-5)
    assert weight.max() / weight.min() == pytest.approx(11, rel=0.05)


def test_voice_finds_the_maps_that_made_its_rows(x2face):
    voice = x2face["voice"]
    torch.manual_seed(0)
    sounds, vectors = 6, 5
    from_sound, from_pose = torch.randn(sounds, vectors), torch.randn(3, vectors)
    from_pose[:, 3:] = 0  # pose lives in three numbers of the vector, speech in the two others
    from_sound[:, :3] = 0
    moments = voice.Moments(sounds, vectors)
    for _ in range(30):
        sound, pose = torch.randn(40, sounds), torch.randn(40, 3)
        moments.add(sound, sound @ from_sound + pose @ from_pose, pose)
    fitted = voice.Voice(sounds, vectors)
    fitted.solve(moments, 0.0)
    assert torch.allclose(fitted.from_sound, from_sound, atol=0.05)
    # a source's vector tells its sound: driven by it, it stays; pose does not come back
    sound, pose = torch.randn(1, sounds), torch.randn(1, 3)
    source = sound @ from_sound + pose @ from_pose
    assert torch.allclose(fitted(sound, source, 1.0), source, atol=0.2)
    other = torch.randn(4, sounds)
    driven = fitted(other, source, 1.0)
    assert torch.allclose(driven[:, :3], source[:, :3].expand(4, -1), atol=0.2)
    assert torch.allclose(driven[:, 3:], (other @ from_sound)[:, 3:], atol=0.2)


def test_moments_are_covariances(x2face):
    voice = x2face["voice"]
    rows = torch.randn(2, 10, 6).double() + torch.tensor([[[3.0]], [[-1.0]]])
    moments = voice.Moments(2, 1)
    for clip in rows:
        moments.add(clip[:, :2], clip[:, 2:3], clip[:, 3:])
    flat = rows.flatten(0, 1)
    assert torch.allclose(moments.covariance(), torch.cov(flat.T, correction=0))
    within = (rows - rows.mean(1, keepdim=True)).flatten(0, 1)
    assert torch.allclose(moments.covariance_within(), within.T @ within / 20)


def test_frames_differ_from_the_image_at_the_mouth_alone(tmp_path):
    built = train(tmp_path / "checkpoint")
    built.driving.eval(), built.embedding.eval()
    audio = spoken(2).audio
    made = built.generate(target(3), audio, False)
    assert made.frames.shape == (len(speech_windows(audio)), 64, 64, 3)
    assert made.frames.dtype == np.uint8
    assert (made.frames[:, :12] == target(3).train.frames[0][:12]).all()
    assert (made.coefficients == target(3).train.track.coefficients).all()


def test_without_a_face_it_is_refused():
    given = target(3)
    track = given.train.track._replace(valid=np.zeros(1, bool))
    blind = Target("nobody", Footage(given.train.frames, track, given.train.audio))
    with pytest.raises(ClipError, match="no face in the first frame"):
        method("x2face", **SMALL).generate(blind, spoken(3).audio, True)


def test_crop_must_halve():
    with pytest.raises(UserError, match="multiple of 2\\^levels"):
        method("x2face", crop=40, levels=4)


def test_paper_scale_builds(x2face):
    built = method("x2face", scale="paper")
    s = built.settings
    assert (s.crop, s.width, s.levels, s.bottleneck, s.coarse, s.optimizer) == (256, 64, 8, 128, 0, "sgd")
    assert built.driving.side == 1
    assert built.driving.squeeze.weight.shape == (128, 512)
    with torch.device("meta"):
        network = x2face["network"]
        driving = network.Driving(256, 64, 8, 128, 0).eval()
        assert driving.decode(driving.encode(torch.empty(1, 3, 256, 256))).shape == (1, 2, 256, 256)
