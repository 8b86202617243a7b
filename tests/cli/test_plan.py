"""What the Snakefile plans: placeholders, shards, persons and hashes."""

import pytest

from talkpose.cli.plan import Plan, fill_placeholders
from talkpose.clips.listing import read_list
from talkpose.errors import UserError


@pytest.fixture
def data(tmp_path):
    for name in ["g1.mpg", "g2.mpg", "g3.mpg", "p1.mp4", "p2.mp4", "d1.wav"]:
        (tmp_path / name).touch()
    corpora = {
        "general": {"role": "general", "reader": "grid", "path": "${HERE}", "pattern": "g*", "shard_size": 2},
        "people": {"role": "persons", "path": "${HERE}", "pattern": "p*", "shard_size": 1},
        "foreign": {"role": "foreign", "reader": "audio", "path": "${HERE}", "pattern": "d*"},
    }
    return {"run": "r", "corpora": corpora, "HERE": str(tmp_path)}


def test_shards_and_persons(data):
    plan = Plan(data)
    assert plan.shards("general") == ["0000", "0001"]
    assert plan.persons() == [("people", "0000", "p1"), ("people", "0001", "p2")]


def test_a_changed_raw_file_changes_the_hash_of_its_shard_alone(data, tmp_path):
    plan = Plan(data)
    before = {shard: plan.raw_hash("general", shard) for shard in plan.shards("general")}
    (tmp_path / "g3.mpg").write_bytes(b"longer")
    after = {shard: plan.raw_hash("general", shard) for shard in plan.shards("general")}
    assert before["0000"] == after["0000"] and before["0001"] != after["0001"]


def test_another_role_reads_the_same_files_anew(data):
    before = Plan(data).raw_hash("people", "0000")
    data["corpora"]["people"]["role"] = "test"
    assert Plan({**data, "methods": ["still"]}).raw_hash("people", "0000") != before


def test_the_embedded_corpus_is_planned_before_it_is_there(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = {"words": 3, "train_per_word": 4, "test_per_word": 1, "persons": 2, "shard_size": 5}
    words = {"reader": "lrw", "path": "${SYNTHETIC}/lrw", "shard_size": 6}
    corpora = {
        "words": {**words, "role": "general", "split": "train"},
        "tests": {**words, "role": "test", "split": "test"},
        "people": {"role": "persons", "reader": "persons", "path": "${SYNTHETIC}/persons", "shard_size": 2},
    }
    methods = ["ours-g", "ours-p", "ours-p-no-identity", "oracle", "still", "other-person"]
    plan = Plan({"run": "e", "synthetic": made, "corpora": corpora, "methods": methods, "frame_counts": [50]})
    assert [len(plan.shards(name)) for name in corpora] == [2, 1, 1]
    assert [p.name for p in plan.receipts("people", "0000")] == ["persons-0000.json", "persons-0001.json"]
    assert len(plan.receipts("words", "0000")) == 2, "12 + 3 clips, five a job"
    assert not (tmp_path / "results").exists()
    videos = plan.videos()
    assert {method for method, corpus, _ in videos if corpus == "tests"} == {"ours-g", "oracle", "still"}
    assert ("ours-p-n50", "people", "0000") in videos
    paths = [path.as_posix() for path in plan.models("ours-p-no-identity", "people", "0000")]
    assert paths == [
        "results/e/models/motion/base/shards/people-0000.txt",
        "results/e/models/refine/no-identity/shards/people-0000.txt",
    ]


def test_another_person_is_asked_for_where_there_is_one(data, tmp_path):
    (tmp_path / "p2.mp4").unlink()
    with pytest.raises(UserError, match="other-person needs two persons"):
        Plan({**data, "methods": ["other-person"]})


def test_placeholder_from_environment_or_clear_error(monkeypatch):
    monkeypatch.setenv("THERE", "/x")
    assert fill_placeholders({"a": ["${THERE}/b"]}, {}) == {"a": ["/x/b"]}
    assert fill_placeholders("${THERE}", {"THERE": "/y"}) == "/y"
    with pytest.raises(UserError, match=r"\$\{NOWHERE_GIVEN\}.*make run NOWHERE_GIVEN"):
        fill_placeholders("${NOWHERE_GIVEN}", {})


def test_names_that_would_clash_or_break_paths_are_refused(data, tmp_path):
    (tmp_path / "own.wav").touch()
    data["corpora"]["foreign"]["pattern"] = "*.wav"
    with pytest.raises(UserError, match="share a name"):
        Plan(data)
    (tmp_path / "own.wav").unlink()
    (tmp_path / "pé.mp4").touch()
    with pytest.raises(UserError, match=r"pé\.mp4 .*rename the file"):
        Plan(data)


def test_unknown_method_is_named(data):
    with pytest.raises(UserError, match="unknown method `ours-q`; choose from"):
        Plan({**data, "methods": ["ours-q"]})


def test_only_the_changed_section_changes_its_hash(data):
    before, after = Plan(data), Plan({**data, "refine": {"batch": 1}})
    assert before.section("refine") != after.section("refine")
    assert before.section("motion", "clips") == after.section("motion", "clips")


def test_start_writes_the_checked_configuration(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan = Plan(data)
    plan.start()
    assert plan.layout.load_config() == plan.config
    listed = read_list(plan.layout.clip_list("general"))
    assert {shard: [s.clip for s in sources] for shard, sources in listed.items()} == {
        "0000": ["g1", "g2"],
        "0001": ["g3"],
    }
