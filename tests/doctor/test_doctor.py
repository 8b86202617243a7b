"""`talkpose doctor` on made trees: what is found, what is missing, and the exit code."""

import hashlib
import io
import json
from pathlib import Path

import pytest
import torch
import typer
import yaml
from rich.console import Console

from talkpose.cli.doctor import doctor
from talkpose.config import parse_config
from talkpose.doctor import Finding, examine, exit_code
from talkpose.doctor import machine as machine_module
from talkpose.doctor.placeholders import fill_known
from talkpose.doctor.show import show
from talkpose.errors import UserError

PAPER = Path(__file__).resolve().parents[2] / "config" / "paper.yaml"
SHA = "f37072fd"


@pytest.fixture
def cheap(monkeypatch):
    """Packages that are there anywhere."""
    monkeypatch.setattr(machine_module, "ALWAYS", ("json",))


def base(folder: Path) -> dict:
    (folder / "v").mkdir(exist_ok=True)
    (folder / "v" / "a.mp4").write_bytes(b"abc")
    return {"run": "r", "corpora": {"people": {"role": "persons", "path": str(folder / "v")}}}


def weights(folder: Path) -> dict:
    """Sections that ask for all of the paper's files, and the files."""
    metrics = ("fid_weights", "lpips_backbone", "lpips_weights", "syncnet_weights", "arcface_weights")
    for name in ("bfm.mat", "rnet.pth", "arc.onnx", "resnet.pth", *metrics):
        (folder / name).write_bytes(name.encode())
    return {
        "face": {
            "model": "bfm09",
            "model_path": str(folder / "bfm.mat"),
            "reconstruction": "rnet",
            "rnet_weights": str(folder / "rnet.pth"),
        },
        "refine": {
            "identity_feature": "arcface",
            "arcface_weights": str(folder / "arc.onnx"),
            "spatial_feature": "imagenet-resnet18",
            "imagenet_weights": str(folder / "resnet.pth"),
        },
        "metrics": {"csim_embedder": "arcface"} | {name: str(folder / name) for name in metrics},
    }


def look(data, tmp_path, with_hash=False):
    """Findings by name."""
    findings = examine(parse_config(data), with_hash, tmp_path / "results")
    return exit_code(findings), {finding.name: finding for finding in findings}


def without_packages(findings):
    return [finding for finding in findings.values() if finding.kind != "package"]


def test_all_there(tmp_path, cheap):
    _, findings = look(base(tmp_path) | weights(tmp_path), tmp_path)
    assert {f.status for f in without_packages(findings)} == {"found"}
    assert exit_code(without_packages(findings)) == 0


def test_substitutes_are_named(tmp_path, cheap):
    code, findings = look(base(tmp_path), tmp_path)
    assert code == 1
    model = next(f for f in findings.values() if f.key == "face.model_path")
    assert model.status == "substitute" and model.advice == "face.model: cc0 stands in for it"


@pytest.mark.parametrize(
    ("section", "key", "advice"),
    [
        ("face", "model_path", "set face.model: cc0 and face.reconstruction: fit to go without"),
        ("face", "rnet_weights", "set face.reconstruction: fit to go without"),
        ("refine", "arcface_weights", "set refine.identity_feature: dlib to go without"),
        ("refine", "imagenet_weights", "set refine.spatial_feature: trained-resnet18 to go without"),
    ],
)
def test_a_file_that_is_asked_for_and_missing(tmp_path, cheap, section, key, advice):
    for value in (None, str(tmp_path / "absent"), "${WEIGHTS_OF_NOBODY}/x"):
        data = base(tmp_path) | weights(tmp_path)
        data[section][key] = value
        code, findings = look(data, tmp_path)
        (finding,) = (f for f in findings.values() if f.key == f"{section}.{key}")
        assert code == 2 and finding.status == "missing" and advice in finding.advice
        assert finding.source and finding.licence


@pytest.mark.parametrize(
    ("key", "metric"),
    [
        ("fid_weights", "fid"),
        ("lpips_backbone", "lpips"),
        ("lpips_weights", "lpips"),
        ("syncnet_weights", "lse"),
        ("arcface_weights", "csim"),
    ],
)
def test_a_metrics_file_that_is_missing_does_not_stop_the_run(tmp_path, cheap, key, metric):
    for value in (None, str(tmp_path / "absent"), "${WEIGHTS_OF_NOBODY}/x"):
        data = base(tmp_path) | weights(tmp_path)
        data["metrics"][key] = value
        _, findings = look(data, tmp_path)
        (finding,) = (f for f in findings.values() if f.key == f"metrics.{key}")
        assert finding.status == "partial" and finding.source and finding.licence
        assert finding.advice.startswith(f"{metric} will not be attempted: ")
        assert exit_code(without_packages(findings)) == 1
        data["metrics"]["extra"] = [name for name in ("csim", "fid", "lpips", "lse") if name != metric]
        _, findings = look(data, tmp_path)
        assert f"metrics.{key}" not in {f.key for f in findings.values()}, "nobody asks for it"


def test_sizes_and_hashes_of_what_was_found(tmp_path, cheap):
    data = base(tmp_path) | weights(tmp_path)
    _, findings = look(data, tmp_path, with_hash=True)
    rnet = next(f for f in findings.values() if f.key == "face.rnet_weights")
    assert rnet.sha256 == hashlib.sha256(b"rnet.pth").hexdigest() and rnet.bytes == 8
    assert rnet.bytes_published is None and rnet.sha256_published is None, "nothing is invented"
    corpus = next(f for f in findings.values() if f.kind == "data set")
    line = f"{hashlib.sha256(b'abc').hexdigest()}  a.mp4\n"
    assert corpus.sha256 == hashlib.sha256(line.encode()).hexdigest()
    assert (corpus.clips, corpus.bytes) == (1, 3)
    imagenet = next(f for f in findings.values() if f.key == "refine.imagenet_weights")
    assert imagenet.status == "partial" and f"does not begin with {SHA}" in imagenet.advice


def test_a_part_of_lrw_is_a_part(tmp_path, cheap):
    path = tmp_path / "lrw" / "ABOUT" / "test" / "ABOUT_00001.mp4"
    path.parent.mkdir(parents=True)
    path.touch()
    data = base(tmp_path)
    data["corpora"]["l"] = {"role": "test", "reader": "lrw", "path": str(tmp_path / "lrw"), "split": "test"}
    code, findings = look(data, tmp_path)
    lrw = next(f for f in findings.values() if f.key == "corpora.l.path")
    assert (code, lrw.status, lrw.advice) == (1, "partial", "1 of 25,000 clips")


def test_missing_data_sets(tmp_path, cheap):
    data = base(tmp_path)
    data["corpora"]["x"] = {"role": "general", "reader": "grid", "path": str(tmp_path / "absent")}
    code, findings = look(data, tmp_path)
    grid = next(f for f in findings.values() if f.key == "corpora.x.path")
    assert code == 2 and "no such folder" in grid.advice and grid.licence == "CC BY 4.0"
    assert "gridcorpus" in grid.source


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_no_cuda(tmp_path, cheap):
    code, findings = look(base(tmp_path) | {"device": "cuda"}, tmp_path)
    assert code == 2 and "set device: cpu" in findings["cuda"].advice


def test_a_full_disk_and_a_package_that_is_missing(tmp_path, cheap, monkeypatch):
    monkeypatch.setattr(machine_module.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 10})())
    monkeypatch.setattr(machine_module, "ALWAYS", ("json", "no_such_package_at_all"))
    code, findings = look(base(tmp_path), tmp_path)
    assert code == 2
    assert findings["no_such_package_at_all"].status == "missing"
    assert "make setup" in findings["no_such_package_at_all"].advice
    disk = findings[str(tmp_path / "results")]
    assert disk.status == "missing" and "larger disk" in disk.advice


def test_the_paper_with_nothing_given(monkeypatch, capsys):
    for name in ("LRW", "PERSONS", "VOXCELEB2", "TCD_TIMIT", "WEIGHTS"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(typer.Exit) as stop:
        doctor(PAPER, [], as_json=True, hash_=False)
    found = json.loads(capsys.readouterr().out)
    assert stop.value.exit_code == found["exit_code"] == 2
    by_key = {f["key"]: f for f in found["findings"]}
    assert by_key["corpora.lrw-train.path"]["clips_published"] == 488766
    assert by_key["corpora.lrw-test.path"]["clips_published"] == 25000
    assert "LRW is not set" in by_key["corpora.lrw-train.path"]["advice"]
    assert by_key["refine.imagenet_weights"]["sha256_published"] == SHA


def test_the_paper_is_the_papers():
    config = parse_config(fill_known(yaml.safe_load(PAPER.read_text()), dict.fromkeys(["LRW"], "/lrw")))
    assert config.corpora["lrw-train"].path == "/lrw" and config.clips.size == 256
    assert [config.corpora_with(role) for role in ("general", "test")] == [["lrw-train"], ["lrw-test"]]
    assert (config.device, config.face.rasteriser, config.refine.memory_size) == ("cuda", "torch", 30000)


def test_a_table_for_people(tmp_path, cheap, capsys):
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump(base(tmp_path) | {"run": "made"}).replace(str(tmp_path), "${HERE}"))
    with pytest.raises(typer.Exit) as stop:
        doctor(path, [f"HERE={tmp_path}"], as_json=False, hash_=True)
    text = capsys.readouterr().out
    assert stop.value.exit_code == 1
    assert "1 clips" in text and "published: unknown" in text and "with substitutes" in text


def test_brackets_are_shown_as_they_are():
    console = Console(width=160, record=True, file=io.StringIO())
    show([Finding("data set", "x", "missing", path="a[1]", advice="mend [a]")], 2, console)
    text = console.export_text()
    assert "a[1]" in text and "mend [a]" in text and "can not go" in text


def test_no_such_configuration(tmp_path):
    with pytest.raises(UserError, match="no such configuration"):
        doctor(tmp_path / "absent.yaml", [], False, False)
