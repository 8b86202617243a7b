"""Every check that runs a baseline fires on one that is broken there."""

import numpy as np
import pytest
from made_world import baseline, method

from talkpose.methods.check.baseline import check_baseline
from talkpose.methods.check.finding import BAD, GOOD
from talkpose.methods.check.pose import judge_pose
from talkpose.methods.check.running import _check_resume, _check_sound
from talkpose.methods.check.world import SPOKEN, TRAIN, load_world

SHIFTY = """
import sys, wave
from pathlib import Path
import av, cv2, numpy as np
image, audio, out = sys.argv[1:4]
picture = cv2.imread(image)[..., ::-1]
with wave.open(audio, "rb") as file:
    count = file.getnframes() // 640
(Path.home() / "notes.txt").write_text("was here")
with av.open(out, "w") as container:
    stream = container.add_stream("libx264", rate=25, options={"crf": "12", "threads": "1"})
    stream.width = stream.height = picture.shape[0]
    stream.pix_fmt = "yuv420p"
    for t in range(count):
        moved = np.ascontiguousarray(np.roll(picture, round(6 * np.sin(t / 5)), 1))
        container.mux(stream.encode(av.VideoFrame.from_ndarray(moved, format="rgb24")))
    container.mux(stream.encode(None))
"""

DICE = """
Path("stray.txt").write_text("here")
frames[:, :8, :8] = np.frombuffer(os.urandom(count * 192), np.uint8).reshape(count, 8, 8, 3)
"""

FORGETFUL = """
import numpy as np
import torch
from torch import nn
from talkpose.methods.contract import Generated
from talkpose.methods.retrained import Retrained, Settings as Base

class Settings(Base):
    steps: int = 6

class Method(Retrained):
    settings_type = Settings

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.networks["net"] = nn.Linear(1, 1)
        nn.init.zeros_(self.networks["net"].weight)
        nn.init.zeros_(self.networks["net"].bias)

    def fit(self, clips, session):
        network = self.networks["net"]
        optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
        own = np.random.default_rng(0)  # begins anew when the training is resumed

        def step(index):
            x = torch.from_numpy(own.normal(size=(4, 1))).float()
            loss = (network(x) - x).square().mean()
            session.descend(optimizer, loss)
            return {"loss": loss.detach()}

        session.run("all", self.settings.steps, step, {"net": network}, {"net": optimizer})

    def generate(self, target, audio, is_own):
        count = len(audio) // 640
        loud = np.abs(audio[: 640 * count].reshape(count, 640)).mean(1)
        frames = np.repeat(target.train.frames[:1], count, 0)
        gain = 1 + float(self.networks["net"].weight)
        frames[:, -8:, :8] = (200 * gain * np.clip(loud, 0, 0.5))[:, None, None, None].astype(np.uint8)
        return Generated(frames)
"""


def check(folder, worlds):
    return {finding.check: finding for finding in check_baseline(folder, None, worlds)}


def bad(found):
    return {name for name, finding in found.items() if finding.mark == BAD}


def test_a_program_that_moves_a_fixed_head_ignores_the_sound_and_writes_elsewhere(tmp_path, worlds):
    run = {"kind": "command", "command": ["{python}", "{folder}/run.py", "{image}", "{audio}", "{out}"]}
    found = check(baseline(tmp_path, "shifty", {"run.py": SHIFTY}, run=run), worlds)
    assert bad(found) == {"responds to sound", "pose kind", "writes"}, found
    assert "notes.txt" in found["writes"].text
    assert found["deterministic"].mark == GOOD


def test_dice_and_stray_files(tmp_path, worlds):
    body = "\n        ".join(DICE.strip().splitlines())
    text = "import os\nfrom pathlib import Path\n" + method(body)
    found = check(baseline(tmp_path, "dice", {"method.py": text}), worlds)
    assert bad(found) == {"deterministic", "writes"}, found
    assert "stray.txt" in found["writes"].text


def test_a_training_that_forgets_its_place(tmp_path, worlds):
    files = {"method.py": FORGETFUL}
    found = check(baseline(tmp_path, "forgetful", files, run={"kind": "in_process"}), worlds)
    assert bad(found) == {"resumes", "deterministic"}, found
    assert "killed at step 3 of `all`, it ends with other weights" in found["resumes"].text


def test_a_training_without_the_session_is_told_to_use_it():
    class Trial:
        def frames(self, name):
            return {"own": np.zeros(3)}

        def child(self, name, **_):
            return {"error": ""}

    resumes, same = _check_resume(Trial(), {"steps": []})
    assert resumes.mark == BAD and "session.run" in resumes.text
    assert same.mark == GOOD


@pytest.mark.parametrize(
    ("check_name", "text", "changes"),
    [
        ("output", method("frames = frames / 255"), {}),
        ("runs", method("raise KeyError('mouth')"), {}),
        ("runs", method(), {"settings": {"paper": {"stepz": 1}}}),
    ],
)
def test_wrong_frames_crashes_and_wrong_settings(tmp_path, worlds, check_name, text, changes):
    found = check(baseline(tmp_path, "made", {"method.py": text}, **changes), worlds)
    assert bad(found) == {check_name}
    assert any(word in found[check_name].text for word in ("float64", "mouth", "stepz"))


def test_the_same_frames_for_two_sounds_are_caught():
    frames = np.random.default_rng(0).integers(0, 255, (4, 8, 8, 3), np.uint8)
    assert _check_sound({"own": frames, "other": frames.copy()}).mark == BAD
    assert _check_sound({"own": frames, "other": frames // 2}).mark == GOOD


def places(amplitude, phase=0.0, count=40):
    t = np.arange(count) / 6 + phase
    return 0.5 + amplitude * np.stack([np.sin(t), np.cos(t)], 1)


@pytest.mark.parametrize(
    ("kind", "first", "second", "says"),
    [
        ("fixed", places(0.05), places(0), "fixed, but the head moves"),
        ("predicted", places(0), places(0), "stands still"),
        ("predicted", places(0.05), places(0.05), "the same for two sounds"),
        ("copied", places(0.05) + 0.2, places(0.05), "never is in the video"),
        ("copied", places(0), places(0), "never is in the video|stands still"),
    ],
)
def test_a_pose_kind_that_is_not_true_is_caught(kind, first, second, says):
    import re

    found = judge_pose(kind, first, second, places(0.05))
    assert found.mark == BAD and re.search(says, found.text)


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("fixed", places(0.004), places(0.004)),
        ("predicted", places(0.05), places(0.05, 2)),
        ("copied", places(0.05, 1, 30), places(0.05, 2, 30)),
    ],
)
def test_a_true_pose_kind_passes(kind, first, second):
    assert judge_pose(kind, first, second, places(0.05)).mark == GOOD


def test_the_tiny_corpus_is_whole(worlds):
    world = load_world(worlds / "world-64.npz")
    assert len(world.clips) == 4 and {clip.word for clip in world.clips.values()} == {"ABOUT", "ABSOLUTELY"}
    assert world.person.frames.shape == (TRAIN, 64, 64, 3) and world.person.track.valid.all()
    assert [len(sound) for sound in world.sounds.values()] == [SPOKEN * 640] * 2
