"""The face mesh of each frame: from coefficients to posed vertices and their light."""

import numpy as np

from talkpose.face.camera import transform
from talkpose.face.coefficients import EXPRESSION, IDENTITY, LIGHT, POSE
from talkpose.face.light import irradiance, vertex_normals
from talkpose.face.model import FaceModel


def world_vertices(model: FaceModel, coefficients: np.ndarray) -> np.ndarray:
    """Posed vertices (T, V, 3) in world space, model units, of coefficients (T, 257)."""
    identity = coefficients[:, IDENTITY]
    if (identity == identity[:1]).all():  # one person: a single product with the identity basis
        identity = identity[:1]
    shape = model.shape(identity, coefficients[:, EXPRESSION])
    return transform(shape, coefficients[:, POSE])


def shading(model: FaceModel, coefficients: np.ndarray, world: np.ndarray) -> np.ndarray:
    """Light on each vertex (T, V, 3), a factor on the albedo, never below 0.05."""
    normals = vertex_normals(world, model.triangles)
    return np.maximum(irradiance(normals, coefficients[:, LIGHT]), 0.05).astype(np.float32)
