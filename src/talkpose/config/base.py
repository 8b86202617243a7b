"""What every section of the configuration shares."""

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

Scale = Literal["small", "paper"]
Precision = Literal["32-true", "bf16-mixed", "16-mixed"]


class Section(BaseModel):
    """A part of the configuration. Unknown keys are refused; `PAPER` holds what `scale: paper` changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    PAPER: ClassVar[dict[str, Any]] = {}
