import numpy as np
import ot
import pytest

from talkpose.face.camera import rotation_matrix
from talkpose.synthetic.contract import PIVOT
from talkpose.synthetic.headmotion import (
    MotionStyle,
    driving_signals,
    head_motion,
    own_motion,
    sample_style,
)
from talkpose.synthetic.prosody import Prosody, prosody

COUNT = 750


def tone(pitch, loud):
    """Buzz of COUNT frames with pitch (COUNT,) in Hz and loudness (COUNT,)."""

    def stretch(series):
        return np.interp(np.arange(COUNT * 640) / 640, np.arange(COUNT) + 0.5, series)

    phase = 2 * np.pi * np.cumsum(stretch(pitch)) / 16000
    return (stretch(loud) * sum(np.sin(k * phase) / k for k in range(1, 8)) * 0.1).astype(np.float32)


@pytest.fixture(scope="module")
def audio():
    slow = own_motion(np.random.default_rng(0).standard_normal((COUNT, 2)), 0.8)
    return tone(130 * 2 ** (0.15 * slow[:, 0]), 10 ** (0.5 * slow[:, 1] - 0.5))


def style(coupling):
    return MotionStyle((0.05, -0.1, 0.02), (0.05, 0.08, 0.04), 0.4, coupling, ((1, 0), (0, 1), (0.6, -0.8)))


def explained(pose, audio):
    """Share of the angles' variance that a linear map of the driving signals explains."""
    signals = driving_signals(prosody(audio, COUNT))
    angles = pose[:, :3] - pose[:, :3].mean(0)
    fit = signals @ np.linalg.lstsq(signals, angles, rcond=None)[0]
    return fit.var(0) / angles.var(0)


def test_pitch_and_energy_of_a_known_sound():
    pitch, loud = np.linspace(100, 200, COUNT), 10 ** np.linspace(-1, 0, COUNT)
    found = prosody(tone(pitch, loud), COUNT)
    expected = np.log2(pitch) - np.median(np.log2(pitch))
    inner = slice(5, -5)
    assert np.abs(found.pitch - expected)[inner].max() < 0.06
    assert np.allclose(np.diff(found.energy[inner]), 20 / (COUNT - 1) / 40, atol=0.02)
    assert not prosody(np.zeros(COUNT * 640), COUNT).pitch.any()


@pytest.mark.parametrize("coupling", [0.0, 0.2, 0.5, 0.8, 1.0])
def test_coupling_is_the_share_that_the_sound_explains(audio, coupling):
    pose = head_motion(style(coupling), audio, COUNT, 0, "x")
    # What the second signal explains by chance comes on top, up to a few percent.
    assert np.all(explained(pose, audio) >= coupling - 1e-3)
    assert np.all(explained(pose, audio) <= coupling + 0.12 * (1 - coupling) + 1e-3)


def test_rest_range_and_determinism(audio):
    pose = head_motion(style(0.5), audio, COUNT, 0, "x")
    assert np.allclose(pose[:, :3].mean(0), (0.05, -0.1, 0.02), atol=1e-5)
    assert np.allclose(pose[:, :3].std(0), (0.05, 0.08, 0.04), rtol=1e-4)
    assert pose.dtype == np.float32 and pose.shape == (COUNT, 6)
    assert pose.tobytes() == head_motion(style(0.5), audio, COUNT, 0, "x").tobytes()
    assert not np.array_equal(pose, head_motion(style(0.5), audio, COUNT, 0, "y"))


def test_head_turns_about_the_neck(audio):
    pose = head_motion(style(0.5), audio, COUNT, 0, "x").astype(float)
    neck = rotation_matrix(pose[:, :3]) @ PIVOT + pose[:, 3:]
    assert np.abs(neck - PIVOT).max() < 0.12
    assert np.abs(pose[:, 3:]).max() > np.abs(neck - PIVOT).max() * 0.5


def test_own_motion_is_smooth_stationary_and_of_its_rate():
    series = own_motion(np.random.default_rng(1).standard_normal((20000, 4)), 0.4)
    assert np.allclose([part.std() for part in np.split(series, 4)], series.std(), rtol=0.05)
    assert 0.8 < series.std() < 1
    steps = np.diff(series, axis=0)
    # Gaussian steps reach 5 deviations in 80,000 draws; a jump would be far above.
    assert np.abs(steps).max() < 5.5 * steps.std() and steps.std() < 0.2
    power = np.abs(np.fft.rfft(series, axis=0)) ** 2
    frequency = np.fft.rfftfreq(len(series), 1 / 25)
    inside = power[(frequency > 0.1) & (frequency < 1.6)].sum() / power[1:].sum()
    assert inside > 0.95


def similarity(a, b):
    """HS over three axes, by optimal transport of the samples themselves."""
    span = np.maximum(a.max(0), b.max(0)) - np.minimum(a.min(0), b.min(0))
    return 1 - np.mean([ot.wasserstein_1d(a[:, k], b[:, k]) / span[k] for k in range(3)])


def test_people_differ_more_than_one_person_over_time(audio):
    poses = [head_motion(sample_style(0, str(k)), audio, COUNT, 0, str(k))[:, :3] for k in range(12)]
    within = [similarity(pose[:300], pose[300:]) for pose in poses]
    across = [similarity(a[:300], b[300:]) for a in poses for b in poses if a is not b]
    assert np.mean(within) > np.mean(across) + 0.08
    assert np.mean(within) > 0.85
    assert all(np.rad2deg(np.abs(pose)).max() < 25 for pose in poses)


def test_styles_lie_in_their_ranges():
    styles = [sample_style(0, str(k)) for k in range(40)]
    couplings = [s.coupling for s in styles]
    assert min(couplings) >= 0.1 and max(couplings) <= 0.75 and np.ptp(couplings) > 0.4
    assert all(0.2 <= s.rate <= 0.6 for s in styles)


def test_constant_sound_drives_nothing():
    assert not driving_signals(Prosody(np.full(100, 0.5), np.zeros(100))).any()
