"""Plots of metric rows and poses: the same bytes, the theme's colours, the right numbers."""

import re

import numpy as np
import pandas as pd
import pytest
from wide_run import HOSTILE, LENGTH, LMD

from talkpose.report import dots
from talkpose.report.poses import person_motions
from talkpose.report.roster import KINDS
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


def test_correlation_by_person(source):
    real = source.metrics[(source.metrics.metric == "hs") & (source.metrics.method == "oracle")]
    choice = "appa-v1-window-pooled-all-pearson"
    plots = dots.correlations(real.assign(metric="audio-pose", protocol=choice, value=[0.25, 0.5]), source)
    assert [plot.protocol for plot in plots] == [choice]
    text = label(str(plots[0].svg))
    assert "ann 0." in text
    assert HOSTILE not in str(plots[0].svg)
    check(str(plots[0].svg))
    assert dots.correlations(real, source) == []


def test_frame_count_curve_has_the_means(source):
    plots = {plot.title.split()[0]: plot for plot in dots.lengths(source.metrics, source)}
    assert set(plots) == {"LMD", "Mouth", "HS", "PSNR"}
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
