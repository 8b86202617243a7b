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
        "head_kernel": 7,
        "head_skip": False,
        "upsample": "transposed",
        "attention_start": 0.5,
        "dropout": 0.5,
        "discriminator_width": 64,
        "lambda_gan": 1.0,
        "lambda_colour": 0.0,
        "focus_face": 0.0,
        "focus_mouth": 0.0,
        "focus_edge": 0.0,
        "lambda_l2": 0.0,
        "identity_draw": "frame",
        "identity_every": 1,
        "spatial_size": 256,
        "memory_size": 30000,
        "memory_batch": 1,
        "memory_every": 1,
        "batch": 1,
        "general_lr": 2e-4,
        "general_steps": 100000,
        "personal_lr": 1e-4,
        "personal_steps": 17880,
        "personal_members": 1,
        "lr_decay": "none",
        "ema": 0.0,
    }

    generator_width: int = Field(16, ge=1, description="channels of the first level; paper: 64")
    levels: int = Field(6, ge=3, le=8, description="halvings of the side; paper: 8, for 256 px")
    mlp_width: int | None = Field(256, description="null (paper): as wide as all AdaIN parameters")
    head_kernel: Literal[3, 5, 7] = Field(3, description="paper: 7; 3 covers as much of a face at 128 px")
    head_skip: bool = Field(
        True, description="the heads see the rendered window too: sharp early; paper: false"
    )
    upsample: Literal["transposed", "bilinear"] = Field(
        "bilinear",
        description="paper: transposed convolution, which leaves a checkerboard in short trainings",
    )
    attention_start: float = Field(
        0.7, gt=0, lt=1, description="attention before training: keep most of the rendering; paper: 0.5"
    )
    dropout: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="in the three innermost decoder levels; paper: 0.5, too slow to learn with",
    )
    identity: Literal["memory", "mean", "none"] = Field(
        "memory", description="ablations: mean feature instead of the memory; no feature at all"
    )
    identity_draw: Literal["frame", "clip"] = Field(
        "clip",
        description="feature given in training: of the frame (paper; a small network then learns frames by "
        "heart) or of any frame of the clip, as the memory gives at test",
    )
    discriminator_width: int = 16
    discriminator_layers: int = 3
    window: int = 3
    lambda_gan: float = Field(0.1, ge=0, description="paper: 1, which outweighs L1 in a short training")
    lambda_colour: float = Field(
        10.0, ge=0, description="L1 of the colour mask itself, so that attention cannot freeze at 1; paper: 0"
    )
    focus_face: float = Field(
        5.0, ge=0, description="weight that pixels near the face gain in L1 terms, over 1; paper: 0"
    )
    focus_mouth: float = Field(20.0, ge=0, description="weight that mouth pixels gain besides; paper: 0")
    focus_edge: float = Field(
        0.0, ge=0, description="weight that pixels at the face's outline gain besides; paper: 0"
    )
    lambda_l1: float = 100.0
    lambda_l2: float = Field(
        0.0,
        ge=0,
        description="squared error beside L1, weighted alike: it mends what is far off, such as a collar "
        "that moved; paper: 0",
    )
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
    general_share: float = Field(
        1.0,
        gt=0,
        le=1,
        description="of the clips with role general, those that this stage learns from; drawn by the seed",
    )
    clips_in_memory: int | None = Field(
        None,
        ge=1,
        description="an epoch goes through the general clips in groups of so many, and twice as many are in "
        "memory; null: all",
    )
    general_steps: int = 800
    general_lr: float = 1e-3
    personal_steps: int = 1000
    personal_members: int = Field(
        1,
        ge=1,
        description="fine-tunings of a person, each with draws of its own, whose pictures are averaged: "
        "short trainings scatter less so; paper: 1",
    )
    personal_lr: float = 1e-3
    lr_decay: Literal["none", "linear"] = "linear"
    ema: float = Field(0.995, ge=0, lt=1)
    flip: bool = True
    augment: Literal["resize-crop", "shift", "none"] = "resize-crop"
    personal_flip: bool = Field(
        True, description="`flip` of the fine-tuning; false learns this person's and scene's left and right"
    )
    personal_shift: float = Field(
        15 / 256,
        ge=0,
        le=0.25,
        description="how far `augment: shift` moves pictures in the fine-tuning, in sides; small values "
        "learn the scene around the person better, none at all learns mouths by heart",
    )
    validation_frames: int = Field(8, ge=0, description="held-out frames that the curves watch, in all")
    log_every: int = Field(25, ge=1)
    checkpoint_every: int = Field(100, ge=1)
