"""The tiny corpus of baseline checks, made once."""

import pytest

from talkpose.methods.check.world import make_world, save_world


@pytest.fixture(scope="session")
def worlds(tmp_path_factory):
    """Folder that keeps the tiny corpora; the 64 px one, which most baselines use, is there."""
    folder = tmp_path_factory.mktemp("worlds")
    save_world(folder / "world-64.npz", make_world(64))
    return folder
