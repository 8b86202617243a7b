"""The report's folder: what it says, what it lacks, and that it is the same each time."""

import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from made_run import config, metric_rows

from talkpose.config import MetricsConfig
from talkpose.errors import UserError
from talkpose.files import write_json, write_text
from talkpose.layout import RunLayout
from talkpose.metrics.compute import metrics_table, write_metrics
from talkpose.report import plots
from talkpose.report.build import build_report
from talkpose.report.claims import judge
from talkpose.report.provenance import features
from talkpose.report.roster import read_roster
from talkpose.report.source import Curve, read_run
from talkpose.report.tables import COLUMNS, build_tables


class Page(HTMLParser):
    """Links, ids and open elements of a page."""

    VOID = frozenset(["meta", "link", "br", "input", "img", "hr"])

    def __init__(self, text: str):
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.stack: list[str] = []
        self.alts: list[bool] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.links += [values[k] for k in ("src", "href") if values.get(k)]
        self.ids += [values["id"]] if "id" in values else []
        if tag in ("video", "canvas") or (tag == "svg" and "aria-hidden" not in values):
            self.alts.append(bool(values.get("aria-label")))
        if tag not in self.VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.stack.pop()

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag


def _text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.fixture(scope="module")
def index(made_report) -> str:
    return (made_report / "index.html").read_text()


def test_pages_are_well_formed_and_stand_alone(made_report):
    for path in made_report.glob("*.html"):
        page = Page(path.read_text())
        assert page.stack == []
        assert all(page.alts)
        assert len(page.ids) == len(set(page.ids))
        for link in page.links:
            name, mark, fragment = link.partition("#")
            if name.startswith("data:"):
                continue
            assert not name or (made_report / name).is_file(), link
            if mark:
                there = Page((made_report / name).read_text()) if name else page
                assert fragment in there.ids, link


def test_pages_say_what_ran(made_report, index):
    def text(name: str) -> str:
        return _text((made_report / name).read_text())

    assert "5 used, 2 quarantined" in _text(index)
    assert "Missing in this run" not in _text(index)
    assert "2 of 7 set aside: 1 no sound, 1 several faces" in text("quarantine.html")
    assert "dlib face descriptor, 128-d substitute" in text("setup.html")
    assert "mouth_expected" in text("setup.html")
    assert "26.50 26.00 … 27.00" in text("table-table2.html")  # ours-p's PSNR with its interval
    assert "0.859" in text("table-hs.html")


def test_ours_p_is_compared_where_the_paper_has_it_ahead():
    def cells(table, column, values):
        rows = [
            (table, m, column, v, "reproduced", 3, np.nan, np.nan, "p", "", "") for m, v in values.items()
        ]
        return pd.DataFrame(rows, columns=list(COLUMNS))

    hs = {"ours-p": 0.88, "still": 0.56, "other-person": 0.9, "ours-g": 0.64}
    tables = {
        "hs": pd.concat([cells("hs", column, hs) for column in ("mean", "min", "max")]),
        "heldout": cells("heldout", "lmd", {"ours-p": 0.94, "still": 1.56}),
    }
    _, checks = judge(tables, MetricsConfig())
    found = {
        claim.expected: (claim.verdict, claim.found) for claim in checks if claim.source in ("Pose", "Lips")
    }
    assert found == {
        "ours-p > still": ("pass", "0.880 > 0.560"),
        "ours-p > other-person": ("deviates", "0.880 ≤ 0.900"),
        "ours-p > ours-g": ("pass", "0.880 > 0.640"),
        "ours-p < still": ("pass", "0.940 < 1.560"),
    }


def test_verdicts():
    tables = build_tables(metrics_table(metric_rows()), 0, 200)
    paper, checks = judge(tables, config().metrics)
    found = {f"{c.source}: {c.text}": c for c in (*paper, *checks)}
    verdict = {name: claim.verdict for name, claim in found.items()}
    assert verdict["Stage 1: Ours-P's mouth follows the sound (mouth r), ann"] == "pass"
    assert verdict["Stage 1: Ours-P's mouth follows the sound (mouth r), bob"] == "deviates"  # 0.60 of 0.95
    beat = "Stage 2: Refined frames beat the rendering of the real coefficients"
    assert [verdict[f"{beat}: {region} of ann"] for region in ("face", "mouth", "edge")] == [
        "pass",
        "pass",
        "deviates",
    ]
    assert found[f"{beat}: edge of ann"].found == "+0.50 dB, to 20.50 dB"
    hs = next(c for c in paper if "HS of 15" in c.text)
    assert (hs.verdict, hs.found) == ("direction holds", "0.825 (0.820 to 0.830)")
    assert all(c.why for c in paper if c.verdict == "not attempted")
    assert all(c.found for c in (*paper, *checks))


def test_a_person_of_whom_much_is_expected_and_who_is_missing_is_not_forgotten():
    tables = build_tables(metrics_table(metric_rows()), 0, 200)
    expected = MetricsConfig(mouth_expected={"cid": 0.5}, face_psnr_expected={"ann": 1, "cid": 28})
    missing = [c for c in judge(tables, expected)[1] if c.text.endswith("cid")]
    assert [(c.source, c.verdict, c.expected) for c in missing] == [
        ("Stage 1", "not attempted", "at least 0.50"),
        ("Stage 2", "not attempted", "at least 28.0 dB"),
    ]
    assert all("quarantined" in c.why for c in missing)


def test_without_numbers_nothing_is_claimed():
    paper, checks = judge({}, MetricsConfig())
    assert {c.verdict for c in (*paper, *checks)} == {"not attempted"}


def test_mouth_below_its_control_deviates():
    rows = metrics_table(metric_rows())
    rows.loc[(rows.metric == "mouth") & (rows.method == "shifted-sound"), "value"] = 0.7
    _, checks = judge(build_tables(rows, 0, 200), MetricsConfig())
    assert {c.verdict for c in checks if c.source == "Stage 1"} == {"deviates"}


def test_same_bytes_but_for_the_times(made_run, made_report, tmp_path):
    again = RunLayout(tmp_path / "again")
    shutil.copytree(made_run.root, again.root, ignore=shutil.ignore_patterns("report", "tables"))
    write_text(again.root / "logs" / "times" / "motion_train.tsv", "s\th:m:s\n99.9\t0:01:40\n")
    write_json(again.root / "times.json", {"whole run": 1234.5})
    write_json(again.root / "logs" / "memory" / "motion_train.json", {"peak_mib": 766, "at_start_mib": 300})
    other = build_report(again.root).parent
    files = sorted(p.relative_to(made_report) for p in made_report.rglob("*") if p.is_file())
    assert files == sorted(p.relative_to(other) for p in other.rglob("*") if p.is_file())
    different = [str(p) for p in files if (made_report / p).read_bytes() != (other / p).read_bytes()]
    assert different == ["times.js"]
    assert "1234.5" in (other / "times.js").read_text()


def test_moves_and_replaces(made_run, tmp_path):
    out = tmp_path / "elsewhere"
    (out / "old").mkdir(parents=True)
    assert build_report(made_run.root, out) == out / "index.html"
    assert not (out / "old").exists()
    assert (out / "media" / "ours-p" / "ann__own" / "rendered.mp4").stat().st_size > 1000
    assert [p.name for p in tmp_path.iterdir()] == ["elsewhere"]  # nothing half-written beside it


def test_absent_parts_are_named(tmp_path):
    layout = RunLayout(tmp_path / "bare")
    write_json(layout.config_file, config().model_dump(mode="json"))
    text = _text(build_report(layout.root).read_text())
    for part in (
        "metrics (metrics/metrics.parquet)",
        "quarantine list",
        "clips/",
        "tracks/",
        "videos/",
        "models/",
    ):
        assert part in text.partition("Verdicts")[2] + text
    assert "Missing in this run" in text
    assert "No metric rows in this run" in text
    assert not layout.tables.exists()


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(UserError, match="not a run"):
        build_report(tmp_path)


def test_clips_of_other_sets_stop_the_report(made_run, tmp_path):
    root = tmp_path / "uneven"
    shutil.copytree(made_run.root, root, ignore=shutil.ignore_patterns("videos", "report"))
    rows = [r for r in metric_rows() if (r["method"], r["clip"]) != ("still", "ann__own")]
    write_metrics(RunLayout(root).metrics, rows)
    with pytest.raises(UserError, match="still lacks people/ann__own"):
        build_report(root)


def test_source_reads_curves_and_facts(made_run):
    source = read_run(made_run)
    assert {(c.stage, c.model) for c in source.curves} == {
        (stage, model) for stage in ("motion", "refine") for model in ("general", "ann", "bob")
    }
    assert source.facts["refine, ann"]["memory_pairs"] == 12
    assert source.times == {"motion_train": 123.4}
    assert source.memory == {"motion_train": 765}
    assert [item.method for item in source.items if item.name == "ann__own"][:2] == ["ours-g", "ours-p"]


def test_curves_follow_the_theme_and_carry_no_date():
    curves = [
        Curve("refine", m, "l1", np.arange(9.0), np.linspace(900, k, 9))
        for k, m in enumerate(("ann", "general"), 1)
    ]
    svg = str(plots.panel(curves, plots.series_order(curves)))
    assert svg == str(plots.panel(curves, plots.series_order(curves)))
    assert plots.series_order(curves) == ["general", "ann"]
    assert "var(--series-1)" in svg
    assert "var(--muted)" in svg
    assert not re.search(r"#a1000|#01010|#02020|20\d\d-\d\d|<metadata", svg)
    assert 'aria-label="l1: ann from 900 to 1' in svg
    hostile = Curve("refine", "<b>$x_1$", "<i>&", np.arange(3.0), np.arange(3.0))
    assert "<b>" not in str(plots.panel([hostile], ["<b>$x_1$"]))


def test_features_name_the_substitutes():
    assert [f.part for f in features(config()) if f.same] == ["Albedo of Ours-G (3.3.1)"]
    papers = config().model_copy(
        update={
            "refine": config().refine.model_copy(update={"identity_feature": "arcface"}),
            "compose": config().compose.model_copy(
                update={"albedo": "low-frequency", "fit_background": False}
            ),
        }
    )
    same = {f.part.partition(" (")[0] for f in features(papers) if f.same}
    assert same == {"Identity feature", "Albedo of Ours-G", "Albedo of Ours-P", "Backgrounds"}


def test_recorded_provenance_wins(made_run, tmp_path):
    root = tmp_path / "recorded"
    shutil.copytree(made_run.root, root, ignore=shutil.ignore_patterns("videos", "report", "models"))
    write_json(root / "run.json", {"versions": {"torch": "9.9.9"}, "device": "cuda:0 (made)", "seed": 7})
    report = build_report(root).parent
    assert "torch 9.9.9" in _text((report / "setup.html").read_text())
    assert "cuda:0 (made)" in _text((report / "index.html").read_text())


def test_methods_describe_themselves(made_run, tmp_path):
    roster = read_roster(made_run.root / "videos", ["still", "ours-p", "newcomer"])
    assert roster["ours-p"].title == "Ours-P"
    assert roster["still"].kind == "control"
    assert (roster["newcomer"].title, roster["newcomer"].kind) == ("newcomer", "method")
    assert roster.in_order(["z", "ours-p", "a", "still", "z"]) == ["still", "ours-p", "a", "z"]
    assert read_roster(tmp_path, ["ours-p"])["ours-p"].title == "ours-p"
