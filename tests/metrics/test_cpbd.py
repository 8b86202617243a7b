"""CPBD against a slow reading of the definition, pixel by pixel, and its known properties."""

import math

import cv2
import numpy as np
import pytest
from skimage import data

from talkpose.errors import UserError
from talkpose.metrics.cpbd import compute, update


def plain(picture: np.ndarray) -> float:
    """The definition word by word, with P_blur itself and no shortcut."""
    image = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(float)
    height, width = image.shape
    gradient = np.zeros_like(image)
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            right = image[y - 1, x + 1] + 2 * image[y, x + 1] + image[y + 1, x + 1]
            left = image[y - 1, x - 1] + 2 * image[y, x - 1] + image[y + 1, x - 1]
            gradient[y, x] = ((right - left) / 8) ** 2
    cutoff = 4 * gradient.mean()
    probabilities = []
    for top in range(0, height, 64):
        for start in range(0, width, 64):
            block = image[top : top + 64, start : start + 64]
            jnb = 5 if block.max() - block.min() <= 50 else 3
            edges, widths = 0, []
            for y in range(top, min(top + 64, height)):
                for x in range(start, min(start + 64, width)):
                    here = gradient[y, x]
                    if not 0 < x < width - 1 or not here > cutoff:
                        continue
                    if gradient[y, x - 1] > here or gradient[y, x + 1] >= here:
                        continue
                    edges += 1
                    w = marziliano(image, y, x)
                    widths += [w] if w else []
            if edges > 0.002 * block.size:
                probabilities += [1 - math.exp(-((w / jnb) ** 3.6)) for w in widths]
    if not probabilities:
        return math.nan
    return sum(round(p, 2) <= 0.63 for p in probabilities) / len(probabilities)


def marziliano(image, y, x):
    dx = image[y, x + 1] - image[y, x - 1]
    dy = image[y + 1, x] - image[y - 1, x]
    if dx == 0 or math.degrees(math.atan(abs(dy) / abs(dx))) > 22.5:
        return 0
    rising = 1 if dx > 0 else -1
    left, right = x - 1, x + 1
    while left > 0 and rising * (image[y, left] - image[y, left - 1]) > 0:
        left -= 1
    while right < image.shape[1] - 1 and rising * (image[y, right + 1] - image[y, right]) > 0:
        right += 1
    return right - left


def face(size=96):
    picture = data.astronaut()[0:220, 110:330]
    return cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)


def blurred(picture, sigma):
    return picture if not sigma else cv2.GaussianBlur(picture, (0, 0), sigma)


@pytest.mark.parametrize("sigma", [0, 1.0, 2.5])
@pytest.mark.parametrize("size", [64, 96])
def test_equals_the_definition(sigma, size):
    picture = blurred(face(size), sigma)
    assert update(picture[None])[0] == pytest.approx(plain(picture), nan_ok=True)


def test_of_noise_and_low_contrast_too():
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (70, 100, 3), dtype=np.uint8)
    faint = (100 + face() // 8).astype(np.uint8)
    for picture in (noise, faint):
        assert update(picture[None])[0] == pytest.approx(plain(picture))


def test_the_blurrier_the_lower():
    values = update(np.stack([blurred(face(192), sigma) for sigma in (0, 0.4, 0.8, 1.2, 1.8, 4)]))
    assert (np.diff(values[:5]) < 0).all() and values[0] > 0.3 and values[-1] == 0


def test_a_step_is_sharp_and_a_wide_ramp_is_blurred():
    step, ramp = (np.zeros((64, 64, 3), np.uint8) for _ in range(2))
    step[:, 32:] = 200
    ramp[:] = np.clip((np.arange(64) - 26) * 16, 0, 200).astype(np.uint8)[None, :, None]
    np.testing.assert_array_equal(update(np.stack([step, ramp])), [1, 0])
    # mirrored, falling edges are as wide
    np.testing.assert_array_equal(update(np.stack([step, ramp])[:, :, ::-1]), [1, 0])


def test_what_has_no_edge_has_no_value():
    flat = np.full((2, 64, 64, 3), 90, np.uint8)
    assert np.isnan(update(flat)).all()
    assert update(flat[:0]).shape == (0,)
    value, frames = compute([update(flat), update(face()[None])])
    assert frames == 1 and value == pytest.approx(update(face()[None])[0])


def test_frames_do_not_mix():
    frames = np.stack([face(), blurred(face(), 2), np.full_like(face(), 7)])
    alone = np.concatenate([update(frame[None]) for frame in frames])
    np.testing.assert_array_equal(update(frames), alone)


def test_other_input_is_refused():
    with pytest.raises(UserError, match="uint8 RGB"):
        update(np.zeros((1, 64, 64, 3), np.float32))
