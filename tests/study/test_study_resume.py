"""Packets in headless Chromium: closed half-way and opened again, in another browser, on a server."""

import json
import zipfile

import pytest
from packet_page import (
    ARGS,
    CHROMIUM,
    FAST,
    NEEDS_CHROMIUM,
    answer,
    checked,
    downloaded,
    go_through,
    start,
    to_trials,
)

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [pytest.mark.browser, NEEDS_CHROMIUM]


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
