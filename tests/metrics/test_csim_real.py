"""Identity features of real frames: those that describing gives, found once, anew for another track."""

import numpy as np
import pytest

from talkpose.clips.store import write_lossless
from talkpose.config import MetricsConfig
from talkpose.face.coefficients import SIZE
from talkpose.face.track import Track, save_track
from talkpose.metrics import csim
from talkpose.metrics.csim_real import known_feature, real_features

COUNT = 20


class Corner:
    """Describes a frame by its first pixel and the first landmark; counts the frames."""

    name, size, described = "corner", 4, 0

    def describe(self, frames, landmarks):
        self.described += len(frames)
        values = np.concatenate([frames[:, 0, 0].astype(np.float32) + 1, landmarks[:, 0, :1]], 1)
        return values / np.linalg.norm(values, axis=1, keepdims=True)


@pytest.fixture
def corner(monkeypatch):
    corner = Corner()
    monkeypatch.setattr(csim, "load_embedder", lambda kind, weights: corner)
    return corner


def test_other_weights_under_the_same_name_describe_anew(corner, tmp_path):
    where, *_ = write(tmp_path, 0)
    weights = tmp_path / "arc.onnx"
    config = MetricsConfig(network_every=3, csim_embedder="arcface", arcface_weights=str(weights))
    counts = []
    for content in (b"one", b"one", b"other"):
        weights.write_bytes(content)
        real_features(*where, 1, config)
        counts.append(corner.described)
    assert counts[0] == counts[1] < counts[2]


def write(folder, seed: int, shift: float = 0.0):
    rng = np.random.default_rng(seed)
    frames = rng.integers(0, 256, (COUNT, 16, 16, 3), dtype=np.uint8)
    points = rng.uniform(2, 14, (COUNT, 468, 2)).astype(np.float32) + np.float32(shift)
    points[4] = np.nan
    write_lossless(folder / "frames.mkv", frames)
    track = Track(
        np.zeros((COUNT, SIZE), np.float32), points, np.zeros(COUNT, np.float32), np.ones(COUNT, bool)
    )
    save_track(folder / "ann.npz", track)
    return (folder / "ann.npz", folder / "frames.mkv"), frames, points


def test_as_described_and_once(corner, tmp_path):
    where, frames, points = write(tmp_path, 0)
    config = MetricsConfig(network_every=3)
    found = real_features(*where, 1, config)
    np.testing.assert_array_equal(found, csim.describe(corner, frames[1:], points[1:], 3))
    assert np.isnan(found[1]).all() and np.isfinite(np.delete(found, 1, 0)).all()  # frame 4 shows no face
    so_far = corner.described
    np.testing.assert_array_equal(real_features(*where, 1, config), found)
    assert corner.described == so_far
    # of other frames, as often as asked
    assert len(real_features(*where, 2, config)) == 6
    assert len(real_features(*where, 1, MetricsConfig(network_every=4))) == 5


def test_mean_of_what_methods_may_see(corner, tmp_path):
    where, frames, points = write(tmp_path, 0)
    config = MetricsConfig()
    which = csim.spread(12)
    expected = csim.mean_feature(csim.describe(corner, frames[which], points[which], 1))
    np.testing.assert_array_equal(known_feature(*where, 12, config), expected)
    so_far = corner.described
    known_feature(*where, 12, config)
    assert corner.described == so_far
    assert np.abs(known_feature(*where, 6, config) - expected).max() > 1e-3


def test_anew_when_the_clip_or_its_track_changes(corner, tmp_path):
    where, _, _ = write(tmp_path, 0)
    config = MetricsConfig(network_every=5)
    first = real_features(*where, 0, config)
    write(tmp_path, 1)
    second = real_features(*where, 0, config)
    write(tmp_path, 1, shift=3.0)
    third = real_features(*where, 0, config)
    assert np.abs(first - second)[0].max() > 1e-3 and np.abs(second - third)[0].max() > 1e-3
