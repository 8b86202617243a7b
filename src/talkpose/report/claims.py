"""Per claim of the paper and check of this run: pass, deviates or not attempted, each with its number."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from talkpose.config import MetricsConfig
from talkpose.report.tables import ALL

Verdict = Literal["pass", "deviates", "not attempted"]

REGION_GAIN = 1.0
"""Least gain in dB of stage 2 over its rendering in the mouth and at the face's edge."""


@dataclass(frozen=True)
class Claim:
    """One line of the report's verdicts."""

    source: str
    text: str
    expected: str
    found: str
    verdict: Verdict
    why: str = ""


class Values:
    """Computed values of the tables by (table, row, column)."""

    def __init__(self, tables: dict[str, pd.DataFrame]):
        self._cells: dict[tuple[str, str, str], float] = {
            (cell["table"], cell["row"], cell["column"]): cell["value"]
            for table in tables.values()
            for cell in table.to_dict("records")
            if cell["kind"] in ("reproduced", "simulated")
        }

    def get(self, table: str, row: str, column: str) -> float | None:
        """Value, or None where this run has none."""
        return self._cells.get((table, row, column))

    def rows(self, table: str, column: str) -> list[str]:
        """Rows of a table that have a value in this column, in order."""
        return [r for t, r, c in self._cells if (t, c) == (table, column)]


def judge(tables: dict[str, pd.DataFrame], config: MetricsConfig) -> tuple[list[Claim], list[Claim]]:
    """Claims of the paper, then checks of this run."""
    values = Values(tables)
    paper = [_table2(values), _hs(values), _hs_people(), _table1(), _appendix_a(), _appendix_b()]
    return paper, [*_comparisons(values), *_mouth(values, config), *_stage2(values, config)]


def _table2(values: Values) -> Claim:
    here = values.get("table2", "ours-g", "psnr")
    found = "no Ours-G in this run" if here is None else f"{here:.2f} dB on this run's clips, another corpus"
    return Claim(
        "Table 2",
        "Ours-G has the best PSNR of six methods on LRW, with SSIM and LMD close to ATVG's",
        "30.94 dB, 0.75, 1.58",
        found,
        "not attempted",
        "needs the licensed LRW test set and the five other methods",
    )


def _hs(values: Values) -> Claim:
    text, expected = "Ours-P's head moves like the person's: mean HS of 15 persons", "0.859 (0.702 to 0.956)"
    here = values.get("hs", "ours-p", "mean")
    if here is None:
        return Claim("Section 4.4", text, expected, "none", "not attempted", "ours-p was not measured")
    low, high = (values.get("hs", "ours-p", end) for end in ("min", "max"))
    verdict: Verdict = "pass" if here >= 0.859 else "deviates"
    found = f"{here:.3f} ({low:.3f} to {high:.3f})"
    why = "HS as pooled-20-linear on other persons; the paper leaves bins, range and cost open"
    return Claim("Section 4.4", text, expected, found, verdict, why)


def _hs_people() -> Claim:
    return Claim(
        "Section 4.4",
        "HS agrees with people's ranking of head-pose similarity",
        "correlation 0.65",
        "none",
        "not attempted",
        "needs answers of people",
    )


def _table1() -> Claim:
    return Claim(
        "Table 1",
        "People choose Ours-P as best in image quality, lip synchronization and naturalness",
        "88.67%, 44.83%, 83.67%",
        "none",
        "not attempted",
        "needs answers of people and the three other methods",
    )


def _appendix_a() -> Claim:
    return Claim(
        "Appendix A",
        "Distances between MFCC features and between head poses correlate",
        "0.45 (0.24 to 0.58)",
        "none",
        "not attempted",
        "this version does not compute it",
    )


def _appendix_b() -> Claim:
    return Claim(
        "Appendix B",
        "300 training frames are enough; fewer look worse",
        "0, 0, 36.4, 36.4, 63.6% at 100 to 800 frames",
        "none",
        "not attempted",
        "needs runs at five lengths and answers of people",
    )


def _comparisons(values: Values) -> Iterator[Claim]:
    """Where the paper has Ours-P ahead: of a still head, a stranger's, the general mapping; of still lips."""
    lips = "heldout" if values.get("heldout", "ours-p", "lmd") is not None else "table2"
    for source, text, table, column, rival, sign in (
        ("Pose", "HS of Ours-P is above that of a head that does not move", "hs", "mean", "still", 1),
        ("Pose", "HS of Ours-P is above that of another person's head", "hs", "mean", "other-person", 1),
        ("Pose", "HS of Ours-P is above that of Ours-G", "hs", "mean", "ours-g", 1),
        ("Lips", "LMD of Ours-P is below that of lips that do not move", lips, "lmd", "still", -1),
    ):
        ours, other = (values.get(table, method, column) for method in ("ours-p", rival))
        mark = ">" if sign > 0 else "<"
        expected = f"ours-p {mark} {rival}"
        if ours is None or other is None:
            if rival == "still":
                why = f"needs ours-p and {rival}"
                yield Claim(source, text, expected, "none", "not attempted", why)
            continue
        ahead = sign * (ours - other) > 0
        shown = mark if ahead else {">": "≤", "<": "≥"}[mark]
        yield Claim(source, text, expected, f"{ours:.3f} {shown} {other:.3f}", _verdict(ahead))


def _mouth(values: Values, config: MetricsConfig) -> Iterator[Claim]:
    persons = [row for row in values.rows("stage1", "ours-p") if row != ALL]
    text = "Ours-P's mouth follows the sound (mouth r)"
    if not persons:
        yield Claim("Stage 1", text, "above its controls", "none", "not attempted", "ours-p was not measured")
    for person in persons:
        ours = values.get("stage1", person, "ours-p") or 0.0
        least = config.mouth_expected.get(person)
        controls = {
            name: value
            for name in ("shifted-sound", "still")
            if (value := values.get("stage1", person, name)) is not None
        }
        beaten = all(ours > value for value in controls.values()) and (least is None or ours >= least)
        expected = [f"at least {least:.2f}"] if least is not None else []
        expected += [f"above {name} {value:.2f}" for name, value in controls.items()]
        if not expected:
            why = "neither a least value nor a control to compare with"
            yield Claim("Stage 1", f"{text}, {person}", "-", f"{ours:.2f}", "not attempted", why)
            continue
        yield Claim("Stage 1", f"{text}, {person}", ", ".join(expected), f"{ours:.2f}", _verdict(beaten))


def _stage2(values: Values, config: MetricsConfig) -> Iterator[Claim]:
    rows = [row for row in values.rows("stage2", "gain") if not row.startswith(f"{ALL} /")]
    text = "Refined frames beat the rendering of the real coefficients"
    if not rows:
        yield Claim(
            "Stage 2",
            text,
            "gain in dB",
            "none",
            "not attempted",
            "no re-rendered coefficients were measured",
        )
    for row in rows:
        person, _, region = row.partition(" / ")
        refined = values.get("stage2", row, "refined") or 0.0
        gain = values.get("stage2", row, "gain") or 0.0
        least = config.face_psnr_expected.get(person) if region == "face" else None
        needed = 0.0 if region == "face" else REGION_GAIN
        expected = f"gain at least {needed:.0f} dB" if needed else "not below the rendering"
        expected += f", at least {least:.1f} dB" if least is not None else ""
        passed = gain >= needed and (least is None or refined >= least)
        found = f"{gain:+.2f} dB, to {refined:.2f} dB"
        yield Claim("Stage 2", f"{text}: {region} of {person}", expected, found, _verdict(passed))


def _verdict(passed: bool) -> Verdict:
    return "pass" if passed else "deviates"
