"""Packets in headless Chromium, opened from disk: with the mouse, with the keyboard, half-way and back."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from talkpose.files import read_json
from talkpose.study.schema import Answers, Key

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]
FAST = """
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
  this.playbackRate = 16;
  this.muted = true;
  return play.call(this);
};
"""
FIRST = {"best-of-n": "p001", "rating": "p005", "select-all": "p008"}
ARGS = ["--no-sandbox", "--disable-gpu", "--mute-audio"]


@pytest.fixture(scope="module")
def key(built) -> Key:
    return Key.model_validate(read_json(built.key))


@pytest.fixture
def opened(browser, built):
    """Opens a packet; at the end no console message, no error, and no request but to files."""
    said: list[str] = []
    contexts = []

    def open_packet(packet: str, locale: str = "en-GB", folder: Path | None = None, **options):
        context = browser.new_context(locale=locale, accept_downloads=True, **options)
        contexts.append(context)
        context.add_init_script(FAST)
        return start(context, (folder or built.folder / "packets" / packet) / "index.html", said)

    yield open_packet
    for context in contexts:
        context.close()
    assert said == []


def start(context, file: Path, said: list[str]):
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on(
        "request", lambda r: None if r.url.startswith(("file:", "data:", "blob:")) else said.append(r.url)
    )
    page.goto(file.as_uri())
    page.wait_for_selector("#stage h1")
    return page


def clean(page) -> None:
    """No accessibility fault on this page."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    # axe would fetch the style sheet, which the page's own policy forbids to everybody.
    results = axe.Axe().run(page, options={"preload": False})
    assert results.violations_count == 0, results.generate_report()


def to_trials(page, look=lambda page: None) -> None:
    """From consent to the first screen, with the mouse."""
    look(page)
    page.click("button.next")
    page.select_option("#q-age", "a25_34")
    look(page)
    page.click("input[type=submit]")
    page.wait_for_selector(".text h1")
    look(page)
    page.click("button.next")


def answer(page, look=lambda page: None) -> list[str]:
    """Answer one screen with the mouse; returns the labels chosen."""
    page.wait_for_selector("form.compare")
    assert page.is_disabled("button.next")
    assert page.locator("fieldset input:enabled, .choose input:enabled").count() == 0
    page.locator(".tile .play").last.click()
    page.wait_for_selector(".tile.seen")
    page.click("button.all")
    page.wait_for_selector("form.watched")
    page.wait_for_selector(".tile.playing", state="detached")
    assert page.is_disabled("button.next")
    look(page)
    names = page.eval_on_selector_all("form.compare input", "all => [...new Set(all.map(x => x.name))]")
    for name in names:
        if name != "none":
            page.locator(f"input[name={name}]").nth(1).check()
    page.click("button.next")
    return names


def go_through(page, screens: int, look=lambda page: None) -> None:
    """Answer `screens` screens, the practice among them."""
    for number in range(screens):
        answer(page, look if number < 2 else lambda page: None)
        if number == 0:
            page.wait_for_selector(".text h1")
            look(page)
            page.click("button.next")


def downloaded(page, button: str, tmp_path: Path) -> Path:
    with page.expect_download() as waiting:
        page.click(button)
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def checked(path: Path, key: Key, packet: str, status: str = "complete") -> Answers:
    """The answers file fits its schema, its checksum, and the packet as the key knows it."""
    answers = Answers.model_validate_json(path.read_text(encoding="utf-8"))
    home = key.packets[packet]
    assert answers.checksum == answers.expected_checksum()
    assert (answers.packet, answers.packet_hash, answers.design) == (packet, home.hash, home.design)
    assert (answers.status, answers.simulated, answers.consent) == (status, False, True)
    wanted = [(t.trial, c, t.shown, t.reference) for t in home.trials for c in t.criteria]
    given = [(t.trial, t.criterion, t.shown, t.reference) for t in answers.trials]
    assert given == (wanted if status == "complete" else wanted[: len(given)])
    for trial in answers.trials:
        assert trial.played_to_end
        assert set(trial.plays) == {*trial.shown, *([trial.reference] if trial.reference else [])}
        assert all(
            trial.shown[place - 1] == name for place, name in zip(trial.position, trial.chosen, strict=True)
        )
    return answers


@pytest.mark.parametrize("design", FIRST)
def test_with_the_mouse(opened, key, tmp_path, design):
    packet = FIRST[design]
    page = opened(packet, viewport={"width": 1280, "height": 800})
    to_trials(page, clean)
    go_through(page, len(key.packets[packet].trials), clean)
    page.wait_for_selector(".downloads")
    clean(page)
    answers = checked(downloaded(page, ".downloads button.next", tmp_path), key, packet)
    assert answers.participant == {"age": "a25_34"}
    assert (answers.screen.window_width, answers.screen.window_height) == (1280, 800)
    for trial in answers.trials:
        assert trial.rating == (2 if design == "rating" else None)
        assert trial.position == ([] if design == "rating" else [2])
        last = trial.shown[-1]
        assert (trial.plays[last], trial.replays[last]) == (2, 1)
    table = downloaded(page, ".downloads button.quiet", tmp_path).read_text(encoding="utf-8")
    assert len(table.splitlines()) == 1 + len(answers.trials)
    assert table.startswith('"study","packet","design"')


def press_to(page, selector: str, limit: int = 40) -> None:
    """Tab until something that fits `selector` has the focus, in view."""
    for _ in range(limit):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            box = page.evaluate("(() => { const b = document.activeElement.getBoundingClientRect();"
                                "return [b.top, b.bottom, innerHeight]; })()")  # fmt: skip
            assert box[0] >= 0
            assert box[1] <= box[2]
            return
    raise AssertionError(f"Tab never reaches {selector}")


@pytest.mark.parametrize("design", FIRST)
def test_with_the_keyboard_alone(opened, key, tmp_path, design):
    packet = FIRST[design]
    page = opened(packet, viewport={"width": 1280, "height": 720})
    press_to(page, "button.next")
    page.keyboard.press("Enter")
    page.wait_for_selector("#q-age")
    press_to(page, "#q-gender")
    page.keyboard.press("ArrowDown")
    press_to(page, "input[type=submit]")
    page.keyboard.press("Space")
    page.wait_for_selector(".text h1")
    press_to(page, "button.next")
    page.keyboard.press("Enter")
    for number in range(len(key.packets[packet].trials)):
        page.wait_for_selector("form.compare:not(.watched)")
        press_to(page, "button.all")
        page.keyboard.press("Space")
        page.wait_for_selector("form.watched")
        if design == "select-all":
            press_to(page, "input[name=none]")
            page.keyboard.press("Space")
        else:
            press_to(page, "input[type=radio]")
            for _ in range(2):
                page.keyboard.press("ArrowDown")
        press_to(page, "button.next")
        page.keyboard.press("Enter")
        if number == 0:
            page.wait_for_selector(".text h1")
            press_to(page, "button.next")
            page.keyboard.press("Enter")
    page.wait_for_selector(".downloads")
    press_to(page, ".downloads button.next")
    with page.expect_download() as waiting:
        page.keyboard.press("Enter")
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    answers = checked(path, key, packet)
    assert answers.participant["gender"]
    for trial in answers.trials:
        if design == "select-all":
            assert trial.chosen == []
        elif design == "rating":
            assert trial.rating == 3
        else:
            assert trial.position == [3]


def test_closed_half_way_and_opened_again(driver, built, key, tmp_path):
    """The whole browser is closed; partial answers are there again, in a file too, and it ends complete."""
    said: list[str] = []
    file, count = built.packets[0] / "index.html", len(key.packets["p001"].trials)

    def session():
        context = driver.chromium.launch_persistent_context(
            tmp_path / "profile", executable_path=CHROMIUM, args=ARGS, accept_downloads=True, locale="en-GB"
        )
        context.add_init_script(FAST)
        return context, start(context, file, said)

    context, page = session()
    to_trials(page)
    go_through(page, 3)
    page.wait_for_selector("form.compare:not(.watched)")
    partial = checked(downloaded(page, "header button", tmp_path), key, "p001", "partial")
    assert len({trial.trial for trial in partial.trials}) == 3
    assert partial.finished is None
    context.close()

    context, page = session()
    assert "2 of" in page.inner_text("#stage")
    page.click("button.next")
    for _ in range(count - 3):
        answer(page)
    answers = checked(downloaded(page, ".downloads button.next", tmp_path), key, "p001")
    assert answers.resumed == 1
    assert answers.session == partial.session
    assert [t.at for t in answers.trials[: len(partial.trials)]] == [t.at for t in partial.trials]
    context.close()

    context, page = session()
    assert page.locator(".downloads").count() == 1
    page.once("dialog", lambda dialog: dialog.accept())
    page.click(".downloads button.quiet >> nth=1")
    page.wait_for_selector("#language")
    context.close()
    assert said == []


def test_a_partial_file_goes_on_in_another_browser(opened, key, tmp_path):
    page = opened("p005")
    to_trials(page)
    go_through(page, 2)
    page.wait_for_selector("form.compare:not(.watched)")
    partial = downloaded(page, "header button", tmp_path)
    other = opened("p006")
    other.click("summary")
    other.set_input_files("#restore", partial)
    other.wait_for_selector(".fault:not(:empty)")
    another = opened("p005")
    another.click("summary")
    another.set_input_files("#restore", partial)
    another.wait_for_selector("text=Welcome back")
    another.click("button.next")
    for _ in range(len(key.packets["p005"].trials) - 2):
        answer(another)
    checked(downloaded(another, ".downloads button.next", tmp_path), key, "p005")


def test_who_does_not_agree_leaves_nothing(opened):
    page = opened("p005")
    page.click("#stage button.quiet")
    page.wait_for_selector("text=You do not take part")
    assert page.evaluate("Object.keys(localStorage).length") == 0
    page.click("button.next")
    page.wait_for_selector("#language")


def test_in_chinese_on_a_phone(opened):
    page = opened("p008", "zh-CN", viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    assert page.get_attribute("html", "lang") == "zh"
    to_trials(page, clean)
    page.wait_for_selector("form.compare")
    clean(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.tap("button.all")
    page.wait_for_selector("form.watched")


def test_the_language_can_be_changed(opened):
    page = opened("p005")
    page.select_option("#language", "zh")
    page.wait_for_selector("html[lang=zh]")


JATOS = """
window.jatos = {
  onLoad: (call) => setTimeout(call, 0),
  urlQueryParameters: {},
  batchJsonInput: { design: "rating" },
  studySessionData: {},
  setStudySessionData: async () => {},
  batchSession: {
    kept: { talkpose_handed_out: { p005: 1 } },
    refused: 0,
    get(name) { return this.kept[name]; },
    async set(name, value) {
      if (this.refused++ < 1) throw new Error("overtaken");
      this.kept[name] = value;
    },
  },
  submitted: [],
  ended: 0,
  submitResultData: async (text) => { window.jatos.submitted.push(JSON.parse(text)); },
  endStudy: async () => { window.jatos.ended += 1; },
};
"""


def test_hosted_on_a_jatos_server(opened, built, key, tmp_path):
    """A stand-in for the server's library: it hands out the next packet and gets the answers."""
    with zipfile.ZipFile(built.jatos) as archive:
        archive.extractall(tmp_path)
    folder = tmp_path / "talkpose_tiny"
    (folder / "jatos.js").write_text(JATOS)
    page = opened("", folder=folder)
    assert page.evaluate("jatos.batchSession.kept.talkpose_handed_out") == {"p005": 1, "p006": 1}
    assert page.evaluate("jatos.studySessionData.talkpose_packet") == "p006"
    to_trials(page)
    go_through(page, len(key.packets["p006"].trials))
    page.wait_for_function("jatos.ended === 1")
    submitted = page.evaluate("jatos.submitted")
    path = tmp_path / "answers.json"
    path.write_text(json.dumps(submitted[-1]))
    checked(path, key, "p006")
    assert [one["status"] for one in submitted] == ["partial"] * (len(submitted) - 1) + ["complete"]
