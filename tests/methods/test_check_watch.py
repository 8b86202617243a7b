"""The watch on writes: it sees what a Python process does outside its folders, and lets the rest be."""

import os
import shutil
import subprocess
import sys

import pytest

from talkpose.methods.check import watch


def watched(tmp_path, code):
    """Lines that the watch notes while an interpreter with it as sitecustomize runs the code."""
    for name in ("site", "in", "out"):
        (tmp_path / name).mkdir(exist_ok=True)
    (tmp_path / "out" / "old").write_text("x")
    shutil.copyfile(watch.__file__, tmp_path / "site" / "sitecustomize.py")
    environment = {
        **os.environ,
        watch.ALLOWED: str(tmp_path / "in"),
        watch.REPORT: str(tmp_path / "report.txt"),
        "PYTHONPATH": str(tmp_path / "site"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    report = tmp_path / "report.txt"
    return report.read_text().splitlines() if report.is_file() else []


@pytest.mark.parametrize(
    ("code", "noted"),
    [
        ("open('out/new', 'w')", "wrote out/new"),
        ("open('out/old', 'a')", "wrote out/old"),
        ("import os; os.open('out/new', os.O_CREAT | os.O_WRONLY)", "wrote out/new"),
        ("import os; os.remove('out/old')", "os.remove out/old"),
        ("import os; os.rename('out/old', 'in/old')", "os.rename out/old"),
        ("import os; os.mkdir('out/sub')", "os.mkdir out/sub"),
        ("import os; os.symlink('old', 'out/link')", "os.symlink out/link"),
        ("import os; f = os.open('out', os.O_RDONLY); os.remove('old', dir_fd=f)", "os.remove old"),
        ("import os; os.symlink('../out', 'in/way'); open('in/way/new', 'w')", "wrote in/way/new"),
    ],
)
def test_what_changes_other_places_is_noted(tmp_path, code, noted):
    assert watched(tmp_path, code) == [noted]


def test_reading_and_its_own_folder_are_free(tmp_path):
    code = (
        "import os, shutil\nopen('out/old').read()\nopen('in/a', 'w').close()\nos.makedirs('in/b/c')\n"
        "shutil.rmtree('in/b')\nopen(os.devnull, 'w')\n"
    )
    assert watched(tmp_path, code) == []


def test_a_connection_is_noted(tmp_path):
    code = (
        "import socket\ns = socket.socket()\ns.settimeout(0.2)\n"
        "try: s.connect(('127.0.0.1', 9))\nexcept OSError: pass\n"
    )
    assert watched(tmp_path, code) == ["connected to 127.0.0.1"]
