"""Nearest-neighbour retrieval: for every moment of the sound, the mouth that once made a sound most like it.

The idea is that of Video Rewrite (Bregler et al. 1997), with MFCC windows instead of triphones. The head
moves as in the training frames, played back and forth; onto each of them goes the mouth of the training frame
whose sound, pose and place in time fit best (a Viterbi search over all training frames).
"""

import cv2
import numpy as np
from pydantic import Field

from talkpose.errors import ClipError
from talkpose.face.coefficients import POSE
from talkpose.face.observed import lip_points
from talkpose.methods.contract import Generated, Target
from talkpose.methods.controls import pingpong_indices
from talkpose.methods.retrained import Baseline
from talkpose.methods.retrained import Settings as Base
from talkpose.speech.mfcc import speech_windows


class Settings(Base):
    """What the search weighs."""

    pose_weight: float = Field(0.3, ge=0, description="cost of a source in another pose, beside its sound's")
    jump_cost: float = Field(0.15, ge=0, description="cost of a source that does not follow the one before")
    reach: float = Field(0.9, gt=0, description="half axes of the pasted ellipse over the lips' width")


class Method(Baseline):
    """Nothing is trained: the person's own video is the memory."""

    settings_type = Settings
    settings: Settings

    def generate(self, target: Target, audio: np.ndarray, is_own: bool) -> Generated:
        """Raises ClipError where the training frames show no face."""
        train = target.train
        usable = np.flatnonzero(train.track.valid)
        if not len(usable):
            raise ClipError("no-face", f"{target.person}: no face in the training frames")
        base = nearest_valid(pingpong_indices(len(audio) // 640, len(train.frames)), usable)
        sounds, spoken = normalised(speech_windows(train.audio)[usable], speech_windows(audio))
        poses = train.track.coefficients[:, POSE][:, :3]
        cost = distances(spoken, sounds) + self.settings.pose_weight * distances(poses[base], poses[usable])
        source = usable[cheapest_path(cost, usable, self.settings.jump_cost)]
        points = train.track.landmarks
        frames = np.stack(
            [
                paste_mouth(train.frames[i], train.frames[j], points[i], points[j], self.settings.reach)
                for i, j in zip(base, source, strict=True)
            ]
        )
        return Generated(frames, None, train.track.coefficients[base], base)


def normalised(known: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Windows (N, 28, 12) and (T, 28, 12) as rows, each MFCC by its spread in the known ones."""
    mean, spread = known.mean((0, 1)), known.std((0, 1)) + 1e-6
    # the middle of the window says most of what the mouth does now
    weight = np.hanning(known.shape[1] + 2)[1:-1, None]
    return tuple(((part - mean) / spread * weight).reshape(len(part), -1) for part in (known, new))


def distances(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Euclidean distances (T, N), over their mean, so that costs of different kinds can be added."""
    apart = np.linalg.norm(rows[:, None].astype(np.float64) - columns[None], axis=-1)
    return apart / max(apart.mean(), 1e-9)


def cheapest_path(cost: np.ndarray, frames: np.ndarray, jump: float) -> np.ndarray:
    """Column (T,) of each row of cost (T, N) so that the sum with `jump` for every step to a column that is
    not the next frame is least.
    """
    follows = np.concatenate([[-1], np.where(np.diff(frames) == 1, np.arange(len(frames) - 1), -1)])
    total, back = cost[0].copy(), np.zeros(cost.shape, int)
    for t in range(1, len(cost)):
        best = int(total.argmin())
        stay = np.where(follows >= 0, total[follows], np.inf)
        back[t] = np.where(stay <= total[best] + jump, follows, best)
        total = cost[t] + np.minimum(stay, total[best] + jump)
    path = np.empty(len(cost), int)
    path[-1] = total.argmin()
    for t in range(len(cost) - 1, 0, -1):
        path[t - 1] = back[t][path[t]]
    return path


def nearest_valid(indices: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Each index, or the usable one nearest to it."""
    return usable[np.abs(usable[None] - indices[:, None]).argmin(1)]


def paste_mouth(
    base: np.ndarray, source: np.ndarray, points: np.ndarray, source_points: np.ndarray, reach: float
) -> np.ndarray:
    """`source`'s mouth on `base`, (S, S, 3) uint8 both: moved by the similarity between their faces."""
    lips = list(lip_points(len(points)))
    rest = np.setdiff1d(np.arange(len(points)), lips)
    turn, shift = similarity(source_points[rest], points[rest])
    matrix = np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])
    size = base.shape[1]
    # landmarks count from pixel edges, OpenCV from pixel centres
    matrix[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    moved = cv2.warpAffine(
        source, matrix, (size, size), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    lip = points[lips]
    centre, width = lip.mean(0), np.ptp(lip[:, 0])
    y, x = np.mgrid[:size, :size] + 0.5
    radius = np.hypot((x - centre[0]) / (reach * width), (y - centre[1]) / (0.8 * reach * width))
    share = np.clip((1.0 - radius) / 0.4, 0, 1)[..., None]
    mixed = base + share * (moved.astype(np.float64) - base)
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def similarity(source: np.ndarray, target: np.ndarray) -> tuple[complex, complex]:
    """Least-squares turn (with scale) and shift between points (N, 2), as complex numbers."""
    z, w = (part[:, 0].astype(np.float64) + 1j * part[:, 1] for part in (source, target))
    zc, wc = z - z.mean(), w - w.mean()
    turn = complex((wc @ zc.conj()) / max((zc @ zc.conj()).real, 1e-9))
    return turn, complex(w.mean() - turn * z.mean())
