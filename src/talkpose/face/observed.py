"""What a detector sees of the face model: its points as linear functions of identity and bounded controls."""

from typing import Final, NamedTuple

import numpy as np

from talkpose.errors import UserError
from talkpose.face.model import Correspondence, FaceModel

LIPS_OUTER: Final = (
    61,
    146,
    91,
    181,
    84,
    17,
    314,
    405,
    321,
    375,
    291,
    409,
    270,
    269,
    267,
    0,
    37,
    39,
    40,
    185,
)
LIPS_INNER: Final = (
    78,
    95,
    88,
    178,
    87,
    14,
    317,
    402,
    318,
    324,
    308,
    415,
    310,
    311,
    312,
    13,
    82,
    81,
    80,
    191,
)
EYES: Final = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246) + (
    (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
)
BROWS: Final = (46, 53, 52, 65, 55, 70, 63, 105, 66, 107, 276, 283, 282, 295, 285, 300, 293, 334, 296, 336)
OVAL: Final = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377) + (
    (152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)
)
CHIN: Final = (378, 400, 377, 152, 148, 176, 149)

# Weights: what speech and expression move counts more; the contour slides over the skin as the head turns.
_WEIGHTS_468 = ((LIPS_OUTER, 3.0), (LIPS_INNER, 5.0), (EYES, 3.0), (BROWS, 2.0), (OVAL, 0.2), (CHIN, 1.0))
_WEIGHTS_68 = (
    (range(17), 0.2),
    (range(6, 11), 1.0),
    (range(17, 27), 2.0),
    (range(36, 48), 3.0),
    (range(48, 60), 3.0),
    (range(60, 68), 5.0),
)

# Gaps that must open and close as much as the detected ones: inner lips, mouth corners, eyelids.
_GAPS_468 = (
    ((13, 14, 12.0), (82, 87, 6.0), (312, 317, 6.0), (81, 178, 4.0), (311, 402, 4.0), (78, 308, 6.0))
    + ((61, 291, 6.0), (159, 145, 5.0), (158, 153, 3.0), (160, 144, 3.0))
    + ((386, 374, 5.0), (385, 380, 3.0), (387, 373, 3.0))
)
_GAPS_68 = ((62, 66, 8.0), (61, 67, 5.0), (63, 65, 5.0), (60, 64, 5.0), (48, 54, 5.0)) + (
    (37, 41, 4.0),
    (38, 40, 4.0),
    (43, 47, 4.0),
    (44, 46, 4.0),
)

_EYE_CORNERS = {468: (33, 263), 68: (36, 45)}
_LIPS = {468: (*LIPS_OUTER, *LIPS_INNER), 68: tuple(range(48, 68))}

EFFECTIVE_POINTS: Final = 60.0
"""Neighbouring landmarks err together, so all of them weigh as much as this many independent ones."""


class Observed(NamedTuple):
    """L points of the model that a detector also finds, in model space: mean + identity @ a + controls @
    c.
    """

    which: np.ndarray
    """(L,) which of the detector's points"""
    mean: np.ndarray
    """(L, 3)"""
    identity: np.ndarray
    """(L, 3, 80)"""
    controls: np.ndarray
    """(L, 3, E): face units where the model has them, else its expression basis"""
    lower: np.ndarray
    """(E,) least value of a control"""
    upper: np.ndarray
    """(E,) greatest value of a control"""
    to_expression: np.ndarray
    """(E, 64): expression = controls @ to_expression"""
    weights: np.ndarray
    """(L,), sum EFFECTIVE_POINTS"""
    gaps: np.ndarray
    """(P, 2) pairs of points (places in `which`) whose difference counts on its own"""
    gap_weights: np.ndarray
    """(P,)"""


def observe(model: FaceModel, n_points: int) -> Observed:
    """The face model at the points of a detector with 468 (MediaPipe) or 68 (iBUG) points.

    Raises UserError where the model lacks that correspondence. Units that move no point (the gaze) are left
    out.
    """
    if n_points not in _EYE_CORNERS:
        raise UserError(f"fit takes 468 (mediapipe) or 68 (dlib, face-alignment) landmarks, not {n_points}")
    where = correspondence(model, n_points)
    index = np.flatnonzero(where.triangle >= 0)
    if len(index) < 12:
        raise UserError(
            f"face model {model.name} has only {len(index)} of the {n_points} landmarks; "
            "set face.landmarks to a detector that it knows (bfm09: dlib or face-alignment)"
        )
    expression = at_points(model, where, model.expression_basis)
    if len(model.units):
        to_expression = model.unit_to_expression.astype(np.float64)
        controls = expression @ to_expression.T
        lower, upper = np.zeros(len(to_expression)), np.ones(len(to_expression))
    else:
        to_expression = np.eye(expression.shape[-1])
        controls = expression
        upper = np.full(controls.shape[-1], 3.0)
        lower = -upper
    seen = np.sqrt((controls**2).sum((0, 1)))
    kept = seen > 1e-3 * seen.max()

    weights = np.ones(n_points)
    for points, weight in _WEIGHTS_468 if n_points == 468 else _WEIGHTS_68:
        weights[list(points)] = weight
    scale = EFFECTIVE_POINTS / weights[index].sum()
    place = {int(point): i for i, point in enumerate(index)}
    gaps = _GAPS_468 if n_points == 468 else _GAPS_68
    pairs = [(place[a], place[b], w) for a, b, w in gaps if a in place and b in place]
    return Observed(
        index,
        at_points(model, where, model.mean_shape),
        at_points(model, where, model.identity_basis),
        np.ascontiguousarray(controls[..., kept]),
        lower[kept],
        upper[kept],
        to_expression[kept],
        weights[index] * scale,
        np.array([pair[:2] for pair in pairs], np.int64).reshape(-1, 2),
        np.array([pair[2] for pair in pairs]) * scale,
    )


def inter_ocular(points: np.ndarray) -> np.ndarray:
    """Distance of the outer eye corners (T,) in pixels for points (T, 468 or 68, 2)."""
    right, left = _EYE_CORNERS[points.shape[1]]
    return np.linalg.norm(points[:, right] - points[:, left], axis=-1)


def lip_points(n_points: int) -> tuple[int, ...]:
    """Indices of the lips among 468 or 68 points."""
    return _LIPS[n_points]


def kind_of(n_points: int) -> str:
    """Name of a detector with 468 or 68 points."""
    return "mediapipe" if n_points == 468 else "dlib"


def correspondence(model: FaceModel, n_points: int) -> Correspondence:
    """The model's correspondence with a detector of 468 or 68 points."""
    return model.mediapipe if n_points == 468 else model.landmarks68


def at_points(model: FaceModel, where: Correspondence, values: np.ndarray) -> np.ndarray:
    """Vertex values (V, ...) at the points that the model has, (L, ...) float64."""
    has = where.triangle >= 0
    corners = values[model.triangles[where.triangle[has]]]
    return np.einsum("lk,lk...->l...", where.barycentric[has].astype(np.float64), corners)
