"""A first lesson for a baseline's audio encoder: from a window of sound, tell how the lips stand.

On a small corpus the pixels of a face teach an audio encoder next to nothing within minutes; the lips' landmarks do.
`You said that` starts its audio encoder from a network trained to match sound and lips for the same reason.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from talkpose.face.observed import lip_points
from talkpose.methods.aligned import LIPS, crop_matrix, join, pose_matrix
from talkpose.methods.contract import Footage
from talkpose.methods.stills import StillSource, faces_seen
from talkpose.methods.training import Session, decay

CODES = 8
"""Numbers that tell how the lips stand: principal components of their landmarks."""


class LipBasis(NamedTuple):
    """Principal directions of the lips' motion."""

    directions: np.ndarray
    """(8, 2 P), orthonormal"""
    scale: float
    """standard deviation along the first"""

    def codes(self, motion: np.ndarray) -> np.ndarray:
        """(T, 2 P) -> (T, 8) float32, the first with a standard deviation near 1."""
        return (motion @ self.directions.T / self.scale).astype(np.float32)


def lip_motion(footage: Footage) -> np.ndarray:
    """Lip points brought to the pose of the clip's middle face, less their mean: (T, 2 P), nan without a face.

    The unit is the side of the window `LIPS`, so that neither the frame's size nor the distance counts.
    """
    points, seen = footage.track.landmarks, faces_seen(footage)
    lips = list(lip_points(points.shape[1]))
    out = np.full((len(points), len(lips), 2), np.nan)
    frames = np.flatnonzero(seen)
    if not len(frames):
        return out.reshape(len(points), -1)
    middle = points[frames[len(frames) // 2]]
    place = crop_matrix(middle, LIPS, 1)
    for t in frames:
        matrix = join(place, pose_matrix(points[t], middle))
        out[t] = points[t, lips] @ matrix[:, :2].T + matrix[:, 2]
    return (out - out[frames].mean(0)).reshape(len(points), -1)


def lip_basis(motions: list[np.ndarray]) -> LipBasis:
    """Principal directions of motions (T, 2 P), frames without a face left out."""
    rows = np.concatenate(motions)
    rows = rows[np.isfinite(rows).all(1)]
    _, values, directions = np.linalg.svd(rows - rows.mean(0), full_matrices=False)
    return LipBasis(directions[:CODES], max(float(values[0] / np.sqrt(len(rows))), 1e-6))


def teach_lips(
    session: Session,
    encoder: nn.Module,
    embedding: int,
    source: StillSource,
    *,
    steps: int,
    batch: int,
    lr: float,
) -> None:
    """Train `encoder`, (B, rows, columns) -> (B, embedding), to tell the lips by a linear head that is dropped.

    The phase is called `lips`; its curve is the squared error over that of always telling the mean.
    """
    numbers = source.sample(session.seed)
    parts = {}
    for number in numbers:
        footage, sounds = source.footage_and_sounds(number)
        motion = lip_motion(footage)[: len(sounds)]
        seen = np.isfinite(motion).all(1)
        parts[number] = (sounds[: len(motion)][seen], motion[seen])
    basis = lip_basis([motion for _, motion in parts.values()])
    heard = torch.from_numpy(np.concatenate([sounds for sounds, _ in parts.values()]))
    codes = torch.from_numpy(np.concatenate([basis.codes(motion) for _, motion in parts.values()]))
    torch.manual_seed(session.seed)
    head = nn.Linear(embedding, codes.shape[1]).to(session.device)
    adam = torch.optim.AdamW(
        [*encoder.to(session.device).parameters(), *head.parameters()], lr, weight_decay=0.01
    )

    def step(index: int) -> dict[str, Tensor]:
        decay(adam, lr, index, steps)
        chosen = torch.from_numpy(session.rng("batch").integers(len(heard), size=batch))
        wanted = codes[chosen].to(session.device)
        with session.autocast():
            error = (head(encoder(heard[chosen].to(session.device))) - wanted).square().sum(1).mean()
        session.descend(adam, error)
        return {"error": error.detach() / wanted.square().sum(1).mean()}

    session.run("lips", steps, step, {"encoder": encoder, "head": head}, {"adam": adam})
