"""When a tracked head counts as still: trackers settle and scatter even over equal frames."""

from typing import Final

import numpy as np

STILL: Final = 0.25
"""Spread of the Euler angles in degrees, root of the summed variances: 0.1 where one frame is held and
tracked, 2 and more for people who talk."""


def is_still(degrees: np.ndarray) -> bool:
    """Whether Euler angles (T, 3) in degrees spread less than STILL; nan rows are left out."""
    known = degrees[np.isfinite(degrees).all(1)]
    return not len(known) or float(np.sqrt(known.var(0).sum())) < STILL
