"""Ground truth of a made clip: coefficients, landmarks, phonemes and words, kept beside its raw file.

The tracker sees a crop and takes Camera(crop size) for granted, whose axis goes through the crop's centre
and whose field of view is the crop's. The picture was made with the source picture's camera, so the same
head has another rotation and another perspective there; `truth_in_crop` gives the pose that the crop's own
camera sees.
"""

import zipfile
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from talkpose.clips.crop import CropWindow
from talkpose.clips.store import FPS
from talkpose.errors import UserError
from talkpose.face.camera import Camera, angles_from_matrix, project, rotation_matrix
from talkpose.face.coefficients import EXPRESSION, IDENTITY, POSE, SIZE
from talkpose.face.model import FaceModel
from talkpose.files import write_npz

VERTICES: Final = 300
"""Face vertices, spread evenly, whose reprojection decides the pose in the crop's camera."""

ITERATIONS: Final = 8

CHUNK: Final = 250  # frames solved at a time, for the memory's sake


class Spans(NamedTuple):
    """Phonemes or words in time."""

    labels: np.ndarray
    """(N,) unicode"""
    start: np.ndarray
    """(N,) float64, seconds from the clip's first frame"""
    end: np.ndarray
    """(N,) float64"""


class Truth(NamedTuple):
    """What is known of T frames of a made picture of size x size pixels; its sound is in sync."""

    coefficients: np.ndarray
    """(T, 257) float32, as Camera(size) sees them"""
    points68: np.ndarray
    """(T, 68, 2) float32, iBUG's points in pixels"""
    points468: np.ndarray
    """(T, 468, 2) float32, MediaPipe's points in pixels; nan where the face model has no such point"""
    size: int
    phonemes: Spans
    words: Spans


class CropTruth(NamedTuple):
    """The truth of a clip's frames as its crop shows them."""

    truth: Truth
    """in pixels of the crop, with the pose that Camera(crop size) sees"""
    residual: np.ndarray
    """(T,) float64, root mean square distance in crop pixels of the face's vertices under that pose from
    where they are: what the crop's camera can't explain
    """


def truth_path(raw: Path) -> Path:
    """Where the truth of the raw video `raw` lies: `<stem>.truth.npz` beside it."""
    return raw.with_name(f"{raw.stem}.truth.npz")


def write_truth(path: str | Path, truth: Truth) -> None:
    """Write a truth as npz, whole or not at all; equal truths give equal bytes."""
    spans = {
        f"{kind}_{field}": array
        for kind in ("phonemes", "words")
        for field, array in getattr(truth, kind)._asdict().items()
    }
    arrays = {name: np.asarray(getattr(truth, name), np.float32) for name in Truth._fields[:3]}
    write_npz(path, **arrays, size=np.array(truth.size), **spans)


def read_truth(path: str | Path) -> Truth:
    """Read what `write_truth` wrote; UserError where it is missing or is no truth."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            phonemes, words = (
                Spans(*(stored[f"{kind}_{field}"] for field in Spans._fields))
                for kind in ("phonemes", "words")
            )
            coefficients, points68, points468 = (stored[name] for name in Truth._fields[:3])
            truth = Truth(coefficients, points68, points468, int(stored["size"]), phonemes, words)
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise UserError(f"{path}: no ground truth ({error}); write the embedded corpus again") from error
    count = len(truth.coefficients)
    shapes = [part.shape for part in truth[:3]]
    if shapes != [(count, SIZE), (count, 68, 2), (count, 468, 2)]:
        raise UserError(
            f"{path}: ground truth of shapes {shapes}, not of {SIZE} coefficients, 68 and 468 points; "
            "write the embedded corpus again"
        )
    return truth


def truth_in_crop(truth: Truth, window: CropWindow, kept: slice, model: FaceModel) -> CropTruth:
    """Truth of the frames `kept` of the source as the crop `window` shows them.

    Spans are moved to the first of these frames. Raises UserError where the truth is too short.
    """
    if kept.stop > len(truth.coefficients):
        raise UserError(
            f"truth of {len(truth.coefficients)} frames for a clip that keeps frames {kept.start} to "
            f"{kept.stop}; write the corpus again and ingest it anew"
        )
    coefficients = truth.coefficients[kept].copy()
    which = spread_vertices(model)
    pose, residual = zip(
        *(
            _pose_in_crop(coefficients[start : start + CHUNK], truth.size, window, model, which)
            for start in range(0, len(coefficients), CHUNK)
        ),
        strict=True,
    )
    coefficients[:, POSE] = np.concatenate(pose)
    cut = Truth(
        coefficients,
        window.to_crop(truth.points68[kept]),
        window.to_crop(truth.points468[kept]),
        window.size,
        *(_later(spans, kept.start / FPS) for spans in (truth.phonemes, truth.words)),
    )
    return CropTruth(cut, np.concatenate(residual))


def _later(spans: Spans, start: float) -> Spans:
    """The spans by a clock that starts `start` seconds later."""
    return spans._replace(start=spans.start - start, end=spans.end - start)


def spread_vertices(model: FaceModel, count: int = VERTICES) -> np.ndarray:
    """Up to `count` vertices (N,) of the face, each farthest from those before it."""
    face = np.unique(model.triangles[model.face_mask])
    places = model.mean_shape[face]
    chosen = [int(places[:, 2].argmax())]
    distance = np.full(len(face), np.inf)
    for _ in range(min(count, len(face)) - 1):
        distance = np.minimum(distance, np.linalg.norm(places - places[chosen[-1]], axis=1))
        chosen.append(int(distance.argmax()))
    return face[np.array(chosen)]


def _pose_in_crop(
    coefficients: np.ndarray, source_size: int, window: CropWindow, model: FaceModel, which: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pose (T, 6) in the crop's camera and its residual (T,) in crop pixels."""
    shape = (
        model.mean_shape[which].reshape(-1)
        + coefficients[:, IDENTITY] @ model.identity_basis[which].reshape(-1, 80).T
        + coefficients[:, EXPRESSION] @ model.expression_basis[which].reshape(-1, 64).T
    ).reshape(len(coefficients), -1, 3)
    shape = shape.astype(np.float64)
    pose = coefficients[:, POSE].astype(np.float64)
    rotation, shift = rotation_matrix(pose[:, :3]), pose[:, 3:]
    source = project(Camera(source_size), shape @ np.swapaxes(rotation, 1, 2) + shift[:, None])[..., :2]
    target = (source - [window.x0, window.y0]) * (window.size / window.side)
    rotation, shift = _solve_pose(Camera(window.size), shape, target, rotation, shift)
    error = _reproject(Camera(window.size), shape, rotation, shift) - target
    return (
        np.concatenate([angles_from_matrix(rotation), shift], 1),
        np.sqrt((error**2).sum(-1).mean(1)),
    )


def _reproject(camera: Camera, shape: np.ndarray, rotation: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Pixels (T, L, 2) of points (T, L, 3) under rotation (T, 3, 3) and shift (T, 3)."""
    return project(camera, shape @ np.swapaxes(rotation, 1, 2) + shift[:, None])[..., :2]


def _solve_pose(
    camera: Camera, shape: np.ndarray, target: np.ndarray, rotation: np.ndarray, shift: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Least-squares rotation (T, 3, 3) and shift (T, 3) of shapes (T, L, 3) at pixels (T, L, 2).

    Gauss-Newton in the left tangent of the rotation: a step w moves the turned point R v by w x (R v).
    """
    for _ in range(ITERATIONS):
        turned = shape @ np.swapaxes(rotation, 1, 2)
        x, y, z = np.moveaxis(turned, -1, 0)
        inverse = 1 / (camera.distance - z - shift[:, 2:])
        across, up = (x + shift[:, :1]) * inverse, (y + shift[:, 1:2]) * inverse
        zero, one = np.zeros_like(x), np.ones_like(x)
        # d(x, y, z) by the three components of w, then by the shift
        dx = np.stack([zero, z, -y, one, zero, zero], -1)
        dy = np.stack([-z, zero, x, zero, one, zero], -1)
        dz = np.stack([y, -x, zero, zero, zero, one], -1)
        scale = (camera.focal * inverse)[..., None]
        rows = np.concatenate([scale * (dx + across[..., None] * dz), -scale * (dy + up[..., None] * dz)], 1)
        seen = camera.size / 2 + camera.focal * np.stack([across, -up], -1)
        error = np.concatenate([seen[..., 0] - target[..., 0], seen[..., 1] - target[..., 1]], 1)
        transposed = np.swapaxes(rows, 1, 2)
        step = -np.linalg.solve(transposed @ rows, transposed @ error[..., None])[..., 0]
        rotation, shift = _turn(step[:, :3]) @ rotation, shift + step[:, 3:]
    return rotation, shift


def _turn(vector: np.ndarray) -> np.ndarray:
    """Rotation matrices (T, 3, 3) of rotation vectors (T, 3), by Rodrigues' formula."""
    angle = np.linalg.norm(vector, axis=1)[:, None, None]
    x, y, z = vector.T
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(-1, 3, 3)
    # np.sinc(a) is sin(pi a) / (pi a): no division by a zero angle
    return np.eye(3) + np.sinc(angle / np.pi) * cross + 0.5 * np.sinc(angle / 2 / np.pi) ** 2 * cross @ cross
