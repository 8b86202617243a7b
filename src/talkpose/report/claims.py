"""Per claim of the paper and check of this run: whether it holds here, and the numbers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import pandas as pd

from talkpose.config import MetricsConfig
from talkpose.metrics.audio_pose import DEFAULT
from talkpose.report.hashes import Finding
from talkpose.report.published import printed, quoted
from talkpose.report.tables import ALL

Verdict = Literal["pass", "direction holds", "deviates", "not attempted"]
VERDICTS: Final = ("pass", "direction holds", "deviates", "not attempted")
"""docs/verdicts.md tells how they are chosen."""

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
    """Computed values of the tables by (table, row, column); simulated answers only where asked for."""

    def __init__(self, tables: Mapping[str, pd.DataFrame]):
        self._cells: dict[tuple[str, str, str], tuple[float, str]] = {
            (cell["table"], str(cell["row"]), cell["column"]): (cell["value"], cell["kind"])
            for table in tables.values()
            for cell in table.to_dict("records")
            if cell["kind"] in ("reproduced", "simulated")
        }

    def get(self, table: str, row: str, column: str) -> float | None:
        """Value that was computed from videos or from people's answers, or None where this run has none."""
        value, kind = self._cells.get((table, row, column), (None, ""))
        return value if kind == "reproduced" else None

    def simulated(self, table: str) -> bool:
        """Whether a table holds simulated answers."""
        return any(t == table and kind == "simulated" for (t, _, _), (_, kind) in self._cells.items())

    def rows(self, table: str, column: str) -> list[str]:
        """Rows of a table that have a value in this column, in order."""
        return [r for (t, r, c), (_, kind) in self._cells.items() if (t, c) == (table, column) and kind]


def judge(tables: Mapping[str, pd.DataFrame], config: MetricsConfig) -> tuple[list[Claim], list[Claim]]:
    """Claims of the paper, then checks of this run.

    A claim of the paper is about an order, such as "above a still head": where this run's own values have it,
    the direction holds. Its numbers are another matter (`verdicts`): they are of another corpus.
    """
    values = Values(tables)
    paper = [
        *(_table2(values), _hs(values), _hs_people(values)),
        *(_table1(values), _appendix_a(values), _appendix_b(values)),
    ]
    return paper, [*_comparisons(values), *_mouth(values, config), *_stage2(values, config)]


def _table2(values: Values) -> Claim:
    text = "Ours-G has the best PSNR of six methods on LRW, with SSIM and LMD close to ATVG's"
    expected = "{} dB, {}, {}".format(*printed("table2", "Ours-G", "psnr", "ssim", "lmd"))
    ours = values.get("table2", "ours-g", "psnr")
    rivals = {
        name: value
        for name in ("chen2018", "x2face", "yousaidthat", "davs", "atvg")
        if (value := values.get("table2", name, "psnr")) is not None
    }
    if ours is None or not rivals:
        found = "no Ours-G in this run" if ours is None else f"{ours:.2f} dB on this run's clips"
        why = "none of the five other methods is in this run"
        return Claim("Table 2", text, expected, found, "not attempted", why)
    best = max(rivals, key=lambda name: rivals[name])
    found = f"{ours:.2f} dB; best other: {best}, {rivals[best]:.2f} dB"
    why = f"order of PSNR among {len(rivals) + 1} of the six methods on this run's clips"
    return Claim("Table 2", text, expected, found, _direction(ours >= rivals[best]), why)


def _hs(values: Values) -> Claim:
    text = "Ours-P's head moves like the person's: mean HS of 15 persons"
    expected = "{} ({} to {})".format(*printed("hs", "Ours-P", "mean", "min", "max"))
    here = values.get("hs", "ours-p", "mean")
    if here is None:
        return Claim("Section 4.4", text, expected, "none", "not attempted", "ours-p was not measured")
    low, high = (values.get("hs", "ours-p", end) for end in ("min", "max"))
    found = f"{here:.3f} ({low:.3f} to {high:.3f})"
    rivals = {
        name: value
        for name in ("other-person", "still")
        if (value := values.get("hs", name, "mean")) is not None
    }
    if not rivals:
        why = "without the controls still and other-person the number says nothing"
        return Claim("Section 4.4", text, expected, found, "not attempted", why)
    shown = ", ".join(f"{name} {value:.3f}" for name, value in rivals.items())
    why = f"above {shown}? Other persons than the paper's, and one reading of HS: its number is not judged"
    return Claim("Section 4.4", text, expected, found, _direction(here > max(rivals.values())), why)


def _hs_people(values: Values) -> Claim:
    text = "HS agrees with people's ranking of head-pose similarity"
    expected = "correlation {}".format(*printed("hs_study", "Ours-P", "correlation with HS"))
    here = values.get("hs_study", "ours-p", "correlation with HS")
    if here is None:
        return Claim("Section 4.4", text, expected, "none", "not attempted", _answers(values, "hs_study"))
    why = "sign of the correlation over this run's pairs"
    return Claim("Section 4.4", text, expected, f"correlation {here:.2f}", _direction(here > 0), why)


def _table1(values: Values) -> Claim:
    text = "People choose Ours-P as best in image quality, lip synchronization and naturalness"
    criteria = ("image quality", "lip synchronization", "natural")
    expected = ", ".join(f"{share}%" for share in printed("table1", "Ours-P", *criteria))
    ours = [values.get("table1", "ours-p", criterion) for criterion in criteria]
    known = [share for share in ours if share is not None]
    if len(known) < len(criteria):
        return Claim("Table 1", text, expected, "none", "not attempted", _answers(values, "table1"))
    first = all(
        share >= max(values.get("table1", row, criterion) or 0.0 for row in values.rows("table1", criterion))
        for share, criterion in zip(known, criteria, strict=True)
    )
    found = ", ".join(f"{share:.2f}%" for share in known)
    return Claim("Table 1", text, expected, found, _direction(first), "most votes in all three criteria")


def _appendix_a(values: Values) -> Claim:
    text = "Distances between MFCC features and between head poses correlate"
    expected = "{} ({} to {})".format(*printed("appendix_a", "short videos", "mean", "min", "max"))
    mean, null = (values.get("appendix_a", DEFAULT.id, column) for column in ("mean", "null"))
    if mean is None:
        why = "needs the control oracle and the metric of Appendix A in the configuration"
        return Claim("Appendix A", text, expected, "none", "not attempted", why)
    low, high = (values.get("appendix_a", DEFAULT.id, end) for end in ("min", "max"))
    found = f"{mean:.2f} ({low:.2f} to {high:.2f})"
    if null is not None:
        found += f"; permuted poses {null:.2f}"
    why = "positive, and above poses in another order; other videos, and one reading of the appendix"
    return Claim("Appendix A", text, expected, found, _direction(mean > max(null or 0.0, 0.0)), why)


def _appendix_b(values: Values) -> Claim:
    text, lengths = "300 training frames are enough; fewer look worse", quoted("appendix_b")
    expected = ", ".join(f"{q.value:g}" for q in lengths)
    expected += f"% at {lengths[0].row} to {lengths[-1].row} frames"
    rows = sorted(
        values.rows("appendix_b", "chosen as best"), key=lambda row: int(row) if row.isdigit() else 0
    )
    shares = {row: values.get("appendix_b", row, "chosen as best") for row in rows}
    known = {int(row): share for row, share in shares.items() if row.isdigit() and share is not None}
    if len(known) < 3:
        return Claim("Appendix B", text, expected, "none", "not attempted", _answers(values, "appendix_b"))
    middle = sorted(known)[len(known) // 2]
    found = ", ".join(f"{share:.1f}% at {frames}" for frames, share in sorted(known.items()))
    fewer = max(share for frames, share in known.items() if frames < middle)
    why = f"more people choose the middle length, {middle}, than any shorter one"
    return Claim("Appendix B", text, expected, found, _direction(known[middle] > fewer), why)


def _answers(values: Values, table: str) -> str:
    if values.simulated(table):
        return "the answers here are simulated; no person gave them"
    return "needs people's answers: `talkpose study`, then build the report again"


def _direction(holds: bool) -> Verdict:
    return "direction holds" if holds else "deviates"


def unchanged(findings: Sequence[Finding]) -> Claim:
    """Check of this run: are inputs, weights, code and environment still those that its steps recorded?"""
    text = "Inputs, tracks, weights, videos, code and environment are those that were recorded"
    shown = "; ".join(f"{kind}: {name}: {what}" for kind, name, what in findings[:5])
    more = f"; {len(findings) - 5} more" if len(findings) > 5 else ""
    found = f"{len(findings)} changed" if findings else "all as recorded"
    why = f"{shown}{more}; `talkpose verify` names them all" if findings else ""
    return Claim("Provenance", text, "none changed", found, _verdict(not findings), why)


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
