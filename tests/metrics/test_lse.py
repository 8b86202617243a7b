"""LSE-C and LSE-D: the offset search on made features, the crop, and the published network's shape."""

import numpy as np
import pytest
import torch
from published_weights import published

from talkpose.errors import UserError
from talkpose.metrics.lse import compute, crop_faces, distances, face_features, protocols, sound_features
from talkpose.metrics.registry import protocol
from talkpose.metrics.syncnet import SyncNet, load_syncnet


def made(count=200, seed=0, noise=0.3):
    """Features of faces, and sounds that go with them up to noise; 0 at the ends, as where all is still."""
    rng = np.random.default_rng(seed)
    faces = rng.normal(size=(count, 32))
    faces[:20] = faces[-20:] = 0
    return faces, faces + noise * rng.normal(size=faces.shape) * (faces != 0)


def shifted(sounds, by):
    """Sounds `by` frames later."""
    moved = np.zeros_like(sounds)
    moved[max(by, 0) : len(sounds) + min(by, 0)] = sounds[max(-by, 0) : len(sounds) - max(by, 0)]
    return moved


def test_distances_are_the_public_loop():
    faces, sounds = made(40)
    padded = torch.nn.functional.pad(torch.tensor(sounds), (0, 0, 15, 15))
    rows = [
        torch.nn.functional.pairwise_distance(torch.tensor(faces[[i]]).repeat(31, 1), padded[i : i + 31])
        for i in range(40)
    ]
    expected = torch.stack(rows, 1).mean(1).numpy()
    np.testing.assert_allclose(distances(faces, sounds), expected, atol=1e-5)


@pytest.mark.parametrize("by", [-12, -3, 0, 1, 15])
def test_a_shift_of_the_sound_is_found_and_changes_nothing_else(by):
    faces, sounds = made()
    plain, moved = compute(faces, sounds), compute(faces, shifted(sounds, by))
    assert (plain[2], moved[2]) == (0, by)
    np.testing.assert_allclose(moved[:2], plain[:2], rtol=0.02)
    assert moved[3] == 200


def test_what_goes_together_is_nearer_and_surer():
    faces, sounds = made()
    together, noisy, apart = (
        compute(faces, sounds),
        compute(*made(noise=1.0)),
        compute(faces, made(seed=1)[1]),
    )
    assert together[0] < noisy[0] < apart[0]
    assert together[1] > noisy[1] > apart[1] and apart[1] < 0.3


def test_too_short_and_unequal():
    assert np.isnan(compute(np.zeros((0, 8)), np.zeros((0, 8)))[:2]).all()
    with pytest.raises(UserError, match="same frames"):
        compute(np.zeros((4, 8)), np.zeros((5, 8)))


def test_the_crop_reaches_as_far_as_the_public_pipelines():
    frames = np.zeros((3, 200, 200, 3), np.uint8)
    frames[..., 0], frames[..., 1] = np.arange(200), np.arange(200)[:, None]
    points = np.full((3, 468, 2), 100.0)
    points[:, :4] = [[80, 100], [120, 100], [100, 70], [100, 130]]  # half side 30, centre 100
    points[1] = np.nan  # takes its neighbours' box
    faces = crop_faces(frames, points)
    assert faces.shape == (3, 224, 224, 3)
    for face in faces[[0, 1, 2]]:
        # from x 100 - 42 to 100 + 42 and y 100 - 30 to 100 + 54, pixel centres at half steps
        assert face[112, 1, 0] == pytest.approx(58, abs=1) and face[112, -2, 0] == pytest.approx(141, abs=1)
        assert face[1, 112, 1] == pytest.approx(70, abs=1) and face[-2, 112, 1] == pytest.approx(153, abs=1)
    low = np.where(np.isnan(points), np.nan, points - [70, 60])
    assert (crop_faces(frames, low)[0, 0, 0] == 110).all(), "grey beyond the frame"
    with pytest.raises(UserError, match="no frame has a face"):
        crop_faces(frames, points * np.nan)


def test_a_single_wild_box_does_not_move_the_crop():
    frames = np.random.default_rng(0).integers(0, 256, (30, 90, 90, 3), dtype=np.uint8)
    points = np.random.default_rng(1).uniform(30, 60, (1, 68, 2)).repeat(30, 0)
    wild = points.copy()
    wild[12] += 25
    np.testing.assert_array_equal(crop_faces(frames, wild), crop_faces(frames, points))


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    path = tmp_path_factory.mktemp("syncnet") / "syncnet_v2.model"
    torch.save(published(SyncNet()), path)
    return load_syncnet(str(path), "cpu")


def test_keys_and_shapes_are_those_published(network):
    shapes = {n: tuple(v.shape) for n, v in network.state_dict().items()}
    expected = {
        "netcnnaud.0.weight": (64, 1, 3, 3),
        "netcnnaud.4.weight": (192, 64, 3, 3),
        "netcnnaud.8.weight": (384, 192, 3, 3),
        "netcnnaud.11.weight": (256, 384, 3, 3),
        "netcnnaud.14.weight": (256, 256, 3, 3),
        "netcnnaud.18.weight": (512, 256, 5, 4),
        "netcnnaud.19.running_mean": (512,),
        "netfcaud.0.weight": (512, 512),
        "netfcaud.3.weight": (1024, 512),
        "netcnnlip.0.weight": (96, 3, 5, 7, 7),
        "netcnnlip.4.weight": (256, 96, 1, 5, 5),
        "netcnnlip.8.weight": (256, 256, 1, 3, 3),
        "netcnnlip.11.weight": (256, 256, 1, 3, 3),
        "netcnnlip.14.weight": (256, 256, 1, 3, 3),
        "netcnnlip.18.weight": (512, 256, 1, 6, 6),
        "netfclip.1.running_var": (512,),
        "netfclip.3.bias": (1024,),
    }
    assert {name: shapes.get(name) for name in expected} == expected


def test_a_whole_video_gives_the_features_of_its_windows(network):
    faces = np.random.default_rng(0).integers(0, 256, (8, 224, 224, 3), dtype=np.uint8)
    features = face_features(network, faces, 2)
    assert features.shape == (3, 1024)
    window = torch.tensor(faces[1:6, ..., ::-1].copy()).permute(3, 0, 1, 2).float()
    with torch.inference_mode():
        torch.testing.assert_close(network.face(window)[0].numpy(), features[1], rtol=1e-3, atol=1e-4)
    assert face_features(network, faces[:5], 2).shape == (0, 1024)


def test_sound_is_read_as_the_public_code_does(network):
    from python_speech_features import mfcc

    audio = np.random.default_rng(0).normal(0, 0.1, 640 * 12).astype(np.float32)
    rows = mfcc((audio * 32768).astype(np.int16), 16000).T
    windows = np.stack([rows[:, 4 * i : 4 * i + 20] for i in range(7)])[:, None]
    with torch.inference_mode():
        expected = network.sound(torch.tensor(windows).float()).numpy()
    found = sound_features(network, audio, 3)
    np.testing.assert_allclose(found, expected, rtol=0.02, atol=0.02)  # int16 rounds the samples
    assert sound_features(network, audio[: 640 * 5], 3).shape == (0, 1024)


def test_another_network_is_refused(tmp_path):
    state = published(SyncNet())
    state["netcnnface.0.weight"] = torch.zeros(1)
    torch.save(state, tmp_path / "w.model")
    with pytest.raises(UserError, match=r"metrics\.syncnet_weights: .* unknown key netcnnface\.0\.weight"):
        load_syncnet(str(tmp_path / "w.model"), "cpu")


def test_protocols():
    for known in protocols("mediapipe"):
        assert protocol(known.metric, known.id) == known
