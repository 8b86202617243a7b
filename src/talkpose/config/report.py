"""Configuration of metrics and report."""

from typing import Literal

from pydantic import Field

from talkpose.config.base import Section


class MetricsConfig(Section):
    """Which metrics are computed and by which detectors."""

    names: list[Literal["psnr", "ssim", "lmd", "hs", "mouth"]] = ["psnr", "ssim", "lmd", "hs", "mouth"]
    landmarks: Literal["mediapipe", "dlib"] = "mediapipe"
    hs_bins: int = Field(20, ge=2)
    bootstrap: int = Field(2000, ge=100, description="bootstrap samples for 95% intervals")
