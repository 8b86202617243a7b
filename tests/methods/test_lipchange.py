"""How the lips differ from the still's: measures that know no place, size or turn; codes read by a ridge."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from talkpose.methods.aligned import LIPS
from talkpose.methods.lipchange import MEASURES, RIDGE, LipChange, lip_measures
from talkpose.methods.lips import CODES

EYES, NOSE = ((36, 39), (42, 45)), 33
EDGES, CORNERS = (51, 62, 66, 57), (48, 54)


def face(edges=(1.0, 1.1, 1.2, 1.35), wide=0.5, eyes=20.0, at=(48.0, 40.0), turn=0.0):
    """dlib's points of a face whose lips' edges lie `edges` below its eyes, all in distances of the eyes."""
    points = np.zeros((68, 2))
    for pair, x in zip(EYES, (-0.5, 0.5), strict=True):
        points[list(pair)] = (x - 0.1, 0), (x + 0.1, 0)
    points[NOSE] = 0, 0.76
    points[list(EDGES), 1] = edges
    points[list(CORNERS)] = (-wide / 2, 1.15), (wide / 2, 1.15)
    c, s = np.cos(turn), np.sin(turn)
    return eyes * points @ np.array([[c, s], [-s, c]]) + at


def test_measures_are_in_sides_of_the_window():
    found = lip_measures(face())
    # a crop of one pixel has its middle at 0
    heights = (np.array([1.0, 1.1, 1.2, 1.35]) - LIPS.y) / LIPS.side
    np.testing.assert_allclose(found, [*heights, 0.5 / LIPS.side], atol=1e-6)


def test_measures_know_no_place_size_or_turn():
    np.testing.assert_allclose(
        lip_measures(face(eyes=55.0, at=(10.0, 90.0), turn=0.7)), lip_measures(face()), atol=1e-6
    )


class Ear(nn.Module):
    """Tells a third of what it hears, which is the codes themselves."""

    def forward(self, sounds):
        return sounds / 3


def made(seed: int, clips: int = 12, count: int = 20):
    """Clips whose codes are a linear map of the lips' measures, and the map."""
    rng = np.random.default_rng(seed)
    true = rng.normal(size=(MEASURES, CODES)) * 5
    lengths, codes, footage = [], [], []
    for _ in range(clips):
        edges = np.sort(rng.uniform(1.0, 1.4, (count, 4)), 1)
        wide = rng.uniform(0.3, 0.7, count)
        points = np.stack([face(tuple(e), w) for e, w in zip(edges, wide, strict=True)])
        code = np.stack([lip_measures(p) for p in points]).astype(np.float64) @ true
        code[3] = np.nan  # a frame without a face
        footage.append(SimpleNamespace(footage=SimpleNamespace(track=SimpleNamespace(landmarks=points))))
        codes.append(code.astype(np.float32))
        lengths.append(count)
    return SimpleNamespace(
        clips=footage,
        sample=lambda seed: range(clips),
        sounds_and_codes=lambda number: (np.nan_to_num(codes[number]), codes[number]),
    ), codes


def target(points):
    return SimpleNamespace(train=SimpleNamespace(track=SimpleNamespace(landmarks=points[None])))


def test_the_stills_codes_are_those_of_a_ridge_regression():
    source, codes = made(0)
    change = LipChange()
    encoder = Ear().train()
    change.fit(source, encoder, most=2.0)
    assert encoder.training
    x = np.concatenate([[lip_measures(p) for p in c.footage.track.landmarks] for c in source.clips])
    y = np.concatenate(codes)
    seen = np.isfinite(y).all(1)
    x, y = x[seen].astype(np.float64), y[seen].astype(np.float64)
    z = (x - x.mean(0)) / x.std(0, ddof=1)
    # without an offset: codes count from a clip's mean
    slope = np.linalg.solve(z.T @ z + RIDGE * np.eye(MEASURES), z.T @ y)
    asked = face((1.02, 1.08, 1.25, 1.38), 0.42)
    expected = (lip_measures(asked) - x.mean(0)) / x.std(0, ddof=1) @ slope
    np.testing.assert_allclose(change.still(target(asked)), expected, rtol=1e-3, atol=1e-3)


def test_spread_and_gain():
    source, codes = made(1)
    change = LipChange()
    change.fit(source, Ear(), most=2.0)
    y = np.concatenate(codes)
    y = y[np.isfinite(y).all(1)]
    np.testing.assert_allclose(change.unit, np.sqrt((y**2).mean(0)), rtol=1e-4)
    np.testing.assert_allclose(change.gain, 2.0)  # three times would be as lively, but no more is allowed
    change.fit(source, Ear(), most=5.0)
    np.testing.assert_allclose(change.gain, 3.0, rtol=1e-4)


def test_difference_over_spread():
    change = LipChange()
    change.unit.copy_(torch.arange(1, CODES + 1))
    codes, still = torch.full((4, CODES), 3.0), torch.ones(CODES)
    torch.testing.assert_close(change(codes, still), (2.0 / torch.arange(1, CODES + 1)).expand(4, CODES))
    assert change(still, still).abs().max() == pytest.approx(0)
