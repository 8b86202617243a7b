"""Each check of method.yaml fires on a baseline that is broken there, and there alone."""

import pytest
import yaml
from made_world import baseline, manifest

from talkpose.methods.check.finding import BAD, WARN, exit_code
from talkpose.methods.check.papers import check_papers

UPSTREAM = {"repository": "https://example.org/a", "commit": "0123abc", "licence": "MIT"}
NUMBER = {"table": "Table 2", "metric": "psnr", "value": 1, "protocol": "atvg-lrw", "source": "Y. et al."}


def marks(folder):
    _, findings = check_papers(folder)
    return {finding.check: finding.mark for finding in findings}


def test_a_right_one_passes(tmp_path):
    _, findings = check_papers(baseline(tmp_path, "made", upstream=UPSTREAM, quoted=[NUMBER]))
    assert exit_code(findings) == 0 and {finding.mark for finding in findings} == {"✓"}


@pytest.mark.parametrize(
    ("check", "changes"),
    [
        ("metadata", {"title": ""}),
        ("metadata", {"about": "TODO"}),
        ("metadata", {"needs": "ears"}),
        ("metadata", {"surplus": 1}),
        ("licence", {"licence": None}),
        ("licence", {"licence": "none"}),
        ("licence", {"licence": "ask us first, please"}),
        ("citation", {"citation": None}),
        ("citation", {"citation": {"title": "T", "authors": [], "year": 2020}}),
        ("citation", {"citation": {"title": "T", "authors": ["Your Name"], "year": 2020}}),
        ("commit", {"status": "original"}),
        ("commit", {"upstream": {**UPSTREAM, "commit": "master"}}),
        ("commit", {"upstream": {**UPSTREAM, "commit": "0000000"}}),
        ("quoted", {"quoted": [{**NUMBER, "protocol": ""}]}),
        ("quoted", {"quoted": [{**NUMBER, "protocol": "todo"}]}),
        ("quoted", {"quoted": [{k: v for k, v in NUMBER.items() if k != "source"}]}),
        ("weights", {"weights": [{"file": "a", "url": "b", "sha256": "short"}]}),
        ("pose kind", {"pose": "copied"}),
    ],
)
def test_a_broken_one_is_caught_by_its_own_check(tmp_path, check, changes):
    folder = baseline(tmp_path, "made")
    (folder / "method.yaml").write_text(yaml.safe_dump(manifest("made", **changes)))
    found = marks(folder)
    assert [name for name, mark in found.items() if mark == BAD] == [check]


def test_what_is_no_error_is_a_warning(tmp_path):
    unknown = [{"file": "a.pth", "url": "https://example.org", "sha256": "unknown"}]
    folder = baseline(tmp_path, "made", weights=unknown, status="clean-room", upstream=UPSTREAM)
    found = marks(folder)
    assert found["weights"] == WARN and found["metadata"] == WARN, "no simplification is named"


def test_a_file_that_is_no_manifest(tmp_path):
    folder = baseline(tmp_path, "made")
    for text in ("", "- a list", "name: ["):
        (folder / "method.yaml").write_text(text)
        assert marks(folder)["metadata"] == BAD
    (folder / "method.yaml").unlink()
    assert marks(folder)["metadata"] == BAD
