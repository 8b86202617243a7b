"""The ResNet-18 against torchvision's layout, and against plain functional calls."""

import pytest
import safetensors.torch
import torch
import torch.nn.functional as F
from refine_made import FEATURE, draws, tiny

from talkpose.errors import UserError
from talkpose.refine.refiner import build_refiner
from talkpose.refine.spatial import ResNet18, SpatialEncoder, load_imagenet


def conv(state, name, outputs, inputs, side, rng):
    scale = (2 / (inputs * side * side)) ** 0.5
    state[f"{name}.weight"] = scale * torch.randn(outputs, inputs, side, side, generator=rng)


def norm(state, name, n, rng):
    state[f"{name}.weight"] = 0.5 + torch.rand(n, generator=rng)
    state[f"{name}.bias"] = 0.1 * torch.randn(n, generator=rng)
    state[f"{name}.running_mean"] = 0.1 * torch.randn(n, generator=rng)
    state[f"{name}.running_var"] = 0.5 + torch.rand(n, generator=rng)
    state[f"{name}.num_batches_tracked"] = torch.tensor(1)


@pytest.fixture(scope="module")
def checkpoint():
    """Random numbers under the 122 names, in the shapes, of torchvision's `resnet18` state dict."""
    rng, state = torch.Generator().manual_seed(0), {}
    conv(state, "conv1", 64, 3, 7, rng)
    norm(state, "bn1", 64, rng)
    inputs = 64
    for layer, outputs in enumerate((64, 128, 256, 512), start=1):
        for block in (0, 1):
            name = f"layer{layer}.{block}"
            conv(state, f"{name}.conv1", outputs, inputs, 3, rng)
            norm(state, f"{name}.bn1", outputs, rng)
            conv(state, f"{name}.conv2", outputs, outputs, 3, rng)
            norm(state, f"{name}.bn2", outputs, rng)
            if inputs != outputs:
                conv(state, f"{name}.downsample.0", outputs, inputs, 1, rng)
                norm(state, f"{name}.downsample.1", outputs, rng)
            inputs = outputs
    state["fc.weight"], state["fc.bias"] = torch.zeros(1000, 512), torch.zeros(1000)
    assert len(state) == 122
    return state


def plain_resnet18(state, x):
    """pool5 of a resnet18 state dict, layer by layer."""

    def bn(x, name):
        mean, var = state[f"{name}.running_mean"], state[f"{name}.running_var"]
        return F.batch_norm(x, mean, var, state[f"{name}.weight"], state[f"{name}.bias"])

    x = F.conv2d(x, state["conv1.weight"], stride=2, padding=3)
    x = F.max_pool2d(F.relu(bn(x, "bn1")), 3, 2, 1)
    for layer in (1, 2, 3, 4):
        for block in (0, 1):
            name = f"layer{layer}.{block}"
            stride = 2 if layer > 1 and block == 0 else 1
            y = F.conv2d(x, state[f"{name}.conv1.weight"], stride=stride, padding=1)
            y = F.conv2d(F.relu(bn(y, f"{name}.bn1")), state[f"{name}.conv2.weight"], padding=1)
            if stride == 2:
                shortcut = F.conv2d(x, state[f"{name}.downsample.0.weight"], stride=2)
                x = bn(shortcut, f"{name}.downsample.1")
            x = F.relu(bn(y, f"{name}.bn2") + x)
    return x.mean((2, 3))


def saved(path, state):
    if path.suffix == ".safetensors":
        safetensors.torch.save_file(state, str(path))
    else:
        torch.save(state, path)
    return str(path)


@pytest.mark.parametrize("name", ["resnet18.pth", "resnet18.safetensors"])
def test_a_torchvision_checkpoint_loads_and_is_frozen(checkpoint, tmp_path, name):
    encoder = SpatialEncoder(tiny(spatial_size=32)).eval()
    load_imagenet(encoder, saved(tmp_path / name, checkpoint))
    assert set(encoder.network.state_dict()) == {k for k in checkpoint if not k.startswith("fc.")}
    assert not any(p.requires_grad for p in encoder.parameters())
    frames = draws(1, 2, 3, 32, 32)
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    expected = plain_resnet18(checkpoint, ((frames + 1) / 2 - mean) / std)
    assert expected.std() > 0.01
    torch.testing.assert_close(encoder(frames), expected, atol=1e-4, rtol=1e-4)


def test_frames_of_any_side_are_seen_at_the_set_size(checkpoint):
    encoder = SpatialEncoder(tiny(spatial_size=32)).eval()
    sides = []
    encoder.network.register_forward_pre_hook(lambda _, args: sides.append(args[0].shape))
    with torch.no_grad():
        assert encoder(draws(1, 1, 3, 64, 64)).shape == (1, 512)
        encoder(draws(1, 1, 3, 32, 32))
    assert sides == [(1, 3, 32, 32)] * 2


@pytest.mark.parametrize("given", [None, "nowhere.pth"])
def test_missing_weights_name_the_key(tmp_path, given):
    path = None if given is None else str(tmp_path / given)
    with pytest.raises(UserError, match=r"refine\.imagenet_weights"):
        load_imagenet(SpatialEncoder(tiny()), path)
    with pytest.raises(UserError, match=r"refine\.imagenet_weights"):
        build_refiner(tiny(spatial_feature="imagenet-resnet18", imagenet_weights=path), FEATURE, 0)


def test_another_network_is_refused(checkpoint, tmp_path):
    short = {key: value for key, value in checkpoint.items() if key != "layer4.1.conv2.weight"}
    narrow = checkpoint | {"conv1.weight": torch.zeros(64, 3, 3, 3)}
    for name, state in (("short.pth", short), ("narrow.pth", narrow)):
        with pytest.raises(UserError, match=f"{name}.*refine.imagenet_weights"):
            load_imagenet(SpatialEncoder(tiny()), saved(tmp_path / name, state))


def test_the_refiner_starts_from_the_weights_it_is_given(checkpoint, tmp_path):
    path = saved(tmp_path / "resnet18.pth", checkpoint)
    refiner = build_refiner(tiny(spatial_feature="imagenet-resnet18", imagenet_weights=path), FEATURE, 0)
    assert torch.equal(refiner.memory.encoder.network.conv1.weight, checkpoint["conv1.weight"])


def test_a_fresh_network_keeps_the_scale_of_its_input():
    torch.manual_seed(0)
    with torch.no_grad():
        out = ResNet18().eval()(draws(1, 4, 3, 64, 64))
    assert 0.05 < out.std() < 50 and (out >= 0).all()
