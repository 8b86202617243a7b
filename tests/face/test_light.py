"""Light against scipy's harmonics and closed forms."""

import math

import numpy as np
import pytest
from raster_meshes import ellipsoid
from scipy.special import sph_harm_y

from talkpose.face.light import AMBIENT, basis, irradiance, vertex_normals


@pytest.fixture
def normals():
    raw = np.random.default_rng(0).normal(size=(200, 3))
    return raw / np.linalg.norm(raw, axis=1, keepdims=True)


def real_harmonic(degree, order, normals):
    polar, azimuth = np.arccos(normals[:, 2]), np.arctan2(normals[:, 1], normals[:, 0])
    value = sph_harm_y(degree, abs(order), polar, azimuth)
    if order == 0:
        return value.real
    return math.sqrt(2) * (value.imag if order < 0 else value.real)


def test_basis_equals_scipy(normals):
    scale = [math.pi, 2 * math.pi / math.sqrt(3), 2 * math.pi / math.sqrt(8)]
    pairs = [(0, 0), (1, -1), (1, 0), (1, 1), (2, -2), (2, -1), (2, 0), (2, 1), (2, 2)]
    expected = np.stack([scale[d] * real_harmonic(d, o, normals) for d, o in pairs], axis=1)
    np.testing.assert_allclose(basis(normals), expected, atol=1e-10)


def test_ambient_light_is_the_same_everywhere(normals):
    light = irradiance(normals, np.zeros(27))
    np.testing.assert_allclose(light, AMBIENT * math.sqrt(math.pi) / 2, atol=1e-12)


def test_layout_is_channels_first_and_linear(normals):
    gamma = np.random.default_rng(1).normal(size=(4, 27)) * 0.2
    light = irradiance(np.broadcast_to(normals, (4, 200, 3)), gamma)
    assert light.shape == (4, 200, 3)
    green = basis(normals) @ gamma[2, 9:18] + AMBIENT * math.pi / math.sqrt(4 * math.pi)
    np.testing.assert_allclose(light[2, :, 1], green)


def test_light_from_above_lights_what_faces_up():
    gamma = np.zeros(27)
    gamma[1::9] = -0.3  # the second harmonic is -y
    up, down = irradiance(np.array([[0.0, 1, 0], [0, -1, 0]]), gamma)
    assert (up > down).all()


def test_normals_of_a_sphere():
    sphere, triangles = ellipsoid(radii=(1, 1, 1))
    normals = vertex_normals(sphere, triangles)
    assert (np.sum(normals * sphere, axis=1) > 0.995).all()
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-6)


def test_normals_are_weighted_by_area_and_batched():
    # two triangles meet at vertex 0: one of area 0.5 facing z, one of area 2 facing x
    vertices = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 2, 0], [0, 0, 2], [9, 9, 9]])
    triangles = np.array([[0, 1, 2], [0, 3, 4]])
    normals = vertex_normals(np.stack([vertices, 2 * vertices]), triangles)
    np.testing.assert_allclose(normals[0], normals[1])
    np.testing.assert_allclose(normals[0, 0], np.array([4, 0, 1]) / math.sqrt(17))
    np.testing.assert_allclose(normals[0, 5], 0)
