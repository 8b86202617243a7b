"""Appendix A's table from metric rows."""

import numpy as np
import pandas as pd
import pytest

from talkpose.errors import UserError
from talkpose.metrics.appendix_a import appendix_a, default_line
from talkpose.metrics.audio_pose import CHOICES, DEFAULT
from talkpose.metrics.base import COLUMNS


def rows(values, method="oracle", draws=20):
    made = []
    for person, by_protocol in values.items():
        for protocol, (r, p, null) in by_protocol.items():
            base = (method, "people", f"{person}__own")
            made.append((*base, "appendix-a", protocol, r, 550))
            made.append((*base, "appendix-a-p", f"{protocol}-null{draws}", p, 550))
            made.append((*base, "appendix-a-null", f"{protocol}-null{draws}", null, 550))
    return pd.DataFrame(made, columns=list(COLUMNS))


OTHER = CHOICES[12].id
VALUES = {
    "bob": {OTHER: (0.3, 0.5, 0.2), DEFAULT.id: (0.1, 0.04, 0.0)},
    "ann": {OTHER: (np.nan, np.nan, np.nan), DEFAULT.id: (0.5, 0.05, 0.1)},
}


def test_persons_and_their_summary_beside_the_paper():
    noise = rows({"ann": {DEFAULT.id: (0.9, 0.9, 0.9)}}, "ours-p")
    result = appendix_a(pd.concat([rows(VALUES), noise]))
    assert list(zip(result.persons.person, result.persons.protocol, strict=True)) == [
        *(("ann", DEFAULT.id), ("bob", DEFAULT.id), ("ann", OTHER), ("bob", OTHER))
    ]
    line = default_line(result)
    assert (line.n, line["mean"], line["min"], line["max"]) == (2, pytest.approx(0.3), 0.1, 0.5)
    assert (line.null, line.significant) == (pytest.approx(0.05), 2)
    assert (line.quoted_n, line.quoted_mean, line.quoted_min, line.quoted_max) == (15, 0.45, 0.24, 0.58)
    other = result.summary.set_index("protocol").loc[OTHER]
    assert (other.n, other["mean"], other.significant) == (1, 0.3, 0), "ann's head did not move"


def test_a_run_without_a_null_has_values_all_the_same():
    table = rows(VALUES)
    result = appendix_a(table[table.metric == "appendix-a"])
    assert default_line(result)["mean"] == pytest.approx(0.3)
    assert result.persons.p.isna().all()


def test_nothing_measured_and_mixed_nulls_are_said():
    with pytest.raises(UserError, match="list `oracle`"):
        appendix_a(rows(VALUES, "ours-p"))
    both = pd.concat([rows(VALUES), rows(VALUES, draws=9)[lambda t: t.metric != "appendix-a"]])
    with pytest.raises(UserError, match="different numbers of draws"):
        appendix_a(both)
