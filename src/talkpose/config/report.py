"""Configuration of metrics and report."""

from typing import Literal

from pydantic import Field

from talkpose.config.base import Section

ExtraMetric = Literal["audio-pose", "beat", "blink", "csim", "cpbd", "fid", "lpips", "lse"]
MetricName = Literal[
    "psnr",
    "ssim",
    "lmd",
    "m-lmd",
    "f-lmd",
    "velocity",
    "mouth",
    "hs",
    "hs-generated",
    "pose-dynamics",
    "pose-dynamics-generated",
]


class MetricsConfig(Section):
    """Which metrics are computed, by which detectors, and what the report expects of them."""

    names: list[MetricName] = Field(
        [
            *("psnr", "ssim", "lmd", "m-lmd", "f-lmd", "velocity", "mouth"),
            *("hs", "hs-generated", "pose-dynamics", "pose-dynamics-generated"),
        ],
        description="`*-generated` take the poses that a method says it generated, the others track the "
        "frames",
    )
    protocols: list[Literal["full-v1", "atvg-v1", "atvg-fixed-v1"]] = Field(
        ["full-v1", "atvg-v1", "atvg-fixed-v1"],
        min_length=1,
        description="of psnr, ssim and lmd; atvg-v1 is what the public ATVG script does, its faults included",
    )
    landmarks: Literal["mediapipe", "dlib"] = "mediapipe"
    scorers: list[Literal["mediapipe", "dlib"]] = Field(
        ["dlib"],
        description="further detectors by whose landmarks lmd, m-lmd, f-lmd and velocity are measured; "
        "dlib is "
        "the paper's",
    )
    batch: int = Field(64, ge=1, description="frames scored at once")
    hs_bins: int = Field(20, ge=2, description="bins an axis of HS's pooled variants")
    hs_variants: list[
        Literal[
            "pooled-linear",
            "pooled-squared",
            "fixed-45-linear",
            "fixed-90-linear",
            "fixed-180-linear",
            "joint-10-linear",
            "joint-45-squared",
        ]
    ] = Field(
        [
            "pooled-linear",
            "pooled-squared",
            "fixed-45-linear",
            "fixed-90-linear",
            "fixed-180-linear",
            "joint-10-linear",
            "joint-45-squared",
        ],
        description="readings of Eq. 6 that are measured beside pooled-linear",
    )
    mouth_lag: int = Field(12, ge=0, description="largest lag of mouth opening searched, in frames")
    bootstrap: int = Field(2000, ge=100, description="bootstrap samples for 95% intervals")
    compare_to: list[str] = Field(
        ["ours-p", "ours-g"],
        description="method that paired tests set every other against: the first of these that a table has",
    )
    mouth_expected: dict[str, float] = Field(
        {}, description="least mouth correlation expected of ours-p, by person; the report judges it"
    )
    extra: list[ExtraMetric] = Field(
        ["audio-pose", "beat", "blink", "csim", "cpbd", "fid", "lpips", "lse"],
        description="further metrics; those whose weights are missing are listed in "
        "`metrics/not_attempted.json`",
    )
    audio_pose_seconds: float = Field(
        60.0,
        gt=0,
        description="of a video that `audio-pose` compares: its cost grows with the square; other values "
        "than 60 are in the protocol's name",
    )
    audio_pose_draws: int = Field(100, ge=0, description="permuted poses of its null, windows")
    audio_pose_frame_draws: int = Field(
        20, ge=0, description="permuted poses of its null, 10-ms frames, which cost 16 times as much"
    )
    csim_embedder: Literal["dlib", "arcface"] = Field(
        "dlib", description="`csim`: dlib's descriptor, or ArcFace where `arcface_weights` are"
    )
    network_every: int = Field(
        10, ge=1, description="`csim`, `fid` and `lpips` look at frame 0 and at every so many from there on"
    )
    arcface_weights: str | None = Field(None, description="`csim`: ArcFace's .onnx")
    fid_weights: str | None = Field(None, description="`fid`: pytorch-fid's Inception checkpoint")
    lpips_backbone: str | None = Field(None, description="`lpips`: torchvision's AlexNet checkpoint")
    lpips_weights: str | None = Field(None, description="`lpips`: alex.pth of LPIPS v0.1")
    syncnet_weights: str | None = Field(None, description="`lse`: syncnet_v2.model")
    face_psnr_expected: dict[str, float] = Field(
        {}, description="least face-region PSNR in dB expected of stage 2, by person; the report judges it"
    )


class ReportConfig(Section):
    """What the report shows of many clips."""

    clip_pages: Literal["chosen", "all"] = Field(
        "chosen",
        description="which clips of test corpora get a page with players: each method's worst, median and "
        "best with those of the figures, or all",
    )
    clip_metric: Literal["lmd", "psnr"] = Field(
        "lmd", description="metric that chooses worst, median and best clips"
    )
    clips_each: int = Field(1, ge=1, le=50, description="worst, median and best clips of a method, each")
