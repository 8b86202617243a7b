"""A made run and its report, built once."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from made_run import make_run  # noqa: E402

from talkpose.report.build import build_report  # noqa: E402


@pytest.fixture(scope="session")
def made_run(tmp_path_factory):
    """Layout of a made run; do not write into it."""
    return make_run(tmp_path_factory.mktemp("results") / "made")


@pytest.fixture(scope="session")
def made_report(made_run):
    """Folder of the made run's report."""
    return build_report(made_run.root).parent
