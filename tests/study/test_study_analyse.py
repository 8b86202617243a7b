"""Analyses against the paper's own counts, independent references and known truths."""

import json

import choix
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import cochrans_q
from study_made import answered, expand, made_key

from talkpose.config import parse_config
from talkpose.files import write_json
from talkpose.layout import RunLayout
from talkpose.report.published import quoted
from talkpose.study.analyse_step import analyse_study
from talkpose.study.best_of_n import analyse_best_of_n, votes_needed
from talkpose.study.import_step import import_answers
from talkpose.study.ratings import analyse_ratings, pairs_needed
from talkpose.study.resample import cluster_interval, shares
from talkpose.study.schema import KEY_FOLDER
from talkpose.study.screening import bt500, screen
from talkpose.study.selections import analyse_selections
from talkpose.study.simulate import Preferences, simulate
from talkpose.study.tidy import tidy_answers

CRITERIA = {"image_quality": "image quality", "lip_sync": "lip synchronization", "natural": "natural"}
PAPER = {"DAVS": "davs", "You said that": "yousaidthat", "ATVG": "atvg", "Ours-P": "ours-p"}


def counts(table, column):
    """The paper's votes of a column by method."""
    return {PAPER.get(q.row, q.row): q.count for q in quoted_counts(table) if q.column == column}


class _Counted:
    def __init__(self, row, column, count):
        self.row, self.column, self.count = row, column, count


def quoted_counts(table):
    for q in quoted(table):
        votes = getattr(q, "votes", None)
        yield _Counted(q.row, q.column, round(q.value * q.n / 100) if votes is None else votes)


def frame(cells):
    return pd.DataFrame(cells).set_index(["row", "column"])


def test_the_papers_votes_give_back_table_1():
    """20 people x 30 groups x 3 criteria, expanded to answers and analysed."""
    key = made_key("best-of-n", list(PAPER.values()), people=20, groups=30, criteria=tuple(CRITERIA))
    votes = {c: iter(expand(counts("table1", name), order=True)) for c, name in CRITERIA.items()}
    answers = answered(key, lambda packet, trial, criterion: ([next(votes[criterion])], None))
    found = analyse_best_of_n(tidy_answers(key, answers), list(PAPER.values()), 300, 0)
    cells = frame(found.cells)
    for q in quoted("table1"):
        cell = cells.loc[(PAPER[q.row], q.column)]
        assert round(cell["value"], 2) == q.value and cell["n"] == 600
        assert cell["ci_low"] <= q.value <= cell["ci_high"]
    assert set(cells["kind"]) == {"simulated"}, "made answers are never called reproduced"


def test_the_papers_ratings_give_back_section_4_4():
    key = made_key("rating", ["ours-p"], people=20, groups=15, criteria=("head_pose",))
    scores = iter(expand({1: 25, 2: 47, 3: 35, 4: 110, 5: 83}, order=True))
    rows = tidy_answers(key, answered(key, lambda packet, trial, criterion: ([], next(scores))))
    cells = frame(analyse_ratings(rows, None, 300, 0).cells)
    assert round(cells.loc[("ours-p", "mean score"), "value"], 2) == 3.60
    assert round(cells.loc[("ours-p", "similar or maybe (4, 5)"), "value"], 1) == 64.3
    assert round(cells.loc[("ours-p", "not or maybe not (1, 2)"), "value"], 1) == 24.0
    assert [cells.loc[("ours-p", f"votes {k}"), "value"] for k in range(1, 6)] == [25, 47, 35, 110, 83]


def test_the_papers_selections_give_back_appendix_b():
    methods = ["ours-p-n100", "ours-p-n200", "ours-p", "ours-p-n500", "ours-p-n800"]
    titles = dict(zip(methods, ["100", "200", "300", "500", "800"], strict=True))
    key = made_key("select-all", methods, people=11, groups=1, criteria=("visual_quality",))
    # 4 people chose 300 and 500, 7 chose 800: 15 selections of 11 people
    picks = [["ours-p", "ours-p-n500"]] * 4 + [["ours-p-n800"]] * 7
    answers = answered(key, lambda packet, trial, criterion: (picks[int(packet[1:]) - 1], None))
    found = analyse_selections(tidy_answers(key, answers), methods, titles, 300, 0)
    cells = frame(found.cells)
    for q in quoted("appendix_b"):
        cell = cells.loc[(q.row, q.column)]
        assert round(cell["value"], 1) == q.value and cell["n"] == 11
        low, high = stats.binomtest(round(q.value * 11 / 100), 11).proportion_ci(method="exact")
        assert cell["ci_low"] == pytest.approx(100 * low) and cell["ci_high"] == pytest.approx(100 * high)


def simulated_rows(design, methods, people, groups, preferences, criteria=("image_quality",), traps=False):
    key = made_key(design, methods, people, groups, criteria, traps)
    return key, tidy_answers(key, simulate(key, preferences))


def test_strengths_are_those_of_choix_and_of_the_truth():
    methods = ["a", "b", "c"]
    worth = {"a": 1.5, "b": 0.5, "c": -2.0}
    quiet = Preferences(worth=worth, people_spread=0, groups_spread=0, careless=0, left_early=0)
    _, rows = simulated_rows("best-of-n", methods, 60, 30, quiet)
    found = analyse_best_of_n(rows, methods, 200, 0)
    lines = {s["title"]: s for s in found.sections}["Strengths, image quality"]["rows"]
    mine = {line[0]: line[1] for line in lines}
    data = [
        (methods.index(c), tuple(methods.index(m) for m in s.split() if m != c))
        for c, s in zip(rows["chosen"], rows["shown"], strict=True)
    ]
    reference = choix.opt_top1(3, data, alpha=1e-3)
    for k, method in enumerate(methods):
        assert mine[method] == pytest.approx(reference[k] - reference.mean(), abs=0.01)
        assert mine[method] == pytest.approx(worth[method], abs=0.25)
    intervals = {line[0]: line[2:4] for line in lines}
    assert all(low <= mine[m] <= high for m, (low, high) in intervals.items())


def test_clustered_intervals_are_wider_where_people_differ():
    alike = Preferences(people_spread=0, groups_spread=0, careless=0, left_early=0)
    apart = alike.model_copy(update={"people_spread": 2.0})
    widths = {}
    for name, preferences in (("alike", alike), ("apart", apart)):
        _, rows = simulated_rows("best-of-n", ["a", "b", "c"], 20, 30, preferences)
        cells = frame(analyse_best_of_n(rows, ["a", "b", "c"], 400, 0).cells)
        widths[name] = (cells["ci_high"] - cells["ci_low"]).mean()
    assert widths["apart"] > 1.5 * widths["alike"]
    independent = 2 * 196 * np.sqrt(1 / 3 * 2 / 3 / 600)
    assert 0.9 * independent < widths["alike"] < 1.2 * np.sqrt(3) * independent, (
        "Owen 2007: at most 3 variances"
    )


def test_the_clustered_interval_holds_the_truth_as_often_as_it_says():
    """Votes with effects of people and groups: coverage of the true share over 120 studies."""
    rng = np.random.default_rng(0)
    held = 0
    for n in range(120):
        effect = rng.normal(0, 0.8, (25, 1)) + rng.normal(0, 0.5, (1, 20))
        won = rng.random((25, 20)) < 1 / (1 + np.exp(-effect))
        values = np.stack([won, ~won], 2).astype(float)
        low, high = cluster_interval(values, shares, 300, n, "coverage")[:, 0]
        held += low <= 50 <= high
    assert 0.88 <= held / 120 <= 1.0


def test_friedman_and_cochran_are_those_of_the_libraries():
    loud = Preferences(worth={"a": 1.0}, chosen={"a": 0.8, "b": 0.4, "c": 0.1}, careless=0, left_early=0)
    _, rows = simulated_rows("best-of-n", ["a", "b", "c"], 15, 20, loud)
    tests = {s["title"]: s for s in analyse_best_of_n(rows, ["a", "b", "c"], 100, 0).sections}
    table = rows.groupby(["participant", "chosen"]).size().unstack(fill_value=0)
    statistic, p = stats.friedmanchisquare(*(table[m] for m in ("a", "b", "c")))
    line = tests["Tests, image quality"]["rows"][0]
    assert line[1] == pytest.approx(statistic, abs=1e-5) and line[2] == pytest.approx(p, abs=1e-6)
    holm = [row[3] for row in tests["Tests, image quality"]["rows"][1:]]
    raw = [row[2] for row in tests["Tests, image quality"]["rows"][1:]]
    assert all(h >= r for h, r in zip(holm, raw, strict=True))

    _, rows = simulated_rows("select-all", ["a", "b", "c"], 30, 1, loud)
    found = analyse_selections(rows, ["a", "b", "c"], {}, 100, 0)
    line = next(s for s in found.sections if s["title"] == "Tests")["rows"][0]
    answers = np.array([[m in c.split() for m in "abc"] for c in rows["chosen"]], int)
    assert line[1] == pytest.approx(cochrans_q(answers).statistic)


def test_hs_is_correlated_pair_by_pair():
    key = made_key("rating", ["ours-p"], people=20, groups=15, criteria=("head_pose",))
    rng = np.random.default_rng(2)
    level = {g: int(rng.integers(1, 6)) for g in key.groups}
    rows = tidy_answers(key, answered(key, lambda packet, trial, criterion: ([], level[trial.group])))
    hs = pd.DataFrame(
        [
            {
                "method": "ours-p",
                "item": k.item,
                "value": 0.5 + 0.1 * level[g] + rng.normal(0, 0.05),
                "protocol": "x",
            }
            for g, k in key.groups.items()
        ]
    )
    found = analyse_ratings(rows, hs, 500, 0)
    cells = frame(found.cells)
    by_item = {k.item: level[g] for g, k in key.groups.items()}
    scores = hs["item"].map(by_item)
    for column, statistic in (("", stats.pearsonr), (", ranks", stats.spearmanr)):
        cell = cells.loc[("ours-p", f"correlation with HS{column}")]
        assert cell["value"] == pytest.approx(statistic(hs["value"], scores)[0]) and cell["n"] == 15
        assert cell["ci_low"] < cell["value"] <= cell["ci_high"]
    points = next(s for s in found.sections if s["title"].startswith("HS and ratings"))
    assert len(points["rows"]) == 15


def test_agreement_is_full_and_then_none():
    methods = ["a", "b", "c"]
    key = made_key("best-of-n", methods, people=10, groups=12)
    by_group = {g: methods[k % 3] for k, g in enumerate(key.groups)}
    same = tidy_answers(key, answered(key, lambda packet, trial, criterion: ([by_group[trial.group]], None)))
    rng = np.random.default_rng(0)
    mixed = tidy_answers(key, answered(key, lambda p, t, c: ([methods[rng.integers(3)]], None)))
    alphas = [
        next(s for s in analyse_best_of_n(rows, methods, 100, 0).sections if s["title"] == "Agreement")[
            "rows"
        ][0][1]
        for rows in (same, mixed)
    ]
    assert alphas[0] == pytest.approx(1) and abs(alphas[1]) < 0.1


def test_a_favoured_place_is_found():
    methods = ["a", "b", "c"]
    key = made_key("best-of-n", methods, people=20, groups=30)
    left = tidy_answers(
        key, answered(key, lambda packet, trial, criterion: ([key.videos[trial.shown[0]].method], None))
    )
    found = analyse_best_of_n(left, methods, 100, 0)
    places = next(s for s in found.sections if s["title"].startswith("Place"))["rows"]
    assert places[0][1] == 600 and places[-1][2] < 1e-6
    assert not any(s.kept for s in screen(left)), "nobody who always takes the first place looked"


def test_who_fails_the_traps_is_left_out():
    methods = ["a", "b", "c"]
    key = made_key("best-of-n", methods, people=6, groups=5, traps=True)

    def decide(packet, trial, criterion):
        if packet == "p003" and trial.kind == "trap-broken":
            return ["broken"], None
        if packet == "p003" and trial.kind == "trap-duplicate":
            return ["b"], None
        return ["a"], None

    screened = {s.participant[:4]: s for s in screen(tidy_answers(key, answered(key, decide)))}
    assert not screened["p003"].kept and "failed 2 of 2 traps" in screened["p003"].why
    assert all(s.kept and s.failed == 0 for name, s in screened.items() if name != "p003")


def test_bt500_rejects_the_erratic_and_keeps_the_strict():
    rng = np.random.default_rng(1)
    key = made_key("rating", ["m"], people=16, groups=40, criteria=("head_pose",))
    level = {g: rng.uniform(2, 4.4) for g in key.groups}

    def decide(packet, trial, criterion):
        if packet == "p005":
            return [], int(rng.choice([1, 5]))
        shift = -0.7 if packet == "p009" else 0.0
        return [], int(np.clip(round(level[trial.group] + shift + rng.normal(0, 0.35)), 1, 5))

    rejected = {name[:4] for name in bt500(tidy_answers(key, answered(key, decide)))}
    assert rejected == {"p005"}


def test_sample_sizes_are_the_textbooks():
    assert votes_needed(50, 5) == 385 and votes_needed(88.67, 5) == 155
    assert pairs_needed(0.65) == 17 and pairs_needed(0.3) == 85


def test_a_whole_study_from_key_to_tables(tmp_path):
    layout = RunLayout(tmp_path)
    config = parse_config(
        {"run": "made", "corpora": {"c": {"role": "persons", "reader": "folder", "path": "x"}}}
    )
    write_json(layout.config_file, config.model_dump(mode="json"))
    key = made_key("best-of-n", list(PAPER.values()), 12, 10, tuple(CRITERIA), traps=True)
    write_json(tmp_path / "study" / KEY_FOLDER / "key.json", key.model_dump(mode="json"))
    likes = Preferences(worth={"ours-p": 2.0}, careless=0.2, left_early=0.2)
    files = tmp_path / "in"
    for one in simulate(key, likes):
        write_json(files / f"{one.packet}.json", one.model_dump(mode="json"))
    import_answers(tmp_path / "study", [files])
    found = analyse_study(layout, 200)
    table = pd.read_parquet(tmp_path / "study" / "tables" / "table1.parquet")
    best = table.sort_values("value").groupby("column").last()["row"]
    assert set(best) == {"ours-p"} and set(table["kind"]) == {"simulated"}
    assert table.groupby("column")["value"].sum().to_numpy() == pytest.approx(100)
    assert found["simulated"] and found["designs"]["best-of-n"]["participants"] == 12
    kept = [s for s in found["sections"] if s["title"] == "Participants"][0]["rows"]
    assert len(kept) == 12
    json.dumps(found, allow_nan=False)
    before = (tmp_path / "study" / "analysis.json").read_bytes()
    analyse_study(layout, 200)
    assert (tmp_path / "study" / "analysis.json").read_bytes() == before


def test_simulated_answers_follow_the_seed_and_the_preferences():
    key = made_key("rating", ["m"], people=10, groups=10, criteria=("head_pose",))
    one, again, other = (
        [a.model_dump() for a in simulate(key, Preferences(seed=s, similar={"m": 4.5}))] for s in (1, 1, 2)
    )
    assert one == again and one != other
    assert all(a["simulated"] for a in one)
    ratings = [t["rating"] for a in one for t in a["trials"]]
    assert np.mean(ratings) > 3.8
