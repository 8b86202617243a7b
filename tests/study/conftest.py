"""A study built once for all tests of packets."""

import shutil

import pytest
from made_study import make_run, study_config

from talkpose.study.app_build import DIST


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
