"""What the rules hash of the program is what their commands run."""

import ast
import inspect
import re
from pathlib import Path

import pytest
import typer

from talkpose.cli import sources as module
from talkpose.cli.app import app
from talkpose.cli.plan import Plan
from talkpose.cli.sources import SOURCE, code_hash, folder_code_hash, sources

ROOT = Path(__file__).resolve().parents[2]
RULES = {
    rule.partition(":")[0]: rule
    for path in (ROOT / "workflow" / "rules").glob("*.smk")
    for rule in re.split(r"^rule ", path.read_text(), flags=re.MULTILINE)[1:]
}
NAMES = {path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py")}


def imports(tree: ast.AST) -> set[str]:
    """Files of the package that a syntax tree imports anywhere, their packages' own with them."""
    dotted = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            dotted |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            dotted |= {f"{node.module}.{alias.name}" for alias in node.names}
    paths = [name.split(".")[1:] for name in dotted if name.partition(".")[0] == "talkpose"]
    made = {"/".join(parts[:length]) for parts in paths for length in range(len(parts) + 1)}
    return {file for name in made for file in (f"{name}.py", f"{name}/__init__.py".lstrip("/"))} & NAMES


def reached(modules: set[str]) -> set[str]:
    found: set[str] = set()
    while modules - found:
        name = (modules - found).pop()
        found.add(name)
        modules = modules | imports(ast.parse((SOURCE / name).read_text()))
    return found


def command(rule: str) -> set[str]:
    """Files that the function behind a rule's `talkpose ...` imports to do its step."""
    words = re.search(r'"talkpose (.*?)"', rule)[1].split()
    found = typer.main.get_command(app)
    while hasattr(found, "commands"):
        found = found.commands[words.pop(0)]
    function = inspect.unwrap(found.callback)
    inside = imports(ast.parse(inspect.getsource(function)))
    return {name for name in inside if not name.endswith("__init__.py")}


def declared(rule: str) -> tuple[str, ...]:
    return tuple(re.findall(r'"([^"]+)"', re.search(r"code=code_hash\(([^)]*)\)", rule)[1]))


def test_every_rule_is_looked_at():
    assert len(RULES) > 15
    assert all("code=code_hash(" in rule for rule in RULES.values())


@pytest.mark.parametrize("name", RULES)
def test_a_rule_hashes_all_that_its_command_imports(name):
    """By another way than the program's own: the syntax trees of the command and of all that it reaches."""
    needed = reached(command(RULES[name])) - module.NEVER
    listed = {path.relative_to(SOURCE).as_posix() for path in sources(*declared(RULES[name]))}
    assert needed - listed == set()
    assert {file for file in listed if file.endswith(".py")} - needed == set(), "reruns for nothing"


NO_WEIGHTS = {
    "synthetic_write": "it finds no landmarks",
    "report_figures": "it reads what a run left",
    "report_build": "it reads what a run left",
    "study_rehearse": "it reads what a run left",
}


@pytest.mark.parametrize("name", sorted(set(RULES) - set(NO_WEIGHTS)))
def test_a_rule_hashes_the_files_of_others_that_its_command_loads(name):
    assert tuple(re.findall(r'weights=plan\.weights\("([^"]+)"\)', RULES[name])) == declared(RULES[name])


def test_metrics_depend_on_the_tracker_and_trainings_of_stage_2_not_on_rendering():
    def packages(name):
        return {path.relative_to(SOURCE).as_posix() for path in sources(name)}

    assert {"face/track.py", "face/fit.py", "face/data/cc0.npz"} <= packages("metrics.step")
    assert not [path for path in packages("methods.refine_steps") if path.startswith(("compose", "metrics"))]
    assert not [path for path in packages("face.ingest_step") if path.startswith("face/fit")]


@pytest.fixture
def package(tmp_path, monkeypatch):
    files = {
        "__init__.py": "",
        "layout.py": "",
        "errors.py": "",
        "a/__init__.py": "",
        "a/step.py": "from talkpose.b import (\n    one,  # a note (so)\n    two as other,\n)\n",
        "b/__init__.py": "from talkpose import errors\n",
        "b/one.py": "def late():\n    import talkpose.c.deep\n    from talkpose import layout\n",
        "b/two.py": "",
        "b/unused.py": "",
        "b/data/table.csv": "",
        "b/dist/made.js": "",
        "c/__init__.py": "",
        "c/deep.py": "",
        "d/__init__.py": "",
    }
    for name, text in files.items():
        path = tmp_path / "talkpose" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(module, "SOURCE", tmp_path / "talkpose")
    forget()
    yield tmp_path / "talkpose"
    forget()


def forget():
    for cached in (code_hash, folder_code_hash, sources, module._imported, module._data):
        cached.cache_clear()


def edited(package: Path, name: str, what) -> bool:
    forget()
    before = what()
    path = package / name
    path.write_text(path.read_text() + "\n# edited\n")
    forget()
    return what() != before


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("a/step.py", True),
        ("a/__init__.py", True),
        ("b/__init__.py", True),
        ("b/one.py", True),
        ("b/two.py", True),
        ("b/data/table.csv", True),
        ("c/deep.py", True),
        ("errors.py", True),
        ("layout.py", False),
        ("b/unused.py", False),
        ("b/dist/made.js", False),
        ("d/__init__.py", False),
    ],
)
def test_an_edit_counts_where_the_step_reaches(package, name, counts):
    assert edited(package, name, lambda: code_hash("a.step")) is counts


def test_a_folder_counts_what_it_imports(package, tmp_path):
    (tmp_path / "baseline").mkdir()
    (tmp_path / "baseline" / "method.py").write_text("from talkpose.c.deep import thing\n")
    assert edited(package, "c/deep.py", lambda: folder_code_hash(tmp_path / "baseline"))
    assert not edited(package, "b/one.py", lambda: folder_code_hash(tmp_path / "baseline"))


def test_a_step_that_is_not_there_is_an_error(package):
    with pytest.raises(ModuleNotFoundError, match=r"talkpose\.a\.nothing"):
        code_hash("a.nothing")


def test_a_baseline_reruns_with_the_modules_that_it_is_made_of(tmp_path, monkeypatch):
    for name in ("p1.mp4", "p2.mp4", "g1.mp4"):
        (tmp_path / name).touch()
    corpora = {
        "people": {"role": "persons", "path": str(tmp_path), "pattern": "p*"},
        "general": {"role": "general", "path": str(tmp_path), "pattern": "g*"},
    }
    plan = Plan({"run": "r", "corpora": corpora, "methods": ["davs", "nearest", "still"]})
    before = {name: plan.baseline_hash(name) for name in ("davs", "nearest", "still")}
    real = module._hash
    monkeypatch.setattr(
        module, "_hash", lambda paths: real(paths) + ("!" if SOURCE / "methods/lips.py" in paths else "")
    )
    folder_code_hash.cache_clear()
    after = {name: plan.baseline_hash(name) for name in before}
    folder_code_hash.cache_clear()
    assert [name for name in before if before[name] != after[name]] == ["davs"]
