"""Which reading of HS tells a person from another: a table from metric rows.

For each variant of `hs` and `hs-generated` (and each measure of `pose_dynamics`), the mean over clips of a
method and of the controls with known answers, and three plain answers, each paired over clips:

    oracle > other       the person's real frames score better than another person's
    person > other       the person's own poses of another time (pingpong, the same-person ceiling) do
    person > still       they score better than a head that does not move

`yes` where the paired difference is positive beyond chance: one-sided Wilcoxon signed-rank test, p <= 0.05;
with fewer than 5 clips, where no test can reach that, on every single clip. `no` otherwise; empty where a
control is missing.
"""

from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import wilcoxon

from talkpose.layout import OWN
from talkpose.metrics import hs, pose_dynamics
from talkpose.metrics.registry import protocol

METRICS: Final = (
    *hs.METRICS,
    *(p.metric for generated in (False, True) for p in pose_dynamics.protocols(generated)),
)
"""Metrics that the table holds."""

CONTROLS: Final = ("oracle", "pingpong", "shuffled", "other-person", "still")
QUESTIONS: Final = {
    "oracle > other": ("oracle", "other-person"),
    "person > other": ("pingpong", "other-person"),
    "person > still": ("pingpong", "still"),
}
LEAST = 5
"""Clips from which on a test decides; with 5, the least p is 1/32."""

LEVEL = 0.05


def hs_variants(metrics: pd.DataFrame, method: str = "ours-p") -> pd.DataFrame:
    """A row a variant: metric, protocol, n, the means of `method` and of CONTROLS, and the QUESTIONS.

    `metrics`: tidy rows with base.COLUMNS; only items with the person's own sound count, and of those only
    clips on which `method` and every control that was measured have a value (n). Means of what was not
    measured are nan.
    """
    own = metrics[metrics["clip"].str.endswith(f"__{OWN}") & metrics["metric"].isin(METRICS)]
    columns = ["metric", "protocol", "n", method, *CONTROLS, *QUESTIONS]
    rows = []
    for (metric, identifier), part in own.groupby(["metric", "protocol"], sort=True):
        part = part[part["method"].isin([method, *CONTROLS])]
        wide = part.pivot(index=["corpus", "clip"], columns="method", values="value").dropna()
        sign = -1 if protocol(str(metric), str(identifier)).direction == "lower" else 1
        row: dict[str, object] = {"metric": metric, "protocol": identifier, "n": len(wide)}
        row |= {name: wide[name].mean() if name in wide else np.nan for name in (method, *CONTROLS)}
        for question, (better, worse) in QUESTIONS.items():
            known = better in wide and worse in wide and len(wide)
            row[question] = separates(sign * (wide[better] - wide[worse]).to_numpy()) if known else ""
        rows.append(row)
    return pd.DataFrame(rows, columns=columns)


def separates(differences: np.ndarray) -> str:
    """`yes` or `no`: whether paired differences (n,), n at least 1, are positive beyond chance."""
    if len(differences) < LEAST:
        return "yes" if (differences > 0).all() else "no"
    if not differences.any():
        return "no"
    return "yes" if wilcoxon(differences, alternative="greater").pvalue <= LEVEL else "no"
