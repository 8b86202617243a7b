"""Atomic files: whole or absent."""

import hashlib
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from talkpose import files


def test_a_failed_write_leaves_the_old_file_and_no_part(tmp_path):
    path = tmp_path / "a.json"
    files.write_json(path, {"old": 1})
    with pytest.raises(RuntimeError), files.atomic_path(path) as part:
        part.write_text("half")
        raise RuntimeError
    assert files.read_json(path) == {"old": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"]


def test_a_folder_is_replaced_whole(tmp_path):
    target = tmp_path / "folder"
    target.mkdir()
    (target / "stale").touch()
    with files.atomic_path(target) as part:
        part.mkdir()
        (part / "new").touch()
    assert [entry.name for entry in target.iterdir()] == ["new"]


def test_a_large_file_is_hashed_again_only_when_it_changed(tmp_path, monkeypatch):
    path, kept, read = tmp_path / "weights.pth", tmp_path / "logs" / "kept.json", []
    monkeypatch.setattr(
        files, "sha256", lambda p: read.append(p) or hashlib.sha256(p.read_bytes()).hexdigest()
    )
    assert files.sha256_kept(path, kept) is None and not kept.parent.exists()
    path.write_bytes(b"one")
    expected = hashlib.sha256(b"one").hexdigest()
    assert [files.sha256_kept(path, kept) for _ in range(3)] == [expected] * 3
    assert len(read) == 1
    path.write_bytes(b"other")
    assert files.sha256_kept(path, kept) == hashlib.sha256(b"other").hexdigest()
    assert len(read) == 2 and [entry.name for entry in kept.parent.iterdir()] == ["kept.json"]


def test_json_refuses_nan(tmp_path):
    with pytest.raises(ValueError, match="JSON compliant"):
        files.write_json(tmp_path / "a.json", float("nan"))
    assert not list(tmp_path.iterdir())


def test_equal_data_gives_equal_bytes(tmp_path):
    array = np.random.default_rng(0).normal(size=(50, 3))
    table = pd.DataFrame(array, columns=["a", "b", "c"])
    for name in "xy":
        files.write_npz(tmp_path / f"{name}.npz", array=array)
        files.write_parquet(tmp_path / f"{name}.parquet", table)
    assert files.sha256(tmp_path / "x.npz") == files.sha256(tmp_path / "y.npz")
    assert files.sha256(tmp_path / "x.parquet") == files.sha256(tmp_path / "y.parquet")
    assert np.array_equal(np.load(tmp_path / "x.npz")["array"], array)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "x.parquet"), table)


def test_sha256_is_hashlibs(tmp_path):
    (tmp_path / "f").write_bytes(b"talk" * 100_000)
    assert files.sha256(tmp_path / "f") == hashlib.sha256(b"talk" * 100_000).hexdigest()


def test_what_a_killed_writer_left_goes_with_the_next_write(tmp_path):
    path = tmp_path / "video.mp4"
    script = f"""
import os
from talkpose import files
with files.atomic_path({str(path)!r}) as part:
    part.write_text("half")
    os._exit(9)
"""
    subprocess.run([sys.executable, "-c", script], check=False)
    assert [p.name for p in tmp_path.iterdir()] == [".video.part.mp4"]
    files.write_text(path, "whole")
    assert [p.name for p in tmp_path.iterdir()] == ["video.mp4"] and path.read_text() == "whole"
