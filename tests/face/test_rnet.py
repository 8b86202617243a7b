"""The ResNet-50 regressor: its published keys, its crop, its order of coefficients, its errors."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from fit_world import made_model, made_motion, seen_points

from talkpose.config import FaceConfig
from talkpose.errors import UserError
from talkpose.face import rnet
from talkpose.face.camera import Camera, project, transform
from talkpose.face.coefficients import EXPRESSION, IDENTITY, LIGHT, TEXTURE
from talkpose.face.model import correspondence_points
from talkpose.face.track import fitted_landmarks, track_clip

FRAMES, PIXELS = 6, 128


@pytest.fixture(scope="module")
def model():
    made = made_model()
    return replace(made, name="bfm09", units=(), unit_to_expression=np.zeros((0, 64), np.float32))


@pytest.fixture(scope="module")
def points(model):
    identity, weights, pose = made_motion(made_model(), FRAMES)
    return seen_points(made_model(), Camera(PIXELS), identity, weights, pose, 68).astype(np.float32)


@pytest.fixture(scope="module")
def constant():
    """What the made network answers, in upstream's order, and its checkpoint's contents."""
    torch.manual_seed(0)
    answer = torch.randn(257) * 0.3
    answer[224:227] = torch.tensor([0.1, -0.2, 0.05])
    answer[254:257] = torch.tensor([0.02, -0.03, 0.1])
    network = rnet.ReconNet()
    with torch.no_grad():
        for layer, part in zip(network.final_layers, answer.split(list(rnet.HEADS)), strict=True):
            layer.weight.zero_()
            layer.bias.copy_(part)
    return answer.numpy(), network.state_dict()


@pytest.fixture(scope="module")
def checkpoint(constant, tmp_path_factory):
    path = tmp_path_factory.mktemp("rnet") / "epoch_20.pth"
    optimiser = {"state": {0: {"step": 3, "exp_avg": torch.zeros(2)}}, "param_groups": [{"lr": 1e-4}]}
    torch.save({"net_recon": constant[1], "opt_00": optimiser}, path)
    return path


def test_keys_and_sizes_are_the_published_ones(constant):
    state = constant[1]
    assert len(state) == 53 * 6 + 7 * 2  # convolutions with their batch norm; heads
    assert state["backbone.conv1.weight"].shape == (64, 3, 7, 7)
    assert state["backbone.layer1.0.downsample.1.running_var"].shape == (256,)
    assert state["backbone.layer3.5.bn3.num_batches_tracked"].shape == ()
    assert state["backbone.layer4.2.conv3.weight"].shape == (2048, 512, 1, 1)
    assert [state[f"final_layers.{i}.weight"].shape[0] for i in range(7)] == [80, 64, 80, 3, 27, 2, 1]
    learnt = sum(p.numel() for p in rnet.ReconNet().parameters())
    assert learnt == 25_557_032 - 2_049_000 + 2049 * 257  # ResNet-50 less its classifier, plus the heads


def test_strides_lie_in_the_middle_convolutions():
    block = rnet.ReconNet().backbone.layer2[0]
    assert block.conv1.stride == (1, 1)
    assert block.conv2.stride == (2, 2)


def test_network_gives_257_and_depends_on_the_picture():
    torch.manual_seed(0)
    network = rnet.ReconNet().eval()
    with torch.inference_mode():
        out = network(torch.rand(2, 3, 224, 224))
        features = network.backbone(torch.rand(1, 3, 224, 224))
    assert out.shape == (2, 257)
    assert features.shape == (1, 2048, 1, 1)
    assert not torch.allclose(out[0], out[1])


def test_loader_reads_the_checkpoint(constant, checkpoint):
    network = rnet.load_rnet(str(checkpoint))
    assert not network.training
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, constant[1][name])


def test_errors_say_where_the_weights_are(tmp_path, model, points):
    with pytest.raises(UserError, match="epoch_20.pth"):
        rnet.load_rnet(None)
    with pytest.raises(UserError, match="is no file"):
        rnet.load_rnet(str(tmp_path / "none.pth"))
    torch.save({"net_recon": {"fc.weight": torch.zeros(2)}}, tmp_path / "other.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    (tmp_path / "text.pth").write_text("not a checkpoint")
    torch.save({"net_recon": FaceConfig()}, tmp_path / "code.pth")  # a class: never unpickled
    for name in ("other", "list", "text", "code"):
        with pytest.raises(UserError, match="holds no Deep3DFaceRecon"):
            rnet.load_rnet(str(tmp_path / f"{name}.pth"))
    with pytest.raises(UserError, match="rnet_weights"):
        frames = np.zeros((FRAMES, PIXELS, PIXELS, 3), np.uint8)
        track_clip(frames, points, model, FaceConfig(reconstruction="rnet"))


def test_other_face_models_are_refused(points, checkpoint):
    config = FaceConfig(reconstruction="rnet", rnet_weights=str(checkpoint))
    frames = np.zeros((FRAMES, PIXELS, PIXELS, 3), np.uint8)
    with pytest.raises(UserError, match="set face.model to bfm09"):
        rnet.regress(frames, points, made_model(), config)


def test_alignment_brings_a_unit_to_102_pixels(model):
    mean = correspondence_points(model.mean_shape.astype(float), model.triangles, model.landmarks68)
    scale_true, place = 37.0, np.array([61.0, 70.0])
    flat = mean[:, :2] * [1, -1] * scale_true + place
    scale, centre = rnet.align(rnet.five_points(flat[None]), model)
    assert scale[0] == pytest.approx(102 / 37)
    np.testing.assert_allclose(centre[0], place, atol=1e-8)


def test_crop_puts_pixels_where_it_says():
    frame = np.zeros((1, 128, 128, 3), np.uint8)
    frame[0, 40:42, 80:82] = 255  # centred on (81, 41)
    scale, centre = np.array([2.0]), np.array([[64.0, 60.0]])
    crop = rnet.crop_frames(frame, scale, centre)[0].astype(float).sum(-1)
    rows, columns = np.indices(crop.shape) + 0.5
    found = np.array([(columns * crop).sum(), (rows * crop).sum()]) / crop.sum()
    np.testing.assert_allclose(found, (np.array([81, 41]) - centre[0]) * 2 + 112, atol=0.05)


def test_coefficients_come_in_our_order_and_camera(model, points, constant, checkpoint):
    answer = constant[0]
    config = FaceConfig(reconstruction="rnet", rnet_weights=str(checkpoint), rnet_batch=4)
    holes = points.copy()
    holes[2] = np.nan
    frames = np.zeros((FRAMES, PIXELS, PIXELS, 3), np.uint8)
    got = rnet.regress(frames, holes, model, config)
    for part, where in (
        (IDENTITY, slice(0, 80)),
        (EXPRESSION, slice(80, 144)),
        (TEXTURE, slice(144, 224)),
        (LIGHT, slice(227, 254)),
    ):
        np.testing.assert_allclose(got[:, part], np.tile(answer[where], (FRAMES, 1)), atol=1e-5)
    # landmarks in the frame are those of the crop, brought back
    pose = np.concatenate([answer[224:227], answer[254:257]])
    shape = model.shape(answer[:80], answer[80:144]).astype(float)
    solid = correspondence_points(shape, model.triangles, model.landmarks68)
    crop = project(Camera(224), transform(solid, pose))[..., :2]
    scale, centre = rnet.align(rnet.five_points(points), model)
    want = (crop - 112) / scale[:, None, None] + centre[:, None]
    off = np.linalg.norm(fitted_landmarks(got, model, PIXELS, 68) - want, axis=-1)
    seen = [0, 1, 3, 4, 5]
    assert off[seen].mean() < 0.25  # pixels: the two cameras differ in perspective
    np.testing.assert_allclose(got[2], (got[1] + got[3]) / 2, atol=1e-5)
    track = track_clip(frames, holes, model, config)
    np.testing.assert_array_equal(track.coefficients, got)
