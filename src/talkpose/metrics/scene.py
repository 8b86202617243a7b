"""One video as the metrics of `metrics.extra` see it."""

from typing import NamedTuple

import numpy as np


class Scene(NamedTuple):
    """One item as these metrics see it; T frames."""

    frames: np.ndarray
    """(T, H, W, 3) uint8 RGB"""
    points: np.ndarray
    """(T, N, 2) landmarks in pixels by `metrics.landmarks`, nan where there is no face"""
    sound: np.ndarray
    """(640 T,) float32 at 16 kHz"""
    real: np.ndarray | None
    """(T, H, W, 3) uint8 RGB, with own sound"""
    real_points: np.ndarray | None
    """(T, M, 2), with own sound"""
    poses: np.ndarray | None
    """(T, 3 or more) radians, tracked in the frames; None for clips too short to tell how a head moves"""
    known: np.ndarray | None = None
    """(1, F) mean identity feature of what methods may see of the person; None where CSIM is not attempted"""
    whole: tuple[np.ndarray, np.ndarray] | None = None
    """sound (640 V,) and tracked poses (V, 3 or more) of the person's whole real video, for Appendix A"""
    real_features: np.ndarray | None = None
    """(ceil(T / network_every) or more, F) identity features of `real`, where they are known already"""
