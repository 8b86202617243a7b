"""Assembly against what is known of an ellipsoid before a camera."""

import dataclasses
import math

import numpy as np
import pytest
from made_head import made_coefficients, made_model, made_pictures, painted

from talkpose.compose.assemble import CHUNK, render_sequence
from talkpose.errors import UserError
from talkpose.face.camera import Camera
from talkpose.face.coefficients import LIGHT

SIZE = 64


@pytest.fixture(scope="module")
def model():
    return made_model()


def test_plain_colour_inside_background_outside(model):
    back = made_pictures(1, SIZE)
    frames, masks = render_sequence(
        model,
        made_coefficients(np.zeros(6)),
        np.full((model.n_vertices, 3), 0.4, np.float32),
        Camera(SIZE),
        back,
        False,
    )
    y, x = np.meshgrid(np.arange(SIZE) + 0.5 - SIZE / 2, np.arange(SIZE) + 0.5 - SIZE / 2, indexing="ij")
    focal, depth = Camera(SIZE).focal, 10.0
    # outline of an ellipsoid on the camera's axis: semi-axes a and b shrink by the same factor
    stretch = math.sqrt(depth**2 - 0.9**2) / focal
    radius = np.hypot(x * stretch / 0.8, y * stretch / 1.0)
    assert (frames[0][radius < 0.93] == 102).all()
    assert (frames[0][radius > 1.07] == back[0][radius > 1.07]).all()
    assert masks[0].sum() == pytest.approx((radius < 1).sum(), rel=0.02)
    edge = (radius > 0.93) & (radius < 1.07)
    low, high = np.minimum(back[0], 102)[edge], np.maximum(back[0], 102)[edge]
    assert ((frames[0][edge] >= low) & (frames[0][edge] <= high)).all()


def test_light_multiplies_the_colours(model):
    coefficients, back = made_coefficients(np.zeros((2, 6))), made_pictures(2, SIZE)
    coefficients[1, LIGHT][1::9] = -0.3
    colours = np.full((model.n_vertices, 3), 0.5, np.float32)
    plain, masks = render_sequence(model, coefficients, colours, Camera(SIZE), back, False)
    lit, _ = render_sequence(model, coefficients, colours, Camera(SIZE), back, True)
    middle = SIZE // 2
    assert lit[0, middle, middle, 0] == pytest.approx(plain[0, middle, middle, 0] * 0.709, abs=1)
    upper, lower = lit[1, middle - 20, middle, 0], lit[1, middle + 20, middle, 0]
    assert upper > lower + 20, "light from above"


def test_colours_may_differ_a_frame(model):
    colours = np.stack([np.full((model.n_vertices, 3), c, np.float32) for c in (0.2, 0.8)])
    frames, _ = render_sequence(
        model, made_coefficients(np.zeros((2, 6))), colours, Camera(SIZE), made_pictures(2, SIZE), False
    )
    assert frames[:, SIZE // 2, SIZE // 2, 0].tolist() == [51, 204]


def test_chunks_and_backends_do_not_matter(model):
    count = CHUNK + 3
    pose = np.random.default_rng(0).normal(size=(count, 6)) * 0.15
    coefficients, back = made_coefficients(pose, 0.5), made_pictures(count, SIZE)
    frames, masks = render_sequence(model, coefficients, painted(model), Camera(SIZE), back, True)
    for t in (0, CHUNK - 1, CHUNK, count - 1):
        one, mask = render_sequence(
            model, coefficients[t : t + 1], painted(model), Camera(SIZE), back[t : t + 1], True
        )
        assert np.abs(one[0].astype(int) - frames[t]).max() <= 1
        assert (mask[0] == masks[t]).mean() > 0.999
    other, _ = render_sequence(model, coefficients[:2], painted(model), Camera(SIZE), back[:2], True, "torch")
    np.testing.assert_array_equal(other, frames[:2])


def test_parts_that_are_not_drawn_still_hide(model):
    back = made_pictures(1, SIZE)
    behind = dataclasses.replace(model, face_mask=~model.face_mask)
    frames, masks = render_sequence(
        behind, made_coefficients(np.zeros(6)), painted(model), Camera(SIZE), back, False
    )
    assert not masks.any(), "the back of the head must not show through the face"
    np.testing.assert_array_equal(frames, back)


def test_the_edge_moves_smoothly(model):
    steps = np.zeros((41, 6))
    steps[:, 3] = np.linspace(0, 0.04, 41)  # 1.2 pixels in 40 steps
    white = np.ones((model.n_vertices, 3), np.float32)
    back = np.zeros((41, SIZE, SIZE, 3), np.uint8)
    frames, _ = render_sequence(model, made_coefficients(steps), white, Camera(SIZE), back, False)
    brightness = frames[..., 0].sum((1, 2)) / 255
    assert np.abs(np.diff(brightness)).max() < 0.005 * brightness[0]


def test_bad_shapes_are_named(model):
    coefficients, colours = made_coefficients(np.zeros((2, 6))), painted(model)
    with pytest.raises(UserError, match="backgrounds"):
        render_sequence(model, coefficients, colours, Camera(SIZE), made_pictures(1, SIZE), False)
    with pytest.raises(UserError, match="vertex colours"):
        render_sequence(model, coefficients, colours[:5], Camera(SIZE), made_pictures(2, SIZE), False)
