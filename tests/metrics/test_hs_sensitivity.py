"""HS by bins and range: against `hs`, POT and what must hold for any choice."""

import numpy as np
import ot
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talkpose.config import parse_config
from talkpose.errors import UserError
from talkpose.face.coefficients import POSE
from talkpose.face.track import Track, save_track
from talkpose.files import write_json, write_npz
from talkpose.layout import RunLayout
from talkpose.metrics import hs
from talkpose.metrics.hs_sensitivity import (
    BINS,
    METRIC,
    RANGES,
    identifier,
    measure_run,
    protocols,
    sensitivity,
)
from talkpose.metrics.registry import protocol


def _poses(seed: int, spread: float = 0.2, count: int = 90) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, spread, (count, 3)).cumsum(axis=0) / 5


def test_the_default_choice_is_hs():
    a, b = _poses(0), _poses(1)
    found = sensitivity(a, b)
    assert set(found) == {(span, bins) for span in RANGES for bins in BINS}
    for bins in BINS:
        assert found["pooled", bins] == pytest.approx(hs.compute([a], [b], bins)[0], abs=1e-12)


def test_a_fixed_range_is_pots_distance():
    a, b = _poses(2), _poses(3)
    places = np.arange(30) / 29
    distances = []
    for axis in range(3):
        edges = np.linspace(-45, 45, 31)
        p, q = (np.histogram(np.clip(np.degrees(x[:, axis]), -45, 45), edges)[0] / len(x) for x in (a, b))
        distances.append(ot.wasserstein_1d(places, places, p, q, p=1))
    assert sensitivity(a, b, [30], ["45"])["45", 30] == pytest.approx(1 - np.mean(distances))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.01, 0.5))
def test_any_choice_is_between_0_and_1_and_1_for_the_same_poses(seed, spread):
    a, b = _poses(seed, spread), _poses(seed + 1, spread)
    assert all(-1e-12 <= value <= 1 + 1e-12 for value in sensitivity(a, b).values())
    assert all(value == pytest.approx(1) for value in sensitivity(a, a).values())


def test_a_wider_range_flatters():
    """Why the range must be told: the same poses score higher, the wider it is."""
    found = sensitivity(_poses(4), _poses(5))
    assert found["45", 45] < found["90", 45] < found["180", 45]


def test_lost_frames_are_left_out_and_a_lost_video_has_no_value():
    a, b = _poses(6), _poses(7)
    gaps = np.vstack([a, np.full((5, 3), np.nan)])
    assert sensitivity(gaps, b) == sensitivity(a, b)
    assert all(np.isnan(value) for value in sensitivity(gaps[-5:], b).values())
    with pytest.raises(UserError, match="at least 2"):
        sensitivity(a, b, [1])


def test_every_choice_has_a_definition():
    assert len({p.id for p in protocols()}) == len(BINS) * len(RANGES)
    for known in protocols():
        assert protocol(METRIC, known.id) == known
    assert protocol("hs", identifier("pooled", 20)).metric == "hs"


def test_a_run_is_measured_from_its_files(tmp_path):
    layout = RunLayout(tmp_path / "made")
    corpora = {"people": {"role": "persons", "path": "clips"}}
    config = parse_config({"run": "made", "train_seconds": 2, "corpora": corpora, "methods": ["still"]})
    write_json(layout.config_file, config.model_dump(mode="json"))
    track = np.zeros((150, 257), np.float32)
    track[:, POSE.start : POSE.start + 3] = _poses(8, count=150)
    points, valid = np.zeros((150, 68, 2), np.float32), np.ones(150, bool)
    save_track(layout.track("people", "ann"), Track(track, points, np.zeros(150, np.float32), valid))
    items = [{"audio": "own", "person": "ann"}, {"audio": "drive", "person": "ann"}]
    for method in ("still", "frames-only"):
        write_json(layout.videos_shard(method, "people", "0000"), {"items": items})
    made = np.repeat(track[49:50], 100, axis=0)
    write_npz(layout.video("still", "ann__own") / "coefficients.npz", coefficients=made)
    measure_run(layout)
    rows = pd.read_parquet(layout.hs_sensitivity)
    assert len(rows) == len(BINS) * len(RANGES)
    expected = sensitivity(made[:, POSE], track[50:, POSE])
    assert {(p, v) for p, v in zip(rows["protocol"], rows["value"], strict=True)} == {
        (identifier(*choice), value) for choice, value in expected.items()
    }
