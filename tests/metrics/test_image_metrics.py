"""PSNR and SSIM against scikit-image and closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from talkpose.errors import UserError
from talkpose.metrics import psnr, ssim


def _pair(seed: int, frames: int = 3, size: int = 32, noise: float = 20.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0, 255, size)[None, :, None, None] * np.ones((frames, 1, size, 3))
    real = np.clip(ramp + rng.normal(0, 15, ramp.shape), 0, 255)
    generated = np.clip(real + rng.normal(0, noise, real.shape), 0, 255)
    return generated.astype(np.uint8), real.astype(np.uint8)


@pytest.mark.parametrize("noise", [0.6, 20, 200])
def test_psnr_is_scikit_images(noise):
    generated, real = _pair(1, noise=noise)
    expected = [peak_signal_noise_ratio(r, g, data_range=255) for g, r in zip(generated, real, strict=True)]
    np.testing.assert_allclose(psnr.update(generated, real), expected, rtol=1e-6)


def test_psnr_closed_forms():
    black = np.zeros((2, 8, 8, 3), np.uint8)
    white = np.full_like(black, 255)
    assert psnr.compute([psnr.update(black, white)]) == (0.0, 2)  # no wrap of uint8: the worst case is 0 dB
    assert psnr.compute([psnr.update(white, white)]) == (psnr.CEILING, 2)
    one_off = black.copy()
    one_off[1] += 1
    assert psnr.update(black, one_off)[1] == pytest.approx(20 * np.log10(255))


def test_psnr_is_the_mean_over_frames_not_over_batches():
    generated, real = _pair(2, frames=7)
    whole = psnr.compute([psnr.update(generated, real)])
    parts = psnr.compute([psnr.update(generated[:2], real[:2]), psnr.update(generated[2:], real[2:])])
    assert parts == pytest.approx(whole)
    assert whole[1] == 7


def test_psnr_inside_a_mask_sees_only_the_mask():
    generated, real = _pair(3, frames=2)
    mask = np.zeros(real.shape[:3], bool)
    mask[0, 4:12, 4:12] = True
    generated[0, ~mask[0]] = 0
    values = psnr.update(generated, real, mask)
    patch = np.s_[0, 4:12, 4:12]
    assert values[0] == pytest.approx(
        peak_signal_noise_ratio(real[patch], generated[patch], data_range=255), rel=1e-6
    )
    assert np.isnan(values[1])  # no pixel of the region in this frame
    assert psnr.compute([values])[1] == 1


@pytest.mark.parametrize(("seed", "noise"), [(4, 3), (5, 30), (6, 120)])
def test_ssim_is_scikit_images(seed, noise):
    generated, real = _pair(seed, frames=4, noise=noise)
    expected = [
        structural_similarity(
            r,
            g,
            data_range=255,
            channel_axis=-1,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        for g, r in zip(generated, real, strict=True)
    ]
    np.testing.assert_allclose(ssim.update(generated, real), expected, atol=1e-5)


def test_ssim_of_flat_and_saturated_frames():
    flat = np.full((1, 16, 16, 3), 255, np.uint8)
    assert ssim.update(flat, flat)[0] == pytest.approx(1)
    other = np.full_like(flat, 55)
    expected = (2 * 255 * 55 + ssim.C1) / (255**2 + 55**2 + ssim.C1)
    assert ssim.update(flat, other)[0] == pytest.approx(expected, abs=1e-4)


def test_ssim_frames_do_not_leak_into_each_other():
    generated, real = _pair(7, frames=3)
    alone = ssim.update(generated[1:2], real[1:2])[0]
    generated[0], generated[2] = 0, 255
    assert ssim.update(generated, real)[1] == pytest.approx(alone, abs=1e-7)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), noise=st.floats(0, 100))
def test_properties(seed, noise):
    generated, real = _pair(seed, frames=1, size=16, noise=noise)
    for metric in (psnr, ssim):
        forth, back = metric.update(generated, real), metric.update(real, generated)
        np.testing.assert_allclose(forth, back, rtol=1e-5)  # symmetric
        assert forth[0] <= metric.update(real, real)[0] + 1e-9  # nothing beats the real frame
    assert -1 <= ssim.update(generated, real)[0] <= 1 + 1e-6


@pytest.mark.parametrize("metric", [psnr, ssim])
def test_bad_input_is_named(metric):
    frames = np.zeros((2, 16, 16, 3), np.uint8)
    with pytest.raises(UserError, match="differ in shape"):
        metric.update(frames, frames[:1])
    with pytest.raises(UserError, match="uint8 RGB"):
        metric.update(frames.astype(np.float32), frames)


def test_ssim_refuses_frames_below_its_window():
    tiny = np.zeros((1, 10, 10, 3), np.uint8)
    with pytest.raises(UserError, match="11x11"):
        ssim.update(tiny, tiny)
