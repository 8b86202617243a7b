"""Readers that cut files: persons with a CSV, and VoxCeleb's metadata."""

import warnings

import pytest

from talkpose.clips.readers import ClipSource, list_clips
from talkpose.config.clips import CorpusConfig
from talkpose.errors import UserError

HEAD = "file,start,stop,name\n"


def persons(path, table=None, pattern="*"):
    if table is not None:
        (path / "segments.csv").write_text(table)
    return CorpusConfig(
        reader="persons",
        path=str(path),
        role="persons",
        pattern=pattern,
        segments=None if table is None else "segments.csv",
    )


def test_whole_videos(tmp_path, touch):
    touch(tmp_path, "obama.mp4", "merkel.mkv", "notes.txt")
    found = list_clips(persons(tmp_path))
    assert found == [
        ClipSource(n, tmp_path / f, speaker=n) for n, f in [("merkel", "merkel.mkv"), ("obama", "obama.mp4")]
    ]


def test_segments_of_a_table(tmp_path, touch):
    touch(tmp_path, "a b.mp4", "x/talk.mkv")
    table = HEAD + "a b.mp4,1.5,13,ann\nx/talk.mkv,1:02.5,1:00:00,bob\nx/talk.mkv,,30,cy\na b.mp4,20,,ann.2\n"
    found = list_clips(persons(tmp_path, table, "**/*"))
    assert [(s.clip, s.start, s.stop) for s in found] == [
        ("ann", 1.5, 13.0),
        ("ann.2", 20.0, None),
        ("bob", 62.5, 3600.0),
        ("cy", None, 30.0),
    ]
    assert found[0].path == tmp_path / "a b.mp4" and found[2].speaker == "bob"


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (HEAD + "a.mp4,0,9,ann\nb.mp4,0,9,bob\n", "row 3, column file: `b.mp4` is not a video"),
        (HEAD + "a.mp4,soon,9,ann\n", "row 2, column start: `soon` is not a time; write seconds or mm:ss"),
        (HEAD + "a.mp4,-1,9,ann\n", "row 2, column start"),
        (HEAD + "a.mp4,9,0:09,ann\n", "row 2, column stop: `0:09` is not after the start, 9"),
        (HEAD + "a.mp4,0,9,a n\n", "row 2, column name: `a n` is no name"),
        (HEAD + "a.mp4,0,9\n", "row 2, column name"),
        ("file,from,stop\na.mp4,0,9\n", "no column start, name; its first line must be file,start,stop,name"),
        (HEAD + "a.mp4,0,9,ann\na.mp4,9,18,ann\n", "share the clip id `ann`"),
        (HEAD, "no video file matches"),
    ],
)
def test_errors_name_row_and_column(tmp_path, touch, table, words):
    touch(tmp_path, "a.mp4")
    with pytest.raises(UserError, match=words):
        list_clips(persons(tmp_path, table))


def test_a_table_that_is_missing(tmp_path, touch):
    touch(tmp_path, "a.mp4")
    section = persons(tmp_path, HEAD)
    (tmp_path / "segments.csv").unlink()
    with pytest.raises(UserError, match=r"segments\.csv.*`segments`"):
        list_clips(section)


TEXT = """Identity  : \t{0}
Reference : \t{1}
Offset    : \t-3
FV Conf   : \t16.443\t(1)
ASD Conf  : \t3.928

FRAME \tX \tY \tW \tH

000395 \t0.310 \t0.167 \t0.302 \t0.537
000396 \t0.310 \t0.167 \t0.302 \t0.537
000499 \t0.312 \t0.163 \t0.302 \t0.537
"""


def voxceleb(root, touch, videos):
    for identity, reference in [("id10001", "-1zc_Iw"), ("id10001", "7w0IBEW"), ("id10002", "-1zc_Iw")]:
        path = root / "txt" / identity / reference / "00001.txt"
        path.parent.mkdir(parents=True)
        path.write_text(TEXT.format(identity, reference))
    touch(root, "videos/unasked.mp4", *(f"videos/{name}" for name in videos))
    return CorpusConfig(reader="voxceleb-meta", path=str(root), role="general")


def test_voxceleb_segments_of_own_videos(tmp_path, touch):
    section = voxceleb(tmp_path, touch, ["-1zc_Iw.mkv", "7w0IBEW.webm"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = list_clips(section)
    assert [s.clip for s in found] == [
        "id10001--1zc_Iw-00001",
        "id10001-7w0IBEW-00001",
        "id10002--1zc_Iw-00001",
    ]
    assert {(s.start, s.stop) for s in found} == {(15.8, 20.0)}, "frames 395 to 499 at 25 fps"
    assert found[0].path == tmp_path / "videos" / "-1zc_Iw.mkv" and found[0].speaker == "id10001"


def test_voxceleb_videos_that_are_missing(tmp_path, touch):
    section = voxceleb(tmp_path, touch, ["7w0IBEW.mp4"])
    with pytest.warns(UserWarning, match="1 of 2 videos that the metadata name are missing"):
        assert [s.clip for s in list_clips(section)] == ["id10001-7w0IBEW-00001"]
    (tmp_path / "videos" / "7w0IBEW.mp4").unlink()
    with pytest.raises(UserError, match=r"2 of 2 videos.*put them into"):
        list_clips(section)


def test_voxceleb_text_without_a_table(tmp_path, touch):
    section = voxceleb(tmp_path, touch, ["7w0IBEW.mp4", "-1zc_Iw.mp4"])
    path = tmp_path / "txt" / "id10001" / "7w0IBEW" / "00001.txt"
    path.write_text(TEXT.partition("0003")[0])
    with pytest.raises(UserError, match=r"7w0IBEW.00001\.txt: no table FRAME X Y W H"):
        list_clips(section)
