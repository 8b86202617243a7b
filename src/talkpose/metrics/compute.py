"""All metrics of one generated video, as tidy rows."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from talkpose.config import MetricsConfig
from talkpose.errors import UserError
from talkpose.face.landmarks import mouth_opening
from talkpose.files import write_parquet
from talkpose.metrics import eat_lmd, hs, lmd, mouth, psnr, velocity
from talkpose.metrics.base import COLUMNS, Protocol
from talkpose.metrics.images import image_metrics
from talkpose.metrics.poses import pose_metrics

Row = dict[str, Any]


def measure_item(
    generated: np.ndarray,
    real: np.ndarray | None,
    generated_points: np.ndarray | None,
    real_points: np.ndarray | None,
    poses_generated: np.ndarray | None,
    poses_real: np.ndarray,
    config: MetricsConfig,
    *,
    method: str,
    corpus: str,
    clip: str,
    poses_train: np.ndarray | None = None,
    poses_made: np.ndarray | None = None,
    scored: Mapping[str, tuple[np.ndarray, np.ndarray]] | None = None,
    device: str = "cpu",
) -> list[Row]:
    """Every metric of `config.names` that this item allows.

    Parameters: `generated` uint8 (T, H, W, 3) and, where the sound is the person's own, `real` of the same
    shape; `generated_points`, `real_points` (T, N, 2) in pixels by `config.landmarks`, nan where no face;
    `poses_generated` (T, 3 or more) Euler angles, tracked from the generated frames, None for no HS;
    `poses_real` (N, 3) those of the person's own held-out frames, the reference of HS for every item: what a
    method was trained on would reward playing it back. `poses_train` gives the companion `hs-train`;
    `poses_made` (T, 3 or more), the poses that the method says it generated, the `*-generated` metrics.
    `scored`: landmarks (generated, real) by each further detector, both in pixels of these frames. `device`
    scores pictures: cpu or cuda[:n]. Without `real` (foreign sound) only poses are measured. Returns rows
    with COLUMNS. Raises UserError where shapes do not match.
    """
    rows: list[Row] = []

    def add(protocol: Protocol, value: float, frames: int) -> None:
        values = (method, corpus, clip, protocol.metric, protocol.id, float(value), int(frames))
        rows.append(dict(zip(COLUMNS, values, strict=True)))

    if real is not None:
        if len(generated) != len(real):
            raise UserError(
                f"{method}, {clip}: {len(generated)} generated and {len(real)} real frames; "
                "cut both to the same frames"
            )
        for measured in image_metrics(generated, real, config.names, config.protocols, config.batch, device):
            add(*measured)
        series = dict(scored or {})
        if LANDMARK_METRICS & set(config.names):
            if generated_points is None or real_points is None:
                raise UserError(
                    f"{method}, {clip}: lmd and mouth need the landmarks of both videos; give them"
                )
            series = {config.landmarks: (generated_points, real_points), **series}
        for kind, pair in series.items():
            for measured in landmark_metrics(*pair, kind, generated.shape[2], config):
                add(*measured)
    if poses_generated is not None:
        for measured in pose_metrics(poses_generated, poses_real, config):
            add(*measured)
        if "hs" in config.names and poses_train is not None:
            angles, training = hs.update(poses_generated), hs.protocols(config.hs_bins)[1]
            add(training, *hs.compute([angles], [hs.update(poses_train)], config.hs_bins))
    if poses_made is not None:
        for measured in pose_metrics(poses_made, poses_real, config, generated=True):
            add(*measured)
    return rows


LANDMARK_METRICS = frozenset({"lmd", "m-lmd", "f-lmd", "velocity", "mouth"})
"""Names that need landmarks."""


def landmark_metrics(
    generated: np.ndarray, real: np.ndarray, kind: str, size: int, config: MetricsConfig
) -> Iterator[tuple[Protocol, float, int]]:
    """(protocol, value, frames) of what `config.names` holds of landmarks (T, N, 2) by the detector `kind`.

    `size`: pixels of the frames' width. The mouth's opening is measured by `config.landmarks` alone.
    """
    if "lmd" in config.names:
        yield from lmd.measure(generated, real, kind, size, config.protocols)
    for protocol, part in zip(eat_lmd.protocols(kind), ("mouth", "face"), strict=True):
        if protocol.metric in config.names:
            yield protocol, *eat_lmd.compute([eat_lmd.update(generated, real, kind, size, part)])
    if "velocity" in config.names:
        for protocol, part in zip(velocity.protocols(kind), ("mouth", "face"), strict=True):
            yield protocol, *velocity.compute([velocity.update(generated, real, kind, part)])
    if "mouth" in config.names and kind == config.landmarks:
        openings = mouth.update(mouth_opening(generated, kind), mouth_opening(real, kind))
        value, frames, lag, best = mouth.compute([openings], config.mouth_lag)
        plain, at_lag, at_best = mouth.protocols(kind, config.mouth_lag)
        yield plain, value, frames
        yield at_lag, lag, frames
        yield at_best, best, frames


def measure_regions(
    generated: np.ndarray,
    real: np.ndarray,
    masks: Mapping[str, np.ndarray],
    config: MetricsConfig,
    *,
    method: str,
    corpus: str,
    clip: str,
) -> list[Row]:
    """PSNR inside each named region: rows `psnr-<region>` with COLUMNS.

    Parameters: `generated`, `real` uint8 (T, H, W, 3); `masks` from region (face, mouth, edge) to bool (T,
    H, W).
    """
    rows: list[Row] = []
    for region, mask in masks.items():
        protocol = psnr.region_protocol(region)
        spans = [slice(i, i + config.batch) for i in range(0, len(generated), config.batch)]
        value, frames = psnr.compute([psnr.update(generated[s], real[s], mask[s]) for s in spans])
        values = (method, corpus, clip, protocol.metric, protocol.id, value, frames)
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def metrics_table(rows: Sequence[Row]) -> pd.DataFrame:
    """Rows as a table of fixed columns, types and order."""
    table = pd.DataFrame(list(rows), columns=list(COLUMNS))
    table = table.astype({"value": "float64", "n_frames": "int64"})
    return table.sort_values(list(COLUMNS[:5]), kind="stable", ignore_index=True)


def write_metrics(path: str | Path, rows: Sequence[Row]) -> None:
    """Write rows as Parquet, sorted, so that equal rows give equal bytes in whatever order they came."""
    table = metrics_table(rows)
    key = list(COLUMNS[:5])
    if table.duplicated(key).any():
        first = table.loc[table.duplicated(key), key].iloc[0].to_dict()
        raise UserError(f"{path}: two rows for {first}; measure each item once")
    write_parquet(path, table)
