"""A participant in Chromium: opens a packet, answers it, saves the file."""

import shutil
from pathlib import Path

import pytest

from talkpose.study.import_step import check_answers
from talkpose.study.schema import Answers, Key

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NEEDS_CHROMIUM = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
ARGS = ["--no-sandbox", "--disable-gpu", "--mute-audio"]
FAST = """
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
  this.playbackRate = 16;
  this.muted = true;
  return play.call(this);
};
"""


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
    """The import takes the file, which holds what the packet asked as the key knows it."""
    found = check_answers(key, [(path.name, path.read_bytes())])
    assert found.refused == []
    (answers,) = found.accepted
    home = key.packets[packet]
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
