"""The 3D morphable face model of the paper's section 3.1: mean, identity, expression and texture bases."""

import functools
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from talkpose.errors import UserError
from talkpose.face.bfm09 import read_bfm09
from talkpose.face.cc0_store import read_cc0

CC0_PATH = Path(str(resources.files("talkpose.face"))) / "data" / "cc0.npz"
"""Where the package keeps `cc0`; its JSON lies beside it."""


class Correspondence(NamedTuple):
    """Points on the mesh: triangle (N,) int32, -1 where none; barycentric (N, 3) float32, rows sum to 1."""

    triangle: np.ndarray
    barycentric: np.ndarray


@dataclass(frozen=True, eq=False)
class FaceModel:
    """Linear face model, in decimetres; x to the viewer's right, y up, the face looks along +z.

    shape = mean_shape + identity_basis @ alpha + expression_basis @ beta; texture likewise, RGB in [0, 1].
    An identity or texture coefficient of 1 is one standard deviation of the population.
    """

    name: str
    mean_shape: np.ndarray
    """(V, 3) float32"""
    identity_basis: np.ndarray
    """(V, 3, 80) float32"""
    expression_basis: np.ndarray
    """(V, 3, 64) float32"""
    mean_texture: np.ndarray
    """(V, 3) float32, RGB in [0, 1]"""
    texture_basis: np.ndarray
    """(V, 3, 80) float32"""
    triangles: np.ndarray
    """(F, 3) int32, counter-clockwise seen from outside"""
    landmarks68: Correspondence
    """iBUG 68 order"""
    mediapipe: Correspondence
    """468 points of MediaPipe FaceMesh; triangle -1 where the model has no such point"""
    regions: tuple[str, ...]
    triangle_region: np.ndarray
    """(F,) uint8, index into `regions`"""
    face_mask: np.ndarray
    """(F,) bool: the face that a tight crop shows, forehead to chin, with eyes, teeth and tongue"""
    units: tuple[str, ...] = ()
    """names of the face units that the expression basis spans (52 ARKit units; none for bfm09)"""
    unit_to_expression: np.ndarray = field(default_factory=lambda: np.zeros((0, 64), np.float32))
    """(n_units, 64) float32: expression coefficients = weights @ unit_to_expression"""
    meta: dict[str, Any] = field(default_factory=dict)
    """source, version, hash, licence"""

    @property
    def n_vertices(self) -> int:
        """Number of vertices V."""
        return len(self.mean_shape)

    def shape(self, identity: np.ndarray, expression: np.ndarray) -> np.ndarray:
        """Vertices (..., V, 3) for identity (..., 80) and expression (..., 64); leading axes broadcast."""
        count = self.n_vertices
        face = np.asarray(identity, np.float32) @ self.identity_basis.reshape(count * 3, -1).T
        move = np.asarray(expression, np.float32) @ self.expression_basis.reshape(count * 3, -1).T
        total = face + move + self.mean_shape.reshape(-1)
        return total.reshape(*total.shape[:-1], count, 3)

    def texture(self, delta: np.ndarray) -> np.ndarray:
        """Albedo (..., V, 3), RGB, clipped to [0, 1], for texture coefficients (..., 80)."""
        count = self.n_vertices
        total = np.asarray(delta, np.float32) @ self.texture_basis.reshape(count * 3, -1).T
        total = np.clip(total + self.mean_texture.reshape(-1), 0, 1)
        return total.reshape(*total.shape[:-1], count, 3)


def correspondence_points(vertices: np.ndarray, triangles: np.ndarray, c: Correspondence) -> np.ndarray:
    """Points (..., N, 3) on vertices (..., V, 3); nan where the correspondence has no triangle."""
    corners = vertices[..., triangles[np.maximum(c.triangle, 0)], :]
    points = np.einsum("...nkc,nk->...nc", corners, c.barycentric.astype(vertices.dtype))
    points[..., c.triangle < 0, :] = np.nan
    return points


@functools.cache
def load_face_model(name: str, path: str | None = None) -> FaceModel:
    """Face model "cc0" (package data) or "bfm09" (`path` to the user's BFM_model_front.mat).

    Raises UserError for an unknown name, a missing or an unreadable file. Arrays are read-only.
    """
    if name == "cc0":
        parts = read_cc0(CC0_PATH)
    elif name == "bfm09":
        parts = read_bfm09(path)
    else:
        raise UserError(f"face model {name!r} is unknown; face.model takes cc0 or bfm09")
    for correspondence in ("landmarks68", "mediapipe"):
        parts[correspondence] = Correspondence(*parts[correspondence])
    for value in parts.values():
        for array in value if isinstance(value, Correspondence) else [value]:
            if isinstance(array, np.ndarray):
                array.setflags(write=False)
    return FaceModel(name=name, **parts)
