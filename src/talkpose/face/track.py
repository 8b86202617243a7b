"""A clip's track: 257 coefficients and landmarks a frame, how well they fit, on disk and in numbers."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from talkpose.config.face import FaceConfig
from talkpose.errors import UserError
from talkpose.face.appearance import fit_appearance
from talkpose.face.camera import Camera, project, transform
from talkpose.face.coefficients import EXPRESSION, IDENTITY, LIGHT, POSE, SIZE, TEXTURE
from talkpose.face.fit import fit_clip
from talkpose.face.landmarks import Detection, mouth_opening
from talkpose.face.model import FaceModel
from talkpose.face.observed import at_points, correspondence, inter_ocular, kind_of, lip_points, observe
from talkpose.files import write_npz


class Track(NamedTuple):
    """Reconstruction of T frames; every field has a row a frame, so a slice of each is the track of a
    part.
    """

    coefficients: np.ndarray
    """(T, 257) float32; pose in radians and decimetres. Frames without a face are bridged in time."""
    landmarks: np.ndarray
    """(T, N, 2) float32, as detected, pixels; nan where there is no face"""
    landmark_error: np.ndarray
    """(T,) float32, mean distance of fitted from detected points over the inter-ocular distance; nan
    without a face
    """
    valid: np.ndarray
    """(T,) bool, the frame has a face"""


def track_clip(
    frames: np.ndarray,
    detection: Detection | np.ndarray,
    model: FaceModel,
    config: FaceConfig,
    known: np.ndarray | None = None,
    device: str = "cpu",
) -> Track:
    """Reconstruct a clip.

    frames: (T, S, S, 3) uint8; detection: its points (T, N, 2) in pixels, 468 (MediaPipe) or 68 (iBUG), nan
    where there is no face; known: coefficients (257,) of the same person whose identity and texture are to
    be kept, else both are fitted; device: of the network of `rnet`. Raises UserError where no frame has a
    face, the model lacks the landmarks, or `rnet` lacks its weights.
    """
    points, valid = _whole_faces(frames, detection)
    observed = observe(model, points.shape[1])
    if config.reconstruction == "rnet":
        from talkpose.face.rnet import regress

        coefficients = regress(frames, points, model, config, device)
    else:
        fit = fit_clip(
            observed,
            points,
            Camera(frames.shape[1]),
            config.iterations,
            config.smoothness,
            config.key_frames,
            None if known is None else known[IDENTITY],
            _told(frames, points, config, device),
        )
        coefficients = np.zeros((len(frames), SIZE), np.float32)
        coefficients[:, IDENTITY] = fit.identity
        coefficients[:, EXPRESSION] = fit.expression
        coefficients[:, POSE] = fit.pose
        texture, light = fit_appearance(
            frames,
            coefficients,
            valid,
            model,
            config.light_frames,
            config.light_vertices,
            None if known is None else known[TEXTURE],
        )
        coefficients[:, TEXTURE] = texture
        coefficients[:, LIGHT] = light
    error = _distances(points, coefficients, model, frames.shape[1]).mean(1)
    return Track(coefficients, points, error.astype(np.float32), valid)


def track_poses(
    frames: np.ndarray,
    detection: Detection | np.ndarray,
    model: FaceModel,
    config: FaceConfig,
    device: str = "cpu",
) -> np.ndarray:
    """Pose (T, 6) float32 that `track_clip` finds, without the texture and light, which take longer.

    Parameters as there; frames may be non-square for `fit`, which looks at the landmarks alone and takes the
    width for the camera's. `device`: of the networks of `rnet` and `dense`. All nan where no frame
    has a face.
    """
    points, valid = _whole_faces(frames, detection)
    if not valid.any():
        return np.full((len(frames), 6), np.nan, np.float32)
    if config.reconstruction == "rnet":
        return track_clip(frames, points, model, config, device=device).coefficients[:, POSE]
    observed = observe(model, points.shape[1])
    camera = Camera(frames.shape[2])
    told = _told(frames, points, config, device)
    fit = fit_clip(
        observed, points, camera, config.iterations, config.smoothness, config.key_frames, angles=told
    )
    return fit.pose.astype(np.float32)


def _told(frames: np.ndarray, points: np.ndarray, config: FaceConfig, device: str) -> np.ndarray | None:
    """What the detector `dense` reads of the head's turn in the pictures (T, 3); None for others."""
    if config.landmarks != "dense":
        return None
    from talkpose.face.landmarks.dense import told_pose

    return told_pose(frames, points, device)


def _whole_faces(frames: np.ndarray, detection: Detection | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks (T, N, 2) float32, a frame that lacks one wholly nan, and which frames (T,) have all.

    Raises UserError where they are not those of the frames.
    """
    points = detection.points if isinstance(detection, Detection) else detection
    if len(points) != len(frames):
        raise UserError(
            f"track: {len(frames)} frames but {len(points)} rows of landmarks; detect on the same frames"
        )
    points = np.asarray(points, np.float32)
    valid = np.isfinite(points).all((1, 2))
    return np.where(valid[:, None, None], points, np.float32(np.nan)), valid


def fitted_landmarks(
    coefficients: np.ndarray, model: FaceModel, size: int, n_points: int = 468
) -> np.ndarray:
    """The model's landmarks (T, N, 2) in pixels of a `size` px frame; nan for points that it lacks."""
    where = correspondence(model, n_points)
    has = where.triangle >= 0
    mean, identity, expression = (
        at_points(model, where, basis)
        for basis in (model.mean_shape, model.identity_basis, model.expression_basis)
    )
    shape = (
        mean.ravel()
        + coefficients[:, IDENTITY] @ identity.reshape(-1, identity.shape[2]).T
        + coefficients[:, EXPRESSION] @ expression.reshape(-1, expression.shape[2]).T
    ).reshape(len(coefficients), -1, 3)
    points = np.full((len(coefficients), n_points, 2), np.nan)
    points[:, has] = project(Camera(size), transform(shape, coefficients[:, POSE].astype(np.float64)))[
        ..., :2
    ]
    return points


def _distances(points: np.ndarray, coefficients: np.ndarray, model: FaceModel, size: int) -> np.ndarray:
    """Distance (T, L) of fitted from detected points over the frame's inter-ocular distance, where the
    model has both.
    """
    has = correspondence(model, points.shape[1]).triangle >= 0
    fitted = fitted_landmarks(coefficients, model, size, points.shape[1])[:, has]
    return np.linalg.norm(fitted - points[:, has], axis=-1) / inter_ocular(points)[:, None]


def summary(track: Track, model: FaceModel, size: int) -> dict[str, float]:
    """How well a track fits its landmarks; `size` is the frames' side in pixels.

    landmark_error, lips_error: mean distance over the inter-ocular distance; mouth_correlation: Pearson's r
    of fitted and detected mouth opening; jitter, detected_jitter: mean acceleration of the points over the
    inter-ocular distance a frame squared, fitted and detected; drift: mean error of the last quarter less
    that of the first.
    """
    valid, n_points = track.valid, track.landmarks.shape[1]
    has = correspondence(model, n_points).triangle >= 0
    detected = track.landmarks[valid].astype(np.float64)
    fitted = fitted_landmarks(track.coefficients, model, size, n_points)
    scale = float(inter_ocular(detected).mean())
    lips = [i for i in lip_points(n_points) if has[i]]
    error = np.linalg.norm(fitted[valid] - detected, axis=-1) / scale
    openings = np.stack([mouth_opening(points, kind_of(n_points)) for points in (fitted[valid], detected)])
    varies = len(detected) > 2 and openings.std(1).min() > 0
    quarter = max(len(detected) // 4, 1)
    return {
        "frames": float(len(valid)),
        "valid": float(valid.mean()),
        "landmark_error": float(error[:, has].mean()),
        "lips_error": float(error[:, lips].mean()),
        "mouth_correlation": float(np.corrcoef(openings)[0, 1]) if varies else float("nan"),
        "jitter": _jitter(fitted[:, has]) / scale,
        "detected_jitter": _jitter(track.landmarks[:, has].astype(np.float64)) / scale,
        "drift": float(error[-quarter:][:, has].mean() - error[:quarter][:, has].mean()),
    }


def _jitter(points: np.ndarray) -> float:
    """Mean length of the second difference in time of points (T, L, 2); nan frames are left out."""
    acceleration = np.linalg.norm(np.diff(points, 2, axis=0), axis=-1)
    return float(np.nanmean(acceleration)) if np.isfinite(acceleration).any() else float("nan")


def save_track(path: str | Path, track: Track) -> None:
    """Write a track as npz, whole or not at all; equal tracks give equal bytes."""
    write_npz(path, **track._asdict())


def load_track(path: str | Path) -> Track:
    """Read what `save_track` wrote; UserError where it is missing or is no track."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            track = Track(*(stored[name] for name in Track._fields))
    except (OSError, KeyError, ValueError) as error:
        raise UserError(f"{path} is no track ({error}); track the clip again") from error
    rows = {len(part) for part in track}
    if len(rows) != 1 or track.coefficients.shape[1:] != (SIZE,):
        raise UserError(f"{path} is no track of {SIZE} coefficients a frame; track the clip again")
    return track
