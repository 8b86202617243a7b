"""Files of others in a run's plan: one that comes, goes or changes reruns what loads it, and no more."""

import os

import pytest
import yaml

from talkpose.cli.plan import Plan
from talkpose.files import read_json, sha256

STEPS = ("face.ingest_step", "face.track_step", "methods.refine_steps", "metrics.step")


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """Makes the plan anew: ArcFace and SyncNet for metrics, ImageNet for stage 2, one external baseline."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / "a.mp4").touch()
    folder = tmp_path / "b" / "theirs"
    folder.mkdir(parents=True)
    manifest = {
        "name": "theirs",
        "title": "Theirs",
        "about": "made",
        "citation": {"title": "T", "authors": ["A"], "year": 2024},
        "licence": "Apache-2.0",
        "status": "original",
        "upstream": {"repository": "https://example.org/a", "commit": "0123abc", "licence": "MIT"},
        "needs": "image",
        "pose": "fixed",
        "run": {"kind": "command", "command": ["python", "{checkout}/run.py"]},
        "weights": [{"file": "net.pth", "url": "https://example.org/net", "sha256": "unknown"}],
    }
    (folder / "method.yaml").write_text(yaml.safe_dump(manifest))
    data = {
        "run": "r",
        "corpora": {"people": {"role": "persons", "path": "v"}},
        "methods": ["still", "theirs"],
        "baselines": "b",
        "baseline_settings": {"theirs": {"checkout": "code"}},
        "refine": {"spatial_feature": "imagenet-resnet18", "imagenet_weights": "w/resnet.pth"},
        "metrics": {"syncnet_weights": "w/syncnet.model"},
    }
    (tmp_path / "w").mkdir()
    (tmp_path / "code").mkdir()
    return lambda: Plan(data)


def hashes(plan):
    made = plan()
    return {step: made.weights(step) for step in STEPS} | {"theirs": made.baseline_hash("theirs")}


@pytest.mark.parametrize(
    ("file", "step"),
    [
        ("w/syncnet.model", "metrics.step"),
        ("w/resnet.pth", "methods.refine_steps"),
        ("code/net.pth", "theirs"),
    ],
)
def test_what_uses_a_file_reruns_when_it_comes_changes_or_goes(plan, tmp_path, file, step):
    states = [hashes(plan)]
    for content in (b"one", b"two", None):  # of one size
        if content is None:
            (tmp_path / file).unlink()
        else:
            (tmp_path / file).write_bytes(content)
            os.utime(tmp_path / file, ns=(0, int.from_bytes(content)))
        states.append(hashes(plan))
    assert len({state[step] for state in states}) == 3, "absent, one, two"
    assert states[0] == states[3]
    others = {name for name in states[0] if len({state[name] for state in states}) > 1} - {step}
    assert others == set()


def test_a_file_that_was_only_touched_reruns_nothing(plan, tmp_path):
    (tmp_path / "w/syncnet.model").write_bytes(b"one")
    before = hashes(plan)
    os.utime(tmp_path / "w/syncnet.model", ns=(0, 0))
    assert hashes(plan) == before


def test_a_run_starts_with_the_hashes_of_what_it_rests_on(plan, tmp_path):
    (tmp_path / "w/resnet.pth").write_bytes(b"one")
    made = plan()
    made.start()
    assert read_json(made.layout.run_record)["weights"] == {
        "refine.imagenet_weights": {"path": "w/resnet.pth", "sha256": sha256("w/resnet.pth")},
        "metrics.syncnet_weights": {"path": "w/syncnet.model", "sha256": None},
        "theirs: net.pth": {"path": (tmp_path / "code/net.pth").as_posix(), "sha256": None},
    }
