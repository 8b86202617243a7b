"""A made run and its report, built once."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from made_run import make_run  # noqa: E402
from wide_run import make_wide_run  # noqa: E402

from talkpose.report.build import build_report  # noqa: E402


@pytest.fixture(scope="session")
def made_run(tmp_path_factory):
    """Layout of a made run; do not write into it."""
    return make_run(tmp_path_factory.mktemp("results") / "made")


@pytest.fixture(scope="session")
def made_report(made_run):
    """Folder of the made run's report."""
    return build_report(made_run.root).parent


@pytest.fixture(scope="session")
def wide_run(tmp_path_factory):
    """Layout of a made run with a test corpus, training lengths, poses and a person of a hostile name."""
    return make_wide_run(tmp_path_factory.mktemp("results") / "wide")


@pytest.fixture(scope="session")
def wide_report(wide_run):
    """Folder of the wide run's report."""
    return build_report(wide_run.root).parent


@pytest.fixture
def open_page(browser, made_report):
    """Open a page of a report; at the end there must be no console message and no request but to files."""
    said: list[str] = []
    contexts = []

    def opened(name: str, width: int = 1280, height: int = 900, theme: str = "light", report=made_report):
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("requestfailed", lambda request: said.append(f"failed: {request.url}"))
        local = ("file:", "data:", "blob:")
        page.on(
            "request", lambda request: None if request.url.startswith(local) else said.append(request.url)
        )
        page.goto((report / name).as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    # A video that is put aside while it loads is an aborted request, not an error.
    assert [line for line in said if not (line.startswith("failed: file:") and line.endswith(".mp4"))] == []
