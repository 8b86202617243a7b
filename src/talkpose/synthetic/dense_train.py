"""Trains the network of the detector `dense` on made people and writes it with what it is worth on others."""

from pathlib import Path
from typing import Final, NamedTuple

import cv2
import numpy as np
import torch
from safetensors.torch import save
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from talkpose.face.landmarks import mouth_opening
from talkpose.face.landmarks.dense_net import (
    OFFSETS_KEPT,
    PLACE,
    POINTS_KEPT,
    POSE_SCALE,
    SIDE,
    DenseNet,
)  # fmt: skip
from talkpose.face.model import CC0_PATH
from talkpose.face.observed import EYES as EYELIDS
from talkpose.face.observed import LIPS_INNER, LIPS_OUTER
from talkpose.files import atomic_path, sha256, write_json
from talkpose.progress import progress
from talkpose.seeds import derive_seed, numpy_rng
from talkpose.synthetic.dense_samples import Samples, draw_samples

SEED: Final = 1077
"""Of its people and its training: no run's people are among them unless a run takes this seed and names."""

BATCH: Final = 64
RATE: Final = 2e-3
MEAN_OF: Final = 200
"""Steps whose weights the shipped ones are the running mean of, at most a tenth of all."""

GAPS: Final = torch.tensor([(13, 14), (82, 87), (312, 317), (81, 178), (311, 402)])
"""Points of the inner lips that face each other: the mouth's opening counts on its own."""


class _Parts(NamedTuple):
    """Everything that a batch is cut from, as it is (0) and mirrored (1)."""

    pictures: np.ndarray
    points: np.ndarray
    """(2, N, 468, 2)"""
    offsets: np.ndarray
    """(2, N, 468, 2)"""
    pose: np.ndarray
    """(2, N, 3)"""


def learn_landmarks(out: Path, people: int, steps: int, test_people: int = 60, seed: int = SEED) -> None:
    """Draw `people`, train on all but the last `test_people`, write `out` and a JSON of its worth beside."""
    samples = draw_samples(people, seed)
    test = samples.person >= people - test_people
    net = train(Samples(*(part[~test] for part in samples)), steps, seed)
    with torch.no_grad():
        for parameter in net.parameters():  # half the bytes; the bases need all of theirs
            parameter.copy_(parameter.half())
    halved = dict(net.named_parameters())
    state = {
        name: value.half().contiguous() if name in halved else value.contiguous()
        for name, value in net.state_dict().items()
    }
    with atomic_path(out) as temporary:
        temporary.write_bytes(save(state))
    facts = {
        "people": people - test_people,
        "frames": int((~test).sum()),
        "steps": steps,
        "seed": seed,
        "cc0_sha256": sha256(CC0_PATH),
        "sha256": sha256(out),
        "test_people": test_people,
        "test": worth(net, Samples(*(part[test] for part in samples))),
    }
    write_json(out.with_suffix(".json"), facts)


def train(samples: Samples, steps: int, seed: int) -> DenseNet:
    """A network trained on the samples, in its state for use."""
    rng = numpy_rng(seed, "dense", "train")
    torch.manual_seed(derive_seed(seed, "dense", "weights"))
    parts = _mirrored(samples)
    net = DenseNet()
    _set_bases(net, parts)
    weights = _weights()

    decay = 1 - 1 / max(min(MEAN_OF, steps // 10), 1)
    mean = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)
    optimiser = torch.optim.AdamW(net.parameters(), RATE, weight_decay=2e-2)
    with progress("learn landmarks", steps) as bar:
        for step in range(steps):
            rate = RATE * min(1.0, (step + 1) / 100) * (0.5 + 0.5 * np.cos(np.pi * step / steps))
            for group in optimiser.param_groups:
                group["lr"] = rate + 1e-6
            pictures, points, offsets, pose = _batch(parts, rng)
            components = net.whiten(points)
            components = components + 0.1 * torch.randn(components.shape)
            found, told = net(pictures, components)
            apart = found - offsets
            gaps = apart[:, GAPS[:, 0]] - apart[:, GAPS[:, 1]]
            loss = (
                functional.smooth_l1_loss(told, pose / POSE_SCALE, beta=0.1)
                + 30 * (apart.abs() * weights).mean()
                + 15 * gaps.abs().mean()
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            mean.update_parameters(net)
            bar.update(step + 1, f"loss {loss.item():.3f}")
    net.load_state_dict(mean.module.state_dict())
    return net.eval()


def worth(net: DenseNet, samples: Samples) -> dict[str, float]:
    """Landmark error over the eyes' distance and correlation of mouth opening, MediaPipe's beside the net's,
    and the error of its pose in degrees.
    """
    found, told = [], []
    margin = (samples.pictures.shape[1] - SIDE) // 2
    with torch.inference_mode():
        for start in range(0, len(samples.pictures), BATCH):
            part = slice(start, start + BATCH)
            cut = samples.pictures[part, margin : margin + SIDE, margin : margin + SIDE]
            pictures = torch.from_numpy(cut).permute(0, 3, 1, 2).float() / 255
            found.append(net.mend(pictures, net.whiten(torch.from_numpy(samples.points[part]))).numpy())
            told.append(net.tell(pictures).numpy())
    true = samples.points + samples.offsets
    mended = samples.points + np.concatenate(found)
    facts = {}
    for name, points in (("mediapipe", samples.points), ("dense", mended)):
        eyes = np.linalg.norm(true[:, 33] - true[:, 263], axis=1)
        facts[f"{name}_landmark_error"] = float((np.linalg.norm(points - true, axis=2).mean(1) / eyes).mean())
        opening, real = (mouth_opening(p, "mediapipe") for p in (points, true))
        each = [
            np.corrcoef(opening[samples.person == p], real[samples.person == p])[0, 1]
            for p in np.unique(samples.person)
        ]
        facts[f"{name}_mouth_r_median"] = float(np.median(each))
        facts[f"{name}_mouth_r_least"] = float(np.min(each))
    apart = np.abs(POSE_SCALE * np.concatenate(told) - samples.pose)
    for axis, errors in zip(("pitch", "yaw", "roll"), apart.T, strict=True):
        facts |= {f"{axis}_median": float(np.median(errors)), f"{axis}_p95": float(np.percentile(errors, 95))}
    return {name: round(value, 5) for name, value in facts.items()}


def mirror_order(*views: np.ndarray) -> np.ndarray:
    """Which point (468,) each is in a mirrored picture, from points (N, 468, 2) in the frame of the eyes.

    Several views of them tell points apart that coincide in one of them.
    """
    means = [points.mean(0) - points[:, [33, 263]].mean((0, 1)) for points in views]
    apart = sum(((mean[:, None] * [-1, 1] - mean[None]) ** 2).sum(2) for mean in means)
    return linear_sum_assignment(apart)[1]


def _mirrored(samples: Samples) -> _Parts:
    order = mirror_order(samples.points, samples.points + samples.offsets)
    points, offsets = (
        np.stack([part, part[:, order] * np.array([-1, 1], np.float32)])
        for part in (samples.points, samples.offsets)
    )
    pose = np.stack([samples.pose, samples.pose * np.array([1, -1, -1], np.float32)])
    return _Parts(samples.pictures, points, offsets, pose)


def _set_bases(net: DenseNet, parts: _Parts) -> None:
    """Mean and principal components of points and offsets, both ways round."""
    for name, values, kept in (
        ("points", parts.points, POINTS_KEPT),
        ("offsets", parts.offsets, OFFSETS_KEPT),
    ):
        rows = values.reshape(-1, 936).astype(np.float64)
        mean = rows.mean(0)
        variance, vectors = np.linalg.eigh((rows - mean).T @ (rows - mean) / len(rows))
        spread, vectors = np.sqrt(variance[::-1][:kept]), vectors[:, ::-1][:, :kept]
        basis = (vectors / spread if name == "points" else vectors * spread).T
        getattr(net, f"{name}_mean").copy_(torch.from_numpy(mean))
        getattr(net, f"{name}_basis").copy_(torch.from_numpy(basis.copy()))


def _weights() -> Tensor:
    weights = torch.ones(468, 1)
    for points, weight in ((LIPS_OUTER, 3.0), (LIPS_INNER, 5.0), (EYELIDS, 2.0)):
        weights[list(points)] = weight
    return weights / weights.mean()


def _batch(parts: _Parts, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Pictures (B, 3, SIDE, SIDE) in about [0, 1], points, offsets (B, 468, 2) and pose (B, 3) degrees."""
    chosen = rng.choice(len(parts.pictures), min(BATCH, len(parts.pictures)), replace=False)
    mirrored = rng.integers(0, 2, len(chosen))
    cut = [_cut(parts.pictures[k], bool(m), rng) for k, m in zip(chosen, mirrored, strict=True)]
    pictures = torch.from_numpy(np.stack(cut)).permute(0, 3, 1, 2).float() / 255
    count = len(chosen)
    gain = rng.uniform(0.8, 1.2, (count, 1, 1, 1)) * (1 + rng.normal(0, 0.05, (count, 3, 1, 1)))
    pictures = pictures * torch.from_numpy(gain.astype(np.float32))
    pictures = pictures + torch.from_numpy(rng.normal(0, 0.03, (count, 1, 1, 1)).astype(np.float32))
    pictures = pictures + torch.randn(pictures.shape) * torch.rand(count, 1, 1, 1) * 0.02
    points, offsets, pose = (
        torch.from_numpy(part[mirrored, chosen]) for part in (parts.points, parts.offsets, parts.pose)
    )
    return pictures, points, offsets, pose


def _cut(picture: np.ndarray, mirrored: bool, rng: np.random.Generator) -> np.ndarray:
    """A picture moved, turned and scaled a little, half of them at a lower resolution."""
    scale, angle = np.exp(rng.normal(0, 0.05)), rng.normal(0, 0.05)
    turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    place = PLACE * SIDE
    middle = place + (picture.shape[0] - SIDE) / 2
    matrix = np.column_stack([turn, place + rng.normal(0, 1.5, 2) - turn @ middle])
    if mirrored:
        matrix[0] *= -1
        matrix[0, 2] += SIDE - 1  # whole pixels, as warpAffine counts
    cut = cv2.warpAffine(
        picture, matrix.astype(np.float32), (SIDE, SIDE), flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    if rng.random() < 0.5:
        less = float(rng.uniform(0.45, 1))
        small = cv2.resize(cut, None, fx=less, fy=less, interpolation=cv2.INTER_AREA)
        cut = cv2.resize(small, (SIDE, SIDE))
    return cut
