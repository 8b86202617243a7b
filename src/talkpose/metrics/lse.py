"""LSE-D and LSE-C (Prajwal et al. 2020), protocol `lse-v1-<detector>`: do lips and sound go together?

    LSE-D = min_k D(k),   LSE-C = median_k D(k) - LSE-D,   D(k) = 1/N sum_i || v_i - a_(i+k) ||_2,  |k| <= 15

v_i, a_i: SyncNet's features of the five video frames from i on and of their sound; sound features beyond the
ends are zero, as in the public code, so short clips are mostly padding. LSE-D: lower is better; LSE-C:
higher is better; `lse-offset`: the k of the minimum, in frames, positive where the sound is late. A constant
shift of the sound changes neither distance nor confidence. The face is cut as the public pipeline does (0.4
margin, 224 px), but around landmarks in place of its S3FD detector: values are near, not equal.
"""

from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy.signal import medfilt

from talkpose.errors import UserError
from talkpose.metrics.base import Protocol
from talkpose.speech.mfcc import HOPS_PER_FRAME, SAMPLES_PER_FRAME, mfcc

if TYPE_CHECKING:
    from talkpose.metrics.syncnet import SyncNet

FRAMES = 5
"""Video frames that one feature sees."""

ROWS = 20
"""MFCC rows of 10 ms that one feature sees."""

SIDE = 224
OFFSETS = 15
MARGIN = 0.4
GREY = 110
SMOOTH = 13
FULL_SCALE = 32768
"""The public code reads sound as 16-bit numbers, which coefficient 0 knows."""


def protocols(kind: str) -> tuple[Protocol, Protocol, Protocol]:
    """Protocols of `lse-d`, `lse-c` and `lse-offset` with this detector."""
    what = f"SyncNet v2 on 224 px faces around {kind}'s landmarks, offsets of ±{OFFSETS} frames, zeros beyond"
    identifier = f"lse-v1-{kind}"
    return (
        Protocol("lse-d", identifier, "LSE-D", "", "lower", 3, f"{what}; least mean distance"),
        Protocol("lse-c", identifier, "LSE-C", "", "higher", 3, f"{what}; median less least mean distance"),
        Protocol("lse-offset", identifier, "Offset", "frames", "none", 0, f"{what}; where it is least"),
    )


def crop_faces(frames: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Faces (T, 224, 224, 3) uint8 RGB of frames (T, H, W, 3) and their landmarks (T, 468 or 68, 2).

    A box around the landmarks (68 of them end at the brows: it is a quarter higher), its centre and longer
    half side by a median over 13 frames; the crop reaches 1.4 half sides left and right, 1 up and 1.8 down;
    grey beyond the frame. Frames without a face take the box of their neighbours; UserError without any.
    """
    seen = np.flatnonzero(np.isfinite(points).all((1, 2)))
    if not len(seen):
        raise UserError("lse: no frame has a face; measure videos that show one")
    low, high = points[seen].min(1), points[seen].max(1)
    if points.shape[1] == 68:
        low[:, 1] -= 0.25 * (high - low)[:, 1]
    known = np.concatenate([(low + high) / 2, (high - low).max(1, keepdims=True) / 2], 1)
    boxes = np.stack([np.interp(np.arange(len(frames)), seen, column) for column in known.T], 1)
    edge = SMOOTH // 2
    padded = np.pad(boxes, ((edge, edge), (0, 0)), mode="edge")
    x, y, half = (medfilt(column, SMOOTH)[edge:-edge] for column in padded.T)
    faces = np.empty((len(frames), SIDE, SIDE, 3), np.uint8)
    for face, frame, left, top, side in zip(
        faces, frames, x - half * (1 + MARGIN), y - half, 2 * half * (1 + MARGIN), strict=True
    ):
        scale = SIDE / side
        # OpenCV counts from pixel centres, landmarks from corners: half a pixel on both sides
        shift = [0.5 * scale - 0.5 - left * scale, 0.5 * scale - 0.5 - top * scale]
        matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
        cv2.warpAffine(frame, matrix, (SIDE, SIDE), dst=face, borderValue=(GREY, GREY, GREY))
    return faces


def face_features(network: "SyncNet", faces: np.ndarray, batch: int, device: str = "cpu") -> np.ndarray:
    """Features (T - 5, 1024) float32 of faces (T, 224, 224, 3): one fewer than could be, as upstream."""
    import torch  # takes seconds, which whoever only asks for the protocol need not spend

    features = [np.empty((0, 1024), np.float32)]
    count = max(len(faces) - FRAMES, 0)
    with torch.inference_mode():
        for start in range(0, count, batch):
            stop = min(start + batch, count)
            part = faces[start : stop + FRAMES - 1, ..., ::-1]
            video = torch.from_numpy(np.ascontiguousarray(part)).to(device).permute(3, 0, 1, 2).float()
            features.append(network.face(video).float().cpu().numpy())
    return np.concatenate(features)


def sound_features(network: "SyncNet", audio: np.ndarray, batch: int, device: str = "cpu") -> np.ndarray:
    """Features (T - 5, 1024) float32 of sound (640 T,) in [-1, 1] at 16 kHz."""
    import torch  # takes seconds, which whoever only asks for the protocol need not spend

    count = max(len(audio) // SAMPLES_PER_FRAME - FRAMES, 0)
    features = [np.empty((0, 1024), np.float32)]
    rows = mfcc(np.asarray(audio, np.float64) * FULL_SCALE).T if count else np.empty((13, 0))
    with torch.inference_mode():
        for start in range(0, count, batch):
            places = range(start, min(start + batch, count))
            windows = [rows[:, HOPS_PER_FRAME * i : HOPS_PER_FRAME * i + ROWS] for i in places]
            sound = torch.from_numpy(np.stack(windows)[:, None]).float().to(device)
            features.append(network.sound(sound).float().cpu().numpy())
    return np.concatenate(features)


def distances(faces: np.ndarray, sounds: np.ndarray, offsets: int = OFFSETS) -> np.ndarray:
    """D(k) (2 offsets + 1,) float64 for k = -offsets..offsets of features (N, F) and (N, F)."""
    if faces.shape != sounds.shape:
        raise UserError(
            f"lse: {faces.shape} features of faces and {sounds.shape} of sounds; cut both to the same frames"
        )
    padded = np.pad(sounds.astype(np.float64), ((offsets, offsets), (0, 0)))
    return np.array(
        [np.linalg.norm(faces - padded[k : k + len(faces)], axis=1).mean() for k in range(2 * offsets + 1)]
    )


def compute(faces: np.ndarray, sounds: np.ndarray) -> tuple[float, float, int, int]:
    """(LSE-D, LSE-C, offset in frames, features N) of features (N, F) each; nan where N is 0."""
    if not len(faces):
        return float("nan"), float("nan"), 0, 0
    d = distances(faces, sounds)
    least = float(d.min())
    return least, float(np.median(d) - least), int(d.argmin()) - OFFSETS, len(faces)
