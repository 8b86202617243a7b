"""Configuration of stage 1: sound to expression and pose (section 3.2)."""

from typing import Any, ClassVar

from pydantic import Field

from talkpose.config.base import Section


class MotionConfig(Section):
    """Network, loss (Eq. 2) and schedules of stage 1."""

    PAPER: ClassVar[dict[str, Any]] = {
        "channels": [64, 128, 256, 256, 512],
        "embedding": 256,
        "hidden": 256,
        "fully_connected": 2048,
    }

    channels: list[int] = Field(
        [16, 32, 32, 32, 64], min_length=5, max_length=5, description="encoder widths"
    )
    fully_connected: int = 128
    embedding: int = 64
    hidden: int = 64
    layers: int = 3
    sequence: int = Field(16, ge=2, description="frames per training window")
    lambda_pose: float = 0.2
    lambda_pose_smooth: float = 0.01
    lambda_expression_smooth: float = 1e-4
    general_steps: int = 600
    general_lr: float = 2e-4
    personal_steps: int = 600
    personal_lr: float = 1e-4
    batch: int = 16
