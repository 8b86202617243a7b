"""The licensed file is not here; made files with its keys and shapes stand in for it."""

import numpy as np
import pytest
from scipy.io import savemat

from talkpose.errors import UserError
from talkpose.face.landmark_search import IBUG_FROM_MEDIAPIPE
from talkpose.face.model import FaceModel, correspondence_points, load_face_model

V, F = 35709, 70789


def _mat(shape: np.ndarray, triangles: np.ndarray, colour: np.ndarray, keypoints: np.ndarray) -> dict:
    rng = np.random.default_rng(0)
    size = 3 * len(shape)
    front = np.arange(0, len(shape), 2)
    return {
        "meanshape": shape.reshape(1, -1),
        "meantex": colour.reshape(1, -1),
        "idBase": rng.normal(0, 0.01, (size, 80)).astype(np.float32),
        "exBase": rng.normal(0, 0.01, (size, 64)).astype(np.float32),
        "texBase": rng.normal(0, 2, (size, 80)).astype(np.float32),
        "tri": triangles + 1,
        "keypoints": keypoints[None] + 1,
        "point_buf": np.ones((len(shape), 8)),
        "frontmask2_idx": front[:, None] + 1,
        "skinmask": (np.arange(len(shape)) % 3 > 0).astype(float)[None],
    }


@pytest.fixture(scope="module")
def made() -> dict:
    """A dented sheet of the true size; it looks along +z and is no face."""
    side = 189
    x, y = np.meshgrid(np.linspace(-1, 1, side), np.linspace(1, -1, side))
    shape = np.stack([x, y, 0.3 * np.cos(3 * x) * np.cos(2 * y)], 2).reshape(-1, 3)[:V] + [0.3, -0.2, 5]
    at = np.arange(side * side).reshape(side, side)
    a, b, c, d = at[:-1, :-1], at[:-1, 1:], at[1:, 1:], at[1:, :-1]
    triangles = np.concatenate([np.stack([a, c, b], 2), np.stack([a, d, c], 2)]).reshape(-1, 3)
    triangles = triangles[(triangles < V).all(1)]
    triangles = np.concatenate([triangles, triangles[: F - len(triangles)]])
    keypoints = np.linspace(100, V - 100, 68).astype(int)
    return _mat(shape, triangles, np.full((V, 3), 51.0), keypoints)


@pytest.fixture(scope="module")
def model(made, tmp_path_factory) -> FaceModel:
    path = tmp_path_factory.mktemp("bfm") / "BFM_model_front.mat"
    savemat(path, made)
    return load_face_model("bfm09", str(path))


def test_sizes_are_those_of_the_published_file(model):
    assert model.mean_shape.shape == (V, 3)
    assert model.triangles.shape == (F, 3)
    assert model.triangles.min() == 0
    assert model.triangles.max() == V - 1
    assert model.identity_basis.shape == (V, 3, 80)
    assert model.expression_basis.shape == (V, 3, 64)
    assert model.texture_basis.shape == (V, 3, 80)
    assert model.units == ()
    assert model.unit_to_expression.shape == (0, 64)


def test_shape_and_texture_are_those_of_the_public_formula(model, made):
    rng = np.random.default_rng(2)
    alpha, beta, delta = rng.normal(size=80), rng.normal(size=64), rng.normal(size=80)
    flat = made["idBase"].astype(float) @ alpha + made["exBase"].astype(float) @ beta
    mean = made["meanshape"].reshape(-1, 3)
    np.testing.assert_allclose(model.shape(alpha, beta), flat.reshape(-1, 3) + mean - mean.mean(0), atol=2e-5)
    colour = (made["texBase"].astype(float) @ delta + made["meantex"][0]).reshape(-1, 3) / 255
    np.testing.assert_allclose(model.texture(delta), np.clip(colour, 0, 1), atol=1e-5)


def test_landmarks_lie_on_the_key_vertices(model, made):
    points = correspondence_points(model.mean_shape, model.triangles, model.landmarks68)
    np.testing.assert_allclose(points, model.mean_shape[made["keypoints"][0] - 1], atol=1e-6)


def test_mask_and_regions_follow_the_vertex_lists(model, made):
    front = np.isin(np.arange(V), made["frontmask2_idx"] - 1)
    np.testing.assert_array_equal(model.face_mask, front[model.triangles].all(1))
    skin = made["skinmask"][0] > 0
    np.testing.assert_array_equal(model.triangle_region == 0, skin[model.triangles].all(1))


def test_without_a_face_only_the_68_points_are_known(model):
    known = np.zeros(468, bool)
    known[list(IBUG_FROM_MEDIAPIPE)] = True
    np.testing.assert_array_equal(model.mediapipe.triangle >= 0, known)
    assert "68" in model.meta["mediapipe"]
    np.testing.assert_array_equal(
        model.mediapipe.triangle[list(IBUG_FROM_MEDIAPIPE)], model.landmarks68.triangle
    )


def test_a_face_gets_all_points_and_outward_triangles(tmp_path):
    head = load_face_model("cc0")
    corners = head.triangles[head.landmarks68.triangle]
    keypoints = corners[np.arange(68), head.landmarks68.barycentric.argmax(1)]
    inside_out = head.triangles[:, ::-1]
    path = tmp_path / "head.mat"
    savemat(path, _mat(head.mean_shape, inside_out, 255 * head.mean_texture, keypoints))
    model = load_face_model("bfm09", str(path))
    assert (np.sort(model.triangles) == np.sort(head.triangles)).all()
    np.testing.assert_array_equal(model.triangles[:, ::-1], inside_out)
    assert (model.mediapipe.triangle >= 0).all()
    found = correspondence_points(model.mean_shape, model.triangles, model.mediapipe)
    expected = correspondence_points(head.mean_shape, head.triangles, head.mediapipe)
    shift = head.mean_shape.mean(0)
    error = np.linalg.norm((found + shift - expected)[:, :2], axis=1)
    assert np.median(error) < 0.03  # decimetres; one closed-mouth picture against the average of many


@pytest.mark.parametrize("path", [None, "nowhere/BFM_model_front.mat"])
def test_without_the_file_the_error_says_where_it_comes_from(path):
    with pytest.raises(UserError, match="Basel Face Model 2009.*transferBFM09.*face.model_path"):
        load_face_model("bfm09", path)


def test_other_files_are_refused(tmp_path, made):
    text = tmp_path / "text.mat"
    text.write_text("not a matrix")
    with pytest.raises(UserError, match="no MATLAB file"):
        load_face_model("bfm09", str(text))
    lacking = tmp_path / "lacking.mat"
    savemat(lacking, {k: made[k] for k in ("meanshape", "tri")})
    with pytest.raises(UserError, match="lacks idBase, exBase"):
        load_face_model("bfm09", str(lacking))
    narrow = tmp_path / "narrow.mat"
    savemat(narrow, {**made, "exBase": made["exBase"][:, :29]})
    with pytest.raises(UserError, match=r"exBase has shape .*29.*expected"):
        load_face_model("bfm09", str(narrow))
