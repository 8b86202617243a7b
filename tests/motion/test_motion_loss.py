"""Eq. 2 against a plain loop."""

import numpy as np
import torch

from talkpose.config import MotionConfig
from talkpose.motion.loss import motion_loss


def test_equals_the_formula():
    rng = np.random.default_rng(0)
    predicted, real = rng.normal(size=(2, 3, 5, 70))
    terms = motion_loss(torch.from_numpy(predicted), torch.from_numpy(real), MotionConfig())
    expression = pose = smooth_pose = smooth_expression = 0.0
    for s in range(3):
        for t in range(5):
            expression += ((predicted[s, t, :64] - real[s, t, :64]) ** 2).mean() / 15
            pose += 0.2 * ((predicted[s, t, 64:] - real[s, t, 64:]) ** 2).mean() / 15
            if t:
                change = (predicted[s, t] - predicted[s, t - 1]) ** 2
                smooth_pose += 0.01 * change[64:].sum() / 3
                smooth_expression += 1e-4 * change[:64].sum() / 3
    np.testing.assert_allclose(
        [float(term) for term in terms], [expression, pose, smooth_pose, smooth_expression]
    )
    np.testing.assert_allclose(float(terms.total), expression + pose + smooth_pose + smooth_expression)


def test_perfect_still_prediction_costs_nothing():
    still = torch.randn(2, 1, 70, dtype=torch.float64).expand(2, 6, 70)
    assert float(motion_loss(still, still, MotionConfig()).total) == 0
