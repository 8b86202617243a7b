"""Colours of the face mesh: the two schemes of section 3.3.1, and the video's mean colour a vertex."""

from typing import Final, Literal, NamedTuple

import numpy as np

from talkpose.compose.fill import mirror_vertices, solve_colours
from talkpose.compose.observe import observe_colours
from talkpose.errors import UserError
from talkpose.face.coefficients import EXPRESSION, POSE, TEXTURE
from talkpose.face.model import FaceModel

Scheme = Literal["mean", "low-frequency", "detailed"]

SMOOTH: Final = {"mean": 1.0, "detailed": 0.05}
"""Weight of smoothness against one pixel: a single frame gives many vertices less than a pixel."""


class VertexColours(NamedTuple):
    """Colours of the mesh and whether light has to be put on them."""

    colours: np.ndarray
    """(V, 3) float32 RGB in [0, 1]"""
    lit: bool
    """True: an albedo, to be multiplied by the light; False: colours as the video shows them"""


def most_neutral_frame(coefficients: np.ndarray, valid: np.ndarray | None = None) -> int:
    """The frame with the most neutral expression and the smallest rotation (section 3.3.1).

    coefficients: (T, 257); valid: (T,) bool, frames that may be chosen. The paper does not say how the two
    weigh; here each squared norm is taken over its mean in the clip, and the least sum wins, the first at
    ties. Raises UserError if no frame is valid.
    """
    valid = np.ones(len(coefficients), bool) if valid is None else np.asarray(valid, bool)
    if not valid.any():
        raise UserError("most neutral frame: no frame of this clip has a face; check its track")
    score = np.zeros(len(coefficients))
    for part in (coefficients[:, EXPRESSION], coefficients[:, POSE][:, :3]):
        norm = np.sum(np.square(part, dtype=np.float64), axis=1)
        score += norm / max(norm[valid].mean(), 1e-12)
    return int(np.argmin(np.where(valid, score, np.inf)))


def vertex_colours(
    scheme: Scheme,
    model: FaceModel,
    frames: np.ndarray,
    coefficients: np.ndarray,
    valid: np.ndarray | None = None,
) -> VertexColours:
    """Colours of one person's mesh from T frames of video.

    scheme: `low-frequency`, the model's texture for the mean texture coefficients; `detailed`, from the
    pixels of the most neutral frame, divided by its light; `mean`, the colours that explain all frames best
    in least squares, light included (the mean of what a vertex shows, but without the blur of averaging
    between pixels). The last two complete what was never seen from the other half of the face and the
    texture. frames: (T, S, S, 3) uint8; coefficients: (T, 257); valid: (T,) bool, frames with a face. Raises
    UserError if no frame is valid or shows the face.
    """
    valid = np.ones(len(coefficients), bool) if valid is None else np.asarray(valid, bool)
    if not valid.any():
        raise UserError("vertex colours: no frame of this clip has a face; check its track")
    texture = model.texture(coefficients[valid][:, TEXTURE].mean(axis=0))
    if scheme == "low-frequency":
        return VertexColours(texture, lit=True)
    if scheme == "detailed":
        best = most_neutral_frame(coefficients, valid)
        observed = observe_colours(
            model, frames[best : best + 1], coefficients[best : best + 1], unlight=True, rim=0.0, between=0.0
        )
    else:
        observed = observe_colours(
            model, frames[valid], coefficients[valid], unlight=False, rim=1.0, between=0.05
        )
    mirror = mirror_vertices(model.mean_shape)
    colours = solve_colours(*observed, texture, model.triangles, mirror, SMOOTH[scheme])
    return VertexColours(colours, lit=scheme == "detailed")
