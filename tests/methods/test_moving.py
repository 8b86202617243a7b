"""A still that is moved and added to, against SciPy's shift and against itself."""

import numpy as np
import pytest
import torch
from scipy.ndimage import shift

from talkpose.methods.moving import CHANNELS, REACH, moved_still

SIZE = 24


@pytest.fixture
def stills():
    smooth = torch.rand(2, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.interpolate(smooth, SIZE, mode="bicubic", align_corners=False)


def test_zeros_change_nothing(stills):
    told = torch.zeros(2, CHANNELS, SIZE, SIZE)
    torch.testing.assert_close(moved_still(stills, told), stills, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("right", "down"), [(2.0, 0.0), (0.0, -1.5), (1.25, 2.5)])
def test_a_shift_is_that_of_scipy(stills, right, down):
    """The map says where a pixel comes from: looking `right` px to the right moves the picture left."""
    told = torch.zeros(2, CHANNELS, SIZE, SIZE)
    for channel, pixels in enumerate((right, down)):
        told[:, channel] = float(np.arctanh(pixels * 2 / SIZE / REACH))
    moved = moved_still(stills, told).numpy()
    expected = shift(stills.numpy(), (0, 0, -down, -right), order=1, mode="nearest")
    np.testing.assert_allclose(moved, expected, atol=1e-4)


def test_no_pixel_moves_further_than_the_reach():
    ramp = (torch.arange(SIZE) + 0.5).expand(1, 3, SIZE, SIZE).clone()
    told = torch.zeros(1, CHANNELS, SIZE, SIZE)
    told[:, 0] = 100.0
    far = (moved_still(ramp, told) - ramp)[..., : SIZE // 2]
    assert far.max().item() == pytest.approx(REACH * SIZE / 2, rel=1e-3)


def test_colour_is_added_within_one(stills):
    told = torch.zeros(2, CHANNELS, SIZE, SIZE)
    told[:, 3] = 0.3
    told[:, 4] = -100.0
    added = moved_still(stills, told) - stills
    np.testing.assert_allclose(added[:, 0], 0, atol=1e-5)
    np.testing.assert_allclose(added[:, 1], np.tanh(0.3), atol=1e-5)
    np.testing.assert_allclose(added[:, 2], -1, atol=1e-5)
