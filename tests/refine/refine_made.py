"""Small networks and made pairs for the tests of stage 2."""

import numpy as np
import torch

from talkpose.config import RefineConfig
from talkpose.refine.pairs import ClipPairs

FEATURE = 6
TINY = {
    "generator_width": 4,
    "levels": 4,
    "mlp_width": 8,
    "discriminator_width": 4,
    "spatial_size": 32,
    "memory_size": 16,
    "memory_key": 8,
    "memory_top_k": 4,
    "memory_batch": 4,
    "memory_every": 2,
    "batch": 2,
    "identity_draw": "frame",
    "lambda_gan": 1.0,
    "lambda_colour": 0.0,
    "focus_face": 0.0,
    "focus_mouth": 0.0,
    "general_steps": 6,
    "personal_steps": 4,
    "log_every": 2,
    "checkpoint_every": 2,
    "validation_frames": 2,
    "identity": "memory",
    "identity_feature": "dlib",
    "spatial_feature": "trained-resnet18",
}


def tiny(**changes):
    return RefineConfig(**(TINY | changes))


def unit(x):
    x = np.asarray(x, np.float32)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def made_clip(name, seed, frames=8, size=32, darker=0.6):
    """A blob that wanders over a plane of colour; the rendering is the real frame, darkened."""
    rng = np.random.default_rng(seed)
    ys, xs = np.mgrid[:size, :size] / size
    colour = rng.uniform(0.4, 0.9, 3)
    centre = 0.5 + 0.2 * np.sin(np.arange(frames)[:, None] * rng.uniform(0.3, 0.9, 2) + rng.uniform(0, 6, 2))
    blob = np.exp(-((ys - centre[:, 0, None, None]) ** 2 + (xs - centre[:, 1, None, None]) ** 2) / 0.05)
    real = colour * (0.6 + 0.4 * blob[..., None]) * 255
    identity = unit(rng.normal(size=FEATURE) + 0.02 * rng.normal(size=(frames, FEATURE)))
    return ClipPairs(name, (real * darker).astype(np.uint8), real.astype(np.uint8), identity)


def shake(module, seed=0, scale=0.1):
    """Move every parameter off its start, so that nothing is zero by initialisation."""
    rng = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(scale * torch.randn(parameter.shape, generator=rng))
    return module.eval()


def draws(seed, *shape):
    """Uniform draws in [-1, 1]."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1
