"""CSIM: cosine similarity of identity features, protocol `csim-<embedder>-v1`: is it the same person?

    CSIM = mean over frames of cos(e(g_t), e(r_t)),   cos(a, b) = a . b / (|a| |b|)

`csim`, own sound: r_t is the real frame of the same time. `csim-train`, any sound: in place of e(r_t), the
mean of the unit features of 8 frames spread over those that methods may see of the person. No unit, in
[-1, 1], higher is better. Frame 0 and every so many (`-every<n>`), without those that show no face. The
embedder is named, as values of two have nothing in common: dlib's descriptor gives strangers up to 0.9,
ArcFace about 0.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from talkpose.config import MetricsConfig
from talkpose.errors import UserError
from talkpose.face.identity import ArcFaceFeature, DlibFeature, IdentityFeature
from talkpose.metrics.base import Protocol
from talkpose.metrics.psnr import compute as mean_over_frames

KNOWN = 8
"""Frames of a person that the reference of `csim-train` is the mean of, at most."""


def embedder_id(config: MetricsConfig) -> str:
    """Name of the embedder in protocols: `dlib-resnet`, or `arcface-<stem of the weights' file>`."""
    if config.csim_embedder == "dlib":
        return "dlib-resnet"
    return f"arcface-{Path(config.arcface_weights or 'missing').stem}".lower().replace("_", "-")


def protocols(embedder: str, every: int) -> tuple[Protocol, Protocol]:
    """Protocols of `csim` and `csim-train` by this embedder over every `every`-th frame."""
    identifier = f"csim-{embedder}-v1" + (f"-every{every}" if every > 1 else "")
    what = f"cosine of {embedder} identity features, frame 0 and every {every}, mean over frames with a face"
    return (
        Protocol(
            metric="csim",
            id=identifier,
            title="CSIM",
            unit="",
            direction="higher",
            decimals=3,
            definition=f"{what}; reference: the real frame of the same time",
        ),
        Protocol(
            metric="csim-train",
            id=identifier,
            title="CSIM (training frames)",
            unit="",
            direction="higher",
            decimals=3,
            definition=f"{what}; reference: mean of {KNOWN} frames that methods may see of the person",
        ),
    )


@cache
def load_embedder(kind: str, weights: str | None) -> IdentityFeature:
    """The embedder `dlib` or `arcface`; UserError where its weights or packages are missing."""
    if kind == "arcface":
        return ArcFaceFeature(weights, "metrics.arcface_weights", "set metrics.csim_embedder to dlib")
    return DlibFeature()


def describe(feature: IdentityFeature, frames: np.ndarray, points: np.ndarray, every: int) -> np.ndarray:
    """Features (ceil(T / every), F) of frames 0, every, ... of (T, H, W, 3) uint8 RGB; nan without a face.

    `points` (T, 468 or 68, 2) in their pixels, nan where there is no face.
    """
    if len(frames) != len(points):
        raise UserError(
            f"csim: {len(frames)} frames and {len(points)} rows of landmarks; give both of one video"
        )
    frames, points = frames[::every], points[::every]
    seen = np.isfinite(points).all((1, 2))
    features = np.full((len(frames), feature.size), np.nan, np.float32)
    features[seen] = feature.describe(frames[seen], points[seen])
    return features


def spread(count: int) -> np.ndarray:
    """Indices of at most KNOWN frames spread evenly over `count`."""
    return np.unique(np.linspace(0, count - 1, min(count, KNOWN)).round().astype(int))


def mean_feature(features: np.ndarray) -> np.ndarray:
    """Mean (1, F) of unit features (T, F), without frames that show no face; nan where none does."""
    known = features[np.isfinite(features).all(1)]
    return known.mean(0, keepdims=True) if len(known) else np.full((1, features.shape[1]), np.nan)


def update(generated: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Cosines (T,) float64 of features (T, F) with a reference (T, F) or (1, F); nan where either is."""
    if generated.shape[1:] != reference.shape[1:] or len(reference) not in (1, len(generated)):
        raise UserError(
            f"csim: features {generated.shape} and reference {reference.shape}; describe both with one "
            "embedder at the same frames"
        )
    g, r = generated.astype(np.float64), reference.astype(np.float64)
    lengths = np.linalg.norm(g, axis=1) * np.linalg.norm(r, axis=1)
    return np.divide((g * r).sum(1), lengths, out=np.full(len(g), np.nan), where=lengths > 0)


def compute(parts: Sequence[np.ndarray]) -> tuple[float, int]:
    """Mean over the frames with a face, and how many those are; (nan, 0) where there are none."""
    return mean_over_frames(parts)
