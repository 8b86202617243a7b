"""Imports run one way, floor by floor (DESIGN.md), and no import runs in a circle."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "talkpose"
GROUND = {"errors", "files", "seeds", "progress"}
"""Modules that anything may use."""
ALLOWED = {
    "config": set(),
    "layout": {"config"},
    "speech": {"config"},
    "clips": {"config", "layout", "speech"},
    "face": {"config", "layout", "clips", "speech"},
    "synthetic": {"config", "layout", "clips", "speech", "face"},
    "motion": {"config", "layout", "clips", "speech", "face"},
    "compose": {"config", "layout", "clips", "speech", "face"},
    "refine": {"config", "layout", "clips", "speech", "face"},
    "methods": {"config", "layout", "clips", "speech", "face", "synthetic", "motion", "compose", "refine"},
    "metrics": {"config", "layout", "clips", "speech", "face"},
    "study": {"config", "layout", "clips", "speech", "face"},
    "doctor": {"config", "layout", "clips", "face"},
    "validation": {"config", "layout", "clips", "speech", "face", "metrics"},
    "report": {"config", "layout", "clips", "metrics", "study"},
}
PACKAGES = sorted(path.name for path in SOURCE.iterdir() if path.is_dir() and path.name in ALLOWED)


def imports(path: Path) -> set[str]:
    """Full names of the talkpose modules that a file imports, at its top or inside its functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.startswith("talkpose")}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("talkpose"):
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_go_down(package):
    for path in (SOURCE / package).rglob("*.py"):
        used = (
            {name.split(".")[1] for name in imports(path) if name.count(".")}
            - GROUND
            - {package, "__version__"}
        )
        assert used <= ALLOWED[package], f"{path}: {package} may not import {sorted(used - ALLOWED[package])}"


def test_ground_stands_alone():
    for name in GROUND:
        used = {name.split(".")[1] for name in imports(SOURCE / f"{name}.py") if name.count(".")}
        assert used <= GROUND


def test_no_circular_imports_between_modules():
    modules = {}
    for path in SOURCE.rglob("*.py"):
        name = "talkpose." + path.relative_to(SOURCE).with_suffix("").as_posix().replace("/", ".")
        modules[name.removesuffix(".__init__")] = path
    graph = {
        name: {used for used in imports(path) if used in modules} - {name} for name, path in modules.items()
    }

    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, f"circle: {' -> '.join((*trail, name))}"
        if name not in done:
            for used in graph[name]:
                # A package's __init__ re-exports its own modules: they may use its siblings, not itself.
                if not (name.startswith(used + ".") and modules[used].name == "__init__.py"):
                    visit(used, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())
