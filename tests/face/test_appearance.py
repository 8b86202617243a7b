"""Albedo and light: pictures of a known head under known light, and what must not matter."""

import numpy as np
import pytest
from fit_world import made_model, made_motion, paint

from talkpose.face.appearance import fit_appearance
from talkpose.face.coefficients import EXPRESSION, IDENTITY, LIGHT, POSE, SIZE, TEXTURE
from talkpose.face.light import irradiance, vertex_normals

FRAMES = 12


@pytest.fixture(scope="module")
def scene():
    model = made_model()
    identity, weights, pose = made_motion(model, FRAMES)
    rng = np.random.default_rng(5)
    truth = np.zeros((FRAMES, SIZE), np.float32)
    truth[:, IDENTITY] = identity
    truth[:, EXPRESSION] = weights @ model.unit_to_expression
    truth[:, POSE] = pose
    truth[:, TEXTURE] = rng.normal(0, 1, 80)
    light = np.zeros((3, 9))
    light[:, 0] = [0.45, 0.35, 0.25]
    light[:, 1:4] = rng.normal(0, 0.12, (3, 3))
    truth[:, LIGHT] = light.ravel()
    return model, truth, paint(model, truth, 96)


def shaded(model, coefficients):
    """Vertex colours (T, V, 3)."""
    shapes = model.shape(coefficients[:, IDENTITY], coefficients[:, EXPRESSION])
    normals = vertex_normals(shapes, model.triangles)
    return model.texture(coefficients[:, TEXTURE]) * irradiance(normals, coefficients[:, LIGHT])


def geometry_only(truth):
    known = truth.copy()
    known[:, TEXTURE] = 0
    known[:, LIGHT] = 0
    return known


def test_colours_are_recovered(scene):
    model, truth, frames = scene
    fitted = geometry_only(truth)
    texture, light = fit_appearance(frames, fitted, np.ones(FRAMES, bool), model)
    fitted[:, TEXTURE], fitted[:, LIGHT] = texture, light
    seen = vertex_normals(model.mean_shape, model.triangles)[:, 2] > 0.5
    before = np.abs(shaded(model, geometry_only(truth)) - shaded(model, truth))[:, seen].mean()
    after = np.abs(shaded(model, fitted) - shaded(model, truth))[:, seen].mean()
    assert after < 0.02
    assert after < 0.2 * before


def test_texture_is_told_from_light(scene):
    model, truth, frames = scene
    texture, _ = fit_appearance(frames, geometry_only(truth), np.ones(FRAMES, bool), model)
    seen = vertex_normals(model.mean_shape, model.triangles)[:, 2] > 0.5
    want = (model.texture(truth[0, TEXTURE]) - model.mean_texture)[seen]
    got = (model.texture(texture) - model.mean_texture)[seen]
    want, got = want - want.mean(0), got - got.mean(0)  # an even tint may be either's
    assert np.corrcoef(want.ravel(), got.ravel())[0, 1] > 0.7


def test_light_follows_a_change(scene):
    model, truth, _ = scene
    dimming = truth.copy()
    first = np.zeros((FRAMES, 3, 9))
    first[..., 0] = np.linspace(0, -0.4, FRAMES)[:, None]
    dimming[:, LIGHT] += first.reshape(FRAMES, 27)
    _, light = fit_appearance(
        paint(model, dimming, 96),
        geometry_only(truth),
        np.ones(FRAMES, bool),
        model,
        texture=truth[0, TEXTURE],
    )
    ahead = np.array([[0.0, 0.0, 1.0]])
    got, want = (irradiance(ahead, gamma).mean((1, 2)) for gamma in (light, dimming[:, LIGHT]))
    assert np.corrcoef(got, want)[0, 1] > 0.99
    np.testing.assert_allclose(got, want, rtol=0.1)


def test_known_texture_is_kept(scene):
    model, truth, frames = scene
    texture, _ = fit_appearance(
        frames, geometry_only(truth), np.ones(FRAMES, bool), model, texture=truth[0, TEXTURE]
    )
    np.testing.assert_array_equal(texture, truth[0, TEXTURE])


def test_a_dark_patch_loses_its_pull(scene):
    model, truth, frames = scene
    covered = frames.copy()
    covered[:, 20:34, 30:66] = 0  # a fringe of hair
    clean, _ = fit_appearance(frames, geometry_only(truth), np.ones(FRAMES, bool), model)
    hairy, _ = fit_appearance(covered, geometry_only(truth), np.ones(FRAMES, bool), model)
    off = np.abs(model.texture(hairy) - model.texture(clean)).mean()
    assert off < 0.05


def test_frames_between_the_chosen_ones_are_interpolated(scene):
    model, truth, frames = scene
    valid = np.ones(FRAMES, bool)
    valid[3] = False
    _, light = fit_appearance(frames, geometry_only(truth), valid, model, max_frames=4)
    assert light.shape == (FRAMES, 27)
    chosen = np.flatnonzero(valid)[np.linspace(0, FRAMES - 2, 4).round().astype(int)]
    for column in light.T:
        np.testing.assert_allclose(column, np.interp(np.arange(FRAMES), chosen, column[chosen]), atol=1e-12)
