"""Grids in headless Chromium: sorting, filtering, turning pages, also of 25,000 rows and of parts."""

import json
import time

import numpy as np
import pandas as pd
import pytest
from wide_run import LMD, WORDS

from talkpose.report import browser as values_browser
from talkpose.report.grids import grid
from talkpose.report.roster import Roster
from talkpose.report.site import Site

pytestmark = pytest.mark.browser
ROWS = 25_000
BOUND = 1.0
"""Seconds within which a click must be answered; about 20 times what it takes on an idle machine."""


def column(page, number: int) -> list[str]:
    return page.locator(f".grid tbody tr > :nth-child({number})").all_inner_texts()


def status(page) -> str:
    return page.inner_text(".grid output")


def sort(page, label: str) -> None:
    page.click(f".grid thead th:has-text('{label}') button")


def choose(page, label: str, option: str) -> None:
    page.locator(f".grid .controls label:has-text('{label}') select").select_option(label=option)


def wait_for_status(page, text: str) -> None:
    page.wait_for_function(f"document.querySelector('.grid output').textContent === {json.dumps(text)}")


def test_values_sort_filter_and_link(open_page, wide_report):
    page = open_page("values.html", report=wide_report)
    assert status(page) == "1–48 of 48"
    choose(page, "corpus", "words-test")
    wait_for_status(page, "1–36 of 36 (of 48)")
    choose(page, "method", "Ours-G")
    wait_for_status(page, "1–12 of 12 (of 18)".replace("18", "14"))
    sort(page, "LMD")
    assert column(page, 1) == list(WORDS)
    sort(page, "LMD")
    head = page.locator(".grid th[aria-sort]")
    assert head.get_attribute("aria-sort") == "descending"
    assert page.evaluate("document.activeElement.closest('th').dataset.key") == head.get_attribute("data-key")
    assert column(page, 5)[0] == f"{LMD['ours-g'] + 0.11:.2f}"
    page.fill(".grid input[type=search]", "word lmd < 1.03 psnr>=29")
    wait_for_status(page, "1–2 of 2 (of 14)")
    assert column(page, 1) == [WORDS[1], WORDS[0]]
    page.fill(".grid input[type=search]", "no such clip")
    wait_for_status(page, "no row of 14")
    page.fill(".grid input[type=search]", WORDS[0].lower())
    wait_for_status(page, "1–1 of 1 (of 14)")
    page.click(".grid tbody a")
    assert page.title().startswith(f"{WORDS[0]}__own")


def test_columns_can_be_shown_and_hidden(open_page, wide_report):
    page = open_page("values.html", report=wide_report)
    heads = page.locator(".grid thead th").all_inner_texts()
    page.click(".grid summary")
    page.locator(".columns label:has-text('SSIM') input").uncheck()
    assert len(page.locator(".grid thead th").all_inner_texts()) == len(heads) - 1
    page.locator(".columns label:has-text('SSIM') input").check()
    assert page.locator(".grid thead th").all_inner_texts() == heads


def test_kept_rows_download_as_csv(open_page, wide_report):
    page = open_page("values.html", report=wide_report)
    page.fill(".grid input[type=search]", "word00 still")
    wait_for_status(page, "1–1 of 1 (of 48)")
    with page.expect_download() as waiting:
        page.click(".grid button:has-text('CSV')")
    table = pd.read_csv(waiting.value.path())
    assert waiting.value.suggested_filename == "values.csv"
    assert table["clip"].tolist() == [f"{WORDS[0]}__own"]  # as in metrics.parquet
    assert table["LMD (full-v1-mediapipe)"][0] == pytest.approx(LMD["still"])
    assert np.isnan(table["HS (pooled-20-linear)"][0])


def test_quarantine_chooses_by_reason(open_page):
    page = open_page("quarantine.html")
    assert status(page) == "1–2 of 2"
    assert "two <faces>; crop the video" in page.inner_text(".grid tbody")


@pytest.fixture(scope="module")
def long_report(tmp_path_factory):
    """A page with a grid of ROWS rows, and the metric browser's in parts, too many to load at once."""
    folder = tmp_path_factory.mktemp("long")
    site = Site(folder, {"run": "long", "persons": [], "table_list": []})
    site.static()
    rng = np.random.default_rng(0)
    names = [f"W{i:05d}" for i in rng.permutation(ROWS)]
    table = pd.DataFrame({"clip": names, "seconds": rng.normal(1, 0.1, ROWS), "codec": "h264"})
    table.loc[::7, "seconds"] = np.nan
    made = grid("Long", table, {"clip": "clip", "seconds": "seconds", "codec": "codec"}, 4)
    corpora = [{"name": "long", "about": "made", "grid": made}]
    site.page("clips.html", "clips", {"corpora": corpora, "chosen": [], "grids": {"corpus-0": made}})
    methods = ("a", "b", "c")
    rows = pd.concat(
        pd.DataFrame(
            {
                "method": method,
                "corpus": "long",
                "clip": names,
                "metric": "lmd",
                "protocol": "full-v1-dlib",
                "value": i + rng.random(ROWS),
                "n_frames": 29,
            }
        )
        for i, method in enumerate(methods)
    )
    content, files = values_browser.values_grid(rows, Roster(), {})
    for name, text in files:
        site.text(name, text)
    site.page("values.html", "values", {"rows": len(rows), "definitions": [], "grids": {"values": content}})
    return folder, table


def test_25000_rows_answer_at_once(open_page, long_report):
    folder, table = long_report
    page = open_page("clips.html", report=folder)
    assert status(page) == "1–50 of 25,000"
    assert page.locator(".grid tbody tr").count() == 50  # a page of rows, not all
    known = table.dropna(subset="seconds").sort_values("seconds", kind="stable")
    for order in (known, known[::-1]):
        start = time.perf_counter()
        sort(page, "seconds")
        assert column(page, 1) == order["clip"].head(50).tolist()
        assert time.perf_counter() - start < BOUND
    page.click("[data-turn='Last rows']")
    assert status(page) == "24,951–25,000 of 25,000"
    assert set(column(page, 2)) == {"–"}  # without a value: last, whichever way
    sort(page, "clip")
    assert column(page, 1) == sorted(table["clip"])[:50]
    page.click("[data-turn='Rows after']")
    assert column(page, 1) == sorted(table["clip"])[50:100]
    start = time.perf_counter()
    page.fill(".grid input[type=search]", "w0123")
    wait_for_status(page, "1–10 of 10 (of 25,000)")
    assert time.perf_counter() - start < BOUND + 0.5  # the filter waits for the next key
    assert column(page, 1) == [f"W0123{i}" for i in range(10)]


def test_parts_come_when_they_are_asked_for(open_page, long_report):
    page = open_page("values.html", report=long_report[0])
    scripts = "[...document.scripts].filter((s) => /values-\\d/.test(s.src)).length"
    wait_for_status(page, "1–50 of 25,000")
    assert page.evaluate(scripts) == 1
    choose(page, "method", "all")
    wait_for_status(page, "1–50 of 75,000")
    assert page.evaluate(scripts) == 3
    sort(page, "lmd" if page.locator(".grid th:has-text('lmd')").count() else "LMD")
    assert set(column(page, 2)) == {"a"}  # its values are the lowest
    choose(page, "method", "c")
    wait_for_status(page, "1–50 of 25,000")
    assert page.evaluate(scripts) == 3  # loaded once
    assert set(column(page, 2)) == {"c"}


def test_grids_need_no_mouse(open_page, long_report):
    page = open_page("clips.html", report=long_report[0])
    page.focus(".grid input[type=search]")
    page.keyboard.type("w0001")
    wait_for_status(page, "1–10 of 10 (of 25,000)")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "sort":
            break
    page.keyboard.press("Enter")
    assert page.locator(".grid th[aria-sort=ascending]").count() == 1
    assert page.evaluate("document.activeElement.className") == "sort"  # the focus stays where it was
    page.keyboard.press("Space")
    assert page.locator(".grid th[aria-sort=descending]").count() == 1
