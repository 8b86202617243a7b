"""Landmark velocity difference, protocol `full-v1-<detector>`: does the generated face move as the real one?

    LVD = 25/T sum_t 1/P sum_p || (g_tp - g_(t-1)p) - (r_tp - r_(t-1)p) ||_2 / e

with the points centred a frame (so the head's own path does not count) and e the real video's median
inter-ocular distance; over the mouth's points (`lvd-mouth`) and all points (`lvd-face`). Unit: percent of the
inter-ocular distance a second; lower is better. A still face scores the real face's own speed. The public
scripts that print an LVD add the mouth's to the face's; here each stands alone.
"""

from collections.abc import Sequence

import numpy as np

from talkpose.metrics.base import Protocol, check_series
from talkpose.metrics.eat_lmd import POINTS
from talkpose.metrics.lmd import EYES, MOUTH
from talkpose.metrics.psnr import compute as mean_over_frames

FPS = 25


def protocols(kind: str) -> tuple[Protocol, Protocol]:
    """Protocols of `lvd-mouth` and `lvd-face` with this detector."""
    mouth, face = (
        Protocol(
            metric=f"lvd-{part}",
            id=f"full-v1-{kind}",
            title=f"LVD {part}",
            unit="%/s",
            direction="lower",
            decimals=1,
            definition=f"velocities of {count} {part} points of {kind}, centred a frame; mean distance a "
            f"point "
            "in percent of the real video's median distance between outer eye corners a second",
        )
        for part, count in (("mouth", len(MOUTH[kind])), ("face", POINTS[kind]))
    )
    return mouth, face


def update(generated: np.ndarray, real: np.ndarray, kind: str, part: str) -> np.ndarray:
    """LVD of each step of two whole videos (T, N, 2): float64 (T - 1,), nan where either lacks a face.

    `part` is mouth or face. Raises UserError on unequal shapes.
    """
    check_series(generated, real, "lvd")
    points = list(MOUTH[kind]) if part == "mouth" else list(range(POINTS[kind]))
    left, right = EYES[kind]
    eyes = np.linalg.norm(np.asarray(real[:, left], np.float64) - real[:, right], axis=-1)
    if not np.isfinite(eyes).any():
        return np.full(max(len(real) - 1, 0), np.nan)
    g, r = (np.asarray(p, np.float64)[:, points] for p in (generated, real))
    g, r = (np.diff(p - p.mean(axis=1, keepdims=True), axis=0) for p in (g, r))
    return 100 * FPS * np.linalg.norm(g - r, axis=-1).mean(axis=1) / np.nanmedian(eyes)


def compute(parts: Sequence[np.ndarray]) -> tuple[float, int]:
    """Mean over the steps where both show a face, and how many there are; (nan, 0) where there are none."""
    return mean_over_frames(parts)
