"""The page of plots: HS, correlation, frame-count curve, training."""

from collections.abc import Mapping, Sequence
from typing import Any

from talkpose.report import dots
from talkpose.report.soundplots import correlations
from talkpose.report.source import Source
from talkpose.report.training import training_panels


def plot_page(source: Source, people: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """All plots of metric rows and training; `lacking` names those that this run has nothing for."""
    rows = source.person_rows
    groups, lacking = [], []
    for name, title, make, why in (
        (
            "hs",
            "HS by variant, with controls",
            dots.hs_variants,
            "no HS of a person's own sound was measured",
        ),
        ("audio-pose", "Correlation of sound and head pose", correlations, "it was not measured"),
        ("lengths", "Frame-count curve", dots.lengths, "fewer than two training lengths were measured"),
    ):
        shown = [] if rows is None else make(rows, source)
        if shown:
            groups.append({"name": name, "title": title, "plots": shown})
        else:
            lacking.append(f"{title}: {why}")
    training = training_panels(source.curves, source.roster)
    if not training:
        lacking.append("Training curves: no model of this run left any")
    if not people:
        lacking.append("Pose histograms and traces: no person has a video")
    kinds = dots.legend([source.roster[name].kind for name in source.config.all_methods])
    return {"groups": groups, "kinds": kinds, "training": training, "lacking": lacking}
