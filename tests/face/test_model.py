import numpy as np
import pytest

from talkpose.errors import UserError
from talkpose.face.model import Correspondence, FaceModel, correspondence_points, load_face_model


@pytest.fixture(scope="module")
def cc0() -> FaceModel:
    return load_face_model("cc0")


def test_shape_is_the_sum_of_its_bases(cc0):
    rng = np.random.default_rng(0)
    identity, expression = rng.normal(size=80), rng.normal(size=64)
    expected = (
        cc0.mean_shape.astype(float)
        + np.einsum("vck,k->vc", cc0.identity_basis.astype(float), identity)
        + np.einsum("vck,k->vc", cc0.expression_basis.astype(float), expression)
    )
    np.testing.assert_allclose(cc0.shape(identity, expression), expected, atol=2e-5)


def test_leading_axes_broadcast(cc0):
    rng = np.random.default_rng(1)
    identity, expression = rng.normal(size=80), rng.normal(size=(2, 3, 64))
    shapes = cc0.shape(identity, expression)
    assert shapes.shape == (2, 3, cc0.n_vertices, 3)
    assert shapes.dtype == np.float32
    np.testing.assert_allclose(shapes[1, 2], cc0.shape(identity, expression[1, 2]), atol=1e-5)


def test_texture_stays_between_black_and_white(cc0):
    strong = 30 * np.concatenate([np.eye(80)[:2], -np.eye(80)[:2]])
    texture = cc0.texture(strong)
    assert texture.shape == (4, cc0.n_vertices, 3)
    assert texture.min() == 0
    assert texture.max() == 1
    np.testing.assert_allclose(cc0.texture(np.zeros(80)), cc0.mean_texture, atol=1e-6)


def test_correspondence_points_mix_corners_and_mark_what_is_missing():
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], float)
    triangles = np.array([[0, 1, 2], [1, 2, 3]])
    where = Correspondence(
        np.array([1, -1, 0], np.int32), np.array([[0.5, 0.25, 0.25], [0, 0, 0], [0, 1, 0]], np.float32)
    )
    points = correspondence_points(np.stack([vertices, 2 * vertices]), triangles, where)
    np.testing.assert_allclose(points[0, [0, 2]], [[0.5, 0.25, 0.25], [1, 0, 0]])
    np.testing.assert_allclose(points[1, 0], 2 * points[0, 0])
    assert np.isnan(points[:, 1]).all()


def test_the_model_is_loaded_once_and_cannot_be_changed(cc0):
    assert load_face_model("cc0") is cc0
    for array in (cc0.mean_shape, cc0.identity_basis, cc0.triangles, cc0.mediapipe.triangle):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_unknown_names_are_refused():
    with pytest.raises(UserError, match="flame.*cc0 or bfm09"):
        load_face_model("flame")
