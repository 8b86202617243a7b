"""The demo's corpus, written, read and tracked by the real Snakefile: every bound on its tracks holds."""

import sys
from pathlib import Path

import yaml

from talkpose.files import read_json
from talkpose.layout import RunLayout

sys.path.insert(0, str(Path(__file__).parent))
from tiny import ROOT, prepare, run


def test_tracks_of_the_demo_are_within_their_bounds(tmp_path):
    (tmp_path / "config").symlink_to(ROOT / "config")
    prepare(tmp_path, yaml.safe_load((ROOT / "config" / "demo.yaml").read_text()))
    done = run(tmp_path, tmp_path, "validation_check", timeout=1200)
    assert done.returncode == 0, done.stderr + done.stdout
    found = read_json(RunLayout(tmp_path / "results" / "demo").validation)
    assert found["landmarks"] == "dense" and len(found["clips"]) == 53
    lines = {line["quantity"]: line for line in found["bounds"]}
    axes = ("pitch", "yaw", "roll", "rotation")
    most = {f"{axis}-{what}": bound for axis in axes for what, bound in (("median", 1.0), ("p95", 3.0))}
    most |= {"landmarks": 0.02, "hs": 0.02, "audio-pose": 0.05, "sync": 0.0}
    assert lines.keys() == {*most, "mouth"}
    assert {name: lines[name]["found"] for name in most if not lines[name]["found"] <= most[name]} == {}
    assert lines["mouth"]["found"] >= 0.95
    assert all(line["passed"] for line in lines.values())
