"""Configuration of the face model, landmarks, rasteriser and reconstruction."""

from typing import Literal

from pydantic import Field

from talkpose.config.base import Section


class FaceConfig(Section):
    """Face model, landmark detector, rasteriser and reconstruction."""

    model: Literal["cc0", "bfm09"] = "cc0"
    model_path: str | None = Field(None, description="BFM_model_front.mat for bfm09")
    landmarks: Literal["mediapipe", "dlib", "face-alignment", "dense"] = Field(
        "mediapipe",
        description="`dense`: MediaPipe's, mended by a network that knows made people alone; for the "
        "embedded corpus only",
    )
    rasteriser: Literal["numba", "torch", "pytorch3d"] = "numba"
    reconstruction: Literal["fit", "rnet"] = "fit"
    rnet_weights: str | None = Field(None, description="checkpoint of Deep3DFaceRecon for rnet")
    rnet_batch: int = Field(16, ge=1, description="frames a pass of the rnet network")
    iterations: int = Field(12, ge=1, description="Gauss-Newton iterations of `fit`, at most, in each step")
    smoothness: float = Field(1.0, ge=0, description="weight of the temporal prior on pose and expression")
    key_frames: int = Field(32, ge=1, description="frames of a clip that its identity is fitted on")
    light_frames: int = Field(
        48, ge=1, description="frames of a clip that light is solved at, the rest between"
    )
    light_vertices: int = Field(1000, ge=100, description="skin vertices that albedo and light are fitted on")
    overlay_seconds: float = Field(
        20.0, gt=0, description="length of the videos that show a track over its clip; they cost more than it"
    )
