"""What HS (Eq. 6) depends on: the same poses scored with other bins and other ranges.

    HS = 1 - 1/3 sum over pitch, yaw, roll of W1(P_real, P_gen; bins, range)

The paper states neither. Poses are those that methods generated (coefficients.npz beside each video), the
reference is the person's own held-out track; cost linear over its maximum, mean of three axes, as in `hs`.
"""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Final

import numpy as np

from talkpose.errors import UserError
from talkpose.face.coefficients import POSE
from talkpose.face.track import load_track
from talkpose.files import read_json
from talkpose.layout import OWN, RunLayout, item_id
from talkpose.metrics.base import COLUMNS, Protocol
from talkpose.metrics.compute import Row, write_metrics

METRIC: Final = "hs-sensitivity"
BINS: Final = (10, 20, 30, 45, 60)
RANGES: Final = ("pooled", "45", "90", "180")
"""Range of an axis: both videos' own, or plus and minus so many degrees."""


def sensitivity(
    generated: np.ndarray,
    real: np.ndarray,
    bins: Sequence[int] = BINS,
    ranges: Sequence[str] = RANGES,
) -> dict[tuple[str, int], float]:
    """HS by (range, bins) of Euler angles `generated` (T, 3 or more) and `real` (N, 3 or more) in radians.

    Angles beyond a fixed range count in its last bin. Rows with nan are left out; nan where none is left.
    Raises UserError for less than 2 bins.
    """
    if min(bins) < 2:
        raise UserError(f"{METRIC}: {min(bins)} bins; give at least 2")
    a, b = (np.degrees(np.asarray(poses, np.float64)[:, :3]) for poses in (generated, real))
    a, b = (poses[~np.isnan(poses).any(axis=1)] for poses in (a, b))
    if not len(a) or not len(b):
        return {choice: float("nan") for choice in product(ranges, bins)}
    return {
        (span, count): float(1 - np.mean([_distance(a[:, i], b[:, i], span, count) for i in range(3)]))
        for span, count in product(ranges, bins)
    }


def _distance(a: np.ndarray, b: np.ndarray, span: str, bins: int) -> float:
    """W1 of two histograms over its maximum: the mean distance of their cumulative sums at inner edges."""
    if span == "pooled":
        low, high = min(a.min(), b.min()), max(a.max(), b.max())
        if np.radians(high - low) <= 1e-12:
            return 0.0
    else:
        low, high = -float(span), float(span)
    edges = np.linspace(low, high, bins + 1)
    p, q = (np.histogram(np.clip(x, low, high), edges)[0].cumsum() / len(x) for x in (a, b))
    return float(np.abs(p - q)[:-1].sum() / (bins - 1))


def identifier(span: str, bins: int) -> str:
    """Protocol id of one choice, such as `pooled-20-linear` or `fixed45-30-linear`."""
    return f"{'pooled' if span == 'pooled' else f'fixed{span}'}-{bins}-linear"


def protocols() -> tuple[Protocol, ...]:
    """One protocol a choice of BINS and RANGES."""
    words = {"pooled": "both videos' own range"} | {s: f"-{s}° to {s}°" for s in RANGES[1:]}
    return tuple(
        Protocol(
            metric=METRIC,
            id=identifier(span, bins),
            title="HS",
            unit="",
            direction="higher",
            decimals=3,
            definition=f"poses as generated, {bins} bins an axis over {words[span]}, linear cost over its "
            "maximum, mean of 3 axes; reference: the person's own held-out frames",
        )
        for span, bins in product(RANGES, BINS)
    )


def measure_run(layout: RunLayout) -> None:
    """Write metrics/hs_sensitivity.parquet: every choice for every method's videos of persons' own sound."""
    config = layout.load_config()
    rows: list[Row] = []
    for corpus in config.corpora_with("persons"):
        for method, person in _items(layout, corpus):
            path = layout.video(method, item_id(person, OWN)) / "coefficients.npz"
            if not path.is_file():  # a method of finished videos tells no pose
                continue
            made = np.load(path)["coefficients"][:, POSE]
            real = load_track(layout.track(corpus, person)).coefficients[config.held_out_start :, POSE]
            for choice, value in sensitivity(made, real).items():
                row = (method, corpus, item_id(person, OWN), METRIC, identifier(*choice), value, len(made))
                rows.append(dict(zip(COLUMNS, row, strict=True)))
    write_metrics(layout.hs_sensitivity, rows)


def _items(layout: RunLayout, corpus: str) -> Iterator[tuple[str, str]]:
    """(method, person) of every video with the person's own sound."""
    for receipt in sorted((layout.root / "videos").glob(f"*/{corpus}-*.json")):
        for item in read_json(receipt).get("items", []):
            if item["audio"] == OWN:
                yield receipt.parent.name, item["person"]
