"""A run's hashes: what `talkpose verify` finds, names and leaves alone."""

import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from crate_check import Severity, problems
from made_run import config, make_run
from typer.testing import CliRunner

from talkpose.cli.app import app
from talkpose.clips.listing import write_list
from talkpose.clips.readers import ClipSource
from talkpose.errors import UserError
from talkpose.files import read_json, sha256, write_json, write_npz, write_parquet
from talkpose.layout import RunLayout
from talkpose.report import hashes, manifest
from talkpose.report.build import build_report
from talkpose.report.crate import write_crate
from talkpose.report.hashes import Finding, Known, check
from talkpose.report.manifest import code_hashes, verify_run, write_manifest, write_run_record


@pytest.fixture(scope="session")
def recorded(tmp_path_factory) -> Path:
    """A made run with raw files, weights, tracks, hashes of its videos and a workflow, reported once."""
    root = tmp_path_factory.mktemp("project") / "results" / "made"
    layout = make_run(root)
    published = root.parent.parent / "published"
    published.mkdir(parents=True)
    for name in ("fid.pth", "net.pth"):
        (published / name).write_bytes(name.encode())
    names = {
        "metrics.fid_weights": "fid.pth",
        "theirs: net.pth": "net.pth",
        "metrics.syncnet_weights": "absent",
    }
    baseline = root.parent.parent / "baselines" / "theirs"
    (baseline / "__pycache__").mkdir(parents=True)
    for name in ("method.yaml", "adapter.py", "__pycache__/adapter.pyc"):
        (baseline / name).write_text(name)
    write_run_record(
        layout,
        config(),
        {key: Path("published") / name for key, name in names.items()},
        {"theirs": Path("baselines/theirs")},
    )
    (layout.figures.parent / "figure3").mkdir(parents=True)
    (layout.figures.parent / "figure3" / "a.png").write_bytes(b"picture")
    pictures = {"figure3/a.png": sha256(layout.figures.parent / "figure3" / "a.png")}
    write_json(layout.figures, {"figure3": {"title": "", "why": "-", "rows": [], "sha256": pictures}})
    shard = layout.metrics_shard("ours-p", "people", "0000")
    write_parquet(shard, pd.read_parquet(layout.metrics).head(2))
    raw = root.parent.parent / "raw"
    raw.mkdir()
    for corpus in config().corpora:
        index = pd.read_parquet(layout.clips_index(corpus))
        sources = []
        for clip in index["clip"]:
            path = raw / f"{clip}.mp4"
            path.write_bytes(clip.encode())
            # As runs have it: named from the project's folder.
            sources.append(ClipSource(clip, Path("raw") / path.name, None, None, "", ""))
        write_parquet(
            layout.clips_index(corpus), index.assign(sha256=[sha256(raw / s.path.name) for s in sources])
        )
        write_list(layout.clip_list(corpus), {"0": sources})
        shard = layout.tracks_shard(corpus, "0")
        if shard.is_file():
            tracks = pd.read_parquet(shard)
            for clip in tracks["clip"]:
                write_npz(layout.track(corpus, clip), coefficients=np.zeros((2, 257)))
            tracks["sha256"] = [sha256(layout.track(corpus, clip)) for clip in tracks["clip"]]
            write_parquet(shard, tracks)
    for receipt in sorted((root / "videos").glob("*/people-0.json")):
        items = [
            {
                "person": folder.name.partition("__")[0],
                "audio": folder.name.partition("__")[2],
                "sha256": {p.name: sha256(p) for p in sorted(folder.glob("*.mp4"))},
            }
            for folder in sorted(p for p in receipt.parent.iterdir() if p.is_dir())
        ]
        write_json(receipt, {**read_json(receipt), "items": items})
    for name in ("Snakefile", "rules/report.smk"):
        (root / "workflow" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "workflow" / name).write_text(f"# {name}\n")
    build_report(root)
    return root


@pytest.fixture
def run(recorded, tmp_path) -> RunLayout:
    """A copy of the recorded run, to spoil."""
    shutil.copytree(recorded.parent.parent, tmp_path / "project", ignore=shutil.ignore_patterns("media"))
    return RunLayout(tmp_path / "project" / "results" / "made")


def test_a_run_as_it_was(run):
    findings, hashed = verify_run(run)
    assert findings == []
    assert hashed > 60
    found = read_json(run.manifest)
    assert found["findings"] == []
    assert found["checked"]["started with"] is True
    assert set(found["files"]) >= {"config", "inputs", "tracks", "weights", "videos", "metrics", "tables"}


@pytest.mark.parametrize(
    ("kind", "name", "file"),
    [
        ("inputs", "raw/ann.mp4", "../../raw/ann.mp4"),
        ("tracks", "tracks/people/bob.npz", None),
        ("weights", "models/refine/base/person/ann.weights.safetensors", None),
        ("videos", "videos/ours-p/ann__own/video.mp4", None),
        ("metrics", "metrics/metrics.parquet", None),
        ("metrics", "metrics/ours-p/people-0000.parquet", None),
        ("figures", "figures/figure3/a.png", None),
        ("tables", "tables/hs.csv", None),
        ("config", "config.json", None),
    ],
)
def test_a_changed_or_missing_file_is_named(run, kind, name, file):
    path = run.root / (file or name)
    path.write_bytes(path.read_bytes() + b" ")
    assert verify_run(run)[0] == [Finding(kind, name, "changed")]
    if kind != "config":
        path.unlink()
        assert verify_run(run)[0] == [Finding(kind, name, "missing")]


@pytest.mark.parametrize(
    ("name", "file", "content", "what"),
    [
        ("metrics.fid_weights", "fid.pth", b"other", "changed"),
        ("theirs: net.pth", "net.pth", None, "missing"),
        ("metrics.syncnet_weights", "absent", b"now there", "new"),
    ],
)
def test_published_weights_that_changed_went_or_came_are_named(run, name, file, content, what):
    path = run.root.parent.parent / "published" / file
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    expected = Finding("weights", f"{name}: published/{file}", what)
    assert verify_run(run)[0] == [expected]
    assert f"{name}: published/{file}: {what}" in build_report(run.root).read_text()


@pytest.mark.parametrize("name", ["method.yaml", "adapter.py"])
def test_a_baseline_whose_code_changed_is_named(run, name):
    folder = run.root.parent.parent / "baselines" / "theirs"
    (folder / "__pycache__" / "adapter.pyc").write_text("compiled anew")
    assert verify_run(run)[0] == [], "a cache is no code"
    (folder / name).write_text("other")
    assert verify_run(run)[0] == [Finding("baselines", "theirs: baselines/theirs", "changed")]
    assert "theirs: baselines/theirs: changed" in build_report(run.root).read_text()
    shutil.rmtree(folder)
    assert verify_run(run)[0] == [Finding("baselines", "theirs: baselines/theirs", "missing")]


def test_every_package_that_the_program_rests_on_is_recorded(run):
    versions = read_json(run.run_record)["versions"]
    assert {"python", "talkpose", "torch", "numpy", "pot", "rocrate"} <= set(versions)
    assert {"filelock", "scikit-learn", "yte"} <= set(versions), "of torch, of this package, of snakemake"
    assert "pytest" not in versions and "not installed" not in versions.values()


def test_the_report_names_the_files_of_others(recorded):
    text = (recorded / "report" / "setup.html").read_text()
    assert sha256(recorded.parent.parent / "published" / "fid.pth") in text
    assert "published/absent</td><td>not there" in text


def test_verifying_reads_published_weights_whatever_their_time(run):
    path = run.root.parent.parent / "published" / "fid.pth"
    write_manifest(run, run.load_config())
    state = path.stat()
    path.write_bytes(b"FID.pth")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert verify_run(run)[0] == [Finding("weights", "metrics.fid_weights: published/fid.pth", "changed")]


def test_one_changed_cell_is_found(run):
    path = run.tables / "table2.csv"
    path.write_text(path.read_text().replace("30.94", "30.95", 1))
    assert verify_run(run)[0] == [Finding("tables", "tables/table2.csv", "changed")]


def test_a_swapped_receipt_does_not_vouch_for_its_weights(run):
    """Weights and receipt changed together: the manifest still knows the receipt."""
    receipt = run.model("refine", "general")
    weights = receipt.with_name("general.weights.safetensors")
    weights.write_bytes(b"other")
    write_json(receipt, {"weights": weights.name, "sha256": sha256(weights)})
    assert verify_run(run)[0] == [Finding("weights", "models/refine/base/general.json", "changed")]


def test_new_records_are_named(run):
    shutil.copy(run.tables / "hs.csv", run.tables / "hs2.csv")
    assert verify_run(run)[0] == [Finding("tables", "tables/hs2.csv", "new")]


def test_code_and_environment(run, monkeypatch):
    real = code_hashes()
    monkeypatch.setattr(manifest, "code_hashes", lambda: {**real, "metrics": "0"})
    old = read_json(run.manifest)
    write_json(run.manifest, {**old, "versions": {**old["versions"], "numpy": "0.1"}})
    found = verify_run(run)[0]
    now = old["versions"]["numpy"]
    assert found == [
        Finding("code", "metrics", "changed"),
        Finding("environment", "numpy", f"changed: 0.1 then, {now} now"),
    ]


def test_code_hashes_see_every_package():
    found = code_hashes()
    assert set(found) >= {"talkpose", "metrics", "report", "study", "face", "cli"}
    assert all(len(value) == 64 for value in found.values())


def test_the_report_says_what_changed_since_the_steps(run):
    """Rendered anew over other weights: the steps' own records tell."""
    weights = run.root / "models" / "refine" / "base" / "person" / "ann.weights.safetensors"
    weights.write_bytes(b"other")
    record = read_json(run.run_record)
    write_json(run.run_record, {**record, "versions": {**record["versions"], "torch": "0.1"}})
    text = build_report(run.root).read_text()
    assert "person/ann.weights.safetensors: changed" in text
    assert "torch: changed: 0.1 then" in text


def test_large_files_are_only_looked_for_while_rendering(tmp_path):
    files = []
    for name, size in (("a", 10), ("b", 1000)):
        (tmp_path / name).write_bytes(b"x" * size)
        files.append(Known("inputs", name, tmp_path / name, "wrong"))
    files.append(Known("inputs", "c", tmp_path / "c", "wrong"))
    findings, hashed, seen = check(files, most_bytes=100)
    assert findings == [Finding("inputs", "a", "changed"), Finding("inputs", "c", "missing")]
    assert (hashed, seen) == (1, 1)
    assert len(check(files)[0]) == 3


def test_no_manifest_and_no_run(tmp_path, run):
    run.manifest.unlink()
    with pytest.raises(UserError, match="build the report first"):
        verify_run(run)
    with pytest.raises(UserError, match="not a run"):
        verify_run(RunLayout(tmp_path))


def test_equal_runs_have_equal_manifests(run, recorded):
    write_manifest(run, run.load_config())
    assert run.manifest.read_bytes() == RunLayout(recorded).manifest.read_bytes()


def test_command(run):
    said = CliRunner().invoke(app, ["verify", str(run.root)])
    assert (said.exit_code, "as recorded" in said.output) == (0, True)
    (run.root / "videos/ours-p/ann__own/video.mp4").unlink()
    said = CliRunner().invoke(app, ["verify", str(run.root)])
    assert said.exit_code == 1
    assert "videos: videos/ours-p/ann__own/video.mp4: missing" in said.output


def test_many_findings_are_cut_short():
    findings = [Finding("inputs", str(i), "missing") for i in range(30)]
    assert hashes.show(findings, 5).splitlines()[-1] == "inputs: 25 more"


@pytest.mark.parametrize("profile", ["workflow-run-crate-0.5"])
def test_the_crate_is_valid(recorded, profile, monkeypatch):
    assert problems(recorded, profile, Severity.REQUIRED, monkeypatch) == []


def test_a_run_without_its_workflow_is_a_process_run(run, monkeypatch):
    shutil.rmtree(run.root / "workflow")
    write_crate(run, run.load_config())
    assert problems(run.root, "process-run-crate-0.5", Severity.REQUIRED, monkeypatch) == []


def test_a_broken_crate_is_refused(run, monkeypatch):
    """The check can fail: no action, no root type."""
    document = read_json(run.crate)
    for entity in document["@graph"]:
        if entity["@id"] == "#run":
            del entity["instrument"]
    write_json(run.crate, document)
    assert problems(run.root, "process-run-crate-0.5", Severity.REQUIRED, monkeypatch)


def test_what_the_crate_tells(recorded):
    entities = {entity["@id"]: entity for entity in read_json(RunLayout(recorded).crate)["@graph"]}
    action = entities["#run"]
    assert {"@id": "config.json"} in action["object"]
    assert {"@id": "tables/table2.csv"} in action["result"]
    assert action["instrument"] == {"@id": "workflow/Snakefile"}
    assert entities["metrics/metrics.parquet"]["sha256"] == sha256(recorded / "metrics" / "metrics.parquet")
    assert entities["./"]["datePublished"] == action["endTime"]
    weights = entities["#weights-theirs-net.pth"]
    assert {"@id": weights["@id"]} in action["object"]
    assert weights["sha256"] == sha256(recorded.parent.parent / "published" / "net.pth")
    assert "#weights-metrics.syncnet-weights" not in entities, "it was not there"
    for name, entity in entities.items():
        if entity["@type"] == "File":
            assert (recorded / name).is_file()
