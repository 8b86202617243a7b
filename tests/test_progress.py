"""Progress leaves status files while a step works, and none after."""

import json

from talkpose.progress import FOLDER_VARIABLE, progress


def test_status_file_while_working(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    with progress("train", 10) as bar:
        bar.update(10, "loss 1.0")
        (path,) = tmp_path.glob("*.json")
        assert json.loads(path.read_text()) == {"label": "train", "done": 10, "total": 10, "note": "loss 1.0"}
    assert not list(tmp_path.iterdir())


def test_a_vanished_folder_does_not_stop_the_step(tmp_path, monkeypatch):
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    with progress("train", 2) as bar:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        bar.update(2)
    assert not folder.exists()
