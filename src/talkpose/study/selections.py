"""Analysis of select-all answers (Appendix B): any number of results may be chosen as best."""

import choix
import numpy as np
import pandas as pd
from statsmodels.stats.contingency_tables import cochrans_q, mcnemar
from statsmodels.stats.multitest import multipletests

from talkpose.study.best_of_n import _alpha
from talkpose.study.resample import cluster_interval
from talkpose.study.sections import Analysed, Section, cell, section
from talkpose.study.votes import exact

COLUMN = "chosen as best"


def analyse_selections(
    rows: pd.DataFrame,
    methods: list[str],
    titles: dict[str, str],
    samples: int,
    seed: int,
    table: str = "appendix_b",
) -> Analysed:
    """Selections of one design, traps and practice left out; titles: names of rows by method."""
    main = rows[rows["kind"] == "main"]
    name, simulated = str(rows["name"].iloc[0]), bool(rows["simulated"].any())
    chosen = _chosen(main, methods)
    seen = np.isfinite(chosen)
    n_groups = chosen.shape[1]
    counts = np.concatenate([np.nan_to_num(chosen), seen[..., :1].astype(float)], axis=2)
    found = cluster_interval(counts, _percent, samples, seed, name) if n_groups > 1 else None
    cells, lines = [], []
    for k, method in enumerate(methods):
        share = exact(int(np.nansum(chosen[..., k])), int(seen[..., k].sum()))
        clustered = (np.nan, np.nan) if found is None else found[:, k]
        # with one group every participant answers once, and the exact interval is the right one
        interval = (share.low, share.high) if found is None else clustered
        protocol = "select-all" if found is None else "select-all, clustered"
        cells.append(
            cell(
                table,
                titles.get(method, method),
                COLUMN,
                share.percent,
                share.n,
                interval,
                protocol,
                simulated,
            )
        )
        lines.append([method, share.votes, share.n, share.percent, share.low, share.high, *clustered])
    none = int(((np.nansum(chosen, 2) == 0) & seen[..., 0]).sum())
    sections = [
        section(
            name,
            "Chosen as best",
            f"Exact (Clopper-Pearson) intervals; none chosen in {none} of {int(seen[..., 0].sum())} answers.",
            ["method", "times", "of", "percent", "low", "high", "clustered low", "high"],
            lines,
        ),
        _strengths(name, chosen, methods),
        _tests(name, chosen, methods),
        section(
            name,
            "Agreement",
            "Krippendorff's alpha of chosen or not, nominal, over groups and methods.",
            ["choice", "alpha"],
            [["chosen or not", _alpha(chosen.reshape(len(chosen), -1), "nominal")]],
        ),
    ]
    return Analysed(cells, sections)


def _chosen(main: pd.DataFrame, methods: list[str]) -> np.ndarray:
    """1 where chosen, 0 where not, nan where not answered: (participants, groups, methods)."""
    people, groups = pd.factorize(main["participant"], sort=True), pd.factorize(main["group"], sort=True)
    values = np.full((len(people[1]), len(groups[1]), len(methods)), np.nan)
    for p, g, chosen in zip(people[0], groups[0], main["chosen"], strict=True):
        values[p, g] = [method in chosen.split() for method in methods]
    return values


def _percent(sums: np.ndarray) -> np.ndarray:
    return 100 * sums[:, :-1] / sums[:, -1:]


def _strengths(name: str, chosen: np.ndarray, methods: list[str]) -> Section:
    """Bradley-Terry strengths: what was chosen won against what was not."""
    wins = [
        (int(i), int(j))
        for answer in chosen.reshape(-1, len(methods))
        if np.isfinite(answer).all()
        for i in np.flatnonzero(answer == 1)
        for j in np.flatnonzero(answer == 0)
    ]
    worth = choix.ilsr_pairwise(len(methods), wins, alpha=1e-2) if wins else np.full(len(methods), np.nan)
    rows = sorted(zip(methods, worth - worth.mean(), strict=True), key=lambda row: -row[1])
    return section(
        name,
        "Strengths",
        f"Bradley-Terry model of the {len(wins)} pairs of a chosen and a left result, log scale, mean 0.",
        ["method", "log worth"],
        rows,
    )


def _tests(name: str, chosen: np.ndarray, methods: list[str]) -> Section:
    """Cochran's Q over answers, then pairs by McNemar's exact test with Holm's correction."""
    answers = chosen.reshape(-1, len(methods))
    answers = answers[np.isfinite(answers).all(1)].astype(int)
    rows: list[list[str | float | None]] = []
    if len(answers) > 1 and np.ptp(answers, axis=1).any():
        q = cochrans_q(answers)
        rows.append(["all alike", float(q.statistic), float(q.pvalue), None])
    pairs = [(i, j) for i in range(len(methods)) for j in range(i)]
    found = []
    for i, j in pairs:
        only_i, only_j = (
            int(((answers[:, a] == 1) & (answers[:, b] == 0)).sum()) for a, b in ((i, j), (j, i))
        )
        table = [[0, only_i], [only_j, 0]]
        found.append(float(mcnemar(table, exact=True).pvalue) if only_i + only_j else 1.0)
    for (i, j), p, holm in zip(pairs, found, multipletests(found, method="holm")[1], strict=True):
        difference = float(answers[:, i].mean() - answers[:, j].mean()) if len(answers) else float("nan")
        rows.append([f"{methods[i]} - {methods[j]}", difference, p, float(holm)])
    return section(
        name,
        "Tests",
        "Cochran's Q over answers; pairs by McNemar's exact test, p after Holm. With several groups a "
        "person's answers are alike, and p is then too small.",
        ["comparison", "Q or difference of shares", "p", "p (Holm)"],
        rows,
    )
