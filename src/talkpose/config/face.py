"""Configuration of the face model, landmarks, rasteriser and reconstruction."""

from typing import Literal

from pydantic import Field

from talkpose.config.base import Section


class FaceConfig(Section):
    """Face model, landmark detector, rasteriser and reconstruction."""

    model: Literal["cc0", "bfm09"] = "cc0"
    model_path: str | None = Field(None, description="BFM_model_front.mat for bfm09")
    landmarks: Literal["mediapipe", "dlib", "face-alignment"] = "mediapipe"
    rasteriser: Literal["numba", "torch", "pytorch3d"] = "numba"
    reconstruction: Literal["fit", "rnet"] = "fit"
    rnet_weights: str | None = Field(None, description="checkpoint of Deep3DFaceRecon for rnet")
    iterations: int = Field(12, ge=1, description="Gauss-Newton iterations of `fit`")
    smoothness: float = Field(0.1, ge=0, description="weight of the temporal prior on pose and expression")
