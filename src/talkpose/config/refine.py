"""Configuration of stage 2: the memory-augmented GAN (section 3.4)."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from talkpose.config.base import Section


class RefineConfig(Section):
    """Networks, losses (Eq. 4), memory and schedules of stage 2.

    Defaults that differ from the paper say so and why; `PAPER` turns each of them back.
    """

    PAPER: ClassVar[dict[str, Any]] = {
        "generator_width": 64,
        "levels": 8,
        "mlp_width": None,
        "discriminator_width": 64,
        "upsample": "transposed",
        "colour": "plain",
        "attention_start": 0.5,
        "dropout": 0.5,
    }

    generator_width: int = 24
    levels: int = Field(6, ge=3, le=8)
    mlp_width: int | None = Field(256, description="null: as wide as all AdaIN parameters (public code)")
    head_kernel: int = 7
    upsample: Literal["transposed", "bilinear"] = "bilinear"
    colour: Literal["plain", "residual"] = "residual"
    attention_start: float = 0.7
    dropout: float = 0.0
    identity: Literal["memory", "mean", "none"] = "memory"
    discriminator_width: int = 16
    discriminator_layers: int = 3
    window: int = 3
    lambda_gan: float = Field(1.0, ge=0)
    lambda_l1: float = 100.0
    lambda_attention: float = 2.0
    lambda_tv: float = 1e-5
    attention_norm: Literal["l2", "mean"] = Field("l2", description="paper: L2 norm; upstream: mean")
    tv: Literal["squared", "absolute"] = Field("squared", description="paper: squared; upstream: absolute")
    test_dropout: bool = Field(False, description="upstream leaves dropout on at test (not deterministic)")
    identity_feature: Literal["arcface", "dlib"] = "dlib"
    arcface_weights: str | None = None
    spatial_feature: Literal["imagenet-resnet18", "trained-resnet18"] = "trained-resnet18"
    imagenet_weights: str | None = None
    spatial_size: int = Field(64, ge=32, description="side at which the ResNet-18 sees a frame")
    identity_every: int = Field(5, ge=1, description="describe the identity of every so many real frames")
    memory_size: int = 982
    memory_key: int = 512
    memory_top_k: int = 256
    memory_margin: float = 0.3
    memory_threshold: float = 0.98
    memory_lr: float = 1e-4
    memory_batch: int = 8
    memory_every: int = 8
    smooth_every: int = Field(25, ge=1, description="retrieve a feature every so many frames and interpolate")
    batch: int = 4
    general_steps: int = 800
    general_lr: float = 2e-4
    personal_steps: int = 1000
    personal_lr: float = 1e-4
    lr_decay: Literal["none", "linear"] = "linear"
    ema: float = Field(0.995, ge=0, lt=1)
    flip: bool = True
    augment: Literal["resize-crop", "shift", "none"] = "resize-crop"
    validation_frames: int = Field(8, ge=0)
    log_every: int = Field(25, ge=1)
    checkpoint_every: int = Field(100, ge=1)
