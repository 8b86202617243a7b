"""What a metric says about itself, and the shape checks that all of them share."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from talkpose.errors import UserError

COLUMNS = ("method", "corpus", "clip", "metric", "protocol", "value", "n_frames")
"""Columns of metrics.parquet; `clip` is the item: <person>__own or <person>__<foreign audio id>."""

REAL = "oracle"
"""Method whose rows measure the real videos."""


@dataclass(frozen=True)
class Protocol:
    """A named, versioned definition of a metric; printed in every table that holds its values.

    `direction` says which way is better; `none` marks a companion value that is read, not ranked.
    """

    metric: str
    id: str
    title: str
    unit: str
    direction: Literal["higher", "lower", "none"]
    decimals: int
    definition: str

    @property
    def arrow(self) -> str:
        """Arrow for column heads: up where higher is better, down where lower is, empty for companions."""
        return {"higher": "↑", "lower": "↓", "none": ""}[self.direction]


def check_frames(generated: np.ndarray, real: np.ndarray, metric: str) -> None:
    """Raise UserError unless both are uint8 RGB frames (T, H, W, 3) of one shape."""
    for name, frames in (("generated", generated), ("real", real)):
        if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] != 3:
            raise UserError(
                f"{metric}: the {name} frames are {frames.dtype} {frames.shape}; give uint8 RGB (T, H, W, 3)"
            )
    if generated.shape != real.shape:
        raise UserError(
            f"{metric}: generated frames {generated.shape} and real frames {real.shape} differ in shape; "
            "cut both to the same frames and size"
        )


def check_series(generated: np.ndarray, real: np.ndarray, metric: str) -> None:
    """Raise UserError unless both series have one shape."""
    if generated.shape != real.shape:
        raise UserError(
            f"{metric}: generated {generated.shape} and real {real.shape} differ in shape; "
            "give the same frames and the same landmark set"
        )
