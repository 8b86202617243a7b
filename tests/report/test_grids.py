"""Grids: what the scripts hold is what the tables held."""

import base64
import json
import re

import numpy as np
import pandas as pd
import pytest
from wide_run import WORDS

from talkpose.report.browser import values_grid
from talkpose.report.grids import grid, pack, part_script, script
from talkpose.report.names import page, slug
from talkpose.report.roster import Card, Roster


def unpack(text: str) -> np.ndarray:
    kind = {"i": "<i4", "f": "<f4", "d": "<f8"}[text[0]]
    return np.frombuffer(base64.b64decode(text[1:]), kind)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.array([3, -1, 2**31 - 1]), "i"),
        (np.array([0.5, np.nan, -1e-3]), "f"),
        (np.array([2.0**24 + 1, np.nan]), "d"),
        (np.array([], float), "f"),
        (np.array([2**40]), "d"),
    ],
)
def test_packed_numbers_come_back(values, kind):
    packed = pack(values)
    assert packed[0] == kind
    back = unpack(packed)
    np.testing.assert_allclose(back, values, rtol=1e-6)
    if kind != "f":
        np.testing.assert_array_equal(back, values)


def test_a_grid_holds_its_table():
    table = pd.DataFrame(
        {
            "clip": ["b", "a", "b"],
            "seconds": [1.5, np.nan, 2.0],
            "fixed": [True, False, True],
            "codec": ["h264", None, "vp9"],
            "unlisted": 0,
        }
    )
    heads = {"clip": "clip", "seconds": "s", "fixed": "corrected", "codec": "codec", "absent": "x"}
    made = grid("Clips", table, heads, facets=("codec",), links={"a": "clip-a.html", "z": "clip-z.html"})
    columns = {column["key"]: column for column in made["columns"]}
    values = {name: unpack(text) for name, text in made["parts"][0]["values"].items()}
    assert list(columns) == ["clip", "seconds", "fixed", "codec"]
    assert made["parts"][0]["rows"] == 3

    def texts(name: str) -> list[str | None]:
        return [None if code < 0 else columns[name]["names"][code] for code in values[name]]

    assert texts("clip") == ["b", "a", "b"]
    assert texts("fixed") == ["yes", "no", "yes"]
    assert texts("codec") == ["h264", None, "vp9"]
    assert columns["clip"]["links"] == {"1": "clip-a.html"}
    assert columns["seconds"]["decimals"] == 1
    assert columns["codec"]["facet"] and not columns["clip"]["facet"]
    np.testing.assert_array_equal(values["seconds"], np.float32([1.5, np.nan, 2.0]))


@pytest.mark.parametrize(
    ("values", "digits"),
    [([25.0, 30.0], 0), ([59.5, 59.49], 2), ([0.12345, 1], 3), ([1, 2], 0), ([np.nan], 0)],
)
def test_a_column_has_as_many_digits_as_it_needs(values, digits):
    made = grid("x", pd.DataFrame({"v": values}), {"v": ("speed", "px")}, digits=3)
    assert (made["columns"][0]["decimals"], made["columns"][0]["unit"]) == (digits, "px")


def test_missing_whole_numbers_are_no_numbers():
    table = pd.DataFrame({"v": pd.array([3, None], dtype="Int64")})
    made = grid("x", table, {"v": "v"})
    np.testing.assert_array_equal(unpack(made["parts"][0]["values"]["v"]), np.float32([3, np.nan]))


def test_scripts_are_one_statement_of_valid_json():
    text = script('a"b', {"label": "</script>\u2028"})
    name, content = re.fullmatch(
        r"\(window\.TALKPOSE_GRIDS \?\?= \{\}\)\[(.*)\] = (.*);\n", text, re.DOTALL
    ).groups()
    assert json.loads(name) == 'a"b'
    assert json.loads(content) == {"label": "</script>\u2028"}
    assert part_script("v", 2, {"x": "f"}) == 'window.TALKPOSE_GRIDS["v"].parts[2].values = {"x":"f"};\n'


def metric_rows(rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for method in ("ours-g", "still", "rerender:refined"):
        for corpus in ("c1", "c2"):
            for clip in rng.permutation(7):
                for metric, protocol in (("lmd", "full-v1-dlib"), ("psnr", "full-v1"), ("psnr", "atvg-v1")):
                    if rng.random() < 0.8:
                        value = rng.normal() if rng.random() < 0.9 else np.nan
                        rows.append(
                            (method, corpus, f"k{clip}", metric, protocol, value, rng.integers(1, 99))
                        )
    names = ["method", "corpus", "clip", "metric", "protocol", "value", "n_frames"]
    return pd.DataFrame(rows, columns=names)


def test_values_are_those_of_a_pivot():
    rows = metric_rows(np.random.default_rng(3))
    roster = Roster({"still": Card("still", "Still"), "ours-g": Card("ours-g", "Ours-G")})
    content, files = values_grid(rows, roster, {"k3": "clip-k3.html"})
    heads = {column["key"]: column for column in content["columns"]}
    assert [part["name"] for part in content["parts"]] == ["Still", "Ours-G", "rerender, refined"]
    shown = [(c["metric"], c["protocol"]) for c in content["columns"] if "metric" in c]
    assert shown == [("psnr", "full-v1"), ("psnr", "atvg-v1"), ("lmd", "full-v1-dlib")]
    assert [c["shown"] for c in content["columns"] if "metric" in c] == [True, False, True]
    assert heads["clip"]["links"] == {str(heads["clip"]["names"].index("k3")): "clip-k3.html"}
    wide = rows.pivot(index=["method", "corpus", "clip"], columns=["metric", "protocol"], values="value")
    frames = rows.groupby(["method", "corpus", "clip"])["n_frames"].max()
    methods = dict(zip(("still", "ours-g", "rerender:refined"), files, strict=True))
    for method, (name, text) in methods.items():
        part = content["parts"][list(methods).index(method)]
        assert name == part["file"]
        values = {k: unpack(v) for k, v in json.loads(text.partition(" = ")[2][:-2]).items()}
        assert len(values["clip"]) == part["rows"] == len(wide.loc[method])
        for row in range(part["rows"]):
            at = (
                method,
                heads["corpus"]["names"][values["corpus"][row]],
                heads["clip"]["names"][values["clip"][row]],
            )
            assert values["frames"][row] == frames[at]
            for i, pair in enumerate(shown):
                got = values[f"m{i}"][row] if f"m{i}" in values else np.nan
                np.testing.assert_allclose(got, wide.loc[at, pair], rtol=1e-6)


def test_names_are_safe_and_apart():
    assert slug("person-01__own") == "person-01__own"
    hostile = ["<b>x</b>", "b-x-b", "b x b", "日本", "..", "a/b", "x" * 300, "CON.", "%41"]
    slugs = [slug(name) for name in hostile]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,100}", made) for made in slugs)
    assert len(set(slugs)) == len(slugs)
    assert page("clip", WORDS[0]) == f"clip-{WORDS[0]}.html"
