"""A study built once for all tests of packets."""

import shutil
from pathlib import Path

import pytest
from made_study import make_run, study_config
from packet_page import FAST, start

from talkpose.files import read_json
from talkpose.study.app_build import DIST
from talkpose.study.schema import Key


@pytest.fixture(scope="session")
def needs_pages():
    if not (DIST / "app.js").is_file() and shutil.which("npm") is None:
        pytest.skip("the study's pages are not bundled and Node.js is missing")


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("study") / "tiny")


@pytest.fixture(scope="session")
def built(tiny_run, needs_pages):
    from talkpose.study.build import build_study

    return build_study(study_config(), tiny_run)


@pytest.fixture(scope="session")
def key(built) -> Key:
    return Key.model_validate(read_json(built.key))


@pytest.fixture
def opened(browser, built):
    """Opens a packet; at the end no console message, no error, and no request but to files."""
    said: list[str] = []
    contexts = []

    def open_packet(packet: str, locale: str = "en-GB", folder: Path | None = None, **options):
        context = browser.new_context(locale=locale, accept_downloads=True, **options)
        contexts.append(context)
        context.add_init_script(FAST)
        return start(context, (folder or built.folder / "packets" / packet) / "index.html", said)

    yield open_packet
    for context in contexts:
        context.close()
    assert said == []
