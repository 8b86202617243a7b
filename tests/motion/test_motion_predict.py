"""Prediction of whole recordings."""

import numpy as np
import pytest
import torch

from talkpose.config import MotionConfig
from talkpose.errors import UserError
from talkpose.motion.network import MotionNetwork
from talkpose.motion.predict import predict, smooth
from talkpose.speech.mfcc import speech_rows


def network(small, **change):
    made = MotionNetwork(small.model_copy(update=change), 3)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.mul_(2)  # so that outputs move
    return made


def test_every_frame_gets_a_motion(small):
    made = network(small)
    for frames in (1, 5, 16, 17, 60):
        audio = np.random.default_rng(frames).normal(size=frames * 640 + 333).astype(np.float32)
        expression, pose = predict(made, audio)
        assert expression.shape == (frames, 64) and pose.shape == (frames, 6)
        assert expression.dtype == pose.dtype == np.float32
        assert np.isfinite(expression).all() and np.isfinite(pose).all()
    with pytest.raises(UserError):
        predict(made, np.zeros(100, np.float32))


def test_carried_is_one_pass_of_the_mean_member(small, clips):
    made = network(small, inference="carried").eval()
    made.input_mean += 0.3
    made.input_scale *= 2
    made.output_mean += 0.7
    made.output_scale *= 3
    rows = (torch.from_numpy(speech_rows(clips[0].audio)) - made.input_mean) / made.input_scale
    with torch.no_grad():
        expected = (made(rows[None]).mean(dim=0)[0] * made.output_scale + made.output_mean).numpy()
    found = np.concatenate(predict(made, clips[0].audio), axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_overlapped_is_the_mean_of_windows(small, clips):
    made = network(small, inference="overlapped", members=1).eval()
    rows = torch.from_numpy(speech_rows(clips[0].audio))[None]
    found = np.concatenate(predict(made, clips[0].audio), axis=1)
    with torch.no_grad():
        embeddings = made.members[0].encoder(rows)
        windows = {s: made.members[0].recur(embeddings[:, s : s + 16])[0].numpy() for s in range(75 - 15)}
    mean = made.output_mean.numpy()
    for t in (4, 20, 50, 74):
        parts = [windows[s][t - s] for s in range(max(0, t - 15), min(60, t - 3))]
        np.testing.assert_allclose(found[t], np.mean(parts, axis=0) + mean, atol=1e-4)
    np.testing.assert_allclose(found[0], windows[0][0] + mean, atol=1e-4)


def test_matched_amplitude_moves_like_training_and_no_further_than_twice(small, clips):
    made = network(small)
    plain, pose = predict(made, clips[0].audio)
    made.axis[:] = torch.from_numpy(np.linalg.svd(plain - plain.mean(axis=0), full_matrices=False)[2][0])
    spread = (plain @ made.axis.numpy()).std()
    for wanted, factor in ((1.5, 1.5), (5.0, 2.0), (0.2, 1.0)):
        made.config = small.model_copy(update={"amplitude": "matched"})
        made.axis_spread.fill_(float(spread * wanted))
        stretched, same = predict(made, clips[0].audio)
        mean = plain.mean(axis=0)
        np.testing.assert_allclose(stretched, mean + factor * (plain - mean), atol=1e-5)
        np.testing.assert_array_equal(same, pose)


def test_matched_pose_moves_like_training(small, clips):
    made = network(small, pose_amplitude="matched")
    plain = predict(network(small), clips[0].audio)[1]
    made.pose_std[:] = torch.from_numpy(plain.std(axis=0) * [3, 2, 1, 0.5, 10, 20])
    expression, pose = predict(made, clips[0].audio)
    np.testing.assert_allclose(pose.std(axis=0) / plain.std(axis=0), [3, 2, 1, 1, 10, 10], rtol=1e-3)
    np.testing.assert_allclose(pose.mean(axis=0), plain.mean(axis=0), atol=1e-5)
    np.testing.assert_array_equal(expression, predict(network(small), clips[0].audio)[0])


def test_smoothing_is_a_hanning_mean():
    series = np.random.default_rng(0).normal(size=(40, 6))
    found = smooth(torch.from_numpy(series), 7).numpy()
    weights = np.hanning(9)[1:-1]
    for t in (0, 2, 20, 39):
        near = [k for k in range(-3, 4) if 0 <= t + k < 40]
        expected = sum(weights[k + 3] * series[t + k] for k in near) / sum(weights[k + 3] for k in near)
        np.testing.assert_allclose(found[t], expected)
    still = torch.ones(5, 6)
    torch.testing.assert_close(smooth(still, 25), still)


def test_default_is_what_the_paper_predicts():
    config = MotionConfig()
    assert (config.amplitude, config.pose_amplitude, config.pose_smooth) == ("predicted", "predicted", 1)
