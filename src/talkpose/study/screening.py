"""Whose answers are left out, and why: failed traps, careless patterns, ITU-R BT.500's screening."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

FAILED_SHARE = 0.5
"""A participant who fails more than this share of the traps is left out."""
SAME_PLACE = 1e-4
"""Chance under which one place was chosen so often by nobody who looked."""
FASTEST_MS = 700
"""Median time of an answer below which nobody compared videos that play to their end."""


class Screened(NamedTuple):
    """One participant."""

    participant: str
    answers: int
    traps: int
    failed: int
    kept: bool
    why: str
    """empty where kept"""


def screen(rows: pd.DataFrame) -> list[Screened]:
    """Screen the participants of one design: rows of answers.parquet with one `name`."""
    outside = bt500(rows) if (rows["design"] == "rating").any() else set()
    found = []
    for participant, own in rows.groupby("participant", sort=True):
        main = own[own["kind"] == "main"]
        traps = own[own["passed"].notna()]
        failed = int((~traps["passed"].astype(bool)).sum())
        why = []
        if len(traps) and failed > FAILED_SHARE * len(traps):
            why.append(f"failed {failed} of {len(traps)} traps")
        if str(participant) in outside:
            why.append("BT.500: ratings far from the others' in both directions")
        if len(main) and (design := str(main["design"].iloc[0])) == "best-of-n":
            place = _same_place(main)
            if place:
                why.append(place)
        elif len(main) > 9 and design == "rating" and main["rating"].nunique() == 1:
            why.append(f"gave {int(main['rating'].iloc[0])} to every pair")
        if len(main) and not own["simulated"].iloc[0] and main["rt_ms"].median() < FASTEST_MS:
            why.append(f"answered within {main['rt_ms'].median():.0f} ms")
        found.append(Screened(str(participant), len(main), len(traps), failed, not why, "; ".join(why)))
    return found


def _same_place(main: pd.DataFrame) -> str:
    """Words for one who chose one place far too often; empty for others."""
    places = main["position"].astype(int)
    n_places = max(len(shown.split()) for shown in main["shown"])
    place = int(places.mode().iloc[0])
    times = int((places == place).sum())
    # any of the places could have been the favoured one
    chance = n_places * float(stats.binom.sf(times - 1, len(places), 1 / n_places))
    if chance >= SAME_PLACE or times < 0.8 * len(places):
        return ""
    return f"chose place {place} in {times} of {len(places)} answers"


def bt500(rows: pd.DataFrame) -> set[str]:
    """Participants whom ITU-R BT.500-14, annex 1, 2.3.1 rejects, by their ratings of the pairs.

    For each pair: mean, deviation and kurtosis over participants; ratings beyond 2 deviations (normal,
    kurtosis 2 to 4) or sqrt(20) deviations count as high (P) or low (Q). Rejected: (P + Q) / all > 0.05 and
    |P - Q| / (P + Q) < 0.3, so those who are inconsistent, not those who are strict or mild.
    """
    main = rows[(rows["kind"] == "main") & rows["rating"].notna()]
    table = main.pivot_table(
        index="participant", columns=["group", "method"], values="rating", aggfunc="mean", dropna=False
    )
    scores = table.to_numpy(float)
    if len(scores) < 3:
        return set()
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, deviation = np.nanmean(scores, 0), np.nanstd(scores, 0, ddof=1)
        second, fourth = (np.nanmean((scores - mean) ** k, 0) for k in (2, 4))
        kurtosis = fourth / second**2
    normal = (kurtosis >= 2) & (kurtosis <= 4)
    reach = np.where(normal, 2.0, np.sqrt(20.0)) * deviation
    varies = deviation > 0
    high = ((scores >= mean + reach) & varies).sum(1)
    low = ((scores <= mean - reach) & varies).sum(1)
    both, seen = high + low, np.isfinite(scores).sum(1)
    rejected = (
        (both / np.maximum(seen, 1) > 0.05) & (np.abs(high - low) / np.maximum(both, 1) < 0.3) & (both > 0)
    )
    return {str(name) for name in table.index[rejected]}
