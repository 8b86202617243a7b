"""method.yaml: what it takes, what it refuses, and that reading it runs nothing."""

import pytest
import yaml
from made_world import baseline, manifest

from talkpose.errors import UserError
from talkpose.methods.manifest import Manifest, read_manifest


def test_a_right_manifest_is_read(tmp_path):
    found = read_manifest(baseline(tmp_path, "made", quoted=[]))
    assert (found.name, found.run.kind, found.sounds) == ("made", "in_process", "all")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"licence": None}, "`licence`"),
        ({"pose": "moving"}, "`pose`"),
        ({"pose": "copied"}, "copied needs a video"),
        ({"status": "original"}, "`upstream` is required"),
        ({"colour": "red"}, "`colour`"),
        ({"run": {"kind": "shell"}}, "`run`"),
        ({"run": {"kind": "command", "command": "rm -rf x"}}, "command"),
        ({"run": {"kind": "in_process", "module": "../evil.py"}}, "module"),
        ({"run": {"kind": "frames", "folder": "/etc"}}, "inside its folder"),
        ({"run": {"kind": "frames", "pattern": "../{item}.mp4"}}, "inside its folder"),
        ({"quoted": [{"table": "T", "metric": "psnr", "value": 1, "source": "s"}]}, "protocol"),
        ({"weights": [{"file": "w.pth", "url": "u", "sha256": "abc"}]}, "sha256"),
        ({"name": "other"}, "its folder is made"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, changes, says):
    folder = baseline(tmp_path, "made")
    (folder / "method.yaml").write_text(yaml.safe_dump(manifest("made", **changes)))
    with pytest.raises(UserError, match=says):
        read_manifest(folder)


def test_yaml_that_would_run_something_is_refused(tmp_path):
    folder = baseline(tmp_path, "made")
    marker = tmp_path / "ran"
    (folder / "method.yaml").write_text(f"name: !!python/object/apply:os.mkdir ['{marker}']\n")
    with pytest.raises(UserError, match="not valid YAML"):
        read_manifest(folder)
    assert not marker.exists()


def test_a_commit_is_a_hash_and_not_a_branch():
    upstream = {"repository": "https://example.org/a", "commit": "main", "licence": "MIT"}
    with pytest.raises(ValueError, match="commit"):
        Manifest.model_validate(manifest("made", upstream=upstream))
    Manifest.model_validate(manifest("made", upstream={**upstream, "commit": "0123abc"}))
