"""Does the trained network listen? A check for its known collapse: the same mouth whatever the sound.

The public code's users met it when they trained at a high rate (issue 26 there): the loss looks fine, because
the mean face is a fair guess for any frame. So two sounds are played to the network, and the mouths compared.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from talkpose.errors import UserError
from talkpose.face.model import Correspondence, FaceModel, correspondence_points
from talkpose.motion.network import N_EXPRESSION, MotionNetwork
from talkpose.motion.predict import predict

Opening = Callable[[np.ndarray], np.ndarray]
LIPS = (13, 14)
EYES = (33, 263)
MIN_SPREAD = 0.15
"""A mouth that moves less than this share of the real spread counts as still."""
MIN_DIFFERENCE = 0.5
"""Two sounds' mouths count as one if they differ by less than this share of how much they move."""
WARM_UP = 16
"""First frames left out of every comparison: the network has heard little yet."""


def mouth_opening_of(model: FaceModel, identity: np.ndarray) -> Opening:
    """Function from expression (T, 64) to mouth opening (T,): lip gap over eye distance, from the front.

    `identity` (80,) is the face that speaks. The points are MediaPipe's, as measured in pictures;
    depth is left out as it is there: a protruding lip is no open mouth.
    """
    chosen = Correspondence(*(np.asarray(part)[[*LIPS, *EYES]] for part in model.mediapipe))
    neutral = model.shape(identity, np.zeros(N_EXPRESSION, np.float32))
    at_rest = correspondence_points(neutral, model.triangles, chosen)  # (4, 3)
    units = np.moveaxis(model.expression_basis, -1, 0)
    basis = correspondence_points(units, model.triangles, chosen)  # (64, 4, 3)

    def opening(expression: np.ndarray) -> np.ndarray:
        points = at_rest + np.tensordot(expression, basis, 1)
        upper, lower, left, right = np.moveaxis(points[..., :2], -2, 0)
        return np.linalg.norm(upper - lower, axis=-1) / np.linalg.norm(left - right, axis=-1)

    return opening


def check_listening(
    network: MotionNetwork,
    sounds: Mapping[str, np.ndarray],
    opening: Opening,
    real_spread: float,
    device: str = "cpu",
) -> dict[str, Any]:
    """Play every sound and silence to the network and compare the mouths.

    Parameters
    ----------
    sounds : at least two recordings of speech, 16 kHz mono: a clip's own and another's, or two halves of one.
    opening : expression (T, 64) -> mouth opening (T,), such as `mouth_opening_of` gives.
    real_spread : standard deviation of the real mouth opening in the training frames.

    Returns
    -------
    `passed`; `reason` (empty if passed); `spread`: standard deviation of the opening a sound, and `silence`;
    `difference`: root mean square difference of the openings of each two sounds, over how much they move (1.4
    for unrelated ones, 0 after the collapse); `real_spread`; `spread_ratio`: mean spread over the real one.

    Raises
    ------
    UserError: fewer than two sounds, or one shorter than 32 frames.
    """
    if len(sounds) < 2:
        raise UserError(
            f"the check that a network listens needs two sounds, got {sorted(sounds)}; give another recording"
        )
    heard = {name: opening(predict(network, audio, device)[0])[WARM_UP:] for name, audio in sounds.items()}
    for name, series in heard.items():
        if len(series) < WARM_UP:
            raise UserError(f"sound {name} has {len(series) + WARM_UP} frames; the check needs {2 * WARM_UP}")
    spread = {name: float(series.std()) for name, series in heard.items()}
    names = list(heard)
    difference = {}
    for number, first in enumerate(names):
        for second in names[number + 1 :]:
            length = min(len(heard[first]), len(heard[second]))
            a, b = heard[first][:length], heard[second][:length]
            moves = np.sqrt((a.var() + b.var()) / 2)
            difference[f"{first} | {second}"] = float(np.sqrt(((a - b) ** 2).mean()) / max(moves, 1e-12))
    longest = max(len(audio) for audio in sounds.values())
    silent = opening(predict(network, np.zeros(longest, np.float32), device)[0])[WARM_UP:]
    ratio = float(np.mean(list(spread.values())) / max(real_spread, 1e-12))
    reason = ""
    if ratio < MIN_SPREAD:
        reason = (
            f"the mouth hardly moves: {ratio:.3f} of the real spread, needs {MIN_SPREAD}; train longer, "
            "or lower the learning rate"
        )
    elif min(difference.values()) < MIN_DIFFERENCE:
        pair = min(difference, key=lambda key: difference[key])
        reason = (
            f"different sounds give the same mouth: {pair} differ by {difference[pair]:.3f} of how much they "
            f"move, needs {MIN_DIFFERENCE}; lower the learning rate and train again"
        )
    return {
        "passed": not reason,
        "reason": reason,
        "spread": {**spread, "silence": float(silent.std())},
        "difference": difference,
        "real_spread": float(real_spread),
        "spread_ratio": ratio,
    }
