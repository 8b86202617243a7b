"""Drawn faces with a 3D track, whose jaw follows the colour of the noise that they utter."""

from functools import cache

import cv2
import numpy as np

from talkpose.config import RunConfig
from talkpose.face.coefficients import EXPRESSION, IDENTITY, POSE, SIZE
from talkpose.face.landmarks import mouth_opening
from talkpose.face.model import FaceModel, load_face_model
from talkpose.face.observed import LIPS_INNER, LIPS_OUTER
from talkpose.face.track import Track, fitted_landmarks
from talkpose.methods.contract import Footage, Target
from talkpose.methods.discovery import get_baseline
from talkpose.methods.retrained import Retrained, TrainingClip, TrainingClips
from talkpose.methods.runners import build
from talkpose.methods.training import Session

SIDE = 64


@cache
def face_model() -> FaceModel:
    return load_face_model("cc0")


@cache
def spoken(number: int, frames: int = 24) -> Footage:
    """A clip by speaker `number`: bright noise opens the mouth, dull noise shuts it."""
    rng = np.random.default_rng(number)
    slow = np.convolve(rng.normal(size=frames + 8), np.hanning(5), "same")[4:-4]
    colour = np.tanh(slow).astype(np.float32)
    noise = rng.normal(size=frames * 640 + 1)
    audio = 0.05 * (noise[1:] - 0.9 * np.repeat(colour, 640) * noise[:-1])
    model = face_model()
    coefficients = np.zeros((frames, SIZE), np.float32)
    coefficients[:, IDENTITY] = 0.5 * rng.normal(size=80)
    jaw = model.unit_to_expression[list(model.units).index("jawOpen")]
    coefficients[:, EXPRESSION] = (colour[:, None] + 1) / 2 * jaw
    coefficients[:, POSE][:, :3] = 0.03 * rng.normal(size=(frames, 3))
    points = fitted_landmarks(coefficients, model, SIDE, 468).astype(np.float32)
    skin = rng.uniform(120, 200, 3)
    pictures = np.stack([_draw(p, skin) for p in points])
    none = np.zeros(frames, np.float32)
    return Footage(
        pictures, Track(coefficients, points, none, np.ones(frames, bool)), audio.astype(np.float32)
    )


def _draw(points: np.ndarray, skin: np.ndarray) -> np.ndarray:
    big = np.full((4 * SIDE, 4 * SIDE, 3), skin, np.float32)

    def polygon(which: tuple[int, ...], colour: tuple[int, int, int]) -> None:
        cv2.fillPoly(big, [np.rint(4 * points[list(which)]).astype(np.int32)], colour)

    polygon(LIPS_OUTER, (180, 60, 60))
    polygon(LIPS_INNER, (20, 0, 0))
    for eye in ((33, 159, 133, 145), (362, 386, 263, 374)):
        polygon(eye, (250, 250, 250))
    return cv2.resize(big, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.uint8)


def opening(footage: Footage) -> np.ndarray:
    """How far the mouth of each frame is open."""
    return mouth_opening(footage.track.landmarks, "mediapipe")


def clips(count: int = 8) -> TrainingClips:
    known = {f"clip-{n}": TrainingClip(f"clip-{n}", spoken(n)) for n in range(count)}
    return TrainingClips(list(known), known.__getitem__)


def config(name: str, scale: str = "small", **settings) -> RunConfig:
    return RunConfig.model_validate(
        {
            "run": "made",
            "scale": scale,
            "corpora": {"people": {"role": "persons", "path": "."}},
            "clips": {"size": SIDE},
            "baseline_settings": {name: settings},
        }
    )


def method(name: str, scale: str = "small", **settings) -> Retrained:
    of = config(name, scale, **settings)
    return build(get_baseline(name, of), of)


def session(path, **more) -> Session:
    return Session("cpu", "32-true", 3, path, ["made"], **{"log_every": 1, "checkpoint_every": 1, **more})


class StoppedError(Exception):
    pass


def stop_at(phase: str, step: int):
    def progress(name: str, done: int, total: int) -> None:
        if (name, done) == (phase, step):
            raise StoppedError

    return progress


def target(number: int) -> Target:
    """One image of a speaker."""
    whole = spoken(number)
    first = Footage(whole.frames[:1], Track(*(part[:1] for part in whole.track)), whole.audio[:640])
    return Target(f"speaker-{number}", first, whole)


def darkness(frames: np.ndarray, footage: Footage) -> np.ndarray:
    """How dark the mouth's region of the first frame is in each frame: an open mouth is dark."""
    lips = footage.track.landmarks[0][list(LIPS_OUTER)]
    x, y = lips.mean(0).astype(int)
    return -frames[:, y - 3 : y + 9, x - 5 : x + 6].mean((1, 2, 3))


def hears(made: Retrained, number: int) -> tuple[float, float]:
    """Correlation of generated and real mouth, driven by its sound and by its sound 8 frames late."""
    footage = spoken(number)
    late = np.roll(footage.audio, 8 * 640)
    real = opening(footage)
    return tuple(
        float(np.corrcoef(darkness(made.generate(target(number), sound, True).frames, footage), real)[0, 1])
        for sound in (footage.audio, late)
    )
