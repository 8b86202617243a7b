"""Drawn faces that open their mouth as loudly as they speak: seconds of training tell if a network hears."""

import numpy as np

from talkpose.config import RunConfig
from talkpose.face.coefficients import SIZE
from talkpose.face.track import Track
from talkpose.methods.contract import Footage, Target
from talkpose.methods.discovery import get_baseline, import_method
from talkpose.methods.retrained import TrainingClip, TrainingClips
from talkpose.methods.specs import baseline_spec
from talkpose.methods.training import Session

SIDE = 64
EYES, NOSE, MOUTH = ((22.0, 26.0), (42.0, 26.0)), (32.0, 41.0), (32.0, 49.0)


def landmarks(opening: float) -> np.ndarray:
    """68 points of a face whose lips are `opening` pixels apart."""
    points = np.zeros((68, 2), np.float32)
    angle = np.linspace(np.pi, 0, 17)
    points[:17] = np.column_stack([32 + 24 * np.cos(angle), 28 + 33 * np.sin(angle)])
    points[17:27, 0], points[17:27, 1] = np.linspace(14, 50, 10), 20
    points[27:31, 0], points[27:31, 1] = 32, np.linspace(27, 38, 4)
    points[31:36, 0], points[31:36, 1] = np.linspace(28, 36, 5), NOSE[1]
    for first, (x, y) in ((36, EYES[0]), (42, EYES[1])):
        points[first : first + 6] = (x, y) + np.array([(-3, 0), (-1, -1), (1, -1), (3, 0), (1, 1), (-1, 1)])
    around = np.linspace(np.pi, -np.pi, 13)[:-1]
    half = 1 + opening / 2
    points[48:60] = np.column_stack([32 + 9 * np.cos(around), MOUTH[1] - (half + 1) * np.sin(around)])
    around = np.linspace(np.pi, -np.pi, 9)[:-1]
    points[60:68] = np.column_stack([32 + 7 * np.cos(around), MOUTH[1] - half * np.sin(around)])
    return points


def picture(opening: float, skin: np.ndarray) -> np.ndarray:
    """The face, (64, 64, 3) uint8: skin, eyes, red lips, a dark mouth."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    out = np.full((SIDE, SIDE, 3), (90, 110, 130), np.float32)

    def disc(cx: float, cy: float, rx: float, ry: float, colour: object) -> None:
        inside = np.clip(1.5 - 3 * (np.hypot((x - cx) / rx, (y - cy) / ry) - 0.9), 0, 1)[..., None]
        out[:] = out * (1 - inside) + np.asarray(colour, np.float32) * inside

    disc(32, 32, 25, 31, skin)
    for ex, ey in EYES:
        disc(ex, ey, 3.5, 2, (240, 240, 240))
    disc(*NOSE, 3, 2, skin * 0.8)
    disc(*MOUTH, 9, 2.5 + opening / 2, (190, 70, 70))
    disc(*MOUTH, 7, 0.6 + opening / 2, (20, 5, 5))
    return np.rint(out).astype(np.uint8)


def footage(number: int, frames: int = 25) -> Footage:
    """A clip: noise whose loudness changes slowly, and the mouth with it."""
    rng = np.random.default_rng(number)
    slow = np.convolve(rng.normal(size=frames + 8), np.hanning(9) / 2, "same")[4 : frames + 4]
    loud = 1 / (1 + np.exp(-4 * slow))
    tone = rng.normal(size=frames * 640)
    low = np.convolve(tone, np.ones(16) / 4, "same")
    level = np.interp(np.arange(frames * 640) / 640 - 0.5, np.arange(frames), loud)
    audio = (0.05 * (level * low + (1 - level) * 0.3 * np.diff(tone, prepend=0))).astype(np.float32)
    skin = np.array([200, 160, 130], np.float32) * rng.uniform(0.6, 1.1)
    points = np.stack([landmarks(8 * a) for a in loud])
    track = Track(
        np.zeros((frames, SIZE), np.float32), points, np.zeros(frames, np.float32), np.ones(frames, bool)
    )
    return Footage(np.stack([picture(8 * a, skin) for a in loud]), track, audio)


def clips(count: int = 6) -> TrainingClips:
    """Clips of two words."""
    return TrainingClips(
        [f"made/{n:05d}" for n in range(count)],
        lambda name: TrainingClip(name, footage(int(name[5:])), ("ABOUT", "WORLD")[int(name[5:]) % 2]),
    )


def target() -> tuple[Target, Footage]:
    """A person that no clip of `clips` shows: the first frame, and the whole."""
    whole = footage(99, 40)
    first = Track(*(np.asarray(part)[:1] for part in whole.track))
    return Target("made-person", Footage(whole.frames[:1], first, whole.audio[:640])), whole


def config(**more) -> RunConfig:
    """A run at 64 pixels."""
    corpus = {"words": {"reader": "lrw", "split": "train", "path": "nowhere", "role": "general"}}
    return RunConfig.model_validate({"run": "made", "corpora": corpus, "clips": {"size": SIDE}, **more})


def method(name: str, seed: int = 0, **settings):
    """A baseline of the project, not trained."""
    found = get_baseline(name)
    kind = import_method(found)
    return kind(baseline_spec(found.manifest), kind.settings_type(**settings), config(), seed)


def session(path, **more) -> Session:
    return Session("cpu", "32-true", 3, path, ["made"], log_every=2, **more)


def darkness(frames: np.ndarray) -> np.ndarray:
    """How open the drawn mouth is: darkness of what lies between the lips, (T,)."""
    x, y = (int(v) for v in MOUTH)
    return 255 - frames[:, y - 3 : y + 5, x - 3 : x + 4].mean((1, 2, 3))


class Stop(Exception):
    """Ends a training early."""


def stop_at(phase: str, step: int):
    """A session's `progress` that ends the training after `step` steps of `phase`."""

    def progress(name: str, done: int, total: int) -> None:
        if (name, done) == (phase, step):
            raise Stop

    return progress


def check_hears(built) -> float:
    """Generate with the target's own sound; returns how well the mouth follows, and checks what must hold."""
    to, whole = target()
    made = built.generate(to, whole.audio, True).frames
    assert made.shape == whole.frames.shape
    assert made.dtype == np.uint8
    again = built.generate(to, whole.audio, True).frames
    assert (made == again).all()
    # far from the face nothing changes
    assert (made[:, :3] == to.train.frames[0, :3]).all()
    other = built.generate(to, whole.audio[::-1].copy(), False).frames
    assert (made != other).any()
    real = darkness(whole.frames)
    follows = np.corrcoef(darkness(made), real)[0, 1]
    late = np.corrcoef(darkness(built.generate(to, np.roll(whole.audio, 640 * 11), False).frames), real)[0, 1]
    assert follows > late + 0.3
    return float(follows)
