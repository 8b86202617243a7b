"""Loss of stage 1: Eq. 2 of the paper."""

from typing import NamedTuple

from torch import Tensor

from talkpose.config import MotionConfig
from talkpose.motion.network import N_EXPRESSION


class LossTerms(NamedTuple):
    """The four terms of Eq. 2, weighted, as scalars; their sum is the loss."""

    expression: Tensor
    pose: Tensor
    pose_smooth: Tensor
    expression_smooth: Tensor

    @property
    def total(self) -> Tensor:
        """L(R, E)."""
        return self.expression + self.pose + self.pose_smooth + self.expression_smooth


def motion_loss(predicted: Tensor, real: Tensor, config: MotionConfig) -> LossTerms:
    """Eq. 2 for motion (..., L, 70): expression first, then pose.

        L = E[(b - b')^2] + l1 E[(p - p')^2]
            + l2 E[sum_t |p'(t+1) - p'(t)|^2] + l3 E[sum_t |b'(t+1) - b'(t)|^2]

    where ' marks the prediction. As in the public code, the first two are means over all numbers, the
    continuity terms are sums over a sequence and its numbers, then a mean over sequences.
    """
    error = (predicted - real).square()
    change = (predicted[..., 1:, :] - predicted[..., :-1, :]).square()
    return LossTerms(
        error[..., :N_EXPRESSION].mean(),
        config.lambda_pose * error[..., N_EXPRESSION:].mean(),
        config.lambda_pose_smooth * change[..., N_EXPRESSION:].sum((-1, -2)).mean(),
        config.lambda_expression_smooth * change[..., :N_EXPRESSION].sum((-1, -2)).mean(),
    )
