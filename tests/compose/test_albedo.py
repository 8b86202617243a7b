"""Vertex colours: what was painted on a made head must come back from its pictures."""

import numpy as np
import pytest
from made_head import made_coefficients, made_model, made_pictures, painted, psnr

from talkpose.compose.albedo import most_neutral_frame, vertex_colours
from talkpose.compose.assemble import render_sequence
from talkpose.compose.fill import mirror_vertices
from talkpose.errors import UserError
from talkpose.face.camera import Camera
from talkpose.face.coefficients import LIGHT, TEXTURE

SIZE = 96


@pytest.fixture(scope="module")
def model():
    return made_model()


def footage(model, pose, lit=False):
    coefficients = made_coefficients(pose)
    coefficients[:, LIGHT] = np.random.default_rng(1).normal(size=27) * 0.05
    frames, masks = render_sequence(
        model, coefficients, painted(model), Camera(SIZE), made_pictures(len(pose), SIZE), lit
    )
    return frames, coefficients, masks


def turning(count):
    pose = np.zeros((count, 6))
    pose[:, 0], pose[:, 1] = np.linspace(-0.2, 0.2, count), 0.5 * np.sin(np.arange(count))
    return pose


def front(model):
    return model.mean_shape[:, 2] > 0.3


def test_mean_gives_back_the_colours(model):
    frames, coefficients, _ = footage(model, turning(24))
    got = vertex_colours("mean", model, frames, coefficients)
    assert not got.lit
    assert got.colours.dtype == np.float32
    assert np.abs(got.colours - painted(model))[front(model)].max() < 0.06
    unseen_pose = np.array([[0.1, 0.25, 0.1, 0.02, 0, 0]])
    truth, coefficients, masks = footage(model, unseen_pose)
    again, _ = render_sequence(model, coefficients, got.colours, Camera(SIZE), made_pictures(1, SIZE), False)
    assert psnr(again, truth, masks) > 35


def test_detailed_divides_by_the_light(model):
    frames, coefficients, _ = footage(model, turning(5) * 0.1, lit=True)
    got = vertex_colours("detailed", model, frames, coefficients)
    assert got.lit
    assert np.abs(got.colours - painted(model))[model.mean_shape[:, 2] > 0.5].mean() < 0.01
    again, masks = render_sequence(model, coefficients, got.colours, Camera(SIZE), frames, True)
    assert psnr(again, frames, masks) > 35


def test_low_frequency_is_the_models_texture(model):
    frames, coefficients, _ = footage(model, turning(3))
    coefficients[:, TEXTURE.start] = [0.0, 1.0, 2.0]
    got = vertex_colours("low-frequency", model, frames, coefficients)
    assert got.lit
    np.testing.assert_allclose(got.colours, model.mean_texture + 0.01, atol=1e-6)


def test_unseen_side_comes_from_the_mirror_without_a_seam(model):
    pose = np.zeros((3, 6))
    pose[:, 1] = 0.9  # looks to the right: the side at +x is hidden
    frames, coefficients, _ = footage(model, pose)
    got = vertex_colours("mean", model, frames, coefficients)
    assert np.isfinite(got.colours).all()
    hidden = (model.mean_shape[:, 0] > 0.5) & front(model)
    assert np.abs(got.colours - painted(model))[hidden].mean() < 0.05
    drawn = model.triangles[(model.mean_shape[model.triangles, 2] > 0.1).all(axis=1)]
    edges = np.abs(np.diff(got.colours[drawn], axis=1)).max()
    assert edges < 1.5 * np.abs(np.diff(painted(model)[drawn], axis=1)).max()


def test_colours_do_not_take_up_the_backdrop(model):
    pose = np.zeros((1, 6))
    coefficients = made_coefficients(pose)
    green = np.zeros((1, SIZE, SIZE, 3), np.uint8)
    green[..., 1] = 255
    plain = np.tile(np.float32([0.7, 0.1, 0.7]), (model.n_vertices, 1))
    frames, _ = render_sequence(model, coefficients, plain, Camera(SIZE), green, False)
    got = vertex_colours("detailed", model, frames, coefficients).colours
    # no light was put on: dividing by the plain ambient light scales all colours alike
    assert (got[:, 1] / got[:, 0]).max() < 0.1 / 0.7 + 0.02


def test_frames_without_a_face_are_left_out(model):
    frames, coefficients, _ = footage(model, turning(6))
    valid = np.array([True] * 5 + [False])
    broken = frames.copy()
    broken[5] = 255
    one = vertex_colours("mean", model, frames[:5], coefficients[:5]).colours
    np.testing.assert_array_equal(vertex_colours("mean", model, broken, coefficients, valid).colours, one)
    for scheme in ("mean", "detailed", "low-frequency"):
        with pytest.raises(UserError, match="no frame"):
            vertex_colours(scheme, model, frames, coefficients, np.zeros(6, bool))


def test_face_outside_the_picture_is_named(model):
    coefficients = made_coefficients(np.array([[0, 0, 0, 50, 0, 0]]))
    with pytest.raises(UserError, match="no vertex"):
        vertex_colours("mean", model, made_pictures(1, SIZE), coefficients)


def test_most_neutral_frame():
    pose = np.zeros((4, 6))
    pose[:, 1] = [0.3, 0.01, 0.0, 0.0]
    coefficients = made_coefficients(pose)
    coefficients[:, 80] = [0.0, 0.1, 0.8, 0.0]
    assert most_neutral_frame(coefficients) == 3
    assert most_neutral_frame(coefficients, np.array([True, True, True, False])) == 1
    assert most_neutral_frame(made_coefficients(np.zeros((3, 6)))) == 0
    with pytest.raises(UserError, match="no frame"):
        most_neutral_frame(coefficients, np.zeros(4, bool))


def test_mirror_partners(model):
    partner = mirror_vertices(model.mean_shape)
    np.testing.assert_allclose(model.mean_shape[partner] * [-1, 1, 1], model.mean_shape, atol=1e-5)
    assert mirror_vertices(np.array([[1.0, 0, 0], [0, 0, 0]])).tolist() == [-1, 1]
