"""Fixtures that all tests share."""

import os
from pathlib import Path

# As the command line does: BLAS threads of several workers fight for few cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def clips_dir() -> Path:
    """Folder of the real clips: TALKPOSE_CLIPS, else shared/clips beside the checkout; skips where absent."""
    folder = Path(os.environ.get("TALKPOSE_CLIPS", ROOT.parent / "shared" / "clips"))
    if not (folder / "MANIFEST.tsv").is_file():
        pytest.skip(f"no real clips at {folder}; set TALKPOSE_CLIPS to a folder that has them")
    return folder
