"""The stored list of a corpus's clips."""

from pathlib import Path

import pytest

from talkpose.clips.listing import read_list, write_list
from talkpose.clips.readers import ClipSource
from talkpose.errors import UserError

PARTS = {
    "0000": [
        ClipSource("b", Path("x/b.mp4"), 1.5, 2.25, "s1"),
        ClipSource("a", Path("x/a.mp4"), word="ABOUT"),
    ],
    "0001": [ClipSource("c", Path("x/c.mp4"), None, 3.0)],
}


def test_what_is_written_is_read(tmp_path):
    write_list(tmp_path / "list.parquet", PARTS)
    assert read_list(tmp_path / "list.parquet") == PARTS


def test_an_equal_list_is_left_as_it_is(tmp_path):
    path = tmp_path / "list.parquet"
    write_list(path, PARTS)
    before = path.stat().st_mtime_ns
    write_list(path, PARTS)
    assert path.stat().st_mtime_ns == before
    write_list(path, {"0000": PARTS["0000"]})
    assert list(read_list(path)) == ["0000"]


def test_a_run_that_was_never_planned_is_told_so(tmp_path):
    with pytest.raises(UserError, match="start the run"):
        read_list(tmp_path / "absent.parquet")
