"""Every kind of page by axe-core, in both themes and at phone width; nothing scrolls sideways."""

import pytest
from wide_run import HOSTILE, WORDS

from talkpose.report.names import page as page_name

sync_playwright = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
)
pytestmark = pytest.mark.browser
OPTIONS = {"preload": False}
"""axe would fetch the style sheet anew, which a page opened from disk may not."""

MADE = (
    *("index.html", "person-ann.html", "people.html", "plots.html", "setup.html", "tracking.html"),
    *("quarantine.html", "table-stage2.html", "table-hs.html"),
)
WIDE = (
    *("index.html", "figures.html", "clips.html", "values.html", "study.html"),
    *("table-table2.html", "table-lengths.html", "table-table1.html"),
    *(f"clip-{WORDS[0]}__own.html", page_name("person", HOSTILE)),
)


@pytest.fixture(scope="module")
def axe():
    return sync_playwright.Axe()


def check(page, axe, width: int) -> None:
    found = [
        f"{rule['id']}: {node['html']}"
        for rule in axe.run(page, options=OPTIONS).response["violations"]
        for node in rule["nodes"]
    ]
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_made_pages(open_page, axe, name, theme, width):
    check(open_page(name, width, 800, theme), axe, width)


@pytest.mark.parametrize("name", WIDE)
@pytest.mark.parametrize(("theme", "width"), [("dark", 1280), ("light", 390)])
def test_wide_pages(open_page, axe, wide_report, name, theme, width):
    check(open_page(name, width, 800, theme, wide_report), axe, width)


def test_the_other_theme_of_the_same_pages(open_page, axe):
    page = open_page("index.html", 360, 740, "light")
    check(page, axe, 360)
    page.click("#theme")
    page.click("#theme")
    assert page.inner_text("#theme") == "Theme: dark"
    check(page, axe, 360)


def test_a_difference_that_is_shown_and_a_filter_in_use(open_page, axe):
    page = open_page("person-ann.html")
    page.click(".player >> nth=0 >> [data-do=difference]")
    check(page, axe, 1280)
    page = open_page("table-persons.html")
    check(page, axe, 1280)


def test_axe_would_find_a_fault(open_page, axe):
    page = open_page("index.html")
    page.evaluate("document.querySelector('h1').style.color = '#ddd'")
    with pytest.raises(AssertionError, match="color-contrast"):
        check(page, axe, 1280)
