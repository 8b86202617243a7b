"""Configuration of stage 1: sound to expression and pose (section 3.2)."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from talkpose.config.base import Section


class MotionConfig(Section):
    """Network, loss (Eq. 2) and schedules of stage 1."""

    PAPER: ClassVar[dict[str, Any]] = {
        "channels": [64, 128, 256, 256, 512],
        "fully_connected": 2048,
        "embedding": 256,
        "hidden": 256,
        "normalisation": "batch",
        "initialisation": "paper",
        "convolution": "window",
        "inference": "carried",
        "standardise": False,
        "members": 1,
        "dropout": 0.0,
        "mask": 0,
        "average": 0.0,
        "general_steps": 20_000,
        "general_lr": 2e-4,
        "personal_steps": 1700,
        "personal_lr": 1e-4,
    }

    channels: list[int] = Field(
        [8, 16, 16, 16, 32], min_length=5, max_length=5, description="encoder's convolution widths"
    )
    fully_connected: int = Field(128, ge=1, description="width of the encoder's first dense layer")
    embedding: int = Field(64, ge=1, description="width of the encoder's output")
    hidden: int = Field(64, ge=1, description="width of the LSTM")
    layers: int = Field(3, ge=1, description="layers of the LSTM")
    normalisation: Literal["batch", "none"] = Field(
        "none", description="batch (paper): its statistics are noise on clips of seconds"
    )
    initialisation: Literal["paper", "torch"] = Field(
        "torch", description="paper: N(0, 0.02), made for batch normalisation and long training"
    )
    convolution: Literal["window", "sequence"] = Field(
        "sequence",
        description="window (paper): every 28x12 window by itself; sequence: once over all steps, "
        "5 times faster, and the same but at the windows' edges",
    )
    inference: Literal["carried", "overlapped"] = Field(
        "overlapped",
        description="carried (paper): one pass, state carried on; "
        "overlapped: mean over windows as long as in training",
    )
    standardise: bool = Field(
        True,
        description="false (paper): raw MFCC and coefficients; true: the clips' mean and scale taken out",
    )
    pose_spread: float = Field(
        0.2,
        gt=0,
        description="standard deviation that `standardise` gives to a pose (an expression has 1): "
        "the sound says little of the pose, and Eq. 2 must not be mostly about it",
    )
    tz_offset: float = Field(0.5, description="taken off tz where `standardise` is false (public code: 0.5)")
    members: int = Field(3, ge=1, description="networks whose mean is the prediction (paper: 1)")
    dropout: float = Field(0.4, ge=0, lt=1, description="in encoder and LSTM (paper: 0); clips are short")
    mask: int = Field(4, ge=0, le=12, description="widest band of MFCC zeroed in training (paper: 0)")
    average: float = Field(
        0.98, ge=0, lt=1, description="decay of the running mean of the weights (paper: 0, off)"
    )
    amplitude: Literal["predicted", "matched"] = Field(
        "predicted",
        description="predicted (paper); matched: expression stretched around its mean, at most twice, "
        "until its main direction moves as much as in the training clips",
    )
    pose_smooth: int = Field(
        1, ge=1, description="Hanning window over the predicted pose in frames; 1 (paper): none"
    )
    pose_amplitude: Literal["predicted", "matched"] = Field(
        "predicted",
        description="predicted (paper); matched: every number of the pose stretched around its mean, at most "
        "ten times, until it moves as much as in the training clips",
    )
    sequence: int = Field(16, ge=2, description="frames per training window")
    lambda_pose: float = Field(0.2, ge=0, description="lambda 1 of Eq. 2")
    lambda_pose_smooth: float = Field(0.01, ge=0, description="lambda 2 of Eq. 2")
    lambda_expression_smooth: float = Field(1e-4, ge=0, description="lambda 3 of Eq. 2")
    general_steps: int = Field(200, ge=0, description="training steps of the general mapping")
    general_lr: float = Field(1e-3, gt=0)
    personal_steps: int = Field(300, ge=0, description="steps of fine-tuning to a person")
    personal_lr: float = Field(1e-3, gt=0)
    batch: int = Field(16, ge=1, description="windows per step")
    log_every: int = Field(25, ge=1, description="steps between points of the curves")
    checkpoint_every: int = Field(100, ge=1, description="steps between checkpoints")
