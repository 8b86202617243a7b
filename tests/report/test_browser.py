"""The report in headless Chromium, opened from disk."""

import shutil

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        options = [
            "--no-sandbox",
            "--disable-gpu",
            "--mute-audio",
            "--autoplay-policy=no-user-gesture-required",
        ]
        running = driver.chromium.launch(executable_path=CHROMIUM, args=options)
        yield running
        running.close()


@pytest.fixture
def open_page(browser, made_report):
    """Open a page of the report; at the end there must be no console message and no request but to files."""
    said: list[str] = []
    contexts = []

    def opened(name: str, width: int = 1280, height: int = 900, theme: str = "light"):
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("requestfailed", lambda request: said.append(f"failed: {request.url}"))
        page.on("request", lambda r: None if r.url.startswith(("file:", "data:")) else said.append(r.url))
        page.goto((made_report / name).as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    # A video that is put aside while it loads is an aborted request, not an error.
    assert [line for line in said if not (line.startswith("failed: file:") and line.endswith(".mp4"))] == []


def _ready(page) -> None:
    page.wait_for_function(
        "[...document.querySelectorAll('.player')].every(p => p.player.videos.every(v => v.readyState >= 2))",
        timeout=20_000,
    )


def test_opens_from_disk_without_errors(open_page):
    page = open_page("index.html")
    assert page.title() == "talkpose report: made"
    assert "2 min 3 s" in page.inner_text("#times")
    assert page.locator("#training svg[role=img]").count() == 6
    page.click("text=ann >> nth=1")
    assert page.inner_text("h1") in ("ann", "Run made")


def test_every_link_leads_somewhere(open_page, made_report):
    page = open_page("index.html")
    page.click(".cards a >> nth=0")
    assert page.inner_text("h1") == "ann"
    page.click("nav a:has-text('bob')")
    assert page.inner_text("h1") == "bob"
    page.click("nav a:has-text('Overview')")
    assert page.inner_text("h1") == "Run made"


def test_regions_are_measured_by_their_own_protocols(open_page):
    page = open_page("index.html")
    table = page.locator("#table-stage2")
    assert "22.00" in table.locator("tr:has-text('ann / mouth')").inner_text()
    assert not table.locator("dl").is_visible()
    table.locator("summary").click()
    assert "PSNR mouth, mouth-v1" in table.inner_text()


def test_tables_sort_inside_their_groups(open_page):
    page = open_page("index.html")
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


@pytest.mark.parametrize("name", ["index.html", "person-ann.html"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_phone_width_does_not_scroll_sideways(open_page, name, theme):
    page = open_page(name, 360, 740, theme)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


CONTRAST = """() => {
  const parse = (c) => c.match(/[\\d.]+/g).map(Number);
  const linear = (v) => ((v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => { const f = linear;
    return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
  const back = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > 0.99) return c; } return [255, 255, 255]; };
  const poor = [];
  for (const e of document.querySelectorAll('main *, header *, footer')) {
    const speaks = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!speaks || !e.checkVisibility() || e.closest('svg') || e.disabled) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(back(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(`${e.tagName} ${e.className}: ${e.textContent.trim()}`);
  }
  return poor;
}"""


@pytest.mark.parametrize("name", ["index.html", "person-ann.html"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_has_contrast(open_page, name, theme):
    assert open_page(name, theme=theme).evaluate(CONTRAST) == []


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
