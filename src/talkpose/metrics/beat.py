"""Beat alignment score, protocol `bas-v1`: does the head come to rest when the speech sets in?

    BAS = 1/|A| sum over onsets a in A of exp(-min_m (a - m)^2 / (2 * 9))

over the sound's onsets a (librosa's onset detection) and the head's motion beats m, in video frames of 40 ms.
A motion beat is a local minimum of the head's angular speed, smoothed by a Gaussian of 2 frames (Siyao et al.
2022 for dance: 5 frames at 60 fps). No unit, in [0, 1], higher is better; 0 where the head is still (its
angles spread less than 0.25 degrees), nan where the sound has no onset. Many small movements score high with
any sound: read it beside the controls (shifted sound, shuffled) and the real video.
"""

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from talkpose.errors import UserError
from talkpose.metrics.base import Protocol
from talkpose.metrics.stillness import is_still
from talkpose.speech.mfcc import HOP, SAMPLE_RATE, SAMPLES_PER_FRAME

VARIANCE = 9.0
SMOOTH = 2.0
MIN_FRAMES = 25

PROTOCOL = Protocol(
    metric="beat",
    id="bas-v1",
    title="Beat alignment",
    unit="",
    direction="higher",
    decimals=3,
    definition="mean over the sound's onsets (librosa) of exp(-d^2/18), d in frames to the nearest minimum "
    "of the head's angular speed (pose tracked in the frames, Gaussian of 2 frames); 0 for a still head",
)


def angular_speed(poses: np.ndarray) -> np.ndarray:
    """Angle (T - 1,) in degrees by which the head turns from each frame to the next.

    Parameters: `poses` (T, 3 or more), pitch, yaw, roll in radians, as the
    face model's rotation Rz(roll) Ry(yaw) Rx(pitch).
    """
    turns = Rotation.from_euler("xyz", np.asarray(poses, np.float64)[:, :3])
    return np.degrees((turns[1:] * turns[:-1].inv()).magnitude())


def motion_beats(poses: np.ndarray) -> np.ndarray:
    """Frames (B,) float64 between which the head is slowest, of poses (T, 3 or more) [rad]."""
    if len(poses) < 3 or is_still(np.degrees(np.asarray(poses, np.float64)[:, :3])):
        return np.empty(0)
    speed = gaussian_filter1d(angular_speed(poses), SMOOTH, mode="nearest")
    inner = speed[1:-1]
    # the speed from frame t to t + 1 holds half-way between them
    return np.flatnonzero((inner < speed[:-2]) & (inner <= speed[2:])) + 1.5


def onsets(audio: np.ndarray) -> np.ndarray:
    """Onsets (A,) of sound (N,) at 16 kHz, in video frames counted from the middle of frame 0."""
    import librosa  # takes a second, which runs without this metric need not spend

    times = librosa.onset.onset_detect(
        y=np.asarray(audio, np.float32), sr=SAMPLE_RATE, hop_length=HOP, units="time"
    )
    return times * SAMPLE_RATE / SAMPLES_PER_FRAME - 0.5


def alignment(sounds: np.ndarray, motions: np.ndarray) -> float:
    """The score of onsets (A,) and motion beats (B,), both in frames; 0 without B, nan without A."""
    if not len(sounds):
        return float("nan")
    if not len(motions):
        return 0.0
    nearest = np.abs(sounds[:, None] - motions).min(1)
    return float(np.exp(-np.square(nearest) / (2 * VARIANCE)).mean())


def compute(audio: np.ndarray, poses: np.ndarray) -> tuple[float, int]:
    """BAS of sound (640 T,) at 16 kHz and poses (T, 3 or more) [rad] at 25 fps, and T; nan for T below 25.

    Raises UserError where they differ in length.
    """
    count = len(audio) // SAMPLES_PER_FRAME
    if poses.ndim != 2 or poses.shape[1] < 3 or len(poses) != count:
        raise UserError(
            f"beat: poses of shape {poses.shape} for {count} frames of sound; cut both to the same frames"
        )
    if count < MIN_FRAMES:
        return float("nan"), count
    return alignment(onsets(audio), motion_beats(poses)), count
