"""Answers in: what is taken, what is refused and why."""

import json
import zipfile

import pandas as pd
import pytest
from study_made import answered, made_key

from talkpose.errors import UserError
from talkpose.files import write_json
from talkpose.study.import_step import check_answers, import_answers
from talkpose.study.schema import KEY_FOLDER

METHODS = ["ours-p", "atvg", "davs"]


@pytest.fixture
def key():
    return made_key(
        "best-of-n", METHODS, people=4, groups=5, criteria=("image_quality", "lip_sync"), traps=True
    )


@pytest.fixture
def answers(key):
    return list(answered(key, lambda packet, trial, criterion: (["ours-p"], None)))


@pytest.fixture
def study(key, tmp_path):
    write_json(tmp_path / KEY_FOLDER / "key.json", key.model_dump(mode="json"))
    return tmp_path


def text(answers):
    return json.dumps(answers.model_dump(mode="json")).encode()


def resealed(answers, **changes):
    changed = answers.model_copy(update=changes)
    return changed.model_copy(update={"checksum": changed.expected_checksum()})


def refusal(key, content):
    found = check_answers(key, [("file.json", content)])
    assert not found.accepted and len(found.refused) == 1
    return found.refused[0].reason


def test_answers_become_one_row_a_question(study, key, answers, tmp_path):
    files = tmp_path / "in"
    files.mkdir()
    for one in answers:
        (files / f"{one.packet}.json").write_bytes(text(one))
    found = import_answers(study, [files])
    assert len(found.accepted) == 4 and not found.refused
    table = pd.read_parquet(study / "answers.parquet")
    assert len(table) == 4 * (5 * 2 + 2)
    assert set(table["chosen"]) <= {"ours-p"}
    main = table[table["kind"] == "main"]
    assert (main["item"] == main["person"] + "__own").all() and main["simulated"].all()
    places = [int(p) for p in main["position"]]
    shown = [s.split() for s in main["shown"]]
    assert all(order[place - 1] == "ours-p" for place, order in zip(places, shown, strict=True))


def test_traps_are_judged_by_the_key(study, key, tmp_path):
    def decide(packet, trial, criterion):
        if trial.kind == "trap-broken" and packet == "p002":
            return ["broken"], None
        if trial.kind == "trap-duplicate" and packet == "p003":
            return ["davs"], None
        return ["atvg"], None

    files = []
    for one in answered(key, decide):
        files.append(tmp_path / f"{one.packet}.json")
        files[-1].write_bytes(text(one))
    import_answers(study, files)
    table = pd.read_parquet(study / "answers.parquet").set_index(["packet", "kind"])["passed"]
    assert table["p001", "trap-broken"].all() and table["p001", "trap-duplicate"].all()
    assert not table["p002", "trap-broken"].any() and not table["p003", "trap-duplicate"].any()
    assert table["p001", "main"].isna().all()


@pytest.mark.parametrize(
    "spoil, words",
    [
        (lambda a: b"\xff\xfe", "UTF-8"),
        (lambda a: text(a)[:200], "cut short"),
        (lambda a: b"[]", "no answers file"),
        (lambda a: text(resealed(a, study="other")), "another study"),
        (lambda a: text(resealed(a, packet="p099")), "not of this study"),
        (lambda a: text(resealed(a, packet_hash="f" * 64)), "another build"),
        (lambda a: text(resealed(a, name="else")), "says design"),
        (lambda a: text(a).replace(b'"rt_ms": 9000', b'"rt_ms": 1', 1), "checksum"),
        (lambda a: text(resealed(a, consent=False)), "consent"),
        (lambda a: text(resealed(a, trials=a.trials[:-1])), "answers are missing"),
        (lambda a: text(resealed(a, trials=[*a.trials, a.trials[0]])), "answered twice"),
        (
            lambda a: text(
                resealed(a, trials=[a.trials[0].model_copy(update={"chosen": []}), *a.trials[1:]])
            ),
            "0 videos chosen",
        ),
        (
            lambda a: text(
                resealed(a, trials=[a.trials[0].model_copy(update={"chosen": ["0" * 16]}), *a.trials[1:]])
            ),
            "not shown",
        ),
        (
            lambda a: text(
                resealed(
                    a,
                    trials=[a.trials[0].model_copy(update={"shown": a.trials[0].shown[::-1]}), *a.trials[1:]],
                )
            ),
            "other videos",
        ),
        (
            lambda a: text(resealed(a, trials=[a.trials[0].model_copy(update={"rating": 3}), *a.trials[1:]])),
            "rating",
        ),
    ],
)
def test_a_bad_file_is_refused_in_one_sentence(key, answers, spoil, words):
    reason = refusal(key, spoil(answers[0]))
    assert words in reason and "\n" not in reason


def test_a_partial_file_is_kept_as_partial(study, key, answers, tmp_path):
    part = resealed(answers[0], status="partial", finished=None, trials=answers[0].trials[:3])
    path = tmp_path / "part.json"
    path.write_bytes(text(part))
    found = import_answers(study, [path])
    assert found.accepted[0].status == "partial"
    assert len(pd.read_parquet(study / "answers.parquet")) == 3
    # the whole file of the same sitting then takes its place
    path.write_bytes(text(answers[0]))
    found = import_answers(study, [path])
    assert [one.status for one in found.accepted] == ["complete"] and len(found.repeated) == 1
    assert len(list((study / "answers").glob("*.json"))) == 1


def test_downloads_of_one_sitting_count_once(key, answers):
    again = check_answers(key, [("a.json", text(answers[0])), ("a (1).json", text(answers[0]))])
    assert len(again.accepted) == 1 and not again.repeated


def test_a_second_sitting_of_a_packet_is_set_aside(key, answers):
    second = resealed(answers[0], session="f" * 16, started="2001-01-01T00:00:00.000Z")
    found = check_answers(key, [("second.json", text(second)), ("first.json", text(answers[0]))])
    assert [one.session for one in found.accepted] == [answers[0].session]
    assert "second sitting" in found.repeated[0].reason


def test_people_and_simulations_are_never_mixed(study, key, answers, tmp_path):
    person = resealed(answers[1], simulated=False)
    for one in (answers[0], person):
        (tmp_path / f"{one.packet}.json").write_bytes(text(one))
    import_answers(study, [tmp_path / "p001.json"])
    with pytest.raises(UserError, match="simulated answers and people's answers"):
        import_answers(study, [tmp_path / "p002.json"])
    assert len(pd.read_parquet(study / "answers.parquet")["packet"].unique()) == 1


def test_answers_come_from_zips_too(study, answers, tmp_path):
    with zipfile.ZipFile(tmp_path / "jatos.zip", "w") as archive:
        for one in answers:
            archive.writestr(f"study_result_{one.packet}/data.json", text(one))
        archive.writestr("readme.txt", "no answers")
    assert len(import_answers(study, [tmp_path / "jatos.zip"]).accepted) == 4


def test_nothing_to_take_is_an_error(study, tmp_path):
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(UserError, match="no answers could be taken"):
        import_answers(study, [tmp_path / "x.json"])
    with pytest.raises(UserError, match="no such file"):
        import_answers(study, [tmp_path / "missing.json"])
    with pytest.raises(UserError, match="no key"):
        import_answers(tmp_path / "elsewhere", [tmp_path / "x.json"])
