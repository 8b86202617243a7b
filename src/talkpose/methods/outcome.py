"""How a baseline can end without videos: each says why, and the tables repeat it."""

import numpy as np


class NotAttempted(Exception):
    """Something that only the user can give is missing, such as a checkout: the method made nothing."""


class MethodFailed(Exception):
    """It crashed, ran past a limit, or gave a wrong output: the method alone is out, the run goes on."""


class ItemRefused(Exception):
    """One video cannot be used; the method's others can."""


def check_output(frames: np.ndarray, count: int, size: int, what: str) -> None:
    """MethodFailed unless `frames` is (count, size, size, 3) uint8."""
    shape = getattr(frames, "shape", None)
    if not isinstance(frames, np.ndarray) or frames.dtype != np.uint8:
        kind = getattr(frames, "dtype", type(frames).__name__)
        raise MethodFailed(f"{what}: wrong output: frames are {kind}; give uint8 in [0, 255]")
    if shape != (count, size, size, 3):
        raise MethodFailed(
            f"{what}: wrong output: frames are {shape}; give ({count}, {size}, {size}, 3): one every 640 "
            "samples of the sound, as large as the clips"
        )
