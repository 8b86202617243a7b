"""The landmark solver against finite differences, known heads and its own promises (bounds, no lag, no
drift).
"""

from dataclasses import replace

import numpy as np
import pytest
from fit_world import made_model, made_motion, seen_points

from talkpose.errors import UserError
from talkpose.face import fit as solver
from talkpose.face.camera import Camera, project, rotation_matrix, transform
from talkpose.face.fit import fit_clip, fit_pose
from talkpose.face.model import correspondence_points
from talkpose.face.normal import POSE, Landmarks, initial_pose, rotation_axes
from talkpose.face.observed import EFFECTIVE_POINTS, inter_ocular, observe

CAMERA = Camera(128)
FRAMES = 80


@pytest.fixture(scope="module")
def model():
    return made_model()


@pytest.fixture(scope="module")
def world(model):
    identity, weights, pose = made_motion(model, FRAMES)
    points = seen_points(model, CAMERA, identity, weights, pose).astype(np.float32)
    return identity, weights, pose, points


@pytest.fixture(scope="module")
def clean(model, world):
    return fit_clip(observe(model, 468), world[3], CAMERA)


def error_of(model, fit, points, frames=slice(None), n_points=468):
    fitted = seen_points(model, CAMERA, fit.identity, fit.controls, fit.pose, n_points)
    return np.linalg.norm(fitted - points, axis=-1)[frames].mean() / inter_ocular(points)[frames].mean()


def noisy(points, pixels, seed=0):
    """Noise as detectors make it: the whole face shakes, and every point a little on its own."""
    rng = np.random.default_rng(seed)
    shake = rng.normal(0, pixels, (len(points), 1, 2)) + rng.normal(0, pixels / 2, points.shape)
    return (points + shake).astype(np.float32)


def test_normal_equations_equal_finite_differences(model, world):
    observed = observe(model, 468)
    rng = np.random.default_rng(1)
    shift = (rng.normal(0, 1.5, world[3].shape)).astype(np.float32)
    data = Landmarks(observed, (world[3] + shift)[:3], np.ones(3, bool), CAMERA, 0.5)
    basis = np.concatenate([observed.controls, observed.identity[..., :2]], 2).astype(np.float32)
    x = np.concatenate([world[2][:3], rng.normal(0.3, 0.1, (3, basis.shape[2]))], 1)

    def state(x):
        return observed.mean + np.einsum("lcn,tn->tlc", basis, x[:, POSE:]), x[:, :POSE]

    hessian, gradient, cost = data.normal(*state(x), basis)
    np.testing.assert_allclose(cost, data.cost(*state(x)), rtol=1e-5)
    for k in range(x.shape[1]):
        step = np.zeros(x.shape[1])
        step[k] = 1e-5
        slope = (data.cost(*state(x + step)) - data.cost(*state(x - step))) / 2e-5
        np.testing.assert_allclose(gradient[:, k], slope, rtol=2e-3, atol=2e-3 * np.abs(gradient).max())
    assert (np.linalg.eigvalsh(hessian.astype(np.float64)) > -1e-2).all()


def test_hessian_is_that_of_the_cost_where_residuals_vanish(model, world):
    observed = observe(model, 468)
    identity, weights, pose = (part[:1] for part in (world[0][None], world[1], world[2]))
    shape = observed.mean + observed.identity @ identity[0] + observed.controls @ weights[0]
    points = np.full((1, 468, 2), np.nan)
    points[:, observed.which] = project(CAMERA, transform(shape[None], pose))[..., :2]
    data = Landmarks(observed, points, np.ones(1, bool), CAMERA, 1.0)
    hessian, gradient, cost = data.normal(shape[None], pose, np.zeros((*shape.shape, 0), np.float32))
    assert cost[0] < 1e-12
    assert np.abs(gradient).max() < 1e-3
    for k in range(POSE):
        step = np.zeros(POSE)
        step[k] = 1e-3
        curve = (data.cost(shape[None], pose + step) + data.cost(shape[None], pose - step)) / 1e-6
        assert curve[0] == pytest.approx(hessian[0, k, k], rel=1e-3)


def test_rotation_axes_turn_as_the_angles_do():
    angles = np.random.default_rng(0).uniform(-1, 1, (5, 3))
    for k in range(3):
        step = np.zeros(3)
        step[k] = 1e-6
        spin = (rotation_matrix(angles + step) - rotation_matrix(angles - step)) / 2e-6
        spin = spin @ np.swapaxes(rotation_matrix(angles), 1, 2)
        axis = np.stack([spin[:, 2, 1], spin[:, 0, 2], spin[:, 1, 0]], 1)
        np.testing.assert_allclose(rotation_axes(angles)[:, k], axis, atol=1e-8)


def test_initial_pose_is_near_the_truth(model, world):
    observed = observe(model, 468)
    points = project(CAMERA, transform(observed.mean, world[2]))[..., :2]
    start = initial_pose(observed.mean, points, observed.weights, CAMERA)
    assert np.abs(start - world[2])[:, :3].max() < 0.05  # what perspective adds
    assert np.abs(start - world[2])[:, 3:5].max() < 0.05


def test_noise_free_head_is_recovered(model, world, clean):
    _, weights, pose, points = world
    assert error_of(model, clean, points) < 0.003
    off = np.abs((clean.pose - pose) - (clean.pose - pose).mean(0))
    assert off[:, :3].mean() < 0.01  # radians
    correlation = [np.corrcoef(clean.controls[:, k], weights[:, k])[0, 1] for k in range(weights.shape[1])]
    assert np.median(correlation) > 0.9
    np.testing.assert_allclose(clean.expression, clean.controls @ model.unit_to_expression, atol=1e-6)


def test_controls_keep_their_bounds(model, world):
    fit = fit_clip(observe(model, 468), noisy(world[3], 1.5), CAMERA)
    assert fit.controls.min() >= 0
    assert fit.controls.max() <= 1


def test_smoothing_takes_jitter_not_motion(model, world, clean):
    pose = world[2]
    shaky = noisy(world[3], 0.4)
    rough = fit_clip(observe(model, 468), shaky, CAMERA, smoothness=0, identity=clean.identity)
    fine = fit_clip(observe(model, 468), shaky, CAMERA, identity=clean.identity)

    def wrong(fit):
        off = fit.pose - pose
        return np.abs(off - off.mean(0)).mean(0)

    def shake(x):
        return np.abs(np.diff(x, 2, axis=0)).mean(0)

    assert (wrong(fine)[3:] < wrong(rough)[3:]).all()  # the noise shakes the place most
    assert (wrong(fine)[:3] < 0.005).all()
    assert (shake(fine.pose) < shake(rough.pose)).all()
    assert (shake(fine.pose)[3:] < 0.5 * shake(rough.pose)[3:]).all()
    for k in (1, 3):  # no lag: the best shift is none
        match = [np.corrcoef(fine.pose[5:-5, k], pose[5 + s : FRAMES - 5 + s, k])[0, 1] for s in range(-3, 4)]
        assert np.argmax(match) == 3


def test_a_long_still_clip_does_not_drift(model, world):
    still = np.repeat(world[3][:1], 400, 0)
    fit = fit_clip(observe(model, 468), noisy(still, 0.4), CAMERA)
    drift = fit.pose[-100:].mean(0) - fit.pose[:100].mean(0)
    assert np.abs(drift[:3]).max() < 0.004
    assert np.abs(drift[3:]).max() < 0.03


def test_missing_frames_are_bridged(model, world, clean):
    points = world[3].copy()
    gone = [0, 1, 30, 31, 32, 33, 34, 79]
    points[gone] = np.nan
    fit = fit_clip(observe(model, 468), points, CAMERA, identity=clean.identity)
    assert np.isfinite(fit.pose).all()
    assert error_of(model, fit, world[3], slice(30, 35)) < 0.05
    assert np.abs(fit.pose[30:35] - clean.pose[30:35])[:, :3].max() < 0.03
    assert np.abs(fit.pose[[0, 1, 79]] - clean.pose[[0, 1, 79]])[:, :3].max() < 0.1


def test_wild_points_lose_their_pull(model, world, clean):
    points = world[3].copy()
    points[:, 200:215] += 15  # 3% of the points, a third of the inter-ocular distance off
    fit = fit_clip(observe(model, 468), points, CAMERA)
    kept = np.r_[0:200, 215:468]
    fitted = seen_points(model, CAMERA, fit.identity, fit.controls, fit.pose)
    off = np.linalg.norm(fitted - world[3], axis=-1)[:, kept].mean() / inter_ocular(world[3]).mean()
    assert off < 0.01


def test_sixty_eight_points_do(model, world):
    identity, weights, pose, _ = world
    points = seen_points(model, CAMERA, identity, weights, pose, 68).astype(np.float32)
    fit = fit_clip(observe(model, 68), points, CAMERA)
    assert error_of(model, fit, points, n_points=68) < 0.006


def test_image_size_does_not_matter(model, world, clean):
    large = fit_clip(observe(model, 468), world[3] * 2, Camera(256))
    np.testing.assert_allclose(large.pose, clean.pose, atol=2e-3)


def test_known_identity_is_kept_and_equal_input_gives_equal_bytes(model, world, clean):
    observed = observe(model, 468)
    fits = [fit_clip(observed, world[3][:20], CAMERA, identity=clean.identity) for _ in range(2)]
    np.testing.assert_array_equal(fits[0].identity, clean.identity)
    assert fits[0].pose.tobytes() == fits[1].pose.tobytes()


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_very_short_clips(model, world, frames):
    fit = fit_clip(observe(model, 468), world[3][:frames], CAMERA)
    assert error_of(model, fit, world[3][:frames]) < 0.01


def test_no_face_at_all_is_an_error(model):
    with pytest.raises(UserError, match="no frame has landmarks"):
        fit_clip(observe(model, 468), np.full((5, 468, 2), np.nan), CAMERA)


def test_fit_pose_recovers_pose(model, world):
    identity, weights, pose, points = world
    observed = observe(model, 468)
    shapes = model.shape(identity, weights @ model.unit_to_expression).astype(float)
    solid = correspondence_points(shapes, model.triangles, model.mediapipe)[:, observed.which]
    got = fit_pose(observed, solid, points[:, observed.which].astype(float), CAMERA)
    np.testing.assert_allclose(got, pose, atol=2e-3)


def test_observe_checks_its_points(model):
    observed = observe(model, 468)
    total = observed.weights.sum()
    assert total == pytest.approx(EFFECTIVE_POINTS)
    with pytest.raises(UserError, match="not 70"):
        observe(model, 70)


def test_models_without_units_use_their_expression_basis(model, world):
    bare = replace(model, units=(), unit_to_expression=np.zeros((0, 64), np.float32))
    observed = observe(bare, 468)
    assert (observed.lower == -3).all()
    fit = fit_clip(observed, world[3][:20], CAMERA)
    assert fit.expression.shape == (20, 64)
    points = correspondence_points(
        model.shape(fit.identity, fit.expression).astype(float), model.triangles, model.mediapipe
    )
    fitted = project(CAMERA, transform(points, fit.pose))[..., :2]
    assert np.linalg.norm(fitted - world[3][:20], axis=-1).mean() / inter_ocular(world[3]).mean() < 0.005


def test_difference_bands_are_those_of_the_difference_matrix():
    for order in (1, 2):
        for frames in (1, 2, 3, 7):
            rows = np.diff(np.eye(frames), order, axis=0)
            dense, bands = rows.T @ rows, solver._difference_bands(frames, order)
            for k in range(min(3, frames)):
                np.testing.assert_allclose(bands[k, : frames - k], np.diag(dense, -k))
