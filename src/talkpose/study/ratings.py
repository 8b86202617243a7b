"""Analysis of ratings of head pose from 1 to 5, and how they go with HS (section 4.4)."""

import numpy as np
import pandas as pd
from scipy import stats

from talkpose.study.best_of_n import _alpha
from talkpose.study.resample import cluster_interval
from talkpose.study.sections import Analysed, Section, cell, section
from talkpose.study.votes import mean_score, share_of_scores

PROTOCOL = "pose rating 1-5, clustered"
SCORES = np.arange(1, 6)


def analyse_ratings(
    rows: pd.DataFrame, hs: pd.DataFrame | None, samples: int, seed: int, table: str = "hs_study"
) -> Analysed:
    """Ratings of one design, traps and practice left out.

    rows: of answers.parquet with one `name`; hs: columns method, item, value and protocol, the HS of every
    rated pair; None where the run measured none, and the correlation is then not attempted.
    """
    main = rows[(rows["kind"] == "main") & rows["rating"].notna() & rows["method"].notna()]
    name, simulated = str(rows["name"].iloc[0]), bool(rows["simulated"].any())
    cells, sections = [], []
    for method, given in main.groupby("method", sort=True):
        values = _counts(given)
        votes = {int(score): int(count) for score, count in zip(SCORES, values.sum((0, 1)), strict=True)}
        n = sum(votes.values())
        found = cluster_interval(values, _numbers, samples, seed, name, str(method))
        for score, count in votes.items():
            cells.append(cell(table, str(method), f"votes {score}", count, n, None, PROTOCOL, simulated))
        numbers = (
            ("mean score", mean_score(votes).mean),
            ("similar or maybe (4, 5)", share_of_scores(votes, (4, 5)).percent),
            ("not or maybe not (1, 2)", share_of_scores(votes, (1, 2)).percent),
        )
        for k, (column, value) in enumerate(numbers):
            interval = None if found is None else found[:, k]
            cells.append(cell(table, str(method), column, value, n, interval, PROTOCOL, simulated))
        if hs is not None:
            correlated, points = _with_hs(name, str(method), given, hs, samples, seed, table, simulated)
            cells += correlated
            sections.append(points)
    sections.append(_agreement(name, main))
    return Analysed(cells, sections)


def _counts(given: pd.DataFrame) -> np.ndarray:
    """How often each score was given, (participants, pairs, 5)."""
    people, pairs = pd.factorize(given["participant"], sort=True), pd.factorize(given["group"], sort=True)
    values = np.zeros((len(people[1]), len(pairs[1]), 5))
    np.add.at(values, (people[0], pairs[0], given["rating"].astype(int).to_numpy() - 1), 1)
    return values


def _numbers(sums: np.ndarray) -> np.ndarray:
    """Mean score and percent of 4 and 5, of 1 and 2: sums (S, 5) -> (S, 3)."""
    total = sums.sum(1)
    return np.stack([sums @ SCORES, 100 * sums[:, 3:].sum(1), 100 * sums[:, :2].sum(1)], 1) / total[:, None]


def _with_hs(
    name: str,
    method: str,
    given: pd.DataFrame,
    hs: pd.DataFrame,
    samples: int,
    seed: int,
    table: str,
    simulated: bool,
) -> tuple[list[dict], Section]:
    scores = (
        given.groupby("item", sort=True)["rating"].agg(["mean", "size"]).rename_axis("item").reset_index()
    )
    pairs = scores.merge(hs[hs["method"] == method], on="item", validate="one_to_one")
    known = ", ".join(sorted(set(pairs["protocol"])))
    x, y = pairs["value"].to_numpy(float), pairs["mean"].to_numpy(float)
    cells = []
    for kind, statistic in (("", stats.pearsonr), (", ranks", stats.spearmanr)):
        value, interval = _correlate(x, y, statistic, samples, seed, name, method, kind)
        cells.append(
            cell(
                table, method, f"correlation with HS{kind}", value, len(pairs), interval,
                f"mean rating a pair against HS {known}", simulated,
            )
        )  # fmt: skip
    points = section(
        name,
        f"HS and ratings, {method}",
        f"One row a pair; HS by {known}; the correlation's interval draws pairs anew.",
        ["pair", "HS", "mean rating", "ratings"],
        pairs[["item", "value", "mean", "size"]].to_numpy().tolist(),
    )
    return cells, points


def _correlate(
    x: np.ndarray, y: np.ndarray, statistic, samples: int, seed: int, *axes: str
) -> tuple[float, np.ndarray | None]:
    """Correlation and its interval over pairs; nan and None where it is not defined."""
    from talkpose.seeds import numpy_rng

    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan"), None
    value = float(statistic(x, y)[0])
    rows = numpy_rng(seed, "study", "correlation", *axes).integers(0, len(x), (samples, len(x)))
    a, b = x[rows], y[rows]
    if statistic is stats.spearmanr:
        a, b = stats.rankdata(a, axis=1), stats.rankdata(b, axis=1)
    a, b = a - a.mean(1, keepdims=True), b - b.mean(1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = (a * b).sum(1) / np.sqrt((a**2).sum(1) * (b**2).sum(1))
    return value, np.nanquantile(drawn, [0.025, 0.975])


def _agreement(name: str, main: pd.DataFrame) -> Section:
    table = main.pivot_table(
        index="participant", columns=["group", "method"], values="rating", aggfunc="first"
    ).to_numpy(float)
    return section(
        name,
        "Agreement",
        "Krippendorff's alpha of the ratings: 1 is full agreement, 0 that of chance.",
        ["scale", "alpha"],
        [["ordinal", _alpha(table, "ordinal")], ["interval", _alpha(table, "interval")]],
    )


def pairs_needed(correlation: float, power: float = 0.8, level: float = 0.05) -> int:
    """Pairs for a two-sided test to find a correlation (Fisher's z): 17 for the paper's 0.65."""
    z = stats.norm.isf(level / 2) + stats.norm.ppf(power)
    return int(np.ceil((z / np.arctanh(correlation)) ** 2 + 3))
