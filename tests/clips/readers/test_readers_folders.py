from pathlib import Path, PurePosixPath

import pytest

from talkpose.clips.readers import ClipSource, clip_id, grid_sentence, list_clips, select_clips, shards
from talkpose.config.clips import CorpusConfig
from talkpose.errors import UserError


def corpus(path, pattern="*", reader="folder"):
    return CorpusConfig(reader=reader, path=str(path), pattern=pattern, role="general")


def test_videos_sounds_and_neither(tmp_path, touch):
    touch(tmp_path, "b.mp4", "a.MKV", "c.wav", "notes.txt", "d.mp4.part")
    assert [c for c, *_ in list_clips(corpus(tmp_path))] == ["a", "b"]
    assert list_clips(corpus(tmp_path))[1] == ClipSource("b", tmp_path / "b.mp4")
    assert [c for c, *_ in list_clips(corpus(tmp_path, "*.wav", "audio"))] == ["c"]
    assert [c for c, *_ in list_clips(corpus(tmp_path, "?.*", "audio"))] == ["a", "b", "c"], "sound of videos"


def test_grid_in_folders_of_speakers(tmp_path, touch):
    touch(tmp_path, "s1/bbaf2n.mpg", "s2/bbaf2n.mpg", "lrwp9a.mpg", "s1/align.txt")
    ids = [c for c, *_ in list_clips(corpus(tmp_path, "*.mpg", "grid"))]
    assert ids == ["lrwp9a", "s1-bbaf2n", "s2-bbaf2n"]
    assert [c for c, *_ in list_clips(corpus(tmp_path, "*.mpg"))] == ["lrwp9a"], "`folder` stays on top"


def test_ids_keep_names_and_join_folders():
    assert clip_id(Path("personal_a.mp4")) == "personal_a"
    assert clip_id(Path("s1/x_y-z.1.mpg")) == "s1-x_y-z.1"


@pytest.mark.parametrize(
    ("names", "pattern", "words"),
    [([], "*", "no video"), (["a.mp4"], "*.mpg", "pattern"), (["a.mp4", "a.mkv"], "*", "share the clip id")],
)
def test_errors_say_what_to_mend(tmp_path, touch, names, pattern, words):
    touch(tmp_path, *names)
    with pytest.raises(UserError, match=words):
        list_clips(corpus(tmp_path, pattern))


def test_missing_folder(tmp_path):
    with pytest.raises(UserError, match=r"absent.*path"):
        list_clips(corpus(tmp_path / "absent"))


def test_shards_keep_order_and_lose_nothing():
    clips = [f"c{i}" for i in range(7)]
    parts = shards(clips, 3)
    assert list(parts) == ["0000", "0001", "0002"]
    assert [len(p) for p in parts.values()] == [3, 3, 1]
    assert sum(parts.values(), []) == clips
    assert shards([], 3) == {}


def test_patterns_mean_what_globs_mean(tmp_path, touch):
    touch(tmp_path, "a.mp4", "x/b.mp4", "x/y/c.mp4", "x/.d.mp4", "z[1].mp4")
    for pattern in ["*", "*/*", "**/*", "x/**/*.mp4", "x/*", "?.mp4", "[ab].mp4", "z[[]1].mp4", "**/y/*"]:
        expected = {path for path in tmp_path.glob(pattern) if path.is_file()}
        assert {source.path for source in list_clips(corpus(tmp_path, pattern))} == expected, pattern


def test_links_to_folders_are_followed_but_not_in_circles(tmp_path, touch):
    touch(tmp_path, "far/b.mp4", "root/a.mp4")
    (tmp_path / "root" / "far").symlink_to(tmp_path / "far")
    (tmp_path / "root" / "up").symlink_to(tmp_path)
    found = list_clips(corpus(tmp_path / "root", "**/*"))
    assert [source.clip for source in found] == ["a", "far-b"]


def test_a_corpus_that_is_not_there_yet_can_be_planned(tmp_path):
    files = [PurePosixPath("s2/b.mpg"), PurePosixPath("s1/video/a.mpg"), PurePosixPath("s1/a.align")]
    found = select_clips(files, tmp_path / "later", corpus("later", "*", "grid"))
    assert [(source.clip, source.speaker) for source in found] == [("s1-video-a", "s1"), ("s2-b", "s2")]
    assert found[1].path == tmp_path / "later" / "s2" / "b.mpg"


@pytest.mark.parametrize(
    ("stem", "words"),
    [
        ("bbaf2n", "bin blue at f two now"),
        ("s1_swiz3n", "set white in z three now"),
        ("PGWXZA", "place green with x zero again"),
    ],
)
def test_grid_names_are_sentences(stem, words):
    assert grid_sentence(stem) == words


@pytest.mark.parametrize("stem", ["bbaf2", "bbaw2n", "bbaf2nn", "hello1", ""])
def test_other_names_are_no_sentences(stem):
    with pytest.raises(UserError, match="not a GRID name"):
        grid_sentence(stem)
