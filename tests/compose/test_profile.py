"""Face profiling: no holes, a still border, and heads that land where they would be rendered."""

import numpy as np
import pytest
from made_head import made_coefficients, made_model, made_pictures, painted, psnr

from talkpose.compose.assemble import render_sequence
from talkpose.compose.backgrounds import blend_frames
from talkpose.compose.profile import fit_backgrounds, turn_images
from talkpose.config.compose import ComposeConfig
from talkpose.errors import UserError
from talkpose.face.camera import Camera

SIZE = 96
CAMERA = Camera(SIZE)


@pytest.fixture(scope="module")
def model():
    return made_model()


def picture(model, coefficients):
    """Frames and masks of the painted head over a backdrop."""
    back = made_pictures(len(coefficients), SIZE)
    return render_sequence(model, coefficients, painted(model), CAMERA, back, False)


def test_same_coefficients_change_nothing(model):
    source = made_coefficients([0.1, -0.2, 0.05, 0.1, 0, 0.2], 0.5)
    image, _ = picture(model, source)
    turned = turn_images(model, image, source, source, CAMERA)
    assert np.abs(turned.astype(int) - image).max() <= 1


def test_no_holes_however_far_the_head_turns(model):
    rng = np.random.default_rng(0)
    target = made_coefficients(rng.normal(size=(40, 6)) * [0.5, 0.5, 0.5, 0.4, 0.4, 1], rng.uniform(0, 1, 40))
    white = np.full((1, SIZE, SIZE, 3), 200, np.uint8)
    assert (turn_images(model, white, made_coefficients(np.zeros(6)), target, CAMERA) == 200).all()


@pytest.mark.parametrize(
    "pose", [[0.15, 0, 0, 0, 0, 0], [0, 0.2, 0, 0, 0, 0], [0, 0, 0.2, 0, 0, 0], [0, 0, 0, 0.1, -0.1, 0.3]]
)
def test_the_head_lands_where_it_would_be_rendered(model, pose):
    source, target = made_coefficients(np.zeros(6)), made_coefficients(pose)
    image, _ = picture(model, source)
    truth, mask = picture(model, target)
    turned = turn_images(model, image, source, target, CAMERA)
    before = psnr(image, truth, mask)
    assert psnr(turned, truth, mask) > max(before + 4, 24)


def test_the_jaw_moves_with_the_expression(model):
    source, target = made_coefficients(np.zeros(6), 1.0), made_coefficients(np.zeros(6), 0.0)
    image, opened = picture(model, source)
    truth, closed = picture(model, target)
    chin = opened & ~closed
    assert chin.sum() > 30
    turned = turn_images(model, image, source, target, CAMERA)
    assert psnr(turned, truth, chin) > psnr(image, truth, chin) + 2


def test_the_border_stays(model):
    source, target = made_coefficients([0, 0, 0, 0, 0, -6]), made_coefficients([0, 0, 0, 0.15, 0.1, -6])
    image, _ = picture(model, source)
    turned = turn_images(model, image, source, target, CAMERA)[0].astype(int)
    for line in (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1]):
        assert np.abs(turned[line] - image[0][line]).max() <= 12


def test_motion_is_continuous_in_the_pose(model):
    pose = np.zeros((30, 6))
    pose[:, 1] = np.linspace(-0.2, 0.2, 30)
    image, _ = picture(model, made_coefficients(np.zeros(6)))
    turned = turn_images(model, image, made_coefficients(np.zeros(6)), made_coefficients(pose), CAMERA)
    change = np.abs(np.diff(turned.astype(float), axis=0)).mean((1, 2, 3))
    assert change.max() < 2 * change.mean()


def test_one_image_for_all_equals_one_for_each(model):
    pose = np.random.default_rng(1).normal(size=(20, 6)) * 0.1
    source, target = made_coefficients(np.zeros(6)), made_coefficients(pose)
    image, _ = picture(model, source)
    shared = turn_images(model, image, source, target, CAMERA)
    each = turn_images(model, np.repeat(image, 20, 0), np.repeat(source, 20, 0), target, CAMERA)
    np.testing.assert_array_equal(shared, each)


def test_backgrounds_are_fitted_in_variant_paper_only(model):
    real = made_coefficients(np.linspace(-0.2, 0.2, 5)[:, None] * [0, 1, 0, 0, 0, 0])
    frames, _ = picture(model, real)
    place, target = np.array([0.0, 1.5, 4.0]), made_coefficients(np.zeros((3, 6)))
    plain = blend_frames(frames, place)
    for config in (ComposeConfig(background="upstream"), ComposeConfig(fit_background=False)):
        np.testing.assert_array_equal(fit_backgrounds(model, frames, real, place, target, config), plain)
    fitted = fit_backgrounds(model, frames, real, place, target, ComposeConfig())
    truth, mask = picture(model, target)
    assert psnr(fitted, truth, mask) > psnr(plain, truth, mask) + 4


def test_bad_input_is_named(model):
    image, source = made_pictures(2, SIZE), made_coefficients(np.zeros((2, 6)))
    with pytest.raises(UserError, match="face profiling: 2 images"):
        turn_images(model, image, source, made_coefficients(np.zeros((3, 6))), CAMERA)
    away = made_coefficients([0, 0, 0, 30, 0, 0])
    with pytest.raises(UserError, match="outside its image"):
        turn_images(model, image[:1], away, source, CAMERA)
