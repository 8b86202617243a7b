"""Packets in headless Chromium, opened from disk: with the mouse, with the keyboard, on a phone."""

import json
import shutil

import pandas as pd
import pytest
from packet_page import NEEDS_CHROMIUM, checked, clean, downloaded, go_through, press_to, to_trials

from talkpose.study.import_step import import_answers
from talkpose.study.schema import KEY_FOLDER

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [pytest.mark.browser, NEEDS_CHROMIUM]
FIRST = {"best-of-n": "p001", "rating": "p005", "select-all": "p008"}


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


@pytest.mark.parametrize("design", FIRST)
def test_the_saved_file_becomes_rows_of_the_study(opened, built, key, tmp_path, design):
    """The file that a participant sends goes through the import as it is; changed by a hand it does not."""
    packet = FIRST[design]
    page = opened(packet)
    to_trials(page)
    go_through(page, len(key.packets[packet].trials))
    saved = downloaded(page, ".downloads button.next", tmp_path)
    study = tmp_path / "study"
    (study / KEY_FOLDER).mkdir(parents=True)
    shutil.copy(built.key, study / KEY_FOLDER / "key.json")
    found = import_answers(study, [saved])
    assert (len(found.accepted), found.refused, found.repeated) == (1, [], [])
    rows = pd.read_parquet(study / "answers.parquet")
    home = key.packets[packet]
    assert len(rows) == sum(len(trial.criteria) for trial in home.trials)
    assert set(rows["packet"]) == {packet} and not rows["simulated"].any()
    by_trial = {trial.trial: trial for trial in found.accepted[0].trials}
    assert set(rows["trial"]) == set(by_trial)
    changed = saved.with_name("changed.json")
    text = json.loads(saved.read_text(encoding="utf-8"))
    text["trials"][0]["rt_ms"] += 1
    changed.write_text(json.dumps(text), encoding="utf-8")
    (refused,) = import_answers(study, [changed]).refused
    assert "was changed after the page wrote it" in refused.reason


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
    english = page.inner_text("#stage h1")
    page.select_option("#language", "zh")
    page.wait_for_selector("html[lang=zh]")
    assert page.inner_text("#stage h1") != english
