"""Answers with what the key knows of them: one row an answer."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from talkpose.study.config import REAL
from talkpose.study.schema import Answers, AnswerTrial, Key, Passes, TrialKey

COLUMNS = (
    *(
        "design",
        "name",
        "packet",
        "participant",
        "status",
        "simulated",
        "trial",
        "kind",
        "group",
        "item",
        "person",
    ),
    *(
        "corpus",
        "criterion",
        "shown",
        "chosen",
        "position",
        "method",
        "rating",
        "rt_ms",
        "replays",
        "played_to_end",
    ),
    *("passed", "language"),
)
"""Columns of answers.parquet. `kind` as the key has it (main, practice, trap-duplicate, trap-broken); shown,
chosen: methods, separated by spaces, in the order shown; `position`: places of the chosen ones from 1;
`method`: of a rating, which one was paired with the real video; `passed`: of traps, whether passed, else
null. Methods stand for video names: the table is for the organiser alone."""


def tidy_answers(key: Key, answers: Iterable[Answers]) -> pd.DataFrame:
    """All answers of a study as a table with COLUMNS, in order of packet and presentation."""
    rows = [row for one in answers for row in _rows(key, one)]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({"rating": "Int64", "passed": "boolean"})


def _rows(key: Key, answers: Answers) -> Iterable[dict[str, Any]]:
    plan = {trial.trial: trial for trial in key.packets[answers.packet].trials}
    given = {(row.trial, row.criterion): row for row in answers.trials}
    for row in answers.trials:
        trial, group = plan[row.trial], key.groups[row.group]
        methods = [key.videos[video].method for video in row.shown]
        others = [method for method in methods if method != REAL]
        yield {
            "design": answers.design,
            "name": answers.name,
            "packet": answers.packet,
            "participant": f"{answers.packet}-{answers.session}",
            "status": answers.status,
            "simulated": answers.simulated,
            "trial": row.trial,
            "kind": trial.kind,
            "group": row.group,
            "item": group.item,
            "person": group.person,
            "corpus": group.corpus,
            "criterion": row.criterion,
            "shown": " ".join(methods),
            "chosen": " ".join(key.videos[video].method for video in row.chosen),
            "position": " ".join(map(str, row.position)),
            "method": others[0] if answers.design == "rating" and len(others) == 1 else None,
            "rating": row.rating,
            "rt_ms": row.rt_ms,
            "replays": sum(row.replays.values()),
            "played_to_end": row.played_to_end,
            "passed": _passed(trial, row, given),
            "language": answers.language,
        }


def _passed(trial: TrialKey, row: AnswerTrial, given: dict[tuple[str, str], AnswerTrial]) -> bool | None:
    """Whether a trap was passed; None for what is no trap, or whose counterpart is not answered."""
    rule = trial.passes
    if rule is None:
        return None
    return _judge(rule, row, given)


def _judge(rule: Passes, row: AnswerTrial, given: dict[tuple[str, str], AnswerTrial]) -> bool | None:
    chosen = set(row.chosen)
    if rule.not_chosen is not None:
        return not chosen & set(rule.not_chosen)
    if rule.rating_at_least is not None:
        return row.rating is not None and row.rating >= rule.rating_at_least
    if rule.rating_at_most is not None:
        return row.rating is not None and row.rating <= rule.rating_at_most
    if rule.both_or_neither is not None:
        return len(chosen & set(rule.both_or_neither)) != 1
    first = given.get((str(rule.same_as), row.criterion))
    return None if first is None else set(first.chosen) == chosen
