"""Generator: Eq. 3, sizes, the identity's way in. Discriminator: the patches it judges."""

import numpy as np
import pytest
import torch
from refine_made import FEATURE, draws, shake, tiny

from talkpose.config import RefineConfig
from talkpose.refine.discriminator import Discriminator
from talkpose.refine.generator import AdaIN, Generator

VARIANTS = [
    {"upsample": upsample, "head_skip": skip}
    for upsample in ("transposed", "bilinear")
    for skip in (True, False)
]


def made(seed=0, **changes):
    return shake(Generator(tiny(**changes), FEATURE), seed)


@pytest.mark.parametrize("changes", VARIANTS)
def test_image_is_equation_3(changes):
    window, feature = draws(1, 2, 9, 32, 32), draws(2, 2, FEATURE)
    with torch.no_grad():
        image, colour, attention = made(**changes)(window, feature)
    assert image.shape == colour.shape == (2, 3, 32, 32) and attention.shape == (2, 1, 32, 32)
    assert (attention > 0).all() and (attention < 1).all() and attention.std() > 0.001
    a, r_t = attention.double().numpy(), window[:, 6:9].double().numpy()
    np.testing.assert_allclose(image.numpy(), a * r_t + (1 - a) * colour.double().numpy(), atol=1e-6)


@pytest.mark.parametrize("changes", VARIANTS)
def test_attention_of_one_keeps_the_last_frame_of_the_window(changes):
    window = draws(1, 1, 9, 32, 32)
    for start, expected in ((1 - 1e-12, "last"), (1e-12, "colour")):
        generator = Generator(tiny(attention_start=start, **changes), FEATURE).eval()
        with torch.no_grad():
            refined = generator(window, draws(2, 1, FEATURE))
        target = window[:, 6:] if expected == "last" else refined.colour
        torch.testing.assert_close(refined.image, target, atol=1e-5, rtol=0)
    assert (window[:, 6:] - window[:, :3]).abs().max() > 0.1


def test_colour_is_in_the_range_of_images():
    with torch.no_grad():
        colour = made()(draws(1, 1, 9, 32, 32), draws(2, 1, FEATURE)).colour
    assert colour.abs().max() <= 1 and colour.std() > 0.001


def test_heads_that_see_the_rendering_start_near_it():
    window, feature = draws(1, 2, 9, 32, 32), draws(2, 2, FEATURE)
    with torch.no_grad():
        near = Generator(tiny(head_skip=True), FEATURE).eval()(window, feature).colour
    assert np.corrcoef(near.numpy().ravel(), window[:, 6:].numpy().ravel())[0, 1] > 0.9
    assert abs(np.corrcoef(near.numpy().ravel(), window[:, :3].numpy().ravel())[0, 1]) < 0.3


def test_every_frame_of_the_window_counts():
    generator, window, feature = made(), draws(1, 1, 9, 32, 32), draws(2, 1, FEATURE)
    with torch.no_grad():
        base = generator(window, feature).image
        for first in (0, 3, 6):
            other = window.clone()
            other[:, first : first + 3] = draws(3, 1, 3, 32, 32)
            assert (generator(other, feature).image - base).abs().max() > 1e-3


def test_the_window_may_have_another_length():
    with torch.no_grad():
        refined = made(window=2)(draws(1, 1, 6, 32, 32), draws(2, 1, FEATURE))
    assert refined.image.shape == (1, 3, 32, 32)


def test_identity_changes_the_picture_of_its_own_sample_only():
    generator, window, feature = made(), draws(1, 2, 9, 32, 32), draws(2, 2, FEATURE)
    other = feature.clone()
    other[1] = -other[1]
    with torch.no_grad():
        a, b = generator(window, feature).image, generator(window, other).image
    assert (a[1] - b[1]).abs().max() > 1e-3
    torch.testing.assert_close(a[0], b[0], atol=1e-6, rtol=0)


def test_without_identity_the_feature_has_no_way_in():
    generator, window = made(identity="none"), draws(1, 1, 9, 32, 32)
    with torch.no_grad():
        a, b = generator(window, None).image, generator(window, draws(2, 1, FEATURE)).image
    assert torch.equal(a, b)
    assert generator.mlp is None and generator.style.requires_grad


def test_dropout_only_in_training_unless_asked_for():
    window, feature = draws(1, 1, 9, 64, 64), draws(2, 1, FEATURE)
    for at_test in (False, True):
        generator = made(dropout=0.5, test_dropout=at_test)
        with torch.no_grad():
            same = torch.equal(generator(window, feature).image, generator(window, feature).image)
            assert same is not at_test
            generator.train()
            assert not torch.equal(generator(window, feature).image, generator(window, feature).image)


def test_adain_closed_form():
    x, style = draws(1, 2, 3, 8, 8), draws(2, 2, 6)
    got = AdaIN(3)(x, style).numpy()
    a = x.numpy().astype(np.float64)
    mean, var = a.mean((2, 3), keepdims=True), a.var((2, 3), keepdims=True)
    scale, shift = style.numpy()[:, :3, None, None], style.numpy()[:, 3:, None, None]
    np.testing.assert_allclose(got, (a - mean) / np.sqrt(var + 1e-5) * (1 + scale) + shift, atol=1e-5)


def test_gradients_reach_every_parameter():
    generator = made().train()
    refined = generator(draws(1, 1, 9, 32, 32), draws(2, 1, FEATURE))
    (refined.image.square().sum() + refined.attention.sum()).backward()
    dead = [name for name, p in generator.named_parameters() if p.grad is None]
    assert not dead, dead


def test_sizes_at_the_scale_of_the_paper():
    config = RefineConfig(**RefineConfig.PAPER)
    with torch.device("meta"):
        generator, judge = Generator(config, 512), Discriminator(config)
    mlp = sum(p.numel() for p in generator.mlp.parameters())
    unet = sum(p.numel() for p in generator.parameters()) - mlp
    assert unet == pytest.approx(54.6e6, abs=0.06e6)
    assert mlp == pytest.approx(204.5e6, abs=0.06e6)
    assert [m.out_features for m in generator.mlp if isinstance(m, torch.nn.Linear)] == [9984] * 3
    assert generator.heads.weight.shape == (4, 64, 7, 7)
    assert sum(p.numel() for p in judge.parameters()) == pytest.approx(2.77e6, abs=0.005e6)


def test_discriminator_judges_70_pixel_patches():
    judge = shake(Discriminator(tiny(discriminator_layers=3)))
    window, frame = draws(1, 1, 9, 128, 128), draws(2, 1, 3, 128, 128).requires_grad_()
    logits = judge(window, frame)
    assert logits.shape == (1, 1, 14, 14)  # 256 pixels give the public code's 30 x 30
    logits[0, 0, 7, 7].backward()
    seen = frame.grad[0].abs().sum(0) > 0
    rows, columns = seen.any(1).nonzero(), seen.any(0).nonzero()
    assert (rows.max() - rows.min() + 1, columns.max() - columns.min() + 1) == (70, 70)


def test_discriminator_sees_the_rendering_too():
    judge, frame = shake(Discriminator(tiny())), draws(2, 1, 3, 64, 64)
    with torch.no_grad():
        a, b = judge(draws(1, 1, 9, 64, 64), frame), judge(draws(3, 1, 9, 64, 64), frame)
    assert (a - b).abs().max() > 1e-4
