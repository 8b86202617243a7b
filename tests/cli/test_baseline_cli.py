"""`talkpose baseline new`, `check` and `list` as typed."""

import pytest
import yaml
from typer.testing import CliRunner

from talkpose.cli.app import app
from talkpose.errors import UserError


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def typed(*arguments):
    return CliRunner().invoke(app, ["baseline", *arguments])


@pytest.mark.parametrize("kind", ["in-process", "command", "frames"])
def test_a_new_baseline_passes_its_check(here, kind):
    result = typed("new", "mine", "--kind", kind)
    assert result.exit_code == 0 and (here / "baselines" / "mine" / "method.yaml").is_file()
    result = typed("check", "mine", "--worlds", str(here.parent / "worlds"))
    assert result.exit_code == 0, result.output
    assert "✗" not in result.output and "✓ licence: Apache-2.0" in result.output
    assert ("✓ resumes" in result.output) == (kind == "in-process")
    assert ("⚠ runs: not run" in result.output) == (kind == "frames")


def test_a_broken_one_is_told_by_the_exit_code(here):
    typed("new", "mine", "--kind", "frames")
    path = here / "baselines" / "mine" / "method.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "licence": "none"}))
    result = typed("check", "mine")
    assert result.exit_code == 1 and "✗ licence" in result.output


def test_names_that_cannot_be_are_refused(here):
    for name, says in (("Two Words", "small letters"), ("still", "built-in"), ("ours-q", "built-in")):
        assert says in str(typed("new", name).exception)
    typed("new", "mine", "--kind", "frames")
    again = typed("new", "mine")
    assert isinstance(again.exception, UserError) and "is there already" in str(again.exception)
    assert "no baseline `yours`" in str(typed("check", "yours").exception)


def test_the_list_says_what_is_missing(here):
    typed("new", "mine", "--kind", "frames")
    (here / "baselines" / "broken").mkdir()
    (here / "baselines" / "broken" / "method.yaml").write_text("name: broken\n")
    result = typed("list")
    assert result.exit_code == 0
    words = " ".join(result.output.split())
    assert "wav2lip command original Apache-2.0 / non-commercial (README) video copied no checkout" in words
    assert "never run here" in words and "mine frames own" in words
    assert "broken" in words and "Field required" in words
