"""LRW, VoxCeleb2 and TCD-TIMIT in the layouts that they come in."""

from pathlib import Path

import pytest

from talkpose.clips.readers import ClipSource, list_clips, read_lrw_metadata
from talkpose.config import parse_config
from talkpose.config.clips import CorpusConfig
from talkpose.errors import UserError


def corpus(path, reader, role="general", **keys):
    return CorpusConfig(reader=reader, path=str(path), role=role, **keys)


@pytest.mark.parametrize("top", ["", "lipread_mp4/"])
def test_lrw_gives_one_split_with_its_words(tmp_path, touch, top):
    for word in ("ABOUT", "YOUNG"):
        for split, n in [("train", 3), ("val", 1), ("test", 2)]:
            names = [f"{top}{word}/{split}/{word}_{i + 1:05d}" for i in range(n)]
            touch(tmp_path, *(name + end for name in names for end in (".mp4", ".txt")))
    touch(tmp_path, f"{top}ABOUT/test/notes.mp4", f"{top}ABOUT/test/YOUNG_00009.mp4", "readme.mp4")
    found = list_clips(corpus(tmp_path, "lrw", "test", split="test"))
    assert [source.clip for source in found] == ["ABOUT_00001", "ABOUT_00002", "YOUNG_00001", "YOUNG_00002"]
    path = tmp_path / top / "YOUNG" / "test" / "YOUNG_00002.mp4"
    assert found[-1] == ClipSource("YOUNG_00002", path, word="YOUNG")
    assert len(list_clips(corpus(tmp_path, "lrw", split="train"))) == 6
    some = list_clips(corpus(tmp_path, "lrw", split="train", pattern="ABOUT_*.mp4"))
    assert {source.word for source in some} == {"ABOUT"}


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"reader": "lrw"}, "needs `split`; add train, val or test"),
        ({"reader": "lrw", "split": "dev"}, "takes train, val, test"),
        ({"reader": "grid", "split": "train"}, "remove `split`"),
        ({"reader": "folder", "segments": "s.csv"}, "no `segments`; set reader to persons"),
        ({"reader": "voxceleb2"}, "set its role to foreign"),
    ],
)
def test_keys_that_do_not_fit_the_reader(keys, words):
    with pytest.raises(UserError, match=words):
        parse_config({"run": "r", "corpora": {"c": {"path": "x", "role": "general", **keys}}})


def test_another_corpus_is_not_taken_for_lrw(tmp_path, touch):
    touch(tmp_path, "s1/a.mp4")
    with pytest.raises(UserError, match=r"<WORD>/train/<WORD>_<00001>\.mp4.*`path`, `split`"):
        list_clips(corpus(tmp_path, "lrw", split="train"))


def test_lrw_metadata_place_the_word(tmp_path):
    path = tmp_path / "ABOUT_00001.txt"
    path.write_text(
        "Disk reference: 5950201832451325500\nChannel: BBC ONE\nProgram start: 2014-03-21 22:25:00\n"
        "Clip start: 00:05:10.25\nDuration: 0.53 seconds\n"
    )
    metadata = read_lrw_metadata(path)
    assert metadata.duration_seconds == 0.53 and metadata.channel == "BBC ONE"
    assert metadata.program_start.endswith("22:25:00") and metadata.clip_start == "00:05:10.25"
    assert metadata.word_span() == pytest.approx((0.58 - 0.265, 0.58 + 0.265))
    path.write_text("Duration: soon\n")
    with pytest.raises(UserError, match=r"ABOUT_00001\.txt.*Duration"):
        read_lrw_metadata(path)
    with pytest.raises(UserError, match="no metadata of LRW"):
        read_lrw_metadata(tmp_path / "absent.txt")


@pytest.mark.parametrize("top", ["", "aac/", "test/aac/"])
def test_voxceleb2_sounds_know_their_speaker(tmp_path, touch, top):
    touch(tmp_path, *(f"{top}{name}" for name in ["id00012/-a_b/00001.m4a", "id00017/21Uxs/00007.wav"]))
    touch(tmp_path, f"{top}id00012/-a_b/00001.txt", f"{top}id00012/-a_b/00001.wav", "other/x/1.wav")
    section = corpus(tmp_path, "voxceleb2", "foreign")
    found = list_clips(section)
    assert [s.clip for s in found] == ["id00012--a_b-00001", "id00017-21Uxs-00007"]
    assert [s.speaker for s in found] == ["id00012", "id00017"]
    assert found[0].path.suffix == ".wav", "a converted file stands for the .m4a beside it"
    assert section.sound_only


def test_voxceleb2_splits(tmp_path, touch):
    touch(tmp_path, "dev/aac/id00001/a/00001.m4a", "test/aac/id00002/b/00001.m4a")
    found = list_clips(corpus(tmp_path, "voxceleb2", "foreign", split="dev"))
    assert [s.speaker for s in found] == ["id00001"]
    assert len(list_clips(corpus(tmp_path, "voxceleb2", "foreign"))) == 2


@pytest.mark.parametrize("clips", ["", "Clips/"])
def test_tcd_timit_takes_one_camera(tmp_path, touch, clips):
    for speaker in ("volunteers/01M", "volunteers/02F", "lipspeakers/Lipspkr1"):
        for camera in ("straightcam", "30degcam"):
            folder = f"{speaker}/{clips}{camera}"
            touch(tmp_path, f"{folder}/sa1.mp4", f"{folder}/si459.mp4", f"{folder}/sa1.wav")
    found = list_clips(corpus(tmp_path, "tcd-timit"))
    assert len(found) == 6 and {s.path.suffix for s in found} == {".mp4"}
    assert [(s.clip, s.speaker) for s in found[:2]] == [("01M-sa1", "01M"), ("01M-si459", "01M")]
    assert {s.path.parent.name for s in found} == {"straightcam"}
    side = list_clips(corpus(tmp_path, "tcd-timit", split="30degcam"))
    assert {s.path.parent.name for s in side} == {"30degcam"} and len(side) == 6


def test_tcd_timit_as_foreign_sound(tmp_path, touch):
    touch(tmp_path, *(f"01M/straightcam/{name}" for name in ["sa1.mp4", "sa1.wav", "sa2.mp4"]))
    section = corpus(tmp_path, "tcd-timit", "foreign")
    names = [Path(s.path).name for s in list_clips(section)]
    assert names == ["sa1.wav", "sa2.mp4"] and section.sound_only
    assert not corpus(tmp_path, "tcd-timit").sound_only
