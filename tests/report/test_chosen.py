"""Worst, median and best clips."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from talkpose.report.chosen import extremes, figure_items


def rows(values: dict[str, dict[str, float]], metric: str = "lmd", protocol: str = "full-v1-mediapipe"):
    found = [(m, c, metric, protocol, v) for m, clips in values.items() for c, v in clips.items()]
    return pd.DataFrame(found, columns=["method", "clip", "metric", "protocol", "value"])


def places(found, method: str) -> dict[str, list[str]]:
    return {place: [e.item for e in es] for place, es in found.by_method()[method].items()}


def test_lower_is_better_for_lmd_and_higher_for_psnr():
    values = {"m": {"a": 1.0, "b": 2.0, "c": 5.0, "d": float("nan")}}
    assert places(extremes(rows(values), "lmd", ["m"]), "m") == {
        "worst": ["c"],
        "median": ["b"],
        "best": ["a"],
    }
    psnr = rows(values, "psnr", "full-v1")
    assert places(extremes(psnr, "psnr", ["m"]), "m") == {"worst": ["a"], "median": ["b"], "best": ["c"]}


def test_several_each_and_few_clips():
    values = {"m": {name: float(i) for i, name in enumerate("abcdefg")}, "few": {"a": 1.0}}
    found = extremes(rows(values), "lmd", ["m", "few", "absent"], each=2)
    assert places(found, "m") == {"worst": ["g", "f"], "median": ["e", "d"], "best": ["a", "b"]}
    assert places(found, "few") == {"worst": ["a"], "median": ["a"], "best": ["a"]}
    assert found.items() == ["g", "f", "e", "d", "a", "b"]
    assert "absent" not in found.by_method()


def test_the_protocol_with_most_values_ranks():
    many = rows({"m": {"a": 1.0, "b": 2.0}}, protocol="full-v1-mediapipe")
    few = rows({"m": {"c": 9.0}}, protocol="full-v1-dlib")
    found = extremes(pd.concat([few, many]), "lmd", ["m"])
    assert found.used.id == "full-v1-mediapipe"
    assert "c" not in found.items()
    as_many = rows({"m": {"c": 1.0, "d": 2.0}}, protocol="atvg-v1-dlib")
    assert extremes(pd.concat([as_many, many]), "lmd", ["m"]).used.id == "full-v1-mediapipe"


@pytest.mark.parametrize(
    "table",
    [rows({}), rows({"m": {"a": float("nan")}}), rows({"m": {"a": 1.0}}, "unheard-of", "x-v1")],
)
def test_nothing_to_rank(table):
    metric = table.metric.iloc[0] if len(table) else "lmd"
    assert extremes(table, metric, ["m"]) is None


@given(st.lists(st.floats(0, 5), min_size=1, max_size=30), st.integers(1, 4), st.randoms())
def test_ends_are_the_ends_in_any_order(values, each, random):
    clips = {f"c{i:02d}": v for i, v in enumerate(values)}
    table = rows({"m": clips})
    order = list(range(len(table)))
    random.shuffle(order)
    found = extremes(table.iloc[order], "lmd", ["m"], each).by_method()["m"]
    assert found["worst"][0].value == max(values)
    assert found["best"][0].value == min(values)
    below = sum(v <= found["median"][0].value for v in values)
    assert below >= len(values) / 2 - each
    same = extremes(table, "lmd", ["m"], each).by_method()["m"]
    assert same == found
    assert all(clips[e.item] == e.value for es in found.values() for e in es)
    assert len(found["best"]) == min(each, len(values))


def test_clips_of_the_figures():
    figures = {
        "figure3": {"pictures": [{"clip": "ann"}, {"clip": "ann"}, {"clip": "bob"}]},
        "figure8": {"pictures": [{"clip": "W"}]},
        "empty": {},
    }
    assert figure_items(figures) == ["ann__own", "bob__own", "W__own"]
    assert figure_items({}) == []
