"""Configuration of rendering and background matching (section 3.3)."""

from typing import Literal

from pydantic import Field

from talkpose.config.base import Section


class ComposeConfig(Section):
    """Albedo scheme and key-background matching."""

    albedo: Literal["mean", "low-frequency", "detailed"] = Field(
        "mean", description="colour of Ours-P's mesh"
    )
    albedo_general: Literal["mean", "low-frequency", "detailed"] = Field(
        "detailed", description="of Ours-G's mesh"
    )
    background: Literal["paper", "upstream"] = Field(
        "paper", description="pose bent towards / replaced by background"
    )
    axis: Literal["pitch", "yaw", "roll"] = Field("roll", description="axis whose extremes are key frames")
    smooth: int = Field(7, ge=1, description="Hanning window over the key axis, frames")
    key_ratio: float = Field(0.1, gt=0, le=1, description="at most this share of frames are key frames")
    min_gap: int = Field(3, ge=1, description="key frames closer than this are merged")
    period: int = Field(
        25, ge=1, description="`upstream`: later keys look for backgrounds within this many training frames"
    )
    pace: float = Field(
        1.0, gt=0, description="`paper`: most real frames that the background may run a generated frame"
    )
    fit_background: bool = Field(
        True, description="`paper`: warp the background so that its head meets the rendered one"
    )
    bend_angle: float = Field(
        0.05, gt=0, description="`paper`: radians that a bent pose may keep from its background's"
    )
    bend_shift: float = Field(
        0.02, gt=0, description="`paper`: decimetres that it may keep; 0.02 is 1 px at 128 px"
    )
    training_gaps: list[int] = Field(
        [5, 15, 40],
        min_length=1,
        description="stage 2 trains over backgrounds at least so many frames from their own, once for each",
    )
