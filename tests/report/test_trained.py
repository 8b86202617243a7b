"""Checks of the networks that a run trained can fail, and name who fails."""

import numpy as np

from talkpose.report.source import Curve
from talkpose.report.trained import networks


def test_a_deaf_network_is_named_with_its_reason():
    facts = {
        "motion, general": {"listens": "yes"},
        "motion, ann": {"listens": "NO", "listening_reason": "mouths differ by 0.1 of a clip's spread"},
        "refine, general": {"parameters": 3},
    }
    (claim,) = networks(facts, [])
    assert (claim.verdict, claim.found) == ("deviates", "1 of 2 networks listen")
    assert claim.why == "motion, ann: mouths differ by 0.1 of a clip's spread"
    (claim,) = networks({"motion, general": {"listens": "yes"}}, [])
    assert claim.verdict == "pass" and claim.why == ""


def test_what_was_not_checked_is_no_pass():
    unknown = {"listens": "not checked", "listening_reason": "needs two sounds"}
    (claim,) = networks({"motion, general": unknown}, [])
    assert (claim.verdict, claim.why) == ("not attempted", "needs two sounds")
    (claim,) = networks({"motion, general": {"listens": "yes"}, "motion, ann": unknown}, [])
    assert (claim.verdict, claim.why) == ("pass", "not checked: motion, ann")


def attention(model: str, *values: float, variant: str = "base", quantity: str = "watch_attention") -> Curve:
    return Curve("refine", model, quantity, np.arange(len(values)), np.array(values), variant)


def test_attention_at_either_end_is_saturated():
    fine = [attention("general", 0.99, 0.3), attention("ann", 0.2), attention("ann", 1.0, quantity="l1")]
    (claim,) = networks({}, fine)
    assert (claim.verdict, claim.found) == ("pass", "0.20 to 0.30 over 2 networks")
    for value in (0.999, 0.001, np.nan):
        (claim,) = networks({}, [*fine, attention("bob", 0.5, value, variant="no-identity")])
        assert claim.verdict == "deviates"
        assert claim.why == f"stuck: refine, bob (no-identity) {value:.3f}"
    assert networks({}, []) == []
