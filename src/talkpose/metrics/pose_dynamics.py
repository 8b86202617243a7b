"""How a head moves, which HS can not see: distances of angular velocity, of acceleration and of spectra.

    pose-velocity      mean over pitch, yaw, roll of W1 between the angular velocities, deg/s
    pose-acceleration  the same of angular acceleration, deg/s^2
    pose-spectrum      root mean square over axes and frequencies of the difference of 10 log10(S + s0), dB

W1 is taken between the samples themselves (no bins), signed, by differences of neighbouring frames; a still
head scores the mean absolute velocity of the real one. S is the power spectral density of angular velocity,
(deg/s)^2/Hz, by Welch's method (64 frames = 2.56 s, Hann, half overlap) over 0.39 to 6.25 Hz: slower is the
pose itself, faster mostly the tracker's noise; s0 = 0.1 is about that noise, so that two still heads agree.
Lower is better. Shuffled real poses have a perfect HS and fail all three.

As for HS, `<name>` tracks the generated pose in the finished frames and `<name>-generated` takes the
method's own.
"""

import numpy as np
from scipy.signal import welch

from talkpose.errors import UserError
from talkpose.metrics.base import Protocol

FPS = 25
SEGMENT = 64
"""Frames of a segment of Welch's method; a shorter video has no spectrum."""

BAND = (0.3, 6.3)
"""Hz over which spectra are compared."""

FLOOR = 0.1
"""(deg/s)^2/Hz added to every spectrum."""

MEASURES = ("velocity", "acceleration", "spectrum")


def protocols(generated: bool = False) -> tuple[Protocol, Protocol, Protocol]:
    """Protocols of the three, for tracked poses or for poses as generated."""
    source = "poses as the method generated them" if generated else "poses tracked in the finished frames"
    w1 = "W1 between both videos' values, mean of 3 axes"
    words = {
        "velocity": ("w1-v1", "deg/s", f"angular velocity from frame to frame, {w1}", 1),
        "acceleration": ("w1-v1", "deg/s²", f"angular acceleration over three frames, {w1}", 0),
        "spectrum": (
            f"welch-{SEGMENT}-v1",
            "dB",
            f"RMS difference of the log spectra of angular velocity, 0.39 to 6.25 Hz, floor {FLOOR} "
            f"(deg/s)²/Hz",
            1,
        ),
    }
    first, second, third = (
        Protocol(
            metric=f"pose-{name}" + ("-generated" if generated else ""),
            id=identifier,
            title=f"Pose {name}" + (" (generated)" if generated else ""),
            unit=unit,
            direction="lower",
            decimals=decimals,
            definition=f"{text}; {source}; reference: the person's own held-out frames",
        )
        for name, (identifier, unit, text, decimals) in words.items()
    )
    return first, second, third


def update(poses: np.ndarray) -> np.ndarray:
    """Angles (T, 3) float64 in degrees of one video's poses (T, 3 or more) in radians, nan where unknown."""
    if poses.ndim != 2 or poses.shape[1] < 3:
        raise UserError(f"pose dynamics: poses of shape {poses.shape}; give (T, 3): pitch, yaw, roll")
    return np.degrees(np.asarray(poses[:, :3], np.float64))


def derivative(angles: np.ndarray, order: int) -> np.ndarray:
    """Angular velocity (order 1, deg/s) or acceleration (2, deg/s^2): (T - order, 3) without nan."""
    values = np.diff(angles, n=order, axis=0) * FPS**order
    return values[~np.isnan(values).any(axis=1)]


def w1(generated: np.ndarray, real: np.ndarray) -> float:
    """Mean over columns of W1 between samples (T, 3) and (N, 3); nan where either is empty."""
    if not len(generated) or not len(real):
        return float("nan")
    import ot  # loading POT takes a second: not where no pose is measured

    return float(np.mean([ot.wasserstein_1d(g, r, p=1) for g, r in zip(generated.T, real.T, strict=True)]))


def spectrum(angles: np.ndarray) -> np.ndarray:
    """10 log10 of the power spectral density plus the floor, (F, 3) dB; gaps are bridged in a straight line.

    nan where the video is shorter than a segment or has no pose.
    """
    known = ~np.isnan(angles).any(axis=1)
    if len(angles) <= SEGMENT or known.sum() < 2:
        return np.full((1, 3), np.nan)
    frames = np.arange(len(angles))
    whole = np.stack([np.interp(frames, frames[known], column[known]) for column in angles.T], axis=1)
    frequency, density = welch(np.diff(whole, axis=0) * FPS, FPS, nperseg=SEGMENT, axis=0)
    inside = (frequency >= BAND[0]) & (frequency <= BAND[1])
    return 10 * np.log10(density[inside] + FLOOR)


def compute(generated: np.ndarray, real: np.ndarray, measure: str) -> tuple[float, int]:
    """One of MEASURES between two videos' angles (T, 3) and (N, 3), and the number of generated frames.

    nan where either is too short.
    """
    if measure == "spectrum":
        difference = spectrum(generated) - spectrum(real)
        return float(np.sqrt(np.mean(difference**2))), len(generated)
    order = MEASURES.index(measure) + 1
    return w1(derivative(generated, order), derivative(real, order)), len(generated)
