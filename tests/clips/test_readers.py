from pathlib import Path

import pytest

from talkpose.clips.readers import clip_id, list_clips, shards
from talkpose.config.clips import CorpusConfig
from talkpose.errors import UserError


def corpus(path, pattern="*", reader="folder"):
    return CorpusConfig(reader=reader, path=str(path), pattern=pattern, role="general")


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_videos_sounds_and_neither(tmp_path):
    touch(tmp_path, "b.mp4", "a.MKV", "c.wav", "notes.txt", "d.mp4.part")
    assert [c for c, _ in list_clips(corpus(tmp_path))] == ["a", "b"]
    assert list_clips(corpus(tmp_path))[1] == ("b", tmp_path / "b.mp4")
    assert [c for c, _ in list_clips(corpus(tmp_path, "*.wav", "audio"))] == ["c"]
    assert [c for c, _ in list_clips(corpus(tmp_path, "?.*", "audio"))] == ["a", "b", "c"], "sound of videos"


def test_grid_in_folders_of_speakers(tmp_path):
    touch(tmp_path, "s1/bbaf2n.mpg", "s2/bbaf2n.mpg", "lrwp9a.mpg", "s1/align.txt")
    ids = [c for c, _ in list_clips(corpus(tmp_path, "*.mpg", "grid"))]
    assert ids == ["lrwp9a", "s1-bbaf2n", "s2-bbaf2n"]
    assert [c for c, _ in list_clips(corpus(tmp_path, "*.mpg"))] == ["lrwp9a"], "`folder` stays on top"


def test_ids_keep_names_and_join_folders():
    assert clip_id(Path("personal_a.mp4")) == "personal_a"
    assert clip_id(Path("s1/x_y-z.1.mpg")) == "s1-x_y-z.1"


@pytest.mark.parametrize(
    ("names", "pattern", "words"),
    [([], "*", "no video"), (["a.mp4"], "*.mpg", "pattern"), (["a.mp4", "a.mkv"], "*", "share the clip id")],
)
def test_errors_say_what_to_mend(tmp_path, names, pattern, words):
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
