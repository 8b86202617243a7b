"""Plots of metric rows and poses: the same bytes, the theme's colours, the right numbers."""

import re

import numpy as np
import pandas as pd
import pytest
from wide_run import HOSTILE, LENGTH, LMD

from talkpose.report import dots
from talkpose.report.poses import person_motions, without_poses
from talkpose.report.roster import KINDS
from talkpose.report.soundplots import correlations
from talkpose.report.source import read_run


@pytest.fixture(scope="module")
def source(wide_run):
    return read_run(wide_run)


def label(svg: str) -> str:
    return re.search(r'aria-label="([^"]*)"', svg)[1]


def check(svg: str) -> None:
    assert svg.startswith("<svg")
    assert 'role="img"' in svg
    assert "var(--" in svg
    assert not re.search(r"#a1000|#01010|#02020|20\d\d-\d\d|<metadata|<style|font-family|mathdefault", svg)
    ids = re.findall(r' id="([^"]+)"', svg)
    assert set(re.findall(r"(?:url\(#|href=\"#)([^)\"]+)", svg)) <= set(ids)


def test_every_kind_of_method_has_a_colour_of_its_own():
    assert set(dots.COLOURS) == set(KINDS)
    assert len(set(dots.COLOURS.values())) == len(KINDS)


def test_hs_by_variant_shows_every_method(source):
    rows = source.metrics
    squared = rows[rows.metric == "hs"].assign(protocol="pooled-20-squared")
    plots = dots.hs_variants(pd.concat([rows, squared]), source)
    assert [plot.protocol for plot in plots] == ["pooled-20-linear", "pooled-20-squared"]
    for plot in plots:
        check(str(plot.svg))
        assert "Still 0.85" in label(str(plot.svg))  # mean of 0.9 and 0.8
        assert "Ours-P, &lt;no&gt; pose" in str(plot.svg)
    assert str(plots[0].svg) == str(dots.hs_variants(rows, source)[0].svg)
    assert dots.hs_variants(rows[rows.metric == "psnr"], source) == []


def test_the_tables_protocol_comes_first_and_others_are_folded(source):
    rows = source.metrics
    hs = rows[rows.metric == "hs"]
    more = [hs.assign(protocol="fixed-45-linear"), hs.assign(metric="hs-generated")]
    plots = dots.hs_variants(pd.concat([rows, *more]), source)
    assert [(plot.protocol, plot.part) for plot in plots] == [
        ("pooled-20-linear", ""), ("fixed-45-linear", ""),
        ("pooled-20-linear", "HS of the poses as generated"),
    ]  # fmt: skip
    assert {plot.note for plot in plots} == {"2 persons"}
    curves = dots.lengths(pd.concat([rows, hs.assign(protocol="fixed-45-linear")]), source)
    assert [c.part for c in curves if c.title.startswith("HS")] == ["", "By other protocols"]


def test_real_videos_correlation_by_person_and_reading(source):
    real = source.metrics[(source.metrics.metric == "hs") & (source.metrics.method == "oracle")]
    other, choice = "appa-v1-frame-anchor-far-spearman", "appa-v1-window-pooled-all-pearson"
    rows = pd.concat(
        [
            real.assign(metric="appendix-a", protocol=other, value=[0.5, 0.7]),
            real.assign(metric="appendix-a", protocol=choice, value=[0.25, 0.5]),
            real.assign(metric="appendix-a-null", protocol=f"{choice}-null100", value=[0.1, 0.2]),
        ]
    )
    people, readings = correlations(rows, source)
    assert (people.protocol, readings.protocol) == (choice, "")
    assert "ann 0." in label(str(people.svg))
    assert HOSTILE not in str(people.svg)
    assert label(str(readings.svg)).endswith(
        "window, pooled, all, pearson 0.375; frame, anchor, far, spearman 0.6"
    )
    for plot in (people, readings):
        check(str(plot.svg))
    bare = correlations(rows[rows.metric == "appendix-a"], source)
    assert str(bare[1].svg) != str(readings.svg)  # without the null's hollow dots
    assert correlations(real, source) == []


def test_generated_correlation_by_method(source):
    hs = source.metrics[source.metrics.metric == "hs"]
    names = ("appa-v1-frame-pooled-all-pearson", "appa-v1-window-pooled-all-pearson")
    made = [hs.assign(metric="audio-pose", protocol=name) for name in names]
    plots = correlations(pd.concat(made), source)
    assert [(plot.protocol, bool(plot.part)) for plot in plots] == [(names[1], False), (names[0], True)]
    assert "Still 0.85" in label(str(plots[0].svg))


def test_frame_count_curve_has_the_means(source):
    plots = {plot.title.split()[0]: plot for plot in dots.lengths(source.metrics, source)}
    assert set(plots) == {"LMD", "Mouth", "HS", "PSNR", "SSIM"}
    text = label(str(plots["LMD"].svg))
    assert f"{LMD[LENGTH] + 0.05:.3g} at 100 frames; {LMD['ours-p'] + 0.05:.3g} at 200 frames" in text
    for plot in plots.values():
        check(str(plot.svg))
    assert dots.lengths(source.metrics[source.metrics.method != LENGTH], source) == []


def test_poses_are_real_beside_made(wide_run, source):
    motions = person_motions(wide_run, source, "ann", "people")
    assert [motion.method for motion in motions] == ["ours-g", "ours-p", "ours-p-fixed-pose", "still"]
    with np.load(wide_run.track("people", "ann")) as file:
        real = np.degrees(file["coefficients"][200:250, -6:-3].astype(float))
    for k, angle in enumerate(("pitch", "yaw", "roll")):
        for panel in motions[1].panels[2 * k : 2 * k + 2]:
            check(str(panel))
            text = label(str(panel))
            assert text.startswith(angle)
            assert f"real {real[:, k].mean():.1f}° ± {real[:, k].std():.1f}°" in text
            assert f"ann {0.5 * real[:, k].mean():.1f}° ± {0.5 * real[:, k].std():.1f}°" in text
    ids = re.findall(r' id="([^"]+)"', "".join(str(p) for motion in motions for p in motion.panels))
    assert len(ids) == len(set(ids))
    assert person_motions(wide_run, source, "nobody", "people") == []
    assert without_poses(source, ["still", "ours-p", "oracle", LENGTH], motions[:2]) == ["still"]
