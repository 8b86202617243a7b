"""Baselines in a run: what they leave, and that one that fails, fails alone."""

import sys

import numpy as np
import pandas as pd
import pytest
from made_world import SIDE, baseline, footage, make_run, method

from talkpose.clips.store import read_frames, write_mp4
from talkpose.files import read_json
from talkpose.methods.discovery import get_baseline
from talkpose.methods.generate_step import generate_shard
from talkpose.methods.requirements import lacking, notes

PROGRAM = """
import sys
from pathlib import Path
print("speaking", sys.argv[1:])
Path(sys.argv[3]).write_bytes(Path(sys.argv[2]).read_bytes())
"""
COMMAND = {"kind": "command", "command": ["{python}", "{folder}/run.py", "{audio}", "{video}", "{out}"]}


def generate(tmp_path, name, **more):
    """Generate with the baseline in tmp_path/b; its receipt and the run."""
    layout = make_run(tmp_path / "run", tmp_path / "b", [name], **more)
    generate_shard(layout, name, "people", "0000")
    return read_json(layout.videos_shard(name, "people", "0000")), layout


def test_an_in_process_baseline_leaves_videos_and_a_receipt(tmp_path):
    baseline(tmp_path / "b", "made", {"method.py": method()})
    receipt, layout = generate(tmp_path, "made")
    assert (receipt["state"], receipt["reason"], receipt["quarantined"]) == ("done", "", [])
    assert [item["person"] for item in receipt["items"]] == ["ann", "bob"]
    assert receipt["spec"]["kind"] == "baseline" and receipt["spec"]["run"] == "in_process"
    assert receipt["items"][0]["train_frames"] == 25, "what the person's video has, though one was shown"
    assert read_frames(layout.video("made", "ann__own") / "frames.mkv").shape == (15, SIDE, SIDE, 3)


def test_a_baseline_sees_nothing_held_out_and_one_frame_where_it_needs_an_image(tmp_path):
    body = "assert target.held_out is None and len(target.train.frames) == LEN"
    for needs, length in (("image", 1), ("video", 25)):
        text = method(body.replace("LEN", str(length)))
        baseline(tmp_path / "b", f"by-{needs}", {"method.py": text}, needs=needs)
        assert generate(tmp_path, f"by-{needs}")[0]["state"] == "done"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("raise ValueError('lost the plot')", "ValueError: lost the plot"),
        ("frames = frames[:-1]", r"wrong output: frames are \(14, 32, 32, 3\); give \(15, 32, 32, 3\)"),
        ("frames = frames / 255", "wrong output: frames are float64; give uint8"),
        ("frames = frames[:, :16, :16]", r"\(15, 16, 16, 3\)"),
    ],
)
def test_a_crash_or_a_wrong_output_fails_the_method_and_says_why(tmp_path, body, says):
    baseline(tmp_path / "b", "made", {"method.py": method(f"if target.person == 'bob':\n            {body}")})
    receipt, layout = generate(tmp_path, "made")
    assert receipt["state"] == "failed" and receipt["items"] == []
    assert pd.Series([receipt["reason"]]).str.contains(says).all(), receipt["reason"]
    assert not layout.video("made", "ann__own").exists(), "half a method is none"


def test_a_clip_error_sets_one_video_aside(tmp_path):
    text = "from talkpose.errors import ClipError\n" + method(
        "if target.person == 'bob': raise ClipError('no-face', 'bob looks away')"
    )
    baseline(tmp_path / "b", "made", {"method.py": text})
    receipt, _ = generate(tmp_path, "made")
    assert receipt["state"] == "done" and len(receipt["items"]) == 1
    assert receipt["quarantined"] == [{"item": "bob__own", "reason": "bob looks away"}]


def test_a_command_is_given_files_and_its_output_is_logged(tmp_path):
    baseline(tmp_path / "b", "copy-it", {"run.py": PROGRAM}, run=COMMAND, needs="video", pose="copied")
    receipt, layout = generate(tmp_path, "copy-it")
    assert receipt["state"] == "done", receipt["reason"]
    frames = read_frames(layout.video("copy-it", "bob__own") / "frames.mkv")
    assert np.abs(frames.astype(int) - footage(40, 1).frames[:15]).mean() < 4, "the training frames come back"
    assert "speaking" in (layout.root / "logs" / "baselines" / "copy-it" / "ann__own.log").read_text()
    assert not any((layout.root / "work" / "copy-it").iterdir()), "nothing is left of its work"


@pytest.mark.parametrize(
    ("program", "changes", "says"),
    [
        ("raise SystemExit('out of memory')", {}, "exit code 1: out of memory"),
        ("pass", {}, "ended well but left no video"),
        ("import sys; open(sys.argv[3], 'w').write('x')", {}, "wrong output: .*can not be decoded"),
        ("import time; time.sleep(60)", {"time_limit": 2}, "time limit of 2 s"),
    ],
)
def test_a_program_that_fails_is_told_apart(tmp_path, program, changes, says):
    baseline(tmp_path / "b", "made", {"run.py": program}, run={**COMMAND, **changes})
    receipt, _ = generate(tmp_path, "made")
    assert receipt["state"] == "failed"
    assert pd.Series([receipt["reason"]]).str.contains(says).all(), receipt["reason"]


def test_without_checkout_or_weights_it_is_not_attempted(tmp_path):
    upstream = {"repository": "https://example.org/a", "commit": "0123abc", "licence": "MIT"}
    weights = [{"file": "w.pth", "url": "https://example.org/w", "sha256": "unknown"}]
    run = {"kind": "command", "command": ["python", "{checkout}/run.py"]}
    baseline(tmp_path / "b", "made", run=run, upstream=upstream, weights=weights, status="original")
    receipt, layout = generate(tmp_path, "made")
    assert receipt["state"] == "not-attempted"
    assert receipt["reason"] == (
        "no checkout; clone https://example.org/a (commit 0123abc) and set baseline_settings.made.checkout "
        "to its folder"
    )
    (tmp_path / "code").mkdir()
    more = {"baseline_settings": {"made": {"checkout": str(tmp_path / "code"), "prefix": [sys.executable]}}}
    assert "no weights w.pth" in generate(tmp_path, "made", **more)[0]["reason"]
    found = get_baseline("made", layout.load_config())
    assert notes(found) == [
        "SHA-256 unknown of 1 weight files",
        "command line read from upstream, never run here",
    ]


def test_finished_videos_are_matched_by_name_and_bad_ones_set_aside(tmp_path):
    baseline(tmp_path / "b", "done", run={"kind": "frames"}, needs="video", pose="predicted")
    folder = tmp_path / "videos"
    folder.mkdir()
    settings = {"baseline_settings": {"done": {"folder": str(folder)}}}
    receipt, layout = generate(tmp_path, "done", **settings)
    assert receipt["state"] == "not-attempted" and "is empty" in receipt["reason"]
    assert lacking(get_baseline("done", layout.load_config()), layout.load_config())
    write_mp4(folder / "ann__own.mp4", footage(15).frames, None)
    (folder / "bob__own.mp4").write_text("#!/usr/bin/env python\nopen('ran', 'w')\n")
    (folder / "bob__own.mp4").chmod(0o755)
    receipt, layout = generate(tmp_path, "done", **settings)
    assert receipt["state"] == "done" and [item["person"] for item in receipt["items"]] == ["ann"]
    (aside,) = receipt["quarantined"]
    assert aside["item"] == "bob__own" and "can not be decoded" in aside["reason"]
    write_mp4(folder / "bob__own.mp4", footage(9).frames, None)
    assert "9 frames" in generate(tmp_path, "done", **settings)[0]["quarantined"][0]["reason"]
    (folder / "bob__own.mp4").unlink()
    assert "no video bob__own.mp4" in generate(tmp_path, "done", **settings)[0]["quarantined"][0]["reason"]


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    baseline(tmp_path / "b", "done", run={"kind": "frames"}, needs="video", pose="predicted")
    (tmp_path / "videos").mkdir()
    write_mp4(tmp_path / "else.mp4", footage(15).frames, None)
    (tmp_path / "videos" / "ann__own.mp4").symlink_to(tmp_path / "else.mp4")
    settings = {"done": {"folder": str(tmp_path / "videos")}}
    receipt, _ = generate(tmp_path, "done", baseline_settings=settings)
    assert "is a link out of" in receipt["quarantined"][0]["reason"]
