"""Fixtures that all tests share."""

import os
import shutil
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


@pytest.fixture(scope="session")
def driver():
    """Playwright, once a session: it cannot be started twice in one process."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(driver):
    """Headless Chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no chromium on this machine")
    options = ["--no-sandbox", "--disable-gpu", "--mute-audio", "--autoplay-policy=no-user-gesture-required"]
    running = driver.chromium.launch(executable_path=chromium, args=options)
    yield running
    running.close()
