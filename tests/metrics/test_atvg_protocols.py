"""PSNR and SSIM of the ATVG protocols: the plain script in NumPy and scikit-image, its known values,
torch."""

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity

from talkpose.errors import UserError
from talkpose.metrics import images, psnr, ssim, torch_image
from talkpose.metrics.frames import atvg_frames, grey
from talkpose.metrics.registry import protocol

FAMILIES = ("full-v1", "atvg-v1", "atvg-fixed-v1")


def made(seed: int, frames: int = 3, size: int = 128, noise: float = 20) -> tuple[np.ndarray, np.ndarray]:
    """A smooth video and a noisy copy of it."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (frames, 9, 9, 3), dtype=np.uint8)
    real = np.stack([cv2.resize(f, (size, size), interpolation=cv2.INTER_CUBIC) for f in coarse])
    return np.clip(real + rng.normal(0, noise, real.shape), 0, 255).astype(np.uint8), real


def script(generated: np.ndarray, real: np.ndarray) -> tuple[list[float], list[float]]:
    """PSNR and SSIM of each frame as the public script computes them, word by word."""
    scores: tuple[list[float], list[float]] = ([], [])
    for g, r in zip(generated, real, strict=True):
        a, b = (cv2.resize(f[..., ::-1], (256, 256), interpolation=cv2.INTER_AREA) for f in (g, r))
        grey_a, grey_b = (cv2.cvtColor(f, cv2.COLOR_BGR2GRAY) for f in (a, b))
        mse = np.mean((grey_a - grey_b) ** 2)  # uint8
        scores[0].append(100.0 if mse == 0 else 20 * np.log10(255 / np.sqrt(mse)))
        scores[1].append(structural_similarity(a, b, channel_axis=-1))
    return scores


@pytest.mark.parametrize("size", [96, 128, 256, 300])
@pytest.mark.parametrize("noise", [2, 40])
def test_atvg_is_the_plain_script(size, noise):
    generated, real = made(size, size=size, noise=noise)
    expected_psnr, expected_ssim = script(generated, real)
    pair = atvg_frames(generated), atvg_frames(real)
    np.testing.assert_allclose(psnr.update_grey(*pair, wrap=True), expected_psnr, rtol=1e-12)
    np.testing.assert_allclose(ssim.update_uniform(*pair), expected_ssim, atol=1e-10)


def test_the_fixed_protocol_is_the_true_psnr_and_never_above_the_wrapped_one():
    generated, real = made(1, noise=30)
    pair = atvg_frames(generated), atvg_frames(real)
    difference = grey(pair[0]).astype(float) - grey(pair[1])
    expected = 10 * np.log10(255**2 / (difference**2).mean((1, 2)))
    np.testing.assert_allclose(psnr.update_grey(*pair, wrap=False), expected, rtol=1e-12)
    assert (psnr.update_grey(*pair, wrap=True) > expected + 1).all()


def test_small_errors_do_not_wrap():
    _, real = made(2, size=256)
    off = np.clip(
        real.astype(int) + np.random.default_rng(0).integers(-15, 16, real.shape[:3])[..., None], 0, 255
    )
    pair = off.astype(np.uint8), real
    np.testing.assert_array_equal(psnr.update_grey(*pair, True), psnr.update_grey(*pair, False))


def test_known_values_of_the_wrap():
    """Measured: floor 24.17 dB, random images 27.90; true 20 dB becomes 28.4, 30 becomes 31.2."""
    assert max(i * i % 256 for i in range(256)) == 249
    assert pytest.approx(24.17, abs=0.005) == psnr.WRAP_FLOOR
    rng = np.random.default_rng(0)
    shape = (2, 256, 256, 1)
    black = np.zeros((*shape[:3], 3), np.uint8)
    worst = np.full_like(black, next(i for i in range(256) if i * i % 256 == 249))
    assert psnr.update_grey(worst, black, True) == pytest.approx(psnr.WRAP_FLOOR)
    noise = [np.repeat(rng.integers(0, 256, shape, dtype=np.uint8), 3, -1) for _ in range(2)]
    assert psnr.compute([psnr.update_grey(*noise, True)])[0] == pytest.approx(27.90, abs=0.02)
    middle = np.full((*shape[:3], 3), 128, np.uint8)
    for true, buggy in ((20, 28.4), (24, 29.1), (26.5, 29.75), (28.1, 30.3), (30, 31.2), (36, 36)):
        error = rng.normal(0, 255 * 10 ** (-true / 20), shape)
        other = np.repeat(np.clip(np.rint(128 + error), 0, 255), 3, -1).astype(np.uint8)
        assert psnr.compute([psnr.update_grey(other, middle, False)])[0] == pytest.approx(true, abs=0.15)
        assert psnr.compute([psnr.update_grey(other, middle, True)])[0] == pytest.approx(buggy, abs=0.35)


def test_small_frames_grow_by_copies():
    """cv2's INTER_AREA doubles pixels from 128 to 256."""
    _, real = made(3)
    np.testing.assert_array_equal(atvg_frames(real), real.repeat(2, 1).repeat(2, 2))
    big = made(3, size=256)[1]
    assert atvg_frames(big) is big


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 999), noise=st.floats(0, 90))
def test_properties(seed, noise):
    pair = made(seed, frames=1, size=256, noise=noise)
    forth, back = psnr.update_grey(*pair, True), psnr.update_grey(*pair[::-1], True)
    np.testing.assert_allclose(forth, back)  # (a - b)^2 mod 256 is symmetric
    assert psnr.WRAP_FLOOR - 1e-9 <= forth[0] <= psnr.CEILING
    same = ssim.update_uniform(pair[1], pair[1])[0]
    assert same == pytest.approx(1, abs=1e-6)
    assert ssim.update_uniform(*pair)[0] <= same + 1e-6
    np.testing.assert_allclose(ssim.update_uniform(*pair), ssim.update_uniform(*pair[::-1]), atol=1e-6)


NEEDS_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=NEEDS_CUDA)])
@pytest.mark.parametrize("size", [96, 256])
def test_torch_gives_the_same_numbers(size, device):
    """The path of CUDA, on the CPU's tensors too."""
    generated, real = made(5, size=size, noise=25)
    plain = images.on_cpu(generated, real, {"psnr", "ssim"}, FAMILIES)
    torched = images.on_torch(device, generated, real, {"psnr", "ssim"}, FAMILIES)
    assert [p for p, _ in plain] == [p for p, _ in torched]
    for (p, expected), (_, values) in zip(plain, torched, strict=True):
        np.testing.assert_allclose(values, expected, atol=1e-6 if p.metric == "psnr" else 3e-5, err_msg=p.id)
    random = np.random.default_rng(0).integers(0, 256, (2, 40, 41, 3), dtype=np.uint8)
    np.testing.assert_array_equal(
        torch_image.grey(torch_image.to_device(random, device)).cpu().numpy(), grey(random)
    )


def test_batches_do_not_matter_and_protocols_are_chosen():
    generated, real = made(6, frames=7)
    small, large = (
        {
            (p.metric, p.id): (value, n)
            for p, value, n in images.image_metrics(generated, real, {"psnr", "ssim"}, FAMILIES, batch)
        }
        for batch in (3, 64)
    )
    assert small.keys() == large.keys() and len(small) == 6
    for key in small:
        assert small[key] == (pytest.approx(large[key][0]), 7)
        assert protocol(*key).definition != "not defined by this version of talkpose"
    only = [p.id for p, _, _ in images.image_metrics(generated, real, {"psnr"}, {"atvg-v1"}, 3)]
    assert only == ["atvg-v1"]


def test_bad_input_is_named():
    frames = np.zeros((2, 5, 5, 3), np.uint8)
    with pytest.raises(UserError, match="7x7"):
        ssim.update_uniform(frames, frames)
    with pytest.raises(UserError, match="7x7"):
        torch_image.ssim_uniform(*torch_image.pair_on(frames, frames, "cpu"))
    with pytest.raises(UserError, match="differ in shape"):
        torch_image.pair_on(frames, frames[:1], "cpu")
