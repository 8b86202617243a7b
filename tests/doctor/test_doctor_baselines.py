"""`talkpose doctor` on external baselines: their weights, and hashes that nobody has told."""

import hashlib
import json

import pytest
import typer
import yaml

from talkpose.cli.doctor import doctor
from talkpose.doctor import machine as machine_module


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.setattr(machine_module, "ALWAYS", ("json",))
    digest = hashlib.sha256(b"weights").hexdigest()
    folder = tmp_path / "b" / "theirs"
    folder.mkdir(parents=True)
    manifest = {
        "name": "theirs",
        "title": "Theirs",
        "about": "made",
        "citation": {"title": "T", "authors": ["A"], "year": 2024},
        "licence": "Apache-2.0",
        "status": "original",
        "upstream": {"repository": "https://example.org/a", "commit": "0123abc", "licence": "CC-BY-NC"},
        "needs": "image",
        "pose": "fixed",
        "run": {"kind": "command", "command": ["python", "{checkout}/run.py"]},
        "weights": [
            {"file": "known.pth", "url": "https://example.org/known", "sha256": digest},
            {"file": "other.pth", "url": "https://example.org/other", "sha256": "unknown"},
        ],
    }
    (folder / "method.yaml").write_text(yaml.safe_dump(manifest))
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / "a.mp4").write_bytes(b"abc")
    data = {
        "run": "r",
        "corpora": {"people": {"role": "persons", "path": str(tmp_path / "v")}},
        "methods": ["still", "theirs"],
        "baselines": str(tmp_path / "b"),
        "baseline_settings": {"theirs": {"checkout": str(tmp_path / "code")}},
    }
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(data))
    return path


def found(config, capsys):
    with pytest.raises(typer.Exit):
        doctor(config, [], as_json=True, hash_=True)
    findings = json.loads(capsys.readouterr().out)["findings"]
    return {f["name"]: f for f in findings if f["name"].startswith("theirs: ")}


def test_weights_are_named_with_where_to_get_them(config, capsys):
    lines = found(config, capsys)
    assert [line["status"] for line in lines.values()] == ["partial", "partial"]
    advice = lines["theirs: known.pth"]["advice"]
    assert advice == "theirs will not be attempted: get known.pth from https://example.org/known"
    assert lines["theirs: known.pth"]["licence"] == "CC-BY-NC"


def test_a_hash_is_compared_where_it_is_known_and_said_to_be_unknown_elsewhere(config, capsys, tmp_path):
    (tmp_path / "code").mkdir()
    for name in ("known.pth", "other.pth"):
        (tmp_path / "code" / name).write_bytes(b"weights")
    lines = found(config, capsys)
    assert lines["theirs: known.pth"]["status"] == "found"
    assert "not known here" in lines["theirs: other.pth"]["advice"]
    (tmp_path / "code" / "known.pth").write_bytes(b"others")
    assert (
        "another file than https://example.org/known" in found(config, capsys)["theirs: known.pth"]["advice"]
    )
