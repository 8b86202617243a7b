"""Every baseline of the project passes its own check."""

import pytest

from talkpose.methods.check.baseline import check_baseline
from talkpose.methods.check.finding import BAD
from talkpose.methods.discovery import PROJECT
from talkpose.methods.manifest import FILE

FOLDERS = sorted(path.parent for path in PROJECT.glob(f"*/{FILE}"))


def test_there_are_some():
    assert len(FOLDERS) >= 15


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_baseline_passes_its_check(folder, worlds):
    findings = list(check_baseline(folder, None, worlds))
    assert {finding.check for finding in findings} >= {"metadata", "licence", "citation", "commit", "runs"}
    assert not [finding for finding in findings if finding.mark == BAD]
