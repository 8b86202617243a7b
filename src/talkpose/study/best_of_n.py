"""Analysis of best-of-N votes (4.3.1, Table 1)."""

from typing import Literal

import choix
import krippendorff
import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests

from talkpose.study.resample import cluster_interval, shares
from talkpose.study.sections import Analysed, Section, cell, section
from talkpose.study.votes import wilson

COLUMNS = {"image_quality": "image quality", "lip_sync": "lip synchronization", "natural": "natural"}
"""Criteria as the paper's Table 1 names them; others go by their own names."""


def analyse_best_of_n(
    rows: pd.DataFrame, methods: list[str], samples: int, seed: int, table: str = "table1"
) -> Analysed:
    """Votes of one design, traps and practice left out: cells of Table 1 and sections.

    rows: of answers.parquet with one `name`; methods: that can be chosen.
    """
    main = rows[(rows["kind"] == "main") & rows["chosen"].isin(methods)]
    name, simulated = str(rows["name"].iloc[0]), bool(rows["simulated"].any())
    cells, sections = [], []
    for criterion, votes in main.groupby("criterion", sort=False):
        values = _counts(votes, methods)
        found = cluster_interval(values, shares, samples, seed, name, str(criterion))
        column = COLUMNS.get(str(criterion), str(criterion))
        protocol = f"best-of-{len(methods)} votes, clustered"
        totals = values.sum((0, 1))
        lines = []
        for k, method in enumerate(methods):
            plain = wilson(int(totals[k]), int(totals.sum()))
            interval = None if found is None else found[:, k]
            wide = (plain.low, plain.high) if interval is None else interval
            cells.append(cell(table, method, column, plain.percent, plain.n, wide, protocol, simulated))
            lines.append([method, plain.votes, plain.n, plain.percent, plain.low, plain.high, *wide])
        sections += [
            section(
                name,
                f"Votes for best {column}",
                "Wilson's interval takes votes as independent; the clustered one draws participants and "
                f"groups anew ({samples} times), for votes of one person or of one group are alike.",
                ["method", "votes", "of", "percent", "Wilson low", "high", "clustered low", "high"],
                lines,
            ),
            _strengths(name, column, votes, methods, values, samples, seed),
            _tests(name, column, values, methods),
            _position(name, column, votes),
        ]
    sections.append(_agreement(name, main, methods))
    return Analysed(cells, sections)


def _counts(votes: pd.DataFrame, methods: list[str]) -> np.ndarray:
    """Votes (participants, groups, methods)."""
    people, groups = pd.factorize(votes["participant"], sort=True), pd.factorize(votes["group"], sort=True)
    values = np.zeros((len(people[1]), len(groups[1]), len(methods)))
    np.add.at(values, (people[0], groups[0], votes["chosen"].map(methods.index).to_numpy()), 1)
    return values


def _strengths(
    name: str,
    column: str,
    votes: pd.DataFrame,
    methods: list[str],
    values: np.ndarray,
    samples: int,
    seed: int,
) -> Section:
    """Plackett-Luce strengths of first choices, as log worth over their mean."""
    place = {method: k for k, method in enumerate(methods)}
    data = [
        (place[chosen], tuple(place[m] for m in shown.split() if m in place and m != chosen))
        for chosen, shown in zip(votes["chosen"], votes["shown"], strict=True)
    ]
    worth = choix.ilsr_top1(len(methods), data, alpha=1e-3)
    # Where everybody saw every method, the estimate has a closed form, quick enough to be drawn anew.
    complete = all(len(losers) == len(methods) - 1 for _, losers in data)
    found = cluster_interval(values, _log_worth, samples, seed, name, column, "worth") if complete else None
    low, high = (np.full(len(methods), np.nan),) * 2 if found is None else found
    rows = sorted(zip(methods, worth - worth.mean(), low, high, strict=True), key=lambda row: -row[1])
    return section(
        name,
        f"Strengths, {column}",
        "Plackett-Luce model of first choices (Bradley-Terry where two are compared), log scale, mean 0; "
        "clustered bootstrap intervals where every screen showed every method.",
        ["method", "log worth", "low", "high"],
        rows,
    )


def _log_worth(sums: np.ndarray) -> np.ndarray:
    logs = np.log(sums + 0.5)
    return logs - logs.mean(axis=1, keepdims=True)


def _tests(name: str, column: str, values: np.ndarray, methods: list[str]) -> Section:
    """Friedman's test over participants, then pairs by Wilcoxon's signed ranks with Holm's correction."""
    counts = values.sum(axis=1)
    about = (
        "Friedman's test of the participants' vote counts; pairs by Wilcoxon's signed ranks, p after Holm."
    )
    rows: list[list[str | float | None]] = []
    if len(counts) > 2 and len(methods) > 2 and np.ptp(counts, axis=1).any():
        statistic, p = stats.friedmanchisquare(*counts.T)
        rows.append(["all alike", float(statistic), float(p), None])
    pairs = [(i, j) for i in range(len(methods)) for j in range(i)]
    values_p = [_wilcoxon(counts[:, i], counts[:, j]) for i, j in pairs]
    corrected = multipletests(values_p, method="holm")[1]
    for (i, j), p, holm in zip(pairs, values_p, corrected, strict=True):
        rows.append(
            [f"{methods[i]} - {methods[j]}", float((counts[:, i] - counts[:, j]).mean()), p, float(holm)]
        )
    return section(
        name, f"Tests, {column}", about, ["comparison", "statistic or mean difference", "p", "p (Holm)"], rows
    )


def _wilcoxon(a: np.ndarray, b: np.ndarray) -> float:
    return (
        1.0 if (a == b).all() else float(stats.wilcoxon(a, b, zero_method="zsplit", method="approx").pvalue)
    )


def _position(name: str, column: str, votes: pd.DataFrame) -> Section:
    """Whether the place on the screen draws votes: every method stands at every place equally often."""
    places = votes["position"].astype(int)
    count = max(len(shown.split()) for shown in votes["shown"])
    times = np.bincount(places, minlength=count + 1)[1:]
    statistic, p = stats.chisquare(times)
    rows = [[f"place {k + 1}", int(n), 100 * n / max(times.sum(), 1)] for k, n in enumerate(times)]
    rows.append([f"chi-square {statistic:.2f}", int(times.sum()), float(p)])
    return section(
        name,
        f"Place on the screen, {column}",
        "Chi-square test against equal shares; its p stands in the last row.",
        ["place", "votes", "percent or p"],
        rows,
    )


def _agreement(name: str, main: pd.DataFrame, methods: list[str]) -> Section:
    rows = []
    for criterion, votes in main.groupby("criterion", sort=False):
        table = votes.assign(code=votes["chosen"].map(methods.index)).pivot_table(
            index="participant", columns="group", values="code", aggfunc="first"
        )
        rows.append([COLUMNS.get(str(criterion), str(criterion)), _alpha(table.to_numpy(float), "nominal")])
    return section(
        name,
        "Agreement",
        "Krippendorff's alpha of the choices, nominal: 1 is full agreement, 0 that of chance.",
        ["criterion", "alpha"],
        rows,
    )


def _alpha(table: np.ndarray, level: Literal["nominal", "ordinal", "interval"]) -> float | None:
    """Alpha of (raters, units) with nan for missing; None where it is not defined."""
    known = table[np.isfinite(table)]
    if len(table) < 2 or len(np.unique(known)) < 2:
        return None
    return float(krippendorff.alpha(reliability_data=table, level_of_measurement=level))


def votes_needed(percent: float, half_width: float) -> int:
    """Independent votes for a 95% interval of +- half_width percentage points about a share (normal)."""
    p = percent / 100
    return int(np.ceil(1.96**2 * p * (1 - p) / (half_width / 100) ** 2))
