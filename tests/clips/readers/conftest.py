"""Trees of empty files."""

from pathlib import Path

import pytest


@pytest.fixture
def touch():
    """touch(folder, *names): make empty files, and the folders that they lie in."""

    def make(folder: Path, *names: str) -> Path:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).touch()
        return folder

    return make
