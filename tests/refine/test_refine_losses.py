"""The terms of Eq. 4 against their closed forms in NumPy."""

import numpy as np
import pytest
import torch
from refine_made import draws, tiny

from talkpose.config import RefineConfig
from talkpose.refine.generator import Refined
from talkpose.refine.losses import (
    adversarial,
    attention_size,
    discriminator_loss,
    generator_terms,
    total_variation,
)

A = (draws(1, 3, 1, 8, 6) + 1) / 2
IMAGE, REAL = draws(2, 3, 3, 8, 6), draws(3, 3, 3, 8, 6)
COLOUR = draws(6, 3, 3, 8, 6)
REFINED, ONE = Refined(IMAGE, COLOUR, A), torch.ones(3, 1, 8, 6)
LOGITS, OTHER = 4 * draws(4, 3, 1, 5, 5), 4 * draws(5, 3, 1, 5, 5)


def log_sigmoid(x):
    return -np.log1p(np.exp(-x.double().numpy()))


def tv(a, power):
    a = a.double().numpy()[:, 0]
    steps = [np.abs(np.diff(a, axis=axis)) ** power for axis in (1, 2)]
    return sum(s.sum() for s in steps) / len(a)


def l2(a):
    flat = a.double().numpy().reshape(len(a), -1)
    return (np.linalg.norm(flat, axis=1) / np.sqrt(flat.shape[1])).mean()


def test_attention_size():
    assert float(attention_size(A, "l2")) == pytest.approx(l2(A), rel=1e-5)
    assert float(attention_size(A, "mean")) == pytest.approx(A.double().mean().item(), rel=1e-5)
    assert l2(A) > 1.05 * A.mean()  # the two differ here


@pytest.mark.parametrize("norm", ["l2", "mean"])
def test_size_of_a_constant_mask_is_its_value_at_every_side(norm):
    for side in (8, 64):
        assert float(attention_size(torch.full((2, 1, side, side), 0.3), norm)) == pytest.approx(
            0.3, rel=1e-5
        )


def test_the_empty_mask_has_a_finite_gradient():
    mask = torch.zeros(1, 1, 4, 4, requires_grad=True)
    attention_size(mask, "l2").backward()
    assert mask.grad.isfinite().all()


def test_total_variation():
    assert float(total_variation(A, "squared")) == pytest.approx(tv(A, 2), rel=1e-5)
    assert float(total_variation(A, "absolute")) == pytest.approx(tv(A, 1), rel=1e-5)


def test_adversarial_terms():
    expected = -(log_sigmoid(LOGITS).mean() + log_sigmoid(-OTHER).mean()) / 2
    assert float(discriminator_loss(LOGITS, OTHER)) == pytest.approx(expected, rel=1e-5)
    assert float(adversarial(OTHER)) == pytest.approx(-log_sigmoid(OTHER).mean(), rel=1e-5)


@pytest.mark.parametrize("norm", ["l2", "mean"])
@pytest.mark.parametrize("form", ["squared", "absolute"])
def test_generator_terms_are_weighted(norm, form):
    config = tiny(
        lambda_gan=0.7,
        lambda_l1=100.0,
        lambda_attention=2.0,
        lambda_tv=1e-5,
        attention_norm=norm,
        tv=form,
    )
    terms = generator_terms(REFINED, REAL, ONE, LOGITS, config)
    size = l2(A) if norm == "l2" else A.double().mean().item()
    expected = {
        "l1": 100 * (IMAGE - REAL).double().abs().mean().item(),
        "attention": 2 * size,
        "tv": 1e-5 * tv(A, 2 if form == "squared" else 1),
        "gan": -0.7 * log_sigmoid(LOGITS).mean(),
    }
    assert {name: float(term) for name, term in terms.items()} == pytest.approx(expected, rel=1e-5)


def test_pixels_weigh_what_they_are_given():
    weight = 1 + 5 * (A > 0.5).float()
    config = tiny(lambda_l1=100.0, lambda_colour=10.0, lambda_l2=30.0)
    terms = generator_terms(REFINED, REAL, weight, None, config)
    for name, scale, picture, power in (
        ("l1", 100, IMAGE, 1),
        ("l2", 30, IMAGE, 2),
        ("colour", 10, COLOUR, 1),
    ):
        error = np.abs(picture.double().numpy() - REAL.double().numpy()) ** power * weight.numpy()
        assert float(terms[name]) == pytest.approx(scale * error.mean(), rel=1e-5), name


def test_weights_of_the_paper():
    config = RefineConfig(**RefineConfig.PAPER)
    weights = (config.lambda_gan, config.lambda_l1, config.lambda_attention, config.lambda_tv)
    assert weights == (1, 100, 2, 1e-5)
    assert (config.attention_norm, config.tv) == ("l2", "squared")
    assert set(generator_terms(REFINED, REAL, ONE, LOGITS, config)) == {"l1", "attention", "tv", "gan"}


def test_no_discriminator_no_adversarial_term():
    assert set(generator_terms(REFINED, REAL, ONE, None, tiny())) == {"l1", "attention", "tv"}
