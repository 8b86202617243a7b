"""docs/add-a-baseline.md as documentation that runs: its files are written, its commands typed."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "add-a-baseline.md"
BLOCK = re.compile(
    r"(?:^`(?P<path>[\w./-]+)`\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL
)


def steps():
    """(path, text) of files and (None, command) of commands, as the page has them."""
    for match in BLOCK.finditer(PAGE.read_text()):
        if match["kind"] == "console":
            for line in match["text"].splitlines():
                assert line.startswith("$ "), f"the page shows what is not typed: {line}"
                yield None, line.removeprefix("$ ")
        elif match["path"]:
            yield match["path"], match["text"]


def test_typing_the_page_ends_with_a_row_in_table_2(tmp_path):
    for name in ["Snakefile", "workflow", "profiles"]:
        (tmp_path / name).symlink_to(ROOT / name)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    typed = []
    for path, text in steps():
        if path is not None:
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
            continue
        program, *arguments = shlex.split(text)
        assert program == "talkpose"
        if arguments[:2] == ["baseline", "check"]:
            arguments += ["--worlds", str(tmp_path / "worlds")]  # make the tiny corpus once
        command = [sys.executable, "-m", "talkpose", *arguments]
        result = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, f"{text}\n{result.stdout}\n{result.stderr}"
        typed.append((text, result.stdout))
    assert [text.split()[1] for text, _ in typed] == ["baseline", "baseline", "baseline", "run"]
    assert all("✗" not in said for _, said in typed)
    table = pd.read_csv(tmp_path / "results" / "loudness" / "tables" / "table2.csv")
    rows = table[(table["row"] == "loudness") & (table["kind"] == "reproduced")]
    assert {"psnr", "ssim"} <= set(rows["column"]) and (rows["n"] > 0).all()
    values = rows.set_index("column")["value"]
    assert 10 < values["psnr"] < 60
    assert "Loudness" in (tmp_path / "results" / "loudness" / "report" / "index.html").read_text()


@pytest.mark.parametrize("path", ["baselines/nearest/method.py"])
def test_what_the_page_points_at_is_there(path):
    assert f"../{path}" in PAGE.read_text() and (ROOT / path).is_file()
