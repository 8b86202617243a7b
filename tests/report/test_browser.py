"""The report in headless Chromium, opened from disk."""

import re

import pytest

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

pytestmark = pytest.mark.browser


def _ready(page) -> None:
    page.wait_for_function(
        "[...document.querySelectorAll('.player')].every(p => p.player.videos.every(v => v.readyState >= 2))",
        timeout=20_000,
    )


def test_opens_from_disk_without_errors(open_page):
    page = open_page("index.html")
    assert page.title() == "talkpose report: made"
    page.click("nav >> text=Setup")
    assert "2 min 3 s" in page.inner_text("#times")
    assert "765 MiB" in page.inner_text("#times")
    page.click("nav >> text=Plots")
    expect(page.locator("#training svg[role=img]")).to_have_count(6)


def test_every_link_leads_somewhere(open_page, made_report):
    page = open_page("index.html")
    page.click("#people .cards a >> nth=0")
    expect(page.locator("h1")).to_have_text("ann")
    page.click(".crumbs a:has-text('bob')")
    expect(page.locator("h1")).to_have_text("bob")
    page.click("a:has-text('Every value of this clip') >> nth=0")
    expect(page.locator("h1")).to_have_text(re.compile("^bob"))
    page.click("nav a:has-text('Overview')")
    expect(page.locator("h1")).to_have_text("Run made")
    page.click("#tables .cards a >> nth=0")
    page.click("[rel=next]")
    expect(page.locator("h1")).to_have_count(1)


def test_regions_are_measured_by_their_own_protocols(open_page):
    page = open_page("table-stage2.html")
    assert "22.00" in page.locator("#table-stage2 tr:has-text('ann / mouth')").inner_text()
    assert "PSNR mouth, mouth-v1" in page.inner_text(".definitions")


def test_tables_sort_inside_their_groups(open_page):
    page = open_page("table-table2.html")
    table = page.locator("#table-table2 table")
    controls = table.locator("tbody.control tr:not(.group)")

    def psnr() -> list[float]:
        return [float(text.split()[0]) for text in controls.locator("td:nth-child(2)").all_inner_texts()]

    head = table.locator("thead th").nth(1)
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert psnr() == sorted(psnr())
    head.locator("button").focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert psnr() == sorted(psnr(), reverse=True)
    assert len(psnr()) == 3
    quoted = table.locator("tbody.quoted tr:not(.group) th").all_inner_texts()
    assert len(quoted) == 6  # the paper's rows stayed in their own group, best first
    assert quoted[0] == "Ours-G"


def test_videos_play_in_step(open_page):
    page = open_page("person-ann.html")
    _ready(page)
    player = page.locator(".player").first
    assert player.locator(".tile:visible").count() == 3
    player.locator("select").select_option("0.5")
    player.locator("[data-do=play]").click()
    # Well under way, and all within two frames of each other.
    page.wait_for_function(
        "() => { const p = document.querySelector('.player').player, t = p.videos.map(v => v.currentTime);"
        " return p.playing && p.frame > 8 && Math.max(...t) - Math.min(...t) < 0.08; }"
    )
    player.locator("[data-do=play]").click()
    page.wait_for_function(
        "document.querySelector('.player').player.videos.every(v => v.paused && !v.seeking)"
    )
    times = page.evaluate("document.querySelector('.player').player.videos.map(v => v.currentTime)")
    assert max(times) - min(times) < 1e-3
    assert page.evaluate("document.querySelectorAll('.player')[1].player.videos.every(v => v.paused)")


def test_frame_steps_seek_and_keys(open_page):
    page = open_page("person-ann.html")
    _ready(page)
    frame = "document.querySelector('.player').player.frame"
    assert page.evaluate("document.querySelector('.player').player.last") == 49
    page.click(".player >> nth=0 >> [data-do=forward]")
    page.click(".player >> nth=0 >> [data-do=forward]")
    assert page.evaluate(frame) == 2
    page.locator(".player").first.focus()
    page.keyboard.press("Shift+ArrowRight")
    assert page.evaluate(frame) == 27
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(frame) == 26
    page.keyboard.press("End")
    assert page.evaluate(frame) == 49
    page.keyboard.press("Home")
    assert page.evaluate(frame) == 0
    page.locator(".player input[type=range]").first.fill("30")
    assert page.evaluate(frame) == 30
    assert "30 / 49" in page.inner_text(".player >> nth=0 >> output")
    page.keyboard.press("m")
    assert page.locator(".player [data-do=sound]").first.get_attribute("aria-pressed") == "false"
    page.locator(".player").first.focus()
    page.keyboard.press(" ")
    assert page.evaluate("document.querySelector('.player').player.playing")
    page.wait_for_function("!document.querySelector('.player').player.playing")  # stops by itself at the end


def test_choices_and_sound(open_page):
    page = open_page("person-ann.html")
    _ready(page)
    player = page.locator(".player").first
    player.locator("[data-do=forward]").click()
    player.locator("label:has-text('All results')").click()
    _ready(page)
    assert player.locator(".tile:visible").count() == 6  # real and five results
    assert player.locator("input:checked").count() == 1
    assert page.locator(".player >> nth=1 >> input:checked").get_attribute("value") == "ours-p"
    assert page.evaluate("document.querySelector('.player').player.frame") == 1  # the place is kept
    assert player.locator("[data-do=difference]").is_disabled()
    audible = "document.querySelector('.player').player.videos.filter(v => !v.muted).length"
    assert page.evaluate(audible) == 1
    assert page.evaluate("[...document.querySelectorAll('.tile[hidden] video')].every(v => v.muted)")


def test_difference_of_equal_and_unequal_frames(open_page):
    page = open_page("person-ann.html")
    _ready(page)
    player = page.locator(".player").first
    player.locator("[data-do=difference]").click()
    canvas = player.locator("canvas")
    assert canvas.is_visible()
    equal = canvas.screenshot()
    player.locator("label:has-text('Ours-G')").click()
    _ready(page)
    player.locator("input[type=range]").fill("20")
    page.wait_for_function("document.querySelector('.player').player.videos.every(v => !v.seeking)")
    page.wait_for_timeout(200)
    assert canvas.screenshot() != equal


def test_theme_button(open_page):
    page = open_page("index.html")
    colour = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(colour)
    page.click("#theme")
    assert page.evaluate(colour) == light
    page.click("#theme")
    assert page.evaluate(colour) != light
    assert page.inner_text("#theme") == "Theme: dark"
    page.reload()
    assert page.inner_text("#theme") == "Theme: dark"  # remembered


def test_keyboard_reaches_everything(open_page):
    page = open_page("index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    unreachable = page.evaluate(
        "[...document.querySelectorAll('button, a[href], .scroll')]"
        ".filter(e => e.tabIndex < 0).map(e => e.outerHTML)"
    )
    assert unreachable == []
