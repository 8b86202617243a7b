"""Landmark distance (LMD) of the mouth under its protocols; lower is better, mean over frames.

    d_tp = || (g_tp - mean_p g_t) - (r_tp - mean_p r_t) ||_2

for the P mouth landmarks of Chen et al. 2018 (dlib's 48-67; for MediaPipe its 40 lip points), each set
centred on its own mean, neither scaled nor turned. The protocols end in the detector's name:

`full-v1-<detector>`: mean over points, in pixels of a frame of 128 pixels, the size of the public ATVG code,
    whatever the run's size is. The companion `lmd-normalised` divides by the real frame's inter-ocular
    distance instead, and so depends on no size at all.
`atvg-v1-<detector>`: what the public ATVG script does: the *sum* over the points, in pixels
    of the frames as they are (there 128), points rounded down to whole pixels as dlib gives them. The script
    takes the last of several faces; here it is the main one.
`atvg-v1-mean-<detector>`: that sum over P. The 1.37 that is published for ATVG can only be this one, at 128
    pixels (inferred: 1.37 as a sum would be 0.07 pixels a point).
`atvg-fixed-v1-<detector>`: as Chen et al. write it, the mean over points and frames, at 128 pixels.
"""

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from talkpose.errors import UserError
from talkpose.metrics.base import Protocol, check_series
from talkpose.metrics.psnr import compute as mean_over_frames

FRAME = 128
"""Side in pixels of the frame in whose pixels LMD is given."""

MOUTH: dict[str, tuple[int, ...]] = {
    "dlib": tuple(range(48, 68)),
    "mediapipe": (
        *(61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409),  # outer
        *(78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312, 311, 310, 415),  # inner
    ),
}
"""Mouth landmarks by detector."""

EYES: dict[str, tuple[int, int]] = {"dlib": (36, 45), "mediapipe": (33, 263)}
"""Outer eye corners by detector; their distance is the inter-ocular distance."""


def _protocol(kind: str, family: str, unit: str, definition: str) -> Protocol:
    points = f"{len(MOUTH[kind])} mouth points of {kind}, each set centred on its mean"
    return Protocol(
        metric="lmd",
        id=f"{family}-{kind}",
        title="LMD",
        unit=unit,
        direction="lower",
        decimals=2,
        definition=f"{points}; {definition}; mean over frames where both show a face",
    )


def protocols(kind: str) -> tuple[Protocol, Protocol]:
    """Protocols `full-v1` of `lmd` and `lmd-normalised` with this detector."""
    points = f"{len(MOUTH[kind])} mouth points of {kind}, centred a frame, mean distance a point"
    return (
        _protocol(
            kind, "full-v1", f"px at {FRAME}", f"mean distance a point in pixels of a {FRAME}-pixel frame"
        ),
        Protocol(
            metric="lmd-normalised",
            id=f"full-v1-{kind}",
            title="LMD / eye distance",
            unit="%",
            direction="lower",
            decimals=2,
            definition=f"{points}, in percent of the real frame's distance between outer eye corners",
        ),
    )


def atvg_protocols(kind: str) -> tuple[Protocol, Protocol, Protocol]:
    """Protocols `atvg-v1`, `atvg-v1-mean` and `atvg-fixed-v1` of `lmd` with this detector."""
    script = "whole pixels of the frames as they are, as in the public ATVG script"
    return (
        _protocol(kind, "atvg-v1", "px, sum", f"sum of the distances in {script}"),
        _protocol(
            kind,
            "atvg-v1-mean",
            "px",
            f"mean distance a point in {script} (the unit of its published values, inferred)",
        ),
        _protocol(
            kind,
            "atvg-fixed-v1",
            f"px at {FRAME}",
            f"mean distance a point as Chen et al. 2018 define it, in pixels of a {FRAME}-pixel frame",
        ),
    )


def distances(generated: np.ndarray, real: np.ndarray, points: Sequence[int]) -> np.ndarray:
    """Distances d_tp (T, P) float64 between the chosen points of two series (T, N, 2), each centred; nan
    where either has no face.
    """
    g, r = (np.asarray(p, np.float64)[:, list(points)] for p in (generated, real))
    g, r = (p - p.mean(axis=1, keepdims=True) for p in (g, r))
    return np.linalg.norm(g - r, axis=-1)


def update(
    generated: np.ndarray, real: np.ndarray, kind: str, size: int, normalised: bool = False
) -> np.ndarray:
    """LMD `full-v1` of each frame of a batch.

    Parameters: `generated`, `real` (T, N, 2) landmarks in pixels of a `size`-pixel frame, nan where no face
    was found; `kind` mediapipe or dlib. Returns float64 (T,), nan where either has no face: in pixels of a
    128-pixel frame, or with `normalised` in percent of the inter-ocular distance. Raises UserError on
    unequal shapes or unknown kind.
    """
    distance = distances(generated, real, _checked(generated, real, kind)).mean(axis=1)
    if not normalised:
        return distance * (FRAME / size)
    left, right = EYES[kind]
    eyes = np.linalg.norm(np.asarray(real[:, left], np.float64) - real[:, right], axis=-1)
    return 100 * distance / eyes


def update_atvg(generated: np.ndarray, real: np.ndarray, kind: str) -> np.ndarray:
    """Sum of the distances of each frame of a batch, `atvg-v1`: float64 (T,) in pixels of the frames.

    Parameters and errors as `update`'s.
    """
    points = _checked(generated, real, kind)
    return distances(np.floor(generated), np.floor(real), points).sum(axis=1)


def compute(parts: Sequence[np.ndarray]) -> tuple[float, int]:
    """Mean over the frames where both show a face, and how many there are; (nan, 0) where there are none."""
    return mean_over_frames(parts)


def measure(
    generated: np.ndarray, real: np.ndarray, kind: str, size: int, families: Collection[str]
) -> Iterator[tuple[Protocol, float, int]]:
    """(protocol, value, frames) of every LMD of the families full-v1, atvg-v1 and atvg-fixed-v1 wanted.

    Parameters as `update`'s, of whole videos.
    """
    if "full-v1" in families:
        for protocol, normalised in zip(protocols(kind), (False, True), strict=True):
            yield protocol, *compute([update(generated, real, kind, size, normalised)])
    total, mean, fixed = atvg_protocols(kind)
    if "atvg-v1" in families:
        value, frames = compute([update_atvg(generated, real, kind)])
        yield total, value, frames
        yield mean, value / len(MOUTH[kind]), frames
    if "atvg-fixed-v1" in families:
        yield fixed, *compute([update(generated, real, kind, size)])


def _checked(generated: np.ndarray, real: np.ndarray, kind: str) -> tuple[int, ...]:
    """Mouth points of `kind`, where both series can have them."""
    if kind not in MOUTH:
        raise UserError(f"lmd: no mouth landmarks are defined for `{kind}`; use one of {', '.join(MOUTH)}")
    check_series(generated, real, "lmd")
    return MOUTH[kind]
