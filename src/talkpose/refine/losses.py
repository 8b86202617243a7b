"""The terms of Eq. 4: adversarial, L1, attention norm and attention smoothness.

Images are (B, 3, S, S) in [-1, 1], attention masks (B, 1, S, S) in [0, 1]; every term is a mean over the
batch.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from talkpose.config import RefineConfig
from talkpose.refine.generator import Refined


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """-(log D(r, g) + log(1 - D(r, G(r, f)))) / 2 from logits; the half slows D, as pix2pix."""
    return 0.5 * (
        F.binary_cross_entropy_with_logits(real, torch.ones_like(real))
        + F.binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
    )


def adversarial(fake: Tensor) -> Tensor:
    """-log D(r, G(r, f)): the non-saturating form of Eq. 4's second expectation, as the public code."""
    return F.binary_cross_entropy_with_logits(fake, torch.ones_like(fake))


def attention_size(attention: Tensor, norm: str) -> Tensor:
    """Size of the attention mask, in [0, 1] whatever the image's side.

    "l2": ||A||_2 / sqrt(H W), the root mean square. The bare norm of Eq. 4 grows with the side (128 for a
    constant mask of 0.5 at 256x256: twice that against an L1 term of about 5), so it cannot be what was
    trained with lambda 2. "mean": the mean, as the public code.
    """
    if norm == "mean":
        return attention.mean()
    return attention.flatten(1).square().mean(dim=1).clamp_min(1e-12).sqrt().mean()


def total_variation(attention: Tensor, form: str) -> Tensor:
    """Sum of squared ("squared", Eq. 4) or absolute differences of neighbours, down and across."""
    dy = attention[:, :, 1:] - attention[:, :, :-1]
    dx = attention[:, :, :, 1:] - attention[:, :, :, :-1]
    sums = [(d.square() if form == "squared" else d.abs()).sum() for d in (dy, dx)]
    return (sums[0] + sums[1]) / attention.shape[0]


def generator_terms(
    refined: Refined, real: Tensor, weight: Tensor, fake: Tensor | None, config: RefineConfig
) -> dict[str, Tensor]:
    """The weighted terms whose sum the generator minimises (Eq. 4).

    weight (B, 1, S, S): of every pixel in the L1 term, 1 in the paper (see `data.focus_map`); fake: D's
    logits, None without D. `lambda_l2` (0 in the paper) asks for the mean where L1 asks for the median.
    `lambda_colour` (0 in the paper) asks the colour mask alone for the real frame too: where A is near 1
    nothing else reaches it, and a mask that never learns keeps A there.
    """
    terms = {
        "l1": config.lambda_l1 * (weight * (refined.image - real).abs()).mean(),
        "attention": config.lambda_attention * attention_size(refined.attention, config.attention_norm),
        "tv": config.lambda_tv * total_variation(refined.attention, config.tv),
    }
    if config.lambda_l2 > 0:
        terms["l2"] = config.lambda_l2 * (weight * (refined.image - real).square()).mean()
    if config.lambda_colour > 0:
        terms["colour"] = config.lambda_colour * (weight * (refined.colour - real).abs()).mean()
    if fake is not None:
        terms["gan"] = config.lambda_gan * adversarial(fake)
    return terms
