"""Albedo coefficients of a clip and SH light of its frames, by least squares with the geometry fixed.

A skin vertex that faces the camera shows colour = albedo * irradiance (paper section 3.1). Light given
albedo and albedo given light are both linear, so the two are solved in turn on some frames and vertices;
light varies slowly in time.
"""

from typing import Final

import numpy as np
from scipy.linalg import solveh_banded

from talkpose.face import light as sh
from talkpose.face.camera import Camera, project, rotation_matrix
from talkpose.face.coefficients import EXPRESSION, IDENTITY, POSE
from talkpose.face.light import AMBIENT, vertex_normals
from talkpose.face.model import FaceModel

COLOUR_SIGMA: Final = 0.05
"""Expected error of a vertex's colour, of [0, 1]; errors beyond twice that (hair, glasses) lose their
pull.
"""

LIGHT_SIGMA: Final = np.array([1.0] + 3 * [0.4] + 5 * [0.1])
"""Prior deviation of the SH coefficients by band; broad light is likelier than light with sharp lobes."""

LIGHT_STEP: Final = 0.02
"""Deviation of an SH coefficient from one sampled frame to the next."""

FACING: Final = 0.2
"""Least cosine between a vertex's normal and the camera's axis for its colour to count."""

ROUNDS: Final = 4


def fit_appearance(
    frames: np.ndarray,
    coefficients: np.ndarray,
    valid: np.ndarray,
    model: FaceModel,
    max_frames: int = 48,
    max_vertices: int = 1000,
    texture: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Texture (80,) of the clip and light (T, 27) of each frame.

    frames: (T, S, S, 3) uint8; coefficients: (T, 257) whose identity, expression and pose are fitted;
    valid: (T,) bool, frames whose fit counts; texture: (80,) where it is already known. Light is solved at
    `max_frames` frames spread over the clip and interpolated between them.
    """
    chosen = np.flatnonzero(valid)
    chosen = chosen[np.unique(np.linspace(0, len(chosen) - 1, max_frames).round().astype(int))]
    skin = _skin_vertices(model, max_vertices)
    colour, normals, weights = _observe(frames, coefficients, model, chosen, skin)
    basis = sh.basis(normals)
    mean = model.mean_texture[skin].astype(np.float64)
    components = model.texture_basis[skin].astype(np.float64)

    fixed = texture is not None
    texture = np.zeros(components.shape[2]) if texture is None else np.asarray(texture, np.float64)
    robust = weights
    gamma = np.zeros((len(chosen), 3, 9))
    for _ in range(ROUNDS):
        albedo = np.clip(mean + components @ texture, 0.02, 1)
        gamma = _solve_light(colour, albedo, basis, robust)
        irradiance = _irradiance(basis, gamma)
        if not fixed:
            texture = _solve_texture(colour, mean, components, irradiance, robust)
            albedo = np.clip(mean + components @ texture, 0.02, 1)
        error = ((colour - albedo * irradiance) ** 2).sum(-1)
        robust = weights / (1 + error / (2 * COLOUR_SIGMA) ** 2)
    if not fixed:
        gamma = _solve_light(colour, albedo, basis, robust)
    flat = gamma.reshape(len(chosen), 27)
    every = np.arange(len(frames))
    return texture, np.stack([np.interp(every, chosen, column) for column in flat.T], 1)


def _skin_vertices(model: FaceModel, count: int) -> np.ndarray:
    """Vertices of skin and lips, at most `count`, spread evenly over the list."""
    names = [model.regions.index(name) for name in ("face", "lips", "eyelids") if name in model.regions]
    skin = model.face_mask & (np.isin(model.triangle_region, names) if names else True)
    vertices = np.unique(model.triangles[skin])
    return vertices[np.unique(np.linspace(0, len(vertices) - 1, count).astype(int))]


def _observe(
    frames: np.ndarray, coefficients: np.ndarray, model: FaceModel, chosen: np.ndarray, skin: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Colour (F, K, 3) in [0, 1], world normal (F, K, 3) and weight (F, K) of skin vertices in the chosen
    frames.
    """
    camera = Camera(frames.shape[1])
    part = coefficients[chosen]
    shapes = model.shape(part[:, IDENTITY], part[:, EXPRESSION])
    rotation = np.swapaxes(rotation_matrix(part[:, POSE][:, :3]), 1, 2).astype(np.float32)
    normals = (vertex_normals(shapes, model.triangles)[:, skin] @ rotation).astype(np.float64)
    world = shapes[:, skin] @ rotation + part[:, None, POSE][..., 3:]
    pixels = project(camera, world)[..., :2]
    inside = ((pixels > 1) & (pixels < camera.size - 1)).all(-1)
    weights = inside * np.clip((normals[..., 2] - FACING) / (1 - FACING), 0, 1)
    colour = np.stack([_sample(frames[t], xy) for t, xy in zip(chosen, pixels, strict=True)])
    return colour, normals, weights


def _sample(frame: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Bilinear colours (K, 3) in [0, 1] of a uint8 frame at continuous pixel coordinates (K, 2)."""
    at = np.clip(pixels - 0.5, 0, frame.shape[0] - 1.001)
    low = at.astype(int)
    x, y = (at - low).T
    i, j = low[:, 1], low[:, 0]
    weights = np.stack([(1 - y) * (1 - x), (1 - y) * x, y * (1 - x), y * x])
    corners = np.stack([frame[i, j], frame[i, j + 1], frame[i + 1, j], frame[i + 1, j + 1]]).astype(
        np.float64
    )
    return (weights[..., None] * corners).sum(0) / 255


def _irradiance(basis: np.ndarray, gamma: np.ndarray) -> np.ndarray:
    """Irradiance (F, K, 3) of basis (F, K, 9) under gamma (F, 3, 9)."""
    lit = gamma.copy()
    lit[..., 0] += AMBIENT
    return basis @ np.swapaxes(lit, 1, 2)


def _solve_light(
    colour: np.ndarray, albedo: np.ndarray, basis: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Gamma (F, 3, 9): each channel's frames tied by their first differences, drawn to the clip's own mean
    light.
    """
    count = len(colour)
    scale = (
        20 / COLOUR_SIGMA**2 / np.maximum(weights.sum(1), 1e-6)
    )  # a frame counts as 20 independent vertices
    gamma = np.zeros((count, 3, 9))
    ambient = np.zeros(9)
    ambient[0] = AMBIENT
    for channel in range(3):
        design = basis * albedo[:, channel, None]
        weighted = design * (weights * scale[:, None])[..., None]
        hessian = np.swapaxes(weighted, 1, 2) @ design
        target = colour[..., channel] - design @ ambient
        right = np.einsum("fkb,fk->fb", weighted, target)
        prior = np.diag(LIGHT_SIGMA**-2)
        middle = np.linalg.solve(hessian.sum(0) + prior, right.sum(0))
        gamma[:, channel] = middle + _tied(hessian + prior, right - hessian @ middle)
    return gamma


def _tied(hessian: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve (F, 9, 9) blocks with first differences of consecutive blocks penalised by LIGHT_STEP."""
    count = len(hessian)
    tie = LIGHT_STEP**-2
    neighbours = np.full(count, 2.0)
    neighbours[[0, -1]] -= 1
    banded = np.zeros((10, count, 9))
    for k in range(9):
        banded[k, :, : 9 - k] = np.einsum("tii->ti", hessian[:, k:, : 9 - k])
    banded[0] += tie * (neighbours[:, None] if count > 1 else 0)
    banded[9, :-1] = -tie
    return solveh_banded(banded.reshape(10, -1), right.ravel(), lower=True).reshape(count, 9)


def _solve_texture(
    colour: np.ndarray, mean: np.ndarray, components: np.ndarray, irradiance: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Texture (80,) under a standard normal prior; all frames together count as one."""
    count = len(colour)
    scale = 1 / (8 * COLOUR_SIGMA**2 * count)  # neighbouring vertices err together: eight count as one
    strength = scale * np.einsum("fk,fkc->kc", weights, irradiance**2).ravel()
    right = scale * np.einsum("fk,fkc->kc", weights, irradiance * (colour - mean * irradiance)).ravel()
    design = components.reshape(-1, components.shape[2])
    hessian = (design * strength[:, None]).T @ design + np.eye(design.shape[1])
    return np.linalg.solve(hessian, design.T @ right)
