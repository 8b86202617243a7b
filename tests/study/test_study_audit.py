"""The audit passes what `build` writes, and every check finds the leak that it is there for."""

import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from made_study import moving, tone
from typer.testing import CliRunner

from talkpose.cli.study import app
from talkpose.clips.store import write_mp4
from talkpose.errors import UserError
from talkpose.files import read_json, write_json
from talkpose.study.audit import audit_packets
from talkpose.study.encode import pad_file
from talkpose.study.guess import guess_methods
from talkpose.study.packets import TIME, set_time
from talkpose.study.schema import KEY_FOLDER, Key


@pytest.fixture
def leaky(built, tmp_path):
    """A copy of the study that may be spoilt: its packets' folder, with files of its own and its key."""
    root = tmp_path / "study"
    for packet in ("p001", "p002", "p005", "p008"):
        shutil.copytree(built.folder / "packets" / packet, root / "packets" / packet)
    shutil.copytree(built.folder / KEY_FOLDER, root / KEY_FOLDER)
    return root / "packets"


def audited(packets: Path) -> list[str]:
    """Names of the checks that fail."""
    found = audit_packets(sorted(packets.iterdir()))
    return sorted({fault.split(":")[0] for fault in found.faults})


def videos_of(packets: Path, method: str) -> list[Path]:
    """The copies of a method's videos in all packets."""
    key = Key.model_validate(read_json(packets.parent / KEY_FOLDER / "key.json"))
    return [path for path in packets.rglob("*.mp4") if key.videos[path.stem].method == method]


def change(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    set_time(path)


def test_what_build_writes_passes(built):
    for paths in (built.packets, built.zips, [built.jatos]):
        found = audit_packets(paths)
        assert found.faults == []
        assert found.packets == 9


def test_a_file_that_does_not_belong(leaky):
    change(leaky / "p001" / "notes.txt", b"hello")
    assert audited(leaky) == ["files"]


def test_a_file_that_is_missing(leaky):
    next((leaky / "p002" / "videos").iterdir()).unlink()
    assert "files" in audited(leaky)


def test_the_key_in_a_packet(leaky):
    (leaky / "p001" / KEY_FOLDER).mkdir()
    shutil.copy2(leaky.parent / KEY_FOLDER / "key.json", leaky / "p001" / KEY_FOLDER)
    set_time(leaky / "p001" / KEY_FOLDER / "key.json")
    assert {"key", "files", "words"} <= set(audited(leaky))


def test_a_page_that_may_send(leaky):
    page = leaky / "p001" / "index.html"
    change(page, page.read_bytes().replace(b"connect-src 'none'", b"connect-src *"))
    assert audited(leaky) == ["files"]
    assert any("send data" in fault for fault in audit_packets([leaky / "p001"]).faults)


def test_a_time_of_its_own(leaky):
    os.utime(videos_of(leaky, "still")[0], (TIME + 60, TIME + 60))
    assert audited(leaky) == ["times"]


def test_a_time_in_a_zip(built, leaky):
    path = leaky.parent / "late.zip"
    with zipfile.ZipFile(built.zips[0]) as old, zipfile.ZipFile(path, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename.endswith("plan.js"):
                entry.date_time = (2021, 1, 1, 0, 0, 0)
            new.writestr(entry, data)
    found = audit_packets([path])
    assert [fault.split(":")[0] for fault in found.faults] == ["times"]


def test_a_methods_name_in_a_text(leaky):
    path = leaky / "p001" / "data" / "texts.js"
    change(path, path.read_bytes().replace(b"Video study", b"Ours-P study"))
    assert "words" in audited(leaky)


def test_a_methods_name_behind_the_pictures(leaky):
    for path in videos_of(leaky, "wave2face"):
        data = path.read_bytes()
        change(path, data[:-20] + b"made by Wave2Face   ")
    assert "words" in audited(leaky)


def test_a_plan_that_was_changed(leaky):
    path = leaky / "p001" / "data" / "plan.js"
    change(path, path.read_bytes().replace(b'"play_to_end":true', b'"play_to_end":false'))
    assert audited(leaky) == ["plan"]


def test_a_plan_that_is_none(leaky):
    change(leaky / "p001" / "data" / "plan.js", b"window.talkposePacket = {};")
    assert "plan" in audited(leaky)


def test_a_video_with_a_telling_name(leaky):
    path = videos_of(leaky, "still")[0]
    path.rename(path.with_name("video-still.mp4"))
    assert {"files", "names", "words"} <= set(audited(leaky))


def test_names_without_the_secret(leaky):
    file = leaky.parent / KEY_FOLDER / "key.json"
    write_json(file, {**read_json(file), "secret": "0" * 64})
    assert audited(leaky) == ["names"]


@pytest.fixture
def rewritten(leaky):
    """Writes one method's videos anew, by a function of the path."""

    def rewrite(method: str, write) -> list[str]:
        sizes = {path.stat().st_size for path in leaky.rglob("*.mp4")}
        for path in videos_of(leaky, method):
            write(path)
            if path.stat().st_size < max(sizes):
                pad_file(path, max(sizes))
            set_time(path)
        return audited(leaky)

    return rewrite


def test_metadata_that_marks_synthetic_videos(rewritten):
    def write(path):
        write_mp4(path, moving(1, 25, 64), tone(1, 25).astype(np.float32), title="x", synthetic=True)

    assert {"metadata", "coding"} <= set(rewritten("ours-p", write))


def test_another_size_of_the_pictures(rewritten):
    def write(path):
        write_mp4(path, moving(1, 25, 48), tone(1, 25).astype(np.float32), synthetic=False)

    assert "coding" in rewritten("still", write)


def test_another_length_and_sound(rewritten):
    def write(path):
        write_mp4(path, moving(1, 20, 64), 0.02 * tone(1, 20).astype(np.float32), synthetic=False)

    assert {"duration", "loudness", "sound"} <= set(rewritten("still", write))


def test_a_larger_file(leaky):
    for path in videos_of(leaky, "still"):
        pad_file(path, path.stat().st_size + 8)
        set_time(path)
    assert {"size"} <= set(audited(leaky))


def test_a_file_that_is_no_video(leaky):
    path = videos_of(leaky, "still")[0]
    change(path, b"nothing")
    assert "coding" in audited(leaky)


def test_one_method_always_first(leaky):
    file = leaky.parent / KEY_FOLDER / "key.json"
    key = Key.model_validate(read_json(file))
    for packet in key.packets.values():
        for trial in packet.trials:
            trial.shown.sort(key=lambda name: key.videos[name].method)
    write_json(file, key.model_dump(mode="json"))
    assert "balance" in audited(leaky)


def test_methods_that_files_give_away_are_guessed():
    rng = np.random.default_rng(0)
    groups = [f"g{i // 3}" for i in range(75)]
    methods = ["a", "b", "c"] * 25
    # Groups differ in size, and one method is always the largest of its group.
    size = np.repeat(rng.normal(100, 30, 25), 3) + np.tile([0, 0, 5.0], 25) + rng.normal(0, 1, 75)
    assert guess_methods(size[:, None], methods, groups).beats_chance
    blind = guess_methods(rng.normal(size=(75, 4)), methods, groups)
    assert not blind.beats_chance
    assert 0.2 < blind.chance < 0.5
    assert guess_methods(np.ones((75, 4)), methods, groups) is None


def test_a_packet_whose_methods_can_be_guessed(built, leaky, tmp_path):
    """Sizes that follow the method make the classifier beat chance, not the comparison of sizes alone."""
    key = Key.model_validate(read_json(built.key))
    order = {method: i for i, method in enumerate(sorted({v.method for v in key.videos.values()}))}
    for path in leaky.rglob("*.mp4"):
        pad_file(path, path.stat().st_size + 8 + 400 * order[key.videos[path.stem].method])
        set_time(path)
    assert {"guess", "size"} <= set(audited(leaky))


def test_the_command_fails_loudly(built, leaky):
    runner = CliRunner()
    packets = [str(path) for path in sorted(leaky.iterdir())]
    good = runner.invoke(app, ["audit", *packets])
    assert good.exit_code == 0, good.output
    assert "nothing gives a method away" in good.output
    change(leaky / "p001" / "notes.txt", b"hello")
    bad = runner.invoke(app, ["audit", *packets])
    assert bad.exit_code == 1
    assert "notes.txt does not belong there" in bad.output


def test_no_key_no_audit(built, tmp_path):
    shutil.copytree(built.packets[0], tmp_path / "p001")
    with pytest.raises(UserError, match="--key"):
        audit_packets([tmp_path / "p001"])
    assert audit_packets([tmp_path / "p001"], built.key).faults == []
    with pytest.raises(UserError, match="no plan inside"):
        audit_packets([tmp_path], built.key)
    with pytest.raises(UserError, match="neither a packet"):
        audit_packets([tmp_path / "none"], built.key)
