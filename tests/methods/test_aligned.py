import cv2
import numpy as np
import pytest

from talkpose.methods.aligned import (
    FACE,
    LIPS,
    STEADY,
    Window,
    crop_matrix,
    cut_out,
    join,
    mouth_weights,
    pose_matrix,
    put_back,
    soft_mask,
)


def points68(eyes: float = 20.0, x: float = 48.0, y: float = 40.0, turn: float = 0.0) -> np.ndarray:
    """Landmarks with the eyes' middles `eyes` apart about (x, y), turned by `turn` radians in the plane."""
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, (68, 2))
    points[[36, 39]] = (-0.6, 0), (-0.4, 0)
    points[[42, 45]] = (0.4, 0), (0.6, 0)
    points[33] = 0, 0.76
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return eyes * points @ rotation.T + (x, y)


def apply(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    return points @ matrix[:, :2].T + matrix[:, 2]


@pytest.mark.parametrize("turn", [0.0, 0.4, -2.0])
def test_eyes_and_nose_lie_in_one_place_of_the_crop(turn):
    points = points68(turn=turn)
    inside = apply(crop_matrix(points, Window(0.0, 0.5, 2.0), 101), points)
    assert inside[[36, 39]].mean(0) == pytest.approx([50 - 101 / 4, 50 - 101 / 4])
    assert inside[[42, 45]].mean(0) == pytest.approx([50 + 101 / 4, 50 - 101 / 4])
    assert inside[33] == pytest.approx([50, 50 + 0.26 / 2 * 101])


def test_crop_does_not_shear():
    points = points68() + np.random.default_rng(1).normal(size=(68, 2))
    linear = crop_matrix(points, FACE, 64)[:, :2]
    scale = np.sqrt(np.linalg.det(linear))
    assert linear @ linear.T == pytest.approx(scale**2 * np.eye(2))


def test_pose_matrix_finds_an_affine_map():
    still = points68()
    truth = np.array([[1.1, 0.2, 3.0], [-0.1, 0.9, -2.0]])
    linear = np.linalg.inv(truth[:, :2])
    frame = (still - truth[:, 2]) @ linear.T
    frame[48:68] += 5  # lips may stand anywhere
    assert pose_matrix(frame, still) == pytest.approx(truth)
    assert not set(STEADY[68]) & set(range(48, 68))


def test_join_does_the_inner_map_first():
    outer, inner = np.array([[2.0, 0, 1], [0, 2, 0]]), np.array([[1.0, 0, 5], [0, 1, 0]])
    assert apply(join(outer, inner), np.array([1.0, 1.0])) == pytest.approx([13, 2])


def test_cut_out_averages_what_it_shrinks():
    rng = np.random.default_rng(0)
    fine = rng.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    matrix = np.array([[0.25, 0, -0.375], [0, 0.25, -0.375]])  # four pixels to one, edges to edges
    small = cut_out(fine, matrix, 16)
    assert np.abs(small.astype(int) - cv2.resize(fine, (16, 16), interpolation=cv2.INTER_AREA)).max() <= 1


def test_put_back_changes_nothing_with_the_same_crop():
    y, x = np.mgrid[:96, :96]
    frame = np.stack([x + 60, y + 60, x + y], -1).astype(np.uint8)
    matrix = crop_matrix(points68(), FACE, 64)
    crop = cut_out(frame, matrix, 64)
    back = put_back(frame, np.stack([crop, 255 - crop]), matrix, soft_mask(64, 0.25))
    assert back.shape == (2, 96, 96, 3)
    assert np.abs(back[0].astype(int) - frame).max() <= 1
    # the face of the second is new, its surroundings are those of the frame, and there is no edge between
    assert np.abs(back[1, 55, 48].astype(int) - (255 - frame[55, 48].astype(int))).max() <= 2
    assert (back[1, :10] == frame[:10]).all()
    rough = np.random.default_rng(0).integers(0, 256, (96, 96, 3)).astype(np.uint8)
    crop = cut_out(rough, matrix, 64)
    assert (put_back(rough, crop[None], matrix, soft_mask(64, 0.25), crop)[0] == rough).all()
    mask = put_back(np.zeros_like(frame), np.full((1, 64, 64, 3), 255, np.uint8), matrix, soft_mask(64, 0.25))
    assert np.abs(np.diff(mask[0].astype(int), axis=0)).max() < 80


def test_weights_peak_at_the_lips():
    weights = mouth_weights(LIPS, 40, 9.0)
    middle = ((1.15 - LIPS.y) / LIPS.side + 0.5) * 40
    assert np.unravel_index(weights.argmax(), weights.shape)[0] == pytest.approx(middle, abs=1)
    assert weights.max() == pytest.approx(9, rel=0.02)
    assert weights.min() == pytest.approx(1, rel=0.02)
    assert (mouth_weights(FACE, 40, 1.0) == 1).all()


def test_soft_mask_is_one_inside_and_zero_at_the_border():
    mask = soft_mask(40, 0.25)
    assert mask[20, 20] == 1
    assert mask[0].max() < 0.05
    assert (np.diff(mask[20, :20]) >= 0).all()
