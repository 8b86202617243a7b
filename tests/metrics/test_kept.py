"""What is kept beside a track: found once for a stamp, found again for another, never by two at a time."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from talkpose.errors import UserError
from talkpose.metrics.kept import find_once, kept_path


@pytest.fixture
def track(tmp_path):
    path = tmp_path / "ann.npz"
    path.write_bytes(b"a track")
    return path


def counter():
    calls = []

    def find():
        calls.append(1)
        return np.full((2, 3), len(calls), np.float32)

    return calls, find


def test_found_once_for_each_name_and_stamp(track):
    calls, find = counter()
    assert find_once(track, "csim", "a", find)[0, 0] == 1
    assert find_once(track, "csim", "a", find)[0, 0] == 1
    assert find_once(track, "csim", "b", find)[0, 0] == 2
    assert find_once(track, "csim-train", "b", find)[0, 0] == 3
    assert find_once(track, "csim", "b", find)[0, 0] == 2
    assert len(calls) == 3
    assert track.read_bytes() == b"a track"
    assert kept_path(track, "csim").name == "ann.csim.npz"


def test_half_a_file_is_found_again(track):
    calls, find = counter()
    kept_path(track, "csim").write_bytes(b"PK\x03\x04 half")
    find_once(track, "csim", "a", find)
    find_once(track, "csim", "a", find)
    assert len(calls) == 1


def test_what_fails_leaves_nothing(track):
    def find():
        raise UserError("no weights")

    with pytest.raises(UserError, match="no weights"):
        find_once(track, "csim", "a", find)
    assert not kept_path(track, "csim").exists()


def test_several_at_a_time_find_once(track):
    calls, find = counter()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: find_once(track, "csim", "a", find), range(8)))
    assert len(calls) == 1
    assert all((array == found[0]).all() for array in found)


def test_no_track_is_named(tmp_path):
    with pytest.raises(UserError, match=r"ann\.npz: no track"):
        find_once(tmp_path / "ann.npz", "csim", "a", lambda: np.zeros(1))
