"""Pose and camera against scipy's rotations and hand-worked projections."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from talkpose.face.camera import Camera, angles_from_matrix, project, rotation_matrix, transform


@pytest.fixture
def angles():
    return np.random.default_rng(0).uniform(-1.5, 1.5, (50, 3))


def test_rotation_equals_scipy(angles):
    # intrinsic ZYX is the product Rz @ Ry @ Rx
    expected = Rotation.from_euler("ZYX", angles[:, ::-1]).as_matrix()
    np.testing.assert_allclose(rotation_matrix(angles), expected, atol=1e-12)


def test_angles_round_trip(angles):
    np.testing.assert_allclose(angles_from_matrix(rotation_matrix(angles)), angles, atol=1e-9)


@pytest.mark.parametrize("yaw", [np.pi / 2, -np.pi / 2])
def test_gimbal_lock_gives_the_same_rotation(yaw):
    rotation = rotation_matrix(np.array([0.4, yaw, -0.3]))
    np.testing.assert_allclose(rotation_matrix(angles_from_matrix(rotation)), rotation, atol=1e-6)


@pytest.mark.parametrize(
    ("angles", "nose"),
    [((0.3, 0, 0), (0, -1, 1)), ((0, 0.3, 0), (1, 0, 1)), ((0, 0, 0.3), (0, 0, 1))],
    ids=["pitch looks down", "yaw looks to the viewer's right", "roll keeps the view"],
)
def test_signs_of_the_angles(angles, nose):
    turned = rotation_matrix(np.array(angles, float)) @ np.array([0.0, 0, 1])
    assert tuple(np.sign(np.round(turned, 9))) == nose


def test_transform_broadcasts_and_keeps_type(angles):
    vertices = np.random.default_rng(1).normal(size=(7, 3)).astype(np.float32)
    pose = np.concatenate([angles, angles[::-1]], axis=1).astype(np.float32).reshape(5, 10, 6)
    world = transform(vertices, pose)
    assert world.shape == (5, 10, 7, 3)
    assert world.dtype == np.float32
    expected = rotation_matrix(pose[2, 3, :3]) @ vertices[4] + pose[2, 3, 3:]
    np.testing.assert_allclose(world[2, 3, 4], expected, atol=1e-5)


def test_projection_by_hand():
    camera = Camera(224)
    assert camera.focal == pytest.approx(1015)
    assert camera.distance == 10
    world = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 2, 5]])
    expected = [[112, 112, 10], [213.5, 112, 10], [112, 10.5, 10], [112 + 203, 112 - 406, 5]]
    np.testing.assert_allclose(project(camera, world), expected)


def test_projection_scales_with_size():
    world = np.random.default_rng(2).normal(size=(4, 9, 3))
    small, large = project(Camera(128), world), project(Camera(256), world)
    np.testing.assert_allclose(2 * small[..., :2], large[..., :2])


def test_points_behind_the_camera_do_not_raise():
    with np.errstate(all="raise"):
        out = project(Camera(64), np.array([[1.0, 1, 10], [1, 1, 12]], np.float32))
    assert (out[:, 2] <= 0).all()
