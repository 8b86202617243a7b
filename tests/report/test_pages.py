"""Pages of tables, persons and clips: what they link, where they come from, and that nothing escapes."""

import hashlib
import re
import shutil
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
from made_run import make_run
from test_report import Page, _text
from wide_run import HOSTILE, LENGTH, LMD, PERSONS, WORDS, config

from talkpose.files import sha256, write_json
from talkpose.layout import RunLayout
from talkpose.report.beside import beside
from talkpose.report.build import build_report
from talkpose.report.clippages import Clips
from talkpose.report.names import page
from talkpose.report.origin import Origin, methods_of, steps_of
from talkpose.report.source import read_run
from talkpose.report.tablepages import table_pages
from talkpose.report.tables import build_tables
from talkpose.report.verdicts import verdict_table


@pytest.fixture(scope="module")
def source(wide_run):
    return read_run(wide_run)


@pytest.fixture(scope="module")
def tables(source):
    return build_tables(source.metrics, 0, 100, ["words-test"], source.config.train_frames)


def html(report, name: str) -> str:
    return (report / name).read_text()


def test_every_page_is_well_formed_and_every_link_leads_somewhere(wide_report):
    for path in wide_report.glob("*.html"):
        made = Page(path.read_text())
        assert made.stack == []
        assert all(made.alts)
        assert len(made.ids) == len(set(made.ids))
        for link in made.links:
            name, _, fragment = link.partition("#")
            if not name.startswith("data:"):
                assert not name or (wide_report / unquote(name)).is_file(), link
                there = Page(html(wide_report, unquote(name))) if name and fragment else made
                assert not fragment or fragment in there.ids, link


def test_no_name_becomes_markup(wide_report):
    pages = [*wide_report.glob("*.html")]
    assert any(HOSTILE.replace("&", "&amp;").partition("<")[2][:4] in p.read_text() for p in pages)
    for path in pages:
        text = path.read_text()
        assert "<img src=x" not in text, path.name
        assert "<no>" not in text, path.name
    assert not [p for p in wide_report.rglob("*") if re.search(r"[<>\"&']", p.name)]
    person = html(wide_report, page("person", HOSTILE))
    assert person.count("&lt;img src=x") > 5
    assert "Ours-P, &lt;no&gt; pose" in person


def test_worst_median_and_best_are_linked(wide_report):
    table = html(wide_report, "table-table2.html")
    row = re.search(r"<tr><th scope=\"row\">Ours-G</th>(.*?)</tr>", table.partition("h-clips")[2], re.DOTALL)[
        1
    ]
    assert re.findall(r'<a href="(.*?)">(.*?)</a> <small>(.*?)</small>', row) == [
        (f"clip-{WORDS[i]}__own.html", WORDS[i], f"{LMD['ours-g'] + i / 100:.2f}") for i in (11, 6, 0)
    ]


def test_only_chosen_words_have_pages(wide_report, wide_run, source, tables):
    pages = {path.name for path in wide_report.glob("clip-WORD*")}
    assert pages == {f"clip-{WORDS[i]}__own.html" for i in (0, 6, 11, 5)}  # best, median, worst; the figure's
    listed = _text(html(wide_report, "clips.html"))
    assert "4 clips of test corpora with a page" in listed
    everything = source.config.model_copy(
        update={"report": source.config.report.model_copy(update={"clip_pages": "all"})}
    )
    again = read_run(wide_run)
    again.config = everything
    assert [name for name, _ in Clips(again, table_pages(again, tables)).listed()] == [
        f"{word}__own" for word in WORDS
    ]


def test_words_are_no_persons(wide_report, source):
    assert source.persons == sorted(PERSONS)
    assert not list(wide_report.glob("person-WORD*"))
    assert "WORD" not in html(wide_report, "people.html")
    assert [item.method for item in source.items_of(f"{WORDS[0]}__own")] == ["ours-g", "oracle", "still"]
    assert source.items_of("nobody__own") == []


def test_a_clip_page_has_every_method_and_value(wide_report):
    text = html(wide_report, f"clip-{WORDS[5]}__own.html")
    made = Page(text)
    videos = [unquote(link) for link in made.links if link.endswith(".mp4")]
    item = f"{WORDS[5]}__own"
    own = [f"media/{method}/{item}/result.mp4" for method in ("ours-g", "still")]
    assert videos == [f"media/real/{item}.mp4", *own]
    assert f"{LMD['still'] + 0.05:.2f}" in text
    assert "full-v1-mediapipe" in text


def test_a_table_says_where_it_comes_from(wide_report, wide_run, tables, source):
    text = html(wide_report, "table-table2.html")
    origin = Origin(wide_run, source)
    hashes = {h.path: h for h in origin.of(tables["table2"])}
    assert hashes["metrics/metrics.parquet"].sha256 == sha256(wide_run.metrics)
    assert hashes["videos/still/people-0.json"].sha256 == sha256(
        wide_run.videos_shard("still", "people", "0")
    )
    assert all(h.sha256 in text for h in hashes.values())
    assert "talkpose report build results/wide" in text
    assert "talkpose run --config results/wide/config.json" in text
    quoted = origin.of(tables["table1"])
    assert [h.path for h in quoted] == ["config.json"]


def test_files_of_one_kind_have_one_hash(tmp_path, source):
    layout = RunLayout(tmp_path)
    for i in range(3):
        write_json(layout.videos_shard("still", "people", str(i)), {"part": i})
    paths = sorted((tmp_path / "videos" / "still").glob("*.json"))
    lines = "".join(f"{sha256(path)}  {path.name}\n" for path in paths)
    found = Origin(layout, source)._together(tmp_path / "videos" / "still", "*.json")
    assert (found.path, found.files) == ("videos/still/*.json", 3)
    assert found.sha256 == hashlib.sha256(lines.encode()).hexdigest()


def test_the_appendices_name_their_methods(source, tables):
    computed = pd.DataFrame(
        {"table": ["appendix_a"], "kind": ["reproduced"], "row": ["r"], "column": ["mean"]}
    )
    expected = ["oracle"] if "oracle" in source.config.all_methods else []
    assert methods_of(computed, source) == expected
    assert methods_of(computed.assign(table="appendix_b"), source) == ["ours-p", LENGTH]


def test_steps_of_one_method_are_not_those_of_its_variants(source, tables):
    methods = methods_of(tables["lengths"], source)
    assert methods == ["ours-p", LENGTH]
    steps = steps_of(["ours-p"], source)

    def counted(name: str) -> bool:
        return any(f"{name}$".startswith(step) for step in steps)

    assert counted("methods_generate-ours-p-people-0000")
    assert counted("refine_train-base")
    assert not counted("methods_generate-ours-p-n100-people-0000")
    assert not counted("metrics_measure-still-people-0000")
    assert counted("metrics_collect") and not counted("metrics_sensitivity")
    assert steps_of([], source) == []
    steps = steps_of(["atvg"], source)
    assert counted("baselines_fit-atvg") and not counted("baselines_fit-atvg-original")


def test_downloads_are_the_runs_own_tables(wide_report, wide_run):
    copied = sorted(path.name for path in (wide_report / "downloads").iterdir())
    assert copied == sorted(path.name for path in wide_run.tables.iterdir())
    for name in copied:
        assert (wide_report / "downloads" / name).read_bytes() == (wide_run.tables / name).read_bytes()
    assert "downloads/table2.csv" in html(wide_report, "table-table2.html")


def test_simulated_values_are_announced_wherever_they_stand(wide_report, made_report):
    text = html(wide_report, "table-table1.html")
    assert text.count('class="made-banner"') == 1
    assert re.search(r'<td class="made"[^>]*>61\.67 <small class="made-mark">simulated</small>', text)
    assert "stand in: User study (Table 1)." in _text(html(wide_report, "index.html"))
    for path in wide_report.glob("*.html"):
        shows = path.name in ("index.html", "table-table1.html", "study.html")
        assert ("made-banner" in path.read_text()) == shows, path.name
        marked = path.name != "study.html"  # where the banner speaks of every number
        assert ("made-mark" in path.read_text()) == (shows and marked), path.name
    assert not [path for path in made_report.glob("*.html") if "made-banner" in path.read_text()]


def test_the_papers_numbers_stand_beside_this_runs(wide_report, source, tables):
    verdicts = verdict_table(tables, source.config)
    lines = {(line.row, line.column): line for line in beside(verdicts, "table2", source.roster)}
    ours = lines["Ours-G", "PSNR"]
    assert (ours.quoted, ours.quoted_n, ours.here, ours.n) == ("30.94", 25000, "24.500", "12")
    assert ours.difference == "-6.440"
    assert lines["DAVS", "PSNR"].quoted == "29.90"  # as printed
    assert (lines["DAVS", "PSNR"].here, lines["DAVS", "PSNR"].verdict) == ("", "not attempted")
    text = _text(html(wide_report, "table-table2.html"))
    assert re.search(
        r"Ours-G, PSNR 30\.94 n 25000 24\.500 [\d.]+ … [\d.]+ full-v1 -6\.440 12 ✕ deviates", text
    )
    assert beside(verdicts, "stage1", source.roster) == []
    studied = beside(verdicts, "hs_study", source.roster)
    assert [line.quoted for line in studied if line.column == "mean score"] == ["3.60"]


def test_what_has_no_plot_is_named(made_report, wide_report):
    text = _text(html(wide_report, "plots.html"))
    assert "Correlation of sound and head pose: it was not measured" in text
    assert "Training curves: no model" in text
    assert "Frame-count curve:" not in text
    assert "Frame-count curve: fewer than two" in _text(html(made_report, "plots.html"))
    assert "pose histograms and traces: no track" in _text(html(made_report, "person-ann.html"))
    assert html(wide_report, "person-ann.html").count("<figcaption>pitch") == 2 * 4  # all but the real one


def test_same_bytes_in_another_folder(wide_run, wide_report, tmp_path):
    again = RunLayout(tmp_path / "again")
    shutil.copytree(wide_run.root, again.root, ignore=shutil.ignore_patterns("report", "tables"))
    other = build_report(again.root).parent
    files = sorted(p.relative_to(wide_report) for p in wide_report.rglob("*") if p.is_file())
    assert files == sorted(p.relative_to(other) for p in other.rglob("*") if p.is_file())
    assert [p for p in files if (wide_report / p).read_bytes() != (other / p).read_bytes()] == []


def test_figures_link_their_clips(wide_report):
    assert f'<a href="clip-{WORDS[5]}__own.html">{WORDS[5]}</a>' in html(wide_report, "figures.html")
    assert (wide_report / "figures" / "figure8.png").is_file()
    text = html(wide_report, "figures.html")
    assert "DAVS (not among this run&#39;s methods)" in text
    assert "Not attempted: too few of its rows are in this run to compare." in text


def test_variants_of_training_stand_apart(tmp_path):
    layout = make_run(tmp_path / "run")
    curve = {"curves": [{"step": i, "l1": 1.0 / (i + 1)} for i in range(5)], "facts": {"pairs": 3}}
    write_json(layout.root / "models/refine/n100/person/ann.weights.json", curve)
    read = read_run(layout)
    assert {c.variant for c in read.curves} == {"base", "n100"}
    assert read.facts["refine n100, ann"] == {"pairs": 3}
    text = _text(html(build_report(layout.root).parent, "plots.html"))
    assert "Stage 2: refinement, n100" in text


def test_configured_metric_and_count_choose_the_clips(wide_run, tables):
    again = read_run(wide_run)
    report = config().report.model_copy(update={"clip_metric": "psnr", "clips_each": 2})
    again.config = again.config.model_copy(update={"report": report})
    found = next(entry.extremes for entry in table_pages(again, tables) if entry.name == "table2")
    assert found.used.metric == "psnr"
    assert [e.item for e in found.by_method()["ours-g"]["worst"]] == [f"{WORDS[i]}__own" for i in (11, 10)]
    assert np.isclose(found.lines[0].value, 19)


def test_clip_pages_lead_to_their_neighbours(wide_report, made_report):
    listed = [WORDS[i] for i in (0, 5, 6, 11)]
    for i, word in enumerate(listed):
        text = html(wide_report, f"clip-{word}__own.html")
        assert "Own sound, whole clip" in text  # no frame of it was trained on
        around = dict(re.findall(r'<a href="clip-(\w+)__own.html" rel="(prev|next)">', text))
        beside = {listed[i - 1]: "prev"} if i else {}
        assert around == beside | ({listed[i + 1]: "next"} if i + 1 < len(listed) else {})
    text = html(made_report, "clip-ann__own.html")
    assert "Own sound, held-out frames" in text
    assert '<a href="clip-ann__drive.html" rel="next">ann, sound of drive →</a>' in text
