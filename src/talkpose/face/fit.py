"""Reconstruction `fit`: a clip's landmarks to one identity and a pose and expression a frame, by Gauss-
Newton.

Two steps. First identity, with pose and controls of some frames spread over the clip: each frame's unknowns
are eliminated from the joint normal equations (Schur complement), so that identity and expression settle
together instead of trading places. Then, identity fixed, pose and controls of all frames at once, tied by
their second differences: one banded solve an iteration, so smoothing looks both ways in time (no lag), and
every frame is anchored by its own landmarks (no drift). Controls stay in their bounds by an active set;
frames without a face are bridged.
"""

from typing import Final, NamedTuple

import numpy as np
from scipy.linalg import solveh_banded

from talkpose.errors import UserError
from talkpose.face.camera import Camera
from talkpose.face.normal import POSE, Landmarks, initial_pose
from talkpose.face.observed import Observed, inter_ocular

LANDMARK_SIGMA: Final = 0.01
"""Expected error of a landmark over the inter-ocular distance."""

ANGLE_SIGMA: Final = np.radians(0.5)
"""Expected error of angles by another witness, a frame; 0.3 to 0.7 did as well on twelve made people."""

CONTROL_SIGMA: Final = 0.6
"""Prior deviation of a face unit (or of an expression coefficient, where the model has no units)."""

POSE_STEP: Final = np.array([0.003, 0.003, 0.003, 0.003, 0.003, 0.01])
"""Second difference a frame of a lively head's pose: radians, decimetres.

Set from real clips so that what two independent detectors do not agree on (above about 5 Hz, and most of
the depth's motion) is smoothed away, and what they do agree on stays.
"""

CONTROL_STEP: Final = 0.15
"""Second difference a frame of a lively face's units; lips and eyelids must stay quick."""


class Fit(NamedTuple):
    """A clip's reconstruction; T frames."""

    identity: np.ndarray
    """(80,) in standard deviations"""
    controls: np.ndarray
    """(T, E) of the `Observed` it was fitted with"""
    expression: np.ndarray
    """(T, 64)"""
    pose: np.ndarray
    """(T, 6) pitch, yaw, roll [rad], tx, ty, tz [dm]"""


def fit_clip(
    observed: Observed,
    points: np.ndarray,
    camera: Camera,
    iterations: int = 12,
    smoothness: float = 1.0,
    key_frames: int = 32,
    identity: np.ndarray | None = None,
    angles: np.ndarray | None = None,
) -> Fit:
    """Fit the face model to detected points (T, N, 2) in pixels; nan marks frames without a face.

    iterations: at most, in each of the two steps; smoothness: weight of the temporal prior, 0 for none;
    key_frames: frames that identity is fitted on; identity: (80,) where it is already known (the same
    person's earlier frames), else it is fitted; angles: (T, 3) pitch, yaw, roll in radians by another
    witness, nan where it says nothing. Raises UserError where no frame has a face.
    """
    valid = np.isfinite(points[:, observed.which]).all((1, 2))
    if not valid.any():
        raise UserError(
            "fit: no frame has landmarks; give a clip that shows a face, or another face.landmarks"
        )
    sigma = LANDMARK_SIGMA * float(np.median(inter_ocular(points[valid])))
    data = Landmarks(observed, points, valid, camera, sigma, angles=angles, angle_sigma=ANGLE_SIGMA)
    found = np.flatnonzero(valid)
    if identity is None:
        keys = found[np.unique(np.linspace(0, len(found) - 1, key_frames).round().astype(int))]
    else:
        keys = found[:0]
    pose = np.zeros((len(points), POSE))
    controls = np.zeros((len(points), len(observed.lower)))
    if identity is None:
        identity, controls_keys, _ = _fit_identity(data.take(keys), iterations)
        controls[found] = _between(found, keys, controls_keys)
    identity = np.asarray(identity, np.float64)
    shape = observed.mean + observed.identity @ identity
    pose[found] = initial_pose(shape, data.points[found], observed.weights, camera)
    every = np.arange(len(points))
    pose, controls = _between(every, found, pose[found]), _between(every, found, controls[found])
    controls, pose = _fit_frames(data, shape, controls, pose, iterations, smoothness)
    return Fit(identity, controls, controls @ observed.to_expression, pose)


def fit_pose(
    observed: Observed, shapes: np.ndarray, points: np.ndarray, camera: Camera, iterations: int = 10
) -> np.ndarray:
    """Pose (T, 6) of known shapes (T, L, 3) at the observed points (T, L, 2) in pixels."""
    sigma = LANDMARK_SIGMA * float(np.ptp(points[..., 0], axis=1).mean())
    data = Landmarks(
        observed._replace(which=np.arange(points.shape[1])), points, np.ones(len(points), bool), camera, sigma
    )
    pose = np.concatenate(
        [initial_pose(s, p[None], observed.weights, camera) for s, p in zip(shapes, points, strict=True)]
    )
    none = np.zeros((*shapes.shape[1:], 0), np.float32)
    for _ in range(iterations):
        hessian, gradient, _ = data.normal(shapes, pose, none)
        pose -= np.linalg.solve(hessian.astype(np.float64), gradient.astype(np.float64)[..., None])[..., 0]
    return pose


def _between(at: np.ndarray, known: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Linear interpolation of values (K, D) known at frames (K,); constant beyond the ends."""
    return np.stack([np.interp(at, known, column) for column in values.T], 1)


def _fit_identity(data: Landmarks, iterations: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Identity (80,) with controls (K, E) and pose (K, 6) of K frames, by Levenberg-Marquardt."""
    o = data.observed
    count, wide = len(data.points), POSE + len(o.lower)
    basis = np.ascontiguousarray(np.concatenate([o.controls, o.identity], 2), np.float32)
    identity, controls = np.zeros(o.identity.shape[2]), np.zeros((count, len(o.lower)))
    pose = initial_pose(o.mean, data.points, o.weights, data.camera)

    def shape_of(identity: np.ndarray, controls: np.ndarray) -> np.ndarray:
        return o.mean + o.identity @ identity + _moved(o, controls)

    def prior(identity: np.ndarray, controls: np.ndarray) -> float:
        return 0.5 * float((identity**2).sum() + (controls**2).sum() / CONTROL_SIGMA**2)

    damping = 1e-2
    cost = np.inf
    for _ in range(iterations):
        hessian, gradient, terms = data.normal(shape_of(identity, controls), pose, basis)
        hessian, gradient = hessian.astype(np.float64), gradient.astype(np.float64)
        start = cost = float(terms.sum()) + prior(identity, controls)
        frame = _with_prior(hessian[:, :wide, :wide], gradient[:, :wide], controls, o)
        cross = np.where(frame[2][:, :, None], 0.0, hessian[:, :wide, wide:])
        shared = hessian[:, wide:, wide:].sum(0) + np.eye(len(identity))
        slope = gradient[:, wide:].sum(0) + identity
        diagonal = np.einsum("tii->ti", frame[0]).copy()
        for _ in range(6):
            np.einsum("tii->ti", frame[0])[:] = diagonal * (1 + damping)
            solved = np.linalg.solve(frame[0], np.concatenate([frame[1][..., None], cross], 2))
            schur = shared + damping * np.diag(np.diag(shared)) - _sum_product(cross, solved[..., 1:])
            step = np.linalg.solve(schur, np.einsum("tnk,tn->k", cross, solved[..., 0]) - slope)
            move: np.ndarray = -solved[..., 0] - solved[..., 1:] @ step
            new = identity + step, np.clip(controls + move[:, POSE:], o.lower, o.upper), pose + move[:, :POSE]
            cost = float(data.cost(shape_of(*new[:2]), new[2]).sum()) + prior(*new[:2])
            if cost < start:
                identity, controls, pose = new
                damping = max(damping / 5, 1e-4)
                break
            damping *= 6
        if not cost < start * (1 - 5e-3):
            break
    return identity, controls, pose


def _sum_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Sum over frames of a.T @ b: (K, n, p), (K, n, q) to (p, q)."""
    return a.reshape(-1, a.shape[2]).T @ b.reshape(-1, b.shape[2])


def _with_prior(
    hessian: np.ndarray, gradient: np.ndarray, controls: np.ndarray, o: Observed
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Add the controls' prior to the normal equations and hold those that push against their bounds.

    Returns hessian (T, n, n), gradient (T, n) and the mask (T, n) of the unknowns that are held.
    """
    hessian, gradient = hessian.copy(), gradient.copy()
    diagonal = np.einsum("tii->ti", hessian)
    diagonal[:, POSE:] += CONTROL_SIGMA**-2
    gradient[:, POSE:] += controls * CONTROL_SIGMA**-2
    held = np.zeros(gradient.shape, bool)
    held[:, POSE:] = _held(controls, gradient[:, POSE:], o)
    _hold(hessian, held)
    gradient[held] = 0
    return hessian, gradient, held


def _held(controls: np.ndarray, gradient: np.ndarray, o: Observed) -> np.ndarray:
    """Controls (T, E) at a bound whose gradient pushes outwards."""
    return ((controls <= o.lower) & (gradient > 0)) | ((controls >= o.upper) & (gradient < 0))


def _hold(hessian: np.ndarray, held: np.ndarray) -> None:
    """Take the unknowns that are held (T, n) out of the equations (T, n, n), in place."""
    free = ~held
    hessian *= free[:, :, None] & free[:, None, :]
    np.einsum("tii->ti", hessian)[held] = 1


def _moved(o: Observed, controls: np.ndarray) -> np.ndarray:
    """Displacements (T, L, 3) of the points by controls (T, E)."""
    return (controls @ o.controls.reshape(-1, controls.shape[1]).T).reshape(len(controls), -1, 3)


class _Ties:
    """The temporal prior: weighted squares of second differences, and a touch of first ones to bridge
    gaps.
    """

    def __init__(self, frames: int, steps: np.ndarray, smoothness: float):
        self.bands = np.zeros((3, frames, len(steps)))
        for order, weight in ((2, smoothness), (1, 1e-4 + 1e-3 * smoothness)):
            for k, band in enumerate(_difference_bands(frames, order)):
                self.bands[k] += weight * band[:, None] / steps**2

    def times(self, x: np.ndarray) -> np.ndarray:
        """Product with x (T, n)."""
        out = self.bands[0] * x
        for k in (1, 2):
            out[k:] += self.bands[k, :-k] * x[:-k]
            out[:-k] += self.bands[k, :-k] * x[k:]
        return out


def _difference_bands(frames: int, order: int) -> np.ndarray:
    """Diagonals 0, 1, 2 below the main one of D.T @ D, (3, T); D takes differences of the given order."""
    stencil = {1: (-1.0, 1.0), 2: (1.0, -2.0, 1.0)}[order]
    bands = np.zeros((3, frames))
    rows = max(frames - order, 0)
    for i, a in enumerate(stencil):
        for j in range(i + 1):
            bands[i - j, j : j + rows] += a * stencil[j]
    return bands


def _fit_frames(
    data: Landmarks,
    shape: np.ndarray,
    controls: np.ndarray,
    pose: np.ndarray,
    iterations: int,
    smoothness: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Controls (T, E) and pose (T, 6) of all frames with the identity's shape (L, 3) fixed."""
    o = data.observed
    basis = np.ascontiguousarray(o.controls, np.float32)
    steps = np.concatenate([POSE_STEP, np.full(len(o.lower), CONTROL_STEP)])
    ties = _Ties(len(pose), steps, smoothness)
    x = np.concatenate([pose, controls], 1)

    def total(x: np.ndarray) -> float:
        terms = data.cost(shape + _moved(o, x[:, POSE:]), np.ascontiguousarray(x[:, :POSE]))
        prior = (x[:, POSE:] ** 2).sum() / CONTROL_SIGMA**2 + (x * ties.times(x)).sum()
        return float(terms.sum()) + 0.5 * float(prior)

    cost = total(x)
    for _ in range(iterations):
        moved = shape + _moved(o, x[:, POSE:])
        hessian, gradient, _ = data.normal(moved, np.ascontiguousarray(x[:, :POSE]), basis)
        step = _banded_step(hessian, gradient + ties.times(x), ties, x[:, POSE:], o)
        start, size = cost, 1.0
        while size > 0.05:
            new = x - size * step
            new[:, POSE:] = np.clip(new[:, POSE:], o.lower, o.upper)
            cost = total(new)
            if cost < start:
                x = new
                break
            cost, size = start, size / 2
        if not cost < start * (1 - 2e-3):
            break
    return x[:, POSE:], x[:, :POSE]


def _banded_step(
    hessian: np.ndarray, gradient: np.ndarray, ties: _Ties, controls: np.ndarray, o: Observed
) -> np.ndarray:
    """Solve the normal equations (T, n, n) tied in time by a banded Cholesky factorisation; step (T, n)."""
    hessian, gradient, held = _with_prior(hessian, gradient, controls, o)
    diagonal = np.einsum("tii->ti", hessian)
    diagonal += np.where(held, 0, ties.bands[0] + 1e-4 * diagonal + 1e-6)
    frames, n = gradient.shape
    reach = 2 * n if frames > 2 else max(n * (frames - 1), n - 1)
    banded = np.zeros((reach + 1, frames, n))
    for k in range(n):
        banded[k, :, : n - k] = np.einsum("tii->ti", hessian[:, k:, : n - k])
    for k in range(1, min(3, frames)):
        free = ~(held[k:] | held[:-k])
        banded[k * n, :-k] = np.where(free, ties.bands[k, :-k], 0)
    step = solveh_banded(
        banded.reshape(reach + 1, -1), gradient.ravel(), lower=True, overwrite_ab=True, check_finite=False
    )
    return step.reshape(frames, n)
