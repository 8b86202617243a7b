"""The page of a user study: names, numbers, what was set aside; an attempt that failed says why."""

import json

from wide_run import ANALYSIS

from talkpose.layout import RunLayout
from talkpose.report.roster import Card, Roster
from talkpose.report.studypage import study_page
from talkpose.study.sections import Section


def test_made_sections_are_as_the_analysis_writes_them():
    assert all(set(section) == set(Section.__annotations__) for section in ANALYSIS["sections"])


def test_methods_have_titles_and_numbers_few_digits(wide_run):
    roster = Roster({"ours-g": Card("ours-g", "Ours-G"), "still": Card("still", "Still")})
    found = study_page(wide_run, roster)
    (design,) = found["designs"]
    assert design["title"] == "Best of several videos (Table 1)" and design["kept"] == 18
    assert [section["title"] for section in design["sections"]] == ["Pairs, image quality", "Screening"]
    assert design["sections"][0]["rows"] == [
        ["Ours-G less Still", "0.25", "0.00031"],
        ["atvg less Still", "–", "1"],
    ]


def test_the_page_names_what_is_made_and_what_was_refused(wide_report):
    text = (wide_report / "study.html").read_text()
    assert "User study made-study" in text and "18 of 20 participants kept" in text
    assert "a &lt;b&gt;.json" in text and "its seal is broken" in text
    assert "simulated" in text.lower()
    assert "<summary>Screening (20 rows)</summary>" in text
    assert 'href="study.html"' in (wide_report / "index.html").read_text()


def test_a_study_that_was_not_attempted_says_why(tmp_path):
    layout = RunLayout(tmp_path)
    assert study_page(layout, Roster()) is None
    layout.study_analysis.parent.mkdir()
    absent = {"study": "s", "simulated": False, "designs": {}, "sections": [], "not_attempted": "no videos"}
    layout.study_analysis.write_text(json.dumps(absent))
    found = study_page(layout, Roster())
    assert found["reason"] == "no videos" and found["designs"] == []
