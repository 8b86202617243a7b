"""Packets as they are written: balance, names, traps, bytes, refusals."""

import json
import os
import shutil
import zipfile
from collections import Counter, defaultdict

import numpy as np
import pytest
from made_study import DESIGNS, METHODS, make_run, study_config
from pydantic import ValidationError
from typer.testing import CliRunner

from talkpose.cli.study import app
from talkpose.errors import UserError
from talkpose.files import read_json
from talkpose.study.build import build_study, zip_some
from talkpose.study.config import StudyConfig, load_study_config
from talkpose.study.contents import open_packet
from talkpose.study.packets import TIME, video_name
from talkpose.study.schema import KEY_FOLDER, Key


@pytest.fixture(scope="module")
def key(built) -> Key:
    return Key.model_validate(read_json(built.key))


def test_every_packet_has_its_screens_and_the_key_says_what_they_are(built, key):
    assert [path.name for path in built.packets] == [f"p{i:03d}" for i in range(1, 10)]
    for path in built.packets:
        ((named, packet),) = open_packet(path).plans
        home = key.packets[packet.packet]
        assert named == packet.sha256() == home.hash
        assert [(t.trial, t.shown, t.criteria) for t in packet.trials] == [
            (t.trial, t.shown, t.criteria) for t in home.trials
        ]
        kinds = Counter(trial.kind for trial in home.trials)
        main = {"best-of-n": 4, "rating": 2, "select-all": 2}[home.design]
        assert kinds == {"practice": 1, "main": main, "trap-duplicate": 1, "trap-broken": 1}
        assert {trial.kind for trial in packet.trials} == {"practice", "main"}
        assert sorted(p.stem for p in (path / "videos").iterdir()) == packet.videos()


def test_every_method_at_every_place_to_within_one(key):
    counts = defaultdict(Counter)
    for name, packet in key.packets.items():
        for trial in packet.trials:
            if trial.kind == "main":
                seen = [(key.videos[video].method, place) for place, video in enumerate(trial.shown)]
                for part in (name, packet.name):
                    counts[part, packet.name].update(seen)
    assert len(counts) == 9 + 3
    for (_, design), some in counts.items():
        for method in key.methods[design]:
            assert np.ptp([some[method, place] for place in range(len(key.methods[design]))]) <= 1


def test_traps_can_be_judged_from_the_key(key):
    for packet in key.packets.values():
        trials = {trial.trial: trial for trial in packet.trials}
        for trial in packet.trials:
            shown = [key.videos[name] for name in trial.shown]
            if trial.kind == "trap-broken":
                assert [v.method for v in shown].count("broken") == 1
                if packet.design == "rating":
                    assert trial.passes.rating_at_most == 2
                else:
                    assert key.videos[trial.passes.not_chosen[0]].method == "broken"
            elif trial.kind == "trap-duplicate" and packet.design == "best-of-n":
                first = trials[trial.passes.same_as]
                assert sorted(first.shown) == sorted(trial.shown)
                assert first.shown != trial.shown
                assert first.criteria == trial.criteria
                assert first.trial < trial.trial
            elif trial.kind == "trap-duplicate":
                (copy,) = [name for name in trial.shown if key.videos[name].copy_of]
                pair = {copy, key.videos[copy].copy_of}
                assert pair <= set(trial.shown)
                if packet.design == "rating":
                    assert trial.passes.rating_at_least == 4
                else:
                    assert set(trial.passes.both_or_neither) == pair


def test_copies_are_the_same_bytes_under_another_name(built, key):
    copies = [(name, video.copy_of) for name, video in key.videos.items() if video.copy_of]
    assert copies
    for copy, original in copies:
        folder = built.folder / "videos"
        assert (folder / f"{copy}.mp4").read_bytes() == (folder / f"{original}.mp4").read_bytes()


def test_names_need_the_secret(key):
    for name, video in key.videos.items():
        args = (key.study, video.method, video.item, video.copy_of is not None)
        assert name == video_name(key.secret, *args)
        assert name != video_name("0" * 64, *args)


def test_groups_hold_the_real_video_and_each_method(key):
    for group in key.groups.values():
        design = next(d for d in DESIGNS if d["design"] == group.name)
        assert set(group.videos) == {"real", *design["methods"]}
        assert key.videos[group.videos["real"]].item == f"{group.person}__own"


def test_same_seed_and_key_give_the_same_bytes(built, tiny_run):
    def bytes_of() -> dict:
        files = [*built.packets[0].rglob("*"), *built.zips, built.jatos, built.key]
        return {str(path): path.read_bytes() for path in files if path.is_file()}

    before, videos = bytes_of(), {p.name: p.stat().st_mtime_ns for p in (built.folder / "videos").iterdir()}
    inodes = {p.name: p.stat().st_ino for p in (built.folder / "videos").iterdir()}
    build_study(study_config(), tiny_run)
    assert bytes_of() == before
    assert {
        p.name: p.stat().st_ino for p in (built.folder / "videos").iterdir()
    } == inodes  # not encoded again
    assert set(videos.values()) == {TIME * 10**9}


def test_another_place_with_the_same_secret_gives_the_same_packets(built, tmp_path):
    layout = make_run(tmp_path / "tiny")
    home = layout.root / "study" / KEY_FOLDER
    home.mkdir(parents=True)
    shutil.copy(built.key.parent / "secret.txt", home)
    made = build_study(study_config(), layout)
    for one, other in zip([*built.zips, built.jatos], [*made.zips, made.jatos], strict=True):
        assert one.read_bytes() == other.read_bytes()
    # Without it the names differ, the orders do not.
    (home / "secret.txt").unlink()
    renamed = build_study(study_config(), layout, replace=True)
    before, after = (Key.model_validate(read_json(path)) for path in (built.key, renamed.key))
    assert not set(before.videos) & set(after.videos)
    for name, packet in before.packets.items():
        for first, second in zip(packet.trials, after.packets[name].trials, strict=True):
            methods = [
                [key.videos[v].method for v in t.shown] for key, t in ((before, first), (after, second))
            ]
            assert methods[0] == methods[1]
            assert (first.group, first.criteria, first.kind) == (second.group, second.criteria, second.kind)


def test_the_command_builds_and_says_where_everything_is(tiny_run, built, tmp_path, monkeypatch):
    file = tmp_path / "study.yaml"
    file.write_text(study_config().model_dump_json())
    done = CliRunner().invoke(app, ["build", "--config", str(file), "--run", str(tiny_run.root)])
    assert done.exit_code == 0, done.output
    assert "9 packets of" in done.output
    assert str(built.key) in done.output
    nowhere = CliRunner().invoke(app, ["build", "--config", str(file)])
    assert isinstance(nowhere.exception, UserError)
    assert "--run" in str(nowhere.exception)


def test_packets_that_are_out_are_not_replaced_by_others(built, tiny_run):
    before = read_json(built.key)
    with pytest.raises(UserError, match="--replace"):
        build_study(study_config(seed=4), tiny_run)
    with pytest.raises(UserError, match="belongs to the study tiny"):
        build_study(study_config(study="other"), tiny_run)
    assert read_json(built.key) == before


def test_videos_are_linked_and_all_files_carry_one_time(built):
    first = next((built.packets[0] / "videos").iterdir())
    assert first.stat().st_ino == (built.folder / "videos" / first.name).stat().st_ino
    times = {path.stat().st_mtime for packet in built.packets for path in [packet, *packet.rglob("*")]}
    assert times == {TIME}
    for path in built.zips:
        with zipfile.ZipFile(path) as archive:
            assert {entry.date_time for entry in archive.infolist()} == {(2020, 1, 1, 0, 0, 0)}
            assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
            assert archive.testzip() is None


def test_the_key_lies_in_no_packet(built, key):
    for path in built.packets:
        for file in path.rglob("*"):
            if file.is_file():
                assert key.secret.encode() not in file.read_bytes()
    assert oct((built.key.parent / "secret.txt").stat().st_mode)[-3:] == "600"


def test_the_jatos_archive_is_laid_out_as_documented(built):
    with zipfile.ZipFile(built.jatos) as archive:
        names = archive.namelist()
        (jas,) = [name for name in names if "/" not in name]
        about = json.loads(archive.read(jas))
    assert jas.endswith(".jas")
    assert about["version"] == "3"
    data = about["data"]
    assert {"uuid", "title", "dirName", "componentList", "batchList"} <= set(data)
    assert {name.split("/")[0] for name in names if "/" in name} == {data["dirName"]}
    assert f"{data['dirName']}/{data['componentList'][0]['htmlFilePath']}" in names
    assert [json.loads(b["jsonData"])["design"] for b in data["batchList"]] == [d["design"] for d in DESIGNS]
    identities = [data["uuid"], *(x["uuid"] for x in data["componentList"] + data["batchList"])]
    assert len(set(identities)) == len(identities)


def test_all_criteria_on_one_screen_and_a_real_video_that_may_be_chosen(tmp_path, needs_pages):
    design = {**DESIGNS[0], "all_on_one_screen": True, "may_choose_real": True, "sounds": "own", "groups": 3}
    config = study_config(designs=[design], zip="no", jatos=False, demographics=[])
    made = build_study(config, make_run(tmp_path / "one"))
    assert (made.zips, made.jatos) == ([], None)
    key = Key.model_validate(read_json(made.key))
    assert key.methods["best-of-n"] == ["real", *METHODS]
    for packet in key.packets.values():
        main = [trial for trial in packet.trials if trial.kind == "main"]
        assert len(main) == 3
        for trial in main:
            assert trial.criteria == ["image_quality", "natural"]
            assert trial.reference is None
            assert {key.videos[name].method for name in trial.shown} == {"real", *METHODS}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"groups": 9}, "groups are asked for"),
        ({"methods": ["ours-p", "nobody"]}, "nobody/ann__own/frames.mkv"),
        ({"persons": ["zoe"]}, "no person zoe"),
        ({"may_choose_real": True, "groups": 6}, "sounds: own"),
    ],
)
def test_what_the_run_lacks_is_said(tiny_run, needs_pages, changes, said):
    config = study_config(designs=[{**DESIGNS[0], **changes}])
    with pytest.raises(UserError, match=said):
        build_study(config, tiny_run)


def test_groups_that_lack_a_video_are_left_out_and_named(tmp_path, needs_pages):
    layout = make_run(tmp_path / "gaps")
    (layout.video("still", "bob__own") / "frames.mkv").unlink()
    said: list[str] = []
    design = {**DESIGNS[2], "groups": None, "practice": False, "traps": {"duplicate": 0, "broken": 0}}
    made = build_study(study_config(designs=[design], jatos=False, zip="no"), layout, done=said.append)
    assert "1 of 3 groups are left out" in said[0]
    assert "still/bob__own/frames.mkv" in said[0]
    key = Key.model_validate(read_json(made.key))
    assert {group.item for group in key.groups.values()} == {"ann__own", "cid__own"}
    assert [t.trial for t in key.packets["p001"].trials] == ["t0001", "t0002"]


def test_too_short_a_video_is_said(tiny_run, needs_pages):
    with pytest.raises(UserError, match=r"video\.seconds"):
        build_study(study_config(video={"size": 64, "seconds": 9}), tiny_run, replace=True)


def test_single_packets_can_be_zipped(built, tmp_path):
    (path,) = zip_some(built.packets[:1], tmp_path)
    assert zipfile.ZipFile(path).namelist()[0].startswith("p001/")
    with pytest.raises(UserError, match="not a packet"):
        zip_some([tmp_path], tmp_path)


def test_zips_that_would_take_too_much_are_left_out(tmp_path, needs_pages):
    made = build_study(study_config(zip_limit_mb=0, jatos=False), make_run(tmp_path / "zips"))
    assert made.zips == []
    assert made.packet_bytes > 0


@pytest.mark.parametrize(
    "changes",
    [
        {"designs": [DESIGNS[1], DESIGNS[1]]},
        {"designs": [{**DESIGNS[0], "methods": ["real", "ours-p"]}]},
        {"demographics": [{"name": "age", "kind": "choice"}]},
        {"nonsense": 1},
    ],
)
def test_a_wrong_configuration_is_refused(changes):
    with pytest.raises(ValidationError):
        study_config(**changes)


def test_a_configuration_file_is_read_and_its_faults_named(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text("study: x\ndesigns: [{design: rating, participants: 0}]\n")
    with pytest.raises(UserError, match=r"designs\.0\.rating\.participants"):
        load_study_config(path)
    with pytest.raises(UserError, match="no such study"):
        load_study_config(tmp_path / "none.yaml")


def test_the_example_holds_the_papers_sizes():
    from pathlib import Path

    config = load_study_config(Path(__file__).parents[2] / "config" / "study.yaml")
    assert isinstance(config, StudyConfig)
    sizes = {d.design: (d.participants, d.groups) for d in config.designs}
    assert sizes == {"best-of-n": (20, 30), "rating": (20, 15), "select-all": (11, 1)}


def test_words_in_a_language_of_ones_own(tmp_path, needs_pages, tiny_run):
    from talkpose.study.texts import load_texts

    folder = tmp_path / "texts" / "en"
    folder.mkdir(parents=True)
    (folder / "consent.md").write_text("# Hello {contact}\n\n<b>no markup</b>")
    texts = load_texts(study_config(texts=str(tmp_path / "texts")))
    assert texts["en"]["consent"].startswith("<h1>Hello Ada (ada@example.org)</h1>")
    assert "<b>" not in texts["en"]["consent"]
    assert texts["en"]["strings"].keys() == texts["zh"]["strings"].keys()
    with pytest.raises(UserError, match="no texts for the language de"):
        load_texts(study_config(languages=["de"]))
    strange = {**DESIGNS[1], "criterion": "beauty"}
    with pytest.raises(UserError, match=r"criteria\.beauty"):
        load_texts(study_config(designs=[strange]))


def test_node_that_is_missing_is_said(tmp_path, monkeypatch):
    from talkpose.study import app_build

    monkeypatch.setattr(app_build, "DIST", tmp_path / "dist")
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    with pytest.raises(UserError, match=r"Node\.js is missing"):
        app_build.build_app()
