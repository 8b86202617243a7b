"""The most memory that a step held: found under the step's name, in MiB, and not another's."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from talkpose.cli.memory import peak_mib, recorded, step_of
from talkpose.files import write_json

ROOT = Path(__file__).resolve().parents[2]
RULES = {
    rule.partition(":")[0]: rule
    for path in (ROOT / "workflow" / "rules").glob("*.smk")
    for rule in re.split(r"^rule ", path.read_text(), flags=re.MULTILINE)[1:]
    if "benchmark:" in rule
}


@pytest.fixture
def run(tmp_path):
    write_json(tmp_path / "config.json", {})
    return tmp_path


@pytest.mark.parametrize("name", RULES)
def test_a_steps_memory_and_seconds_have_one_name(name, run):
    command = re.search(r'"talkpose (.*?) > ', RULES[name])[1]
    command = command.replace("results/{params.run}", str(run)).replace(
        "{params.study:q}", "config/study.yaml"
    )
    command = re.sub(r"\{wildcards\.(\w+)\}", r"\1", command)
    times = re.search(r"logs/times/(.*?)\.tsv", RULES[name])[1]
    assert step_of(command.split()) == (run, re.sub(r"\{\{(\w+)\}\}", r"\1", times))


def test_what_is_no_step_has_no_name(run):
    assert step_of(["metrics", "collect", str(run), "a/b.parquet", "c"]) == (run, "metrics_collect")
    for words in (["verify", str(run)], ["version"], [], ["animate", "--run", str(run)], [str(run)]):
        assert step_of(words) is None


GROW = "import sys; b = b'1' * (int(sys.argv[1]) * 2**20)"


@pytest.mark.parametrize("inside", ["itself", "a child"])
def test_the_peak_is_that_of_the_largest_process(run, inside):
    held = b"1" * (1500 * 2**20)  # by who starts it: that is none of its own
    code = (
        "import subprocess, sys\n"
        "from talkpose.cli.memory import recorded\n"
        f"with recorded(['grow', {str(run)!r}, 'large']):\n"
        + (f"    exec({GROW!r})\n" if inside == "itself" else "    subprocess.run([sys.executable, '-c', ")
        + ("" if inside == "itself" else f"{GROW!r}, sys.argv[1]])\n")
    )
    subprocess.run([sys.executable, "-c", code, "400"], check=True)
    del held
    known = json.loads((run / "logs" / "memory" / "grow-large.json").read_text())
    assert 400 < known["peak_mib"] < 1200, "bytes, kibibytes and mebibytes are a thousand apart"
    assert 10 < known["at_start_mib"] < 400


def test_a_step_that_fails_is_recorded_too(run):
    with pytest.raises(ZeroDivisionError), recorded(["clips", "index", str(run)]):
        raise ZeroDivisionError
    known = json.loads((run / "logs" / "memory" / "clips_index.json").read_text())
    assert known["peak_mib"] == pytest.approx(peak_mib(), abs=1)
