"""Variants of the trainings: the ablations of section 4.2 and the training lengths of Appendix B."""

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from talkpose.config import RunConfig
from talkpose.errors import UserError
from talkpose.layout import BASE

Stage = Literal["motion", "refine"]


@dataclass(frozen=True)
class Variant:
    """What one variant changes of the configuration, and whether its general mapping is its own."""

    name: str
    motion: dict[str, Any] = field(default_factory=dict)
    refine: dict[str, Any] = field(default_factory=dict)
    frames: int | None = None
    """training frames of a person; None: the run's"""
    own_general: bool = False
    """False: fine-tuned from the general mapping of `base`"""

    @property
    def length(self) -> str:
        """Name of its training length, for the pairs that it is trained on."""
        return self.name if self.frames else BASE

    @property
    def general(self) -> str:
        """Variant whose general mapping it is fine-tuned from."""
        return self.name if self.own_general else BASE

    def train_frames(self, config: RunConfig) -> int:
        """Frames of a personal video that it is trained on."""
        return self.frames or config.train_frames

    def apply(self, config: RunConfig) -> RunConfig:
        """The configuration with this variant's changes."""
        return config.model_copy(
            update={
                "motion": config.motion.model_copy(update=self.motion),
                "refine": config.refine.model_copy(update=self.refine),
            }
        )


_FIXED = [
    Variant(BASE),
    Variant("expression-only", motion={"lambda_pose": 0.0, "lambda_pose_smooth": 0.0}, own_general=True),
    Variant("no-identity", refine={"identity": "none"}, own_general=True),
    Variant("mean-identity", refine={"identity": "mean"}),
]
VARIANTS = {variant.name: variant for variant in _FIXED}


def variant(name: str) -> Variant:
    """A variant by name, `n<N>` for a training length of N frames; UserError for an unknown one."""
    if match := re.fullmatch(r"n(\d+)", name):
        return Variant(name, frames=int(match[1]))
    if name not in VARIANTS:
        raise UserError(f"unknown variant `{name}`; choose from {', '.join(VARIANTS)} or n<frames>")
    return VARIANTS[name]
