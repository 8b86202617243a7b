"""environment.yml, pyproject.toml and the lock must name the same packages at the same versions."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
CONDA_NAMES = {"pytorch-gpu": "torch"}
NOT_ON_PIP = {"python", "pip", "nodejs", "pytorch3d"}
NAMED = {
    "torch", "snakemake", "numpy", "scipy", "pot", "scikit-image", "librosa", "pytorch3d", "insightface",
    "face-alignment", "pandas", "seaborn", "jinja2",
}  # fmt: skip


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def without_post(version: str | None) -> str:
    """conda-forge packages POT 0.9.7.post1 as 0.9.7."""
    return re.sub(r"\.post\d+$", "", version or "")


def lock() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {normal(name): version for name, version in pairs}


def environment() -> dict[str, str | None]:
    entries: list = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    conda = [entry for entry in entries if isinstance(entry, str)]
    pip = [line for entry in entries if isinstance(entry, dict) for line in entry["pip"]]
    found: dict[str, str | None] = {}
    for text in [*conda, *(line for line in pip if not line.startswith("-"))]:
        name, *version = re.split(r"==|>=|=", text)
        name = normal(name)
        found[CONDA_NAMES.get(name, name)] = version[0] if version else None
    return found


def test_environment_names_every_package_of_the_project():
    assert set(environment()) >= NAMED


def test_environment_and_lock_agree_on_versions():
    locked = lock()
    for name, version in environment().items():
        if name not in NOT_ON_PIP:
            assert name in locked, f"{name} is in environment.yml but not in requirements.lock"
            assert without_post(version) == without_post(locked[name]), name


@pytest.mark.parametrize("group", ["dependencies", "optional"])
def test_every_dependency_of_the_package_is_locked(group):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    if group == "dependencies":
        wanted = project["dependencies"]
    else:
        wanted = [entry for entries in project["optional-dependencies"].values() for entry in entries]
    names = {normal(re.split(r"[<>=\[ ]", entry)[0]) for entry in wanted}
    assert names <= set(lock())
    if group == "dependencies":
        assert names - {"torch"} <= set(environment()), "conda would install them unpinned"
