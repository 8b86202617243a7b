"""What the detector `dense` learns from: pictures of made people, MediaPipe's points and the true ones."""

import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Final, NamedTuple

import numpy as np

from talkpose.clips.crop import crop_frames, fit_window
from talkpose.config import ClipsConfig
from talkpose.face.camera import Camera
from talkpose.face.coefficients import POSE
from talkpose.face.landmarks.dense import face_picture
from talkpose.face.landmarks.dense_net import SIDE, eye_frame, seen_pose
from talkpose.face.landmarks.mediapipe_detector import MediapipeDetector
from talkpose.face.model import load_face_model
from talkpose.face.truth import Spans, Truth, truth_in_crop
from talkpose.progress import progress
from talkpose.seeds import numpy_rng
from talkpose.synthetic.perform import perform_sentences
from talkpose.synthetic.render import coefficients_of, render_performance, true_landmarks
from talkpose.synthetic.write import speaker

FRAMES: Final = 16
EVERY: Final = 11
"""One frame in eleven of a performance, so that they differ."""

SIZES: Final = (128, 160, 160, 192, 256)
"""Of the videos, in pixels; the clips that are cut out of them have 96 to as many."""

WIDE: Final = SIDE + 32
"""Side of the stored pictures: the network's with a margin to move in."""


class Samples(NamedTuple):
    """N frames."""

    pictures: np.ndarray
    """(N, WIDE, WIDE, 3) uint8, the eyes level"""
    points: np.ndarray
    """(N, 468, 2) float32 MediaPipe's, in the frame of the eyes (`eye_frame`)"""
    offsets: np.ndarray
    """(N, 468, 2) float32 true points less these"""
    pose: np.ndarray
    """(N, 3) float32 degrees, by `seen_pose` of the crop, whose camera has a pose of its own"""
    person: np.ndarray
    """(N,) int64"""


def draw_samples(people: int, seed: int) -> Samples:
    """FRAMES frames, at most, of each of so many people; the same for the same seed."""
    workers = os.cpu_count() or 1
    with (
        ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool,
        progress("draw people", people) as bar,
    ):
        parts = []
        for done, part in enumerate(pool.map(partial(draw_person, seed), range(people), chunksize=4)):
            parts.append(part)
            bar.update(done + 1)
    return Samples(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def draw_person(seed: int, number: int) -> Samples:
    """Samples of person `number`; a frame in which MediaPipe finds no face is left out."""
    model = load_face_model("cc0")
    name = f"landmarks-{number:04d}"
    who = speaker(model, seed, name)
    spoken = perform_sentences(model, FRAMES * EVERY / 25, who.voice, who.style, seed, "landmarks", name)
    kept = slice(EVERY // 2, None, EVERY)
    rng = numpy_rng(seed, "landmarks", name, "size")
    size = int(rng.choice(SIZES))
    expression, pose = spoken.expression[kept], spoken.pose[kept]
    frames = render_performance(model, who.look, expression, pose, size)
    found = MediapipeDetector(max_faces=1).detect(frames).points
    seen = np.isfinite(found).all((1, 2))
    chi, frames, found = coefficients_of(who.look, expression[seen], pose[seen]), frames[seen], found[seen]
    if not seen.any():
        return _nobody()
    window = fit_window(found, int(rng.integers(96, size + 1)), ClipsConfig().face_fraction)
    nothing = Spans(np.zeros(0, "U1"), np.zeros(0), np.zeros(0))
    whole = Truth(chi, *true_landmarks(model, chi, size), size, nothing, nothing)
    truth = truth_in_crop(whole, window, slice(0, len(chi)), model).truth
    # half the pictures out of the whole video, as a detector sees it, half out of the crop, as a tracker does
    whole_or_cut = ((frames, found), (list(crop_frames(frames, window)), window.to_crop(found)))
    pictures = []
    for k, cut in enumerate(rng.integers(0, 2, len(found))):
        video, points = whole_or_cut[cut]
        turn, middle = eye_frame(points[k : k + 1])
        pictures.append(face_picture(video[k], turn[0], middle[0], WIDE))
    found, true = window.to_crop(found), truth.points468
    turn, middle = eye_frame(found)
    level, wanted = ((p - middle[:, None]) @ np.swapaxes(turn, 1, 2) for p in (found, true))
    shown = seen_pose(
        truth.coefficients[:, POSE][:, :3].astype(np.float64), turn, middle, Camera(window.size)
    )
    return Samples(
        np.stack(pictures),
        level.astype(np.float32),
        (wanted - level).astype(np.float32),
        np.degrees(shown).astype(np.float32),
        np.full(len(found), number),
    )


def _nobody() -> Samples:
    points = np.empty((0, 468, 2), np.float32)
    pictures, pose = np.empty((0, WIDE, WIDE, 3), np.uint8), np.empty((0, 3), np.float32)
    return Samples(pictures, points, points, pose, np.empty(0, np.int64))
