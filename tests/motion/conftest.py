"""Made clips whose expression follows the sound by a known rule."""

import numpy as np
import pytest

from talkpose.config import MotionConfig
from talkpose.motion.data import MotionClip


def made_clip(name, seed, frames=75, valid=None):
    """Noise whose colour changes from frame to frame; the first expression number and the pitch follow it."""
    rng = np.random.default_rng(seed)
    colour = np.convolve(rng.uniform(-1, 1, frames + 8), np.hanning(5) / 2, mode="same")[4:-4]
    colour = np.clip(colour, -0.9, 0.9).astype(np.float32)
    noise = rng.normal(size=frames * 640 + 1)
    tone = np.repeat(colour, 640)
    audio = (0.05 * (noise[1:] - tone * noise[:-1])).astype(np.float32)
    directions = np.random.default_rng(99).normal(size=64).astype(np.float32)
    expression = colour[:, None] * directions + rng.normal(size=(frames, 64)).astype(np.float32) * 0.05
    expression += rng.normal(size=64).astype(np.float32)
    pose = rng.normal(size=(frames, 6)).astype(np.float32) * 0.02 + [0, 0, 0, 0, 0, 0.5]
    pose[:, 0] += 0.1 * colour
    seen = np.ones(frames, bool) if valid is None else valid
    return MotionClip(name, audio, expression.astype(np.float32), pose.astype(np.float32), seen)


@pytest.fixture(scope="session")
def make_clip():
    return made_clip


@pytest.fixture(scope="session")
def clips():
    return [made_clip(f"made_{seed}", seed) for seed in range(4)]


@pytest.fixture(scope="session")
def small():
    """A network that trains in a second or two."""
    return MotionConfig(
        channels=[4, 4, 4, 4, 8],
        fully_connected=32,
        embedding=16,
        hidden=16,
        layers=2,
        members=2,
        batch=4,
        general_steps=12,
        personal_steps=6,
        log_every=4,
        checkpoint_every=5,
    )
