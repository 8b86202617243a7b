"""Training curves by names that a reader knows: stages, variants, baselines, quantities."""

import numpy as np
import pytest

from talkpose.report.roster import Card, Roster
from talkpose.report.source import Curve
from talkpose.report.training import model_title, quantity_title, training_panels

ROSTER = Roster(
    {
        "davs": Card("davs", "DAVS", "baseline"),
        "ours-p-n50": Card("ours-p-n50", "Ours-P, 50 frames"),
        "ours-p-n100": Card("ours-p-n100", "Ours-P, 100 frames"),
        "ours-p-fixed-pose": Card("ours-p-fixed-pose", "Ours-P, no pose"),
    }
)


def curve(stage: str, model: str, quantity: str, variant: str = "base", last: float = 1.0) -> Curve:
    return Curve(stage, model, quantity, np.arange(3.0), np.array([2.0, 1.5, last]), variant)


def test_stages_come_first_and_variants_follow_the_roster():
    curves = [
        curve("baseline", "davs", "joint l1"),
        curve("refine", "ann", "l1", "n100"),
        curve("refine", "ann", "l1", "n50"),
        curve("refine", "ann", "l1"),
        curve("motion", "general", "pose", "expression-only"),
        curve("motion", "general", "pose"),
    ]
    found = training_panels(curves, ROSTER)
    assert [(stage["title"], stage["main"]) for stage in found] == [
        ("Stage 1: sound to expression and pose", True),
        ("Stage 1: sound to expression and pose, no pose", False),
        ("Stage 2: refinement", True),
        ("Stage 2: refinement, 50 frames", False),
        ("Stage 2: refinement, 100 frames", False),
        ("Baseline: DAVS", False),
    ]


def test_held_out_quantities_come_first_and_constants_not_at_all():
    constant = Curve("refine", "ann", "width", np.arange(3.0), np.full(3, 29.0))
    curves = [curve("refine", "ann", name) for name in ("other", "l1", "psnr_refined")]
    (stage,) = training_panels([*curves, constant], ROSTER)
    assert [panel["name"] for panel in stage["panels"]] == ["PSNR refined, held out, dB", "L1 loss", "Other"]
    flat = [
        Curve("refine", m, "psnr_rendered", np.arange(2.0), np.full(2, v)) for m, v in (("a", 28), ("b", 30))
    ]
    assert len(training_panels(flat, ROSTER)[0]["panels"]) == 1  # two levels are something to compare


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("motion expression-only, ann", "Stage 1, no pose: ann"),
        ("refine n100, bob", "Stage 2, 100 frames: bob"),
        ("refine mean-identity, bob", "Stage 2, mean identity: bob"),
        ("refine, general", "Stage 2: general"),
        ("baseline, davs", "DAVS"),
    ],
)
def test_models_are_named_by_stage_and_variant(name, title):
    assert model_title(name, ROSTER) == title


def test_quantities_of_baselines_are_words():
    assert quantity_title("vg pixel") == "VG-net pixel"
    assert quantity_title("joint_l1") == "Joint L1"
