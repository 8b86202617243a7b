"""Detector `dense`: MediaPipe's 468 points, mended by a network that learned on made people.

After Wood et al. 2022 ("3D face reconstruction with dense landmarks"): made faces alone can say where a point
that no annotator can see lies, and how far a nose goes when a head nods. The network knows people of the
embedded corpus (never those of a run: their seed is its own), whose points are those of the face model `cc0`.
It is made for the embedded corpus; of real faces it knows nothing, and `mediapipe` stays the default.
`talkpose face learn-landmarks` makes it anew.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from safetensors.torch import load
from torch import Tensor

from talkpose.errors import UserError
from talkpose.face.camera import Camera
from talkpose.face.landmarks import Detection, Faces, collect
from talkpose.face.landmarks.dense_net import (
    POSE_SCALE,
    SIDE,
    DenseNet,
    camera_pose,
    eye_frame,
    picture_matrix,
)  # fmt: skip
from talkpose.face.landmarks.mediapipe_detector import MediapipeDetector

DENSE_PATH: Final = Path(str(resources.files("talkpose.face"))) / "data" / "dense.safetensors"

DENSE_SHA256: Final = "52b4cae0546225c72b8f06a8eb888892837c07abeb953d6a7225cb018a95b563"
"""Of that file: other weights are another detector, and so other code."""

CHUNK: Final = 64
"""Frames that the network sees at once."""


@cache
def load_dense(device: str = "cpu") -> DenseNet:
    """The shipped network; UserError where its file is missing or another one."""
    if not DENSE_PATH.is_file():
        raise UserError(
            f"the detector dense lacks {DENSE_PATH}; make it with `talkpose face learn-landmarks`"
        )
    stored = DENSE_PATH.read_bytes()
    if hashlib.sha256(stored).hexdigest() != DENSE_SHA256:
        raise UserError(
            f"{DENSE_PATH} is not the network of this version; install talkpose again, or write the new "
            "network's hash to DENSE_SHA256"
        )
    net = DenseNet()
    net.load_state_dict({name: value.float() for name, value in load(stored).items()})
    return net.eval().to(device)


def told_pose(frames: np.ndarray, points: np.ndarray, device: str = "cpu") -> np.ndarray:
    """Pitch, yaw and roll (T, 3) in radians that the network reads from pictures alone; nan without a face.

    frames: (T, S, W, 3) uint8, whose width is the camera's; points: (T, 468, 2) say where the eyes are.
    """
    net = load_dense(device)
    valid = np.isfinite(points).all((1, 2))
    turn, middle = eye_frame(points[valid])
    told = [np.empty((0, 3))]
    for start in range(0, len(turn), CHUNK):
        part = slice(start, start + CHUNK)
        rows = zip(frames[valid][part], turn[part], middle[part], strict=True)
        pictures = _tensor([face_picture(*row) for row in rows], device)
        with torch.inference_mode(), _one_thread():
            told.append(net.tell(pictures).cpu().numpy().astype(np.float64))
    angles = np.full((len(points), 3), np.nan)
    shown = np.radians(POSE_SCALE * np.concatenate(told))
    angles[valid] = camera_pose(shown, turn, middle, Camera(frames.shape[2]))
    return angles


def refine_points(frames: np.ndarray, points: np.ndarray, device: str = "cpu") -> np.ndarray:
    """MediaPipe's points (T, 468, 2) of frames (T, H, W, 3) uint8, mended; nan stays nan."""
    mender = _Mender(device)
    valid = np.isfinite(points).all((1, 2))
    for k in np.flatnonzero(valid):
        mender.add(frames[k], points[k])
    mended = np.asarray(points, np.float32).copy()
    mended[valid] = mender.mended()
    return mended


class DenseDetector(MediapipeDetector):
    """MediaPipe finds the face, the network mends its points."""

    name = "dense"

    def __init__(self, max_faces: int = 2, device: str = "cpu"):
        """max_faces: 1 counts no others; device: of the network."""
        super().__init__(max_faces)
        self.device = device

    def detect(self, frames: Iterable[np.ndarray]) -> Detection:
        """Landmarks (T, 468, 2) of the main face and the number of comparable faces in each frame."""
        mender = _Mender(self.device)
        with self.video() as find:

            def faces(frame: np.ndarray) -> Faces:
                found = find(frame)
                if len(found[0]):
                    mender.add(frame, found[0][0])
                return found

            detection = collect(frames, self.n_points, faces)
        valid = np.isfinite(detection.points).all((1, 2))
        points = detection.points.copy()
        points[valid] = mender.mended()
        return detection._replace(points=points, unmended=detection.points)


class _Mender:
    """Takes faces one by one and mends them in chunks, so that a long video need not fit in memory."""

    def __init__(self, device: str):
        self.net, self.device = load_dense(device), device
        self.pictures: list[np.ndarray] = []
        self.points: list[np.ndarray] = []
        self.done: list[np.ndarray] = []

    def add(self, frame: np.ndarray, points: np.ndarray) -> None:
        """A frame (H, W, 3) uint8 and its points (468, 2)."""
        turn, middle = eye_frame(points[None])
        self.pictures.append(face_picture(frame, turn[0], middle[0]))
        self.points.append(points)
        if len(self.pictures) == CHUNK:
            self._flush()

    def mended(self) -> np.ndarray:
        """Points (N, 468, 2) float32 of all frames that were added."""
        if self.pictures:
            self._flush()
        return np.concatenate(self.done) if self.done else np.empty((0, 468, 2), np.float32)

    def _flush(self) -> None:
        points = np.stack(self.points)
        turn, middle = eye_frame(points)
        level = (points - middle[:, None]) @ np.swapaxes(turn, 1, 2)
        pictures = _tensor(self.pictures, self.device)
        with torch.inference_mode(), _one_thread():
            components = self.net.whiten(torch.from_numpy(level.astype(np.float32)).to(self.device))
            offsets = self.net.mend(pictures, components)
        # back into the picture: the inverse of a turn and scale
        moved = offsets.cpu().numpy() @ np.swapaxes(np.linalg.inv(turn), 1, 2)
        self.done.append((points + moved).astype(np.float32))
        self.pictures, self.points = [], []


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums over more threads differ in the last bit, and with them every track that follows."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _tensor(pictures: list[np.ndarray], device: str) -> Tensor:
    """Pictures (SIDE, SIDE, 3) uint8 as (B, 3, SIDE, SIDE) in [0, 1]."""
    return torch.from_numpy(np.stack(pictures)).to(device).permute(0, 3, 1, 2).float() / 255


def face_picture(frame: np.ndarray, turn: np.ndarray, middle: np.ndarray, side: int = SIDE) -> np.ndarray:
    """The network's picture (side, side, 3) uint8 of a frame, for its row of `eye_frame`."""
    matrix = picture_matrix(turn, middle, side).astype(np.float32)
    return cv2.warpAffine(
        np.ascontiguousarray(frame), matrix, (side, side), flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
