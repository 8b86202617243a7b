"""Values of single videos: the protocol that tables prefer, facts with units, rows that say something."""

import pandas as pd
from made_run import CARDS

from talkpose.metrics.base import COLUMNS
from talkpose.report.itemviews import all_values, item_view
from talkpose.report.names import clip_title
from talkpose.report.roster import Card, Roster
from talkpose.report.shown import fixed

ROSTER = Roster({name: Card(name, CARDS[name]["title"]) for name in ("ours-p", "still")})


def rows(*values: tuple[str, str, str, float]) -> pd.DataFrame:
    """Metric rows of ann's own sound from (method, metric, protocol, value)."""
    known = [
        {"method": m, "corpus": "people", "clip": "ann__own", "metric": metric, "protocol": p, "value": v}
        for m, metric, p, v in values
    ]
    return pd.DataFrame([row | {"n_frames": 50} for row in known])[list(COLUMNS)]


def test_a_persons_values_are_by_the_protocol_of_the_tables():
    found = rows(
        ("ours-p", "hs", "fixed-180-linear", 0.99),
        ("ours-p", "hs", "pooled-20-linear", 0.81),
        ("ours-p", "psnr", "atvg-v1", 32.0),
        ("ours-p", "psnr", "full-v1", 23.5),
    )
    shown = item_view(found, "ann__own", {}, ROSTER)
    assert [(c.label, c.protocol) for c in shown.columns] == [("PSNR", "full-v1"), ("HS", "pooled-20-linear")]
    assert [cell.text for cell in shown.groups[0].rows[0].cells] == ["23.50", "0.810"]


def test_facts_have_names_units_and_definitions():
    facts = {"ours-p": {"attention_mean": 0.7, "attention_high": 0.0855, "key_frames": 15.0, "other": 1.0}}
    shown = item_view(rows(("ours-p", "ssim", "full-v1", 0.5)), "ann__own", facts, ROSTER)
    assert [(c.label, c.unit) for c in shown.columns[1:]] == [
        ("Mean attention", ""), ("Kept", "% of pixels"), ("Key frames", ""),
    ]  # fmt: skip
    assert [cell.text for cell in shown.groups[0].rows[0].cells[1:]] == ["0.70", "8.6", "15"]
    assert {"Mean attention", "Kept", "Key frames"} <= {name for name, _ in shown.definitions}


def test_rows_without_any_value_are_named_below():
    nan = float("nan")
    choice = "appa-v1-window-anchor-all-pearson"
    found = rows(
        ("ours-p", "audio-pose", choice, nan), ("still", "audio-pose", choice, nan),
        ("ours-p", "hs", "fixed-45-linear", 0.9), ("still", "hs", "fixed-45-linear", nan),
        ("ours-p", "hs", "pooled-20-linear", 0.8), ("still", "hs", "pooled-20-linear", 0.5),
    )  # fmt: skip
    shown = all_values(found, "ann__own", ROSTER)
    assert [row.protocol for row in shown.groups[0].rows] == ["pooled-20-linear", "fixed-45-linear"]
    assert shown.groups[0].rows[1].cells[1].text == "–"
    assert (shown.absent, shown.not_attempted) == (
        "Without a value on this clip",
        "Audio-pose r by 1 protocol",
    )


def test_what_rounds_to_zero_has_no_minus():
    assert [fixed(v, 2) for v in (-0.004, -0.006, 0.0)] == ["0.00", "-0.01", "0.00"]
    assert fixed(-0.001, 2, "+") == "0.00"
    assert fixed(0.126, 2, "+") == "+0.13"


def test_clips_are_called_by_person_and_sound():
    assert clip_title("ann__own") == "ann"
    assert clip_title("ann__01M-sa1") == "ann, sound of 01M-sa1"
