"""Baselines are found by their folders, without their dependencies, and imported by path."""

import subprocess
import sys

import pytest
from made_world import baseline, make_run, method

from talkpose.cli.plan import Plan
from talkpose.config import parse_config
from talkpose.errors import UserError
from talkpose.methods.discovery import all_baselines, find_baseline, folder_hash, get_baseline, import_method
from talkpose.methods.specs import method_spec


def config(folders, **more):
    corpora = {"p": {"role": "persons", "path": "."}}
    return parse_config({"run": "r", "corpora": corpora, "baselines": folders, **more})


def test_the_first_folder_wins_and_a_missing_one_is_named(tmp_path):
    for root in ("a", "b"):
        baseline(tmp_path / root, "made", title=f"Made in {root}")
    baseline(tmp_path / "b", "other")
    both = config([str(tmp_path / "a"), str(tmp_path / "b")])
    assert method_spec("made", both).title == "Made in a"
    assert list(all_baselines(both)) == ["made", "other"]
    with pytest.raises(UserError, match=r"no folder .*nowhere"):
        find_baseline("made", config(str(tmp_path / "nowhere")))
    with pytest.raises(UserError, match=r"choose from ours-g, .*, made, other"):
        method_spec("third", both)


def test_the_working_directory_comes_before_the_project(tmp_path, monkeypatch):
    baseline(tmp_path / "baselines", "nearest", title="Mine")
    monkeypatch.chdir(tmp_path)
    assert method_spec("nearest").title == "Mine"
    assert method_spec("sadtalker").run == "command", "those of the project are found too"


def test_a_plan_knows_a_baseline_without_importing_it_or_torch(tmp_path):
    baseline(tmp_path / "baselines", "made", {"method.py": "raise RuntimeError('imported')"})
    (tmp_path / "p.mp4").touch()
    code = (
        "import sys\nfrom talkpose.cli.plan import Plan\n"
        f"plan = Plan({{'run': 'r', 'methods': ['still', 'made'], 'corpora': {{'p': {{'role': 'persons', "
        f"'path': '{tmp_path}', 'pattern': '*.mp4'}}}}}})\n"
        "assert ('made', 'p', '0000') in plan.videos()\nassert 'torch' not in sys.modules\n"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path).returncode == 0


def test_files_of_a_folder_import_each_other_and_another_folder_replaces_them(tmp_path):
    text = "from .part import VALUE\n" + method()
    for root, value in (("a", 1), ("b", 2)):
        baseline(tmp_path / root, "made", {"method.py": text, "part.py": f"VALUE = {value}\n"})
        kind = import_method(get_baseline("made", config(str(tmp_path / root))))
        assert value == sys.modules[kind.__module__].VALUE
        assert kind.__module__ == "talkpose_baselines.made.method"


def test_a_module_that_does_not_import_is_named(tmp_path):
    baseline(tmp_path, "made", {"method.py": "import nothing_of_this_name\n"})
    with pytest.raises(UserError, match=r"method\.py: cannot be imported .*nothing_of_this_name"):
        import_method(get_baseline("made", config(str(tmp_path))))
    baseline(tmp_path, "empty", {"method.py": "x = 1\n"})
    with pytest.raises(UserError, match="no class `Method`"):
        import_method(get_baseline("empty", config(str(tmp_path))))


def test_editing_a_file_changes_the_hash_and_caches_do_not(tmp_path):
    folder = baseline(tmp_path, "made", {"method.py": method()})
    before = folder_hash(folder)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "method.pyc").write_bytes(b"x")
    assert folder_hash(folder) == before
    (folder / "method.py").write_text(method("# edited"))
    assert folder_hash(folder) != before


def test_only_the_baseline_that_changes_is_run_anew(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        baseline(tmp_path / "b", name, run={"kind": "frames"})
    (tmp_path / "p.mp4").touch()
    data = {
        "run": "r",
        "methods": ["still", "one", "two"],
        "baselines": str(tmp_path / "b"),
        "corpora": {"p": {"role": "persons", "path": str(tmp_path), "pattern": "*.mp4"}},
    }
    before = Plan(data)
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "p__own.mp4").write_bytes(b"video")
    after = Plan({**data, "baseline_settings": {"two": {"folder": str(tmp_path / "videos")}}})
    assert before.baseline_hash("still") == "" == after.baseline_hash("still")
    assert before.baseline_hash("one") == after.baseline_hash("one")
    given = after.baseline_hash("two")
    assert before.baseline_hash("two") != given
    (tmp_path / "videos" / "p__own.mp4").write_bytes(b"another video")
    assert after.baseline_hash("two") != given


def test_a_trained_baseline_waits_for_its_model(tmp_path):
    baseline(tmp_path / "b", "made", {"method.py": method()}, run={"kind": "in_process"})
    layout = make_run(tmp_path / "run", tmp_path / "b", ["made"])
    spec = method_spec("made", layout.load_config())
    (model,) = spec.trained
    assert (
        layout.model(model.stage, model.scope, model.variant)
        .as_posix()
        .endswith("models/baseline/made/general.json")
    )
