"""The page's sources: a lock that any registry can serve, words that the page asks for."""

import json
import re
from pathlib import Path

import pytest
import yaml

from talkpose.study.app_build import APP, page_html
from talkpose.study.texts import DEFAULT, PAGES


def test_the_lock_names_no_registry_and_agrees_with_the_package():
    lock = json.loads((APP / "package-lock.json").read_text())
    package = json.loads((APP / "package.json").read_text())
    assert all("resolved" not in entry for entry in lock["packages"].values())
    for name, version in {**package["dependencies"], **package["devDependencies"]}.items():
        assert lock["packages"][f"node_modules/{name}"]["version"] == version


@pytest.mark.parametrize("language", [path.name for path in sorted(DEFAULT.iterdir())])
def test_every_word_that_the_page_asks_for_is_there(language):
    folder: Path = DEFAULT / language
    strings = yaml.safe_load((folder / "strings.yaml").read_text(encoding="utf-8"))
    code = "".join(path.read_text() for path in (APP / "src").glob("*.js"))
    asked = set(re.findall(r"\b(?:words|strings)\.([a-z_]+)", code))
    assert asked <= set(strings), asked - set(strings)
    assert strings["criteria"]["head_pose"]["labels"].__len__() == 5
    for page in PAGES:
        assert (folder / f"{page}.md").read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize(("language", "word"), [("en", "synthetic"), ("zh", "合成")])
def test_consent_and_thanks_say_that_videos_are_synthetic(language, word):
    for page in ("consent", "thanks"):
        assert word in (DEFAULT / language / f"{page}.md").read_text(encoding="utf-8")


def test_only_a_hosted_page_may_connect():
    assert "connect-src 'none'" in page_html(["data/app.js"], offline=True)
    hosted = page_html(["jatos.js", "data/app.js"], offline=False)
    assert "Content-Security-Policy" not in hosted
    assert hosted.index("jatos.js") < hosted.index("data/app.js")
