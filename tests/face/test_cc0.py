"""The shipped face model `cc0`: its bytes, mesh, bases, landmarks and what it looks like."""

import numpy as np
import pytest
from scipy import ndimage, sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from talkpose.face.camera import Camera, project, transform
from talkpose.face.cc0_store import UNIT_STEP
from talkpose.face.landmark_search import Sitter, picture
from talkpose.face.landmarks import make_detector, mouth_opening
from talkpose.face.model import CC0_PATH, FaceModel, correspondence_points, load_face_model
from talkpose.face.raster import rasterise

SKIN = ("face", "lips", "eyelids", "mouth", "ears", "scalp", "neck")
PIECES = ("left_eye", "right_eye", "upper_teeth", "lower_teeth", "tongue")


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return load_face_model("cc0")


def expression(model: FaceModel, **weights: float) -> np.ndarray:
    row = np.zeros(len(model.units))
    for name, weight in weights.items():
        row[model.units.index(name)] = weight
    return row @ model.unit_to_expression


def posed(model: FaceModel, **weights: float) -> np.ndarray:
    return model.shape(np.zeros(80), expression(model, **weights))


def of_regions(model: FaceModel, *names: str) -> np.ndarray:
    return np.isin(model.triangle_region, [model.regions.index(name) for name in names])


def seen_regions(model: FaceModel, shape: np.ndarray, size: int = 224) -> dict[str, int]:
    """Pixels that show each region, from the front."""
    view = rasterise(project(Camera(size), shape)[None].astype(np.float32), model.triangles, size)
    triangle = view.triangle[0]
    counts = np.bincount(model.triangle_region[triangle[triangle >= 0]], minlength=len(model.regions))
    return dict(zip(model.regions, counts.tolist(), strict=True))


def test_the_data_is_small_and_tells_where_it_comes_from(model):
    assert CC0_PATH.stat().st_size + CC0_PATH.with_suffix(".json").stat().st_size < 10_000_000
    assert model.meta["licence"] == "CC0-1.0"
    assert model.meta["version"] == "0.6.2"
    assert len(model.meta["wheel_sha256"]) == 64
    assert sum(model.meta["identity_explained"]) > 0.99
    assert sum(model.meta["texture_explained"]) > 0.999


def test_sizes(model):
    count = model.n_vertices
    assert 4000 < count < 9500
    assert model.identity_basis.shape == (count, 3, 80)
    assert model.expression_basis.shape == (count, 3, 64)
    assert model.texture_basis.shape == (count, 3, 80)
    assert model.mediapipe.triangle.shape == (468,)
    assert model.landmarks68.triangle.shape == (68,)
    assert len(model.units) == 52
    assert len(np.unique(model.triangles)) == count


def test_units_are_reproduced_by_their_coefficients(model):
    with np.load(CC0_PATH) as data:
        units = data["units"].astype(np.float64) * UNIT_STEP
    basis = model.expression_basis.reshape(-1, 64).astype(np.float64)
    moved = (basis @ model.unit_to_expression.T.astype(np.float64)).T.reshape(units.shape)
    assert np.abs(moved - units).max() < 1e-5


def test_the_expression_basis_is_orthogonal_of_one_length_with_twelve_free_columns(model):
    basis = model.expression_basis.reshape(-1, 64).astype(np.float64)
    gram = basis.T @ basis
    length = gram[0, 0]
    np.testing.assert_allclose(gram[:52, :52] / length, np.eye(52), atol=1e-3)
    assert (basis[:, 52:] == 0).all()


def test_left_and_right_mirror_each_other(model):
    place = model.mean_shape.astype(float)
    distance, mirror = cKDTree(place).query(place * [-1, 1, 1])
    assert distance.max() < 1e-4
    # Looks and the sky's directions are not mirrored, so colours are alike, not equal.
    assert np.abs(model.mean_texture - model.mean_texture[mirror]).mean() < 0.003
    flipped = model.identity_basis[mirror] * np.array([-1, 1, 1])[:, None]
    product = (flipped * model.identity_basis).sum((0, 1)) / (model.identity_basis**2).sum((0, 1))
    np.testing.assert_allclose(np.abs(product), 1, atol=1e-3)  # each component is even or odd
    masked = set(model.triangles[model.face_mask].ravel().tolist())
    assert {int(mirror[v]) for v in masked} == masked


def test_pieces_are_closed_and_look_outward_and_the_skin_ends_at_the_collar_alone(model):
    def directed(triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        pairs = triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
        assert len(np.unique(pairs, axis=0)) == len(pairs), "two neighbours turn different ways"
        return np.unique(np.sort(pairs, axis=1), axis=0, return_counts=True)

    for name in PIECES:
        triangles = model.triangles[of_regions(model, name)]
        assert (directed(triangles)[1] == 2).all(), f"{name} is open"
        corners = model.mean_shape[triangles].astype(float)
        assert (corners[:, 0] * np.cross(corners[:, 1], corners[:, 2])).sum() > 0, f"{name} is inside out"

    edges, counts = directed(model.triangles[of_regions(model, *SKIN)])
    assert counts.max() == 2
    rim = edges[counts == 1]
    graph = sparse.coo_matrix((np.ones(len(rim)), rim.T), (model.n_vertices,) * 2)
    _, label = connected_components(graph)
    assert len(np.unique(label[rim])) == 1
    assert model.mean_shape[rim, 1].max() < -0.9


def test_no_triangle_is_degenerate(model):
    a, b, c = (model.mean_shape[model.triangles[:, k]] for k in range(3))
    assert (np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2).min() > 1e-6


def test_the_face_fills_the_frame_as_in_the_papers_crops(model):
    eyes = [model.mean_shape[np.unique(model.triangles[of_regions(model, n)])] for n in PIECES[:2]]
    left, right = (project(Camera(224), eye.mean(0)[None])[0, :2] for eye in eyes)
    assert left[0] > right[0]
    assert 58 < np.linalg.norm(left - right) < 72
    assert 70 < left[1] < 105


@pytest.mark.parametrize("yaw", [-0.6, 0.0, 0.4])
def test_the_rendered_face_has_no_cracks(model, yaw):
    for shape in (posed(model), posed(model, jawOpen=0.8, eyeBlinkLeft=0.5)):
        world = transform(shape, np.array([0.1, yaw, 0, 0, 0, 0]))
        projected = project(Camera(256), world)[None].astype(np.float32)
        hit = rasterise(projected, model.triangles[model.face_mask], 256).triangle[0] >= 0
        assert hit.mean() > 0.2
        assert (ndimage.binary_fill_holes(hit) == hit).all()


def test_the_jaw_carries_lower_teeth_and_tongue(model):
    move = posed(model, jawOpen=1) - posed(model)
    down = {name: -move[np.unique(model.triangles[of_regions(model, name)]), 1] for name in PIECES}
    assert down["lower_teeth"].min() > 0.1
    assert down["tongue"].mean() > 0.05
    for name in ("upper_teeth", "left_eye", "right_eye"):
        assert np.abs(down[name]).max() < 1e-3


def test_an_open_mouth_shows_teeth_and_tongue_and_a_closed_one_hides_them(model):
    inside = ("upper_teeth", "lower_teeth", "tongue", "mouth")
    closed, opened = seen_regions(model, posed(model)), seen_regions(model, posed(model, jawOpen=0.7))
    assert sum(closed[name] for name in inside) < 15
    assert opened["upper_teeth"] > 20
    assert opened["lower_teeth"] > 5
    assert opened["tongue"] > 50


def test_eyes_close_and_turn(model):
    closed = seen_regions(model, posed(model, eyeBlinkLeft=1))
    opened = seen_regions(model, posed(model))
    assert closed["left_eye"] < 0.15 * opened["left_eye"]
    assert closed["right_eye"] > 0.95 * opened["right_eye"]
    front = np.unique(model.triangles[of_regions(model, "left_eye")])
    front = front[np.argsort(-model.mean_shape[front, 2])[:20]]
    for unit, axis, sign in (("eyeLookOutLeft", 0, 1), ("eyeLookInLeft", 0, -1), ("eyeLookUpLeft", 1, 1)):
        move = (posed(model, **{unit: 1}) - posed(model))[front].mean(0)
        assert sign * move[axis] > 0.02


def test_people_differ(model):
    shapes = model.shape(np.random.default_rng(0).normal(size=(8, 80)), np.zeros(64))
    face = np.unique(model.triangles[model.face_mask])
    apart = np.sqrt(((shapes[:, None, face] - shapes[None, :, face]) ** 2).sum(-1).mean(-1))
    apart = apart[np.triu_indices(8, 1)]
    assert apart.min() > 0.03  # 3 mm
    assert apart.max() < 0.3


@pytest.mark.parametrize("field", ["mediapipe", "landmarks68"])
def test_landmarks_lie_on_the_surface_of_the_skin(model, field):
    where = getattr(model, field)
    assert (where.triangle >= 0).all()
    np.testing.assert_allclose(where.barycentric.sum(1), 1, atol=1e-5)
    assert (where.barycentric >= 0).all()
    regions = {model.regions[r] for r in model.triangle_region[where.triangle]}
    assert regions <= {"face", "lips", "eyelids", "scalp", "neck"}
    chin = where.triangle[{"mediapipe": [148, 152, 377], "landmarks68": [7, 8, 9]}[field]]
    assert {model.regions[r] for r in model.triangle_region[chin]} == {"face"}


def test_the_68_points_are_in_ibug_order(model):
    points = correspondence_points(posed(model), model.triangles, model.landmarks68)
    x, y = points[:, 0], points[:, 1]
    assert (np.diff(x[:17]) > 0).all()  # jaw from the viewer's left to right
    assert y[8] == y[:17].min()
    assert (np.diff(x[17:27]) > 0).all()
    assert (np.diff(y[27:31]) < 0).all()  # down the nose
    assert x[36] < x[39] < x[42] < x[45]
    assert y[37] > y[41]
    assert y[44] > y[46]
    assert x[48] == x[48:].min()
    assert x[54] == x[48:].max()
    assert y[51] > y[62] > y[66] > y[57]
    mirror = [*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31]
    mirror += [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    mirror += [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
    assert np.abs(points - points[mirror] * [-1, 1, 1]).max() < 0.02


def test_the_lips_part_when_the_jaw_opens(model):
    for detector, where in (("mediapipe", model.mediapipe), ("dlib", model.landmarks68)):
        gaps = []
        for jaw in (0.0, 0.3, 0.6):
            points = correspondence_points(posed(model, jawOpen=jaw), model.triangles, where)
            gaps.append(mouth_opening(points[None, :, :2], detector)[0])
        assert gaps[0] < 0.03
        assert gaps[1] - gaps[0] > 0.08
        assert gaps[2] - gaps[1] > 0.08


@pytest.fixture(scope="module")
def portraits(model):
    """Heads that took no part in the search for landmarks: pictures, and vertices in the camera's space."""
    rng = np.random.default_rng(7)
    pictures, worlds = [], []
    for jaw in (0.0, 0.15, 0.3, 0.5, 0.0, 0.3):
        coefficients = expression(model, jawOpen=jaw, mouthSmileLeft=jaw, mouthSmileRight=jaw)
        shape = model.shape(rng.normal(0, 0.7, 80), coefficients)
        pose = np.array([*rng.normal(0, 0.1, 3), 0, -0.1, -1])
        sitter = Sitter(shape, model.texture(rng.normal(0, 0.8, 80)), pose)
        pictures.append(picture(sitter, model.triangles, 256))
        worlds.append(transform(shape, pose))
    return pictures, worlds


@pytest.mark.parametrize(("detector", "field", "eyes"), [
    ("mediapipe", "mediapipe", (33, 263)),
    ("dlib", "landmarks68", (36, 45)),
])  # fmt: skip
def test_detectors_see_the_landmarks_where_the_model_says(model, portraits, detector, field, eyes):
    found = make_detector(detector, max_faces=1)
    errors = []
    for image, world in zip(*portraits, strict=True):
        detected = found.detect(np.stack([image] * 3)).points[-1]
        assert not np.isnan(detected).any(), f"{detector} finds no face"
        points = correspondence_points(world, model.triangles, getattr(model, field))
        expected = project(Camera(256), points)[:, :2]
        between_eyes = np.linalg.norm(expected[eyes[0]] - expected[eyes[1]])
        errors.append(np.linalg.norm(detected - expected, axis=1).mean() / between_eyes)
    assert np.mean(errors) < 0.03
