import numpy as np
import pytest

from talkpose.clips.quarantine import (
    QuarantineRow,
    check_cuts,
    check_faces,
    check_length,
    find_cuts,
    read_quarantine,
    thumbnail,
    write_quarantine,
)
from talkpose.config.clips import ClipsConfig
from talkpose.errors import ClipError

CONFIG = ClipsConfig()


def video(n=60, seed=0, motion=1.0):
    """Thumbnails of a texture that drifts, and a face that follows."""
    rng = np.random.default_rng(seed)
    texture = np.kron(rng.random((40, 40)), np.ones((8, 8)))
    corners = (20 + motion * np.arange(n)).astype(int)
    frames = [np.repeat((texture[c : c + 128, 10:138, None] * 255), 3, 2).astype(np.uint8) for c in corners]
    points = np.zeros((n, 10, 2)) + np.linspace(40, 90, 10)[None, :, None] - corners[:, None, None]
    return np.stack([thumbnail(f) for f in frames]), points


def reason(check, *args):
    with pytest.raises(ClipError) as error:
        check(*args, CONFIG, "x.mp4")
    assert "x.mp4" in str(error.value)
    return error.value.reason


def test_a_cut_is_found_where_it_is():
    (a, points), (b, _) = video(), video(seed=1)
    mixed = np.concatenate([a[:33], b[33:]])
    assert find_cuts(mixed, points, CONFIG) == [33]
    assert reason(check_cuts, mixed, points) == "cut"
    assert find_cuts(np.concatenate([a[:20], b[20:40], a[40:]]), points, CONFIG) == [20, 40]


def test_steady_fast_and_stuttering_motion_are_no_cuts():
    for motion in (0.2, 1.0, 3.0):
        thumbs, points = video(motion=motion)
        assert find_cuts(thumbs, points, CONFIG) == []
    thumbs, points = video(n=30, motion=2.0)
    assert find_cuts(np.repeat(thumbs, 3, 0), np.repeat(points, 3, 0), CONFIG) == [], "8 fps, held"


def test_a_face_that_jumps_is_a_cut_even_in_an_unchanged_picture():
    thumbs, points = video(motion=0.0)
    points = points.copy()
    points[25:] += 30  # of a width of 50
    assert find_cuts(thumbs, points, CONFIG) == [25]
    points[24] = np.nan
    assert find_cuts(thumbs, points, CONFIG) == [], "unknown is not a jump"
    assert find_cuts(thumbs[:1], points[:1], CONFIG) == []


def test_faces():
    points, ones = np.zeros((100, 5, 2)), np.ones(100, int)
    check_faces(points, ones, CONFIG, "x")
    gone = points.copy()
    gone[:5] = np.nan
    check_faces(gone, ones, CONFIG, "x")
    gone[5] = np.nan
    assert reason(check_faces, gone, ones) == "no-face"
    two = ones.copy()
    two[:10] = 2
    check_faces(points, two, CONFIG, "x")
    two[10] = 2
    assert reason(check_faces, points, two) == "several-faces"


def test_length():
    check_length(25, CONFIG, "x")
    assert reason(check_length, 24) == "too-short"


def test_the_list_is_sorted_and_one_line_a_clip(tmp_path):
    rows = [QuarantineRow("p", "b", "cut", "a\tb\nc"), QuarantineRow("g", "z", "no-face", "none")]
    path = tmp_path / "quarantine.tsv"
    write_quarantine(path, rows)
    lines = path.read_text().splitlines()
    assert lines[0].split("\t") == ["corpus", "clip", "reason", "message"]
    assert read_quarantine(path) == [rows[1], QuarantineRow("p", "b", "cut", "a b c")]
    write_quarantine(path, [])
    assert read_quarantine(path) == []
