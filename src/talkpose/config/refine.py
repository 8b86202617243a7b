"""Configuration of stage 2: the memory-augmented GAN (section 3.4)."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from talkpose.config.base import Section


class RefineConfig(Section):
    """Networks, losses (Eq. 4), memory and schedules of stage 2."""

    PAPER: ClassVar[dict[str, Any]] = {"generator_width": 64, "levels": 8, "discriminator_width": 64}

    generator_width: int = 24
    levels: int = Field(6, ge=3, le=8)
    mlp_width: int = 256
    discriminator_width: int = 16
    window: int = 3
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
    memory_size: int = 982
    memory_top_k: int = 256
    memory_margin: float = 0.3
    memory_threshold: float = 0.98
    smooth_every: int = Field(25, description="retrieve a feature every so many frames and interpolate")
    batch: int = 4
    general_steps: int = 800
    general_lr: float = 2e-4
    personal_steps: int = 1000
    personal_lr: float = 1e-4
    flip: bool = True
