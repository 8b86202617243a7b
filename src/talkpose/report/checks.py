"""What a run must show of itself: methods above their controls, a tracker in its bounds, nothing changed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from talkpose.config import MetricsConfig
from talkpose.report.claim import Claim, Values, Verdict
from talkpose.report.hashes import Finding
from talkpose.report.tables import ALL

REGION_GAIN = 1.0
"""Least gain in dB of stage 2 over its rendering in the mouth and at the face's edge."""

UNSEEN = "this person has no value in this run: look for it among the quarantined clips"


def run_checks(values: Values, config: MetricsConfig) -> list[Claim]:
    """Checks by what was measured."""
    return [*_comparisons(values), *_mouth(values, config), *_stage2(values, config)]


def unchanged(findings: Sequence[Finding]) -> Claim:
    """Check of this run: are inputs, weights, code and environment still those that its steps recorded?"""
    text = "Inputs, tracks, weights, videos, code and environment are those that were recorded"
    shown = "; ".join(f"{kind}: {name}: {what}" for kind, name, what in findings[:5])
    more = f"; {len(findings) - 5} more" if len(findings) > 5 else ""
    found = f"{len(findings)} changed" if findings else "all as recorded"
    why = f"{shown}{more}; `talkpose verify` names them all" if findings else ""
    return Claim("Provenance", text, "none changed", found, _verdict(not findings), why)


def validated(bounds: Sequence[Mapping[str, Any]]) -> list[Claim]:
    """Check of this run: does its tracker meet its bounds where the truth is known? Nothing without truth."""
    if not bounds:
        return []
    missed = [line["text"].partition(",")[0] for line in bounds if not line["passed"]]
    text = "Poses, landmarks and mouths are tracked within their bounds where the truth is known"
    found = f"{len(bounds) - len(missed)} of {len(bounds)} bounds held"
    why = f"beyond their bounds: {', '.join(dict.fromkeys(missed))}" if missed else ""
    return [Claim("Tracking", text, "all bounds held", found, _verdict(not missed), why)]


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
        expected = f"{values.title('ours-p')} {mark} {values.title(rival)}"
        if ours is None or other is None:
            if rival == "still":
                why = f"needs ours-p and {rival}"
                yield Claim(source, text, expected, "none", "not attempted", why)
            continue
        ahead = sign * (ours - other) > 0
        shown = mark if ahead else {">": "≤", "<": "≥"}[mark]
        found, basis = f"{ours:.3f} {shown} {other:.3f}", values.basis(table, "ours-p", column)
        yield Claim(source, text, expected, found, _verdict(ahead), basis=basis)


def _mouth(values: Values, config: MetricsConfig) -> Iterator[Claim]:
    persons = [row for row in values.rows("stage1", "ours-p") if row != ALL]
    text = "Ours-P's mouth follows the sound (mouth r)"
    if not persons:
        yield Claim("Stage 1", text, "above its controls", "none", "not attempted", "ours-p was not measured")
    for person in sorted(config.mouth_expected.keys() - set(persons)) if persons else ():
        least_r = f"at least {config.mouth_expected[person]:.2f}"
        yield Claim("Stage 1", f"{text}, {person}", least_r, "none", "not attempted", UNSEEN)
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
        expected += [f"above {values.title(name)} {value:.2f}" for name, value in controls.items()]
        if not expected:
            why = "neither a least value nor a control to compare with"
            yield Claim("Stage 1", f"{text}, {person}", "-", f"{ours:.2f}", "not attempted", why)
            continue
        basis = values.basis("stage1", person, "ours-p")
        shown = ", ".join(expected)
        yield Claim("Stage 1", f"{text}, {person}", shown, f"{ours:.2f}", _verdict(beaten), basis=basis)


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
    seen = {row.partition(" / ")[0] for row in rows}
    for person in sorted(config.face_psnr_expected.keys() - seen) if rows else ():
        expected = f"at least {config.face_psnr_expected[person]:.1f} dB"
        yield Claim("Stage 2", f"{text}: face of {person}", expected, "none", "not attempted", UNSEEN)
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
        basis = values.basis("stage2", row, "gain")
        yield Claim(
            "Stage 2", f"{text}: {region} of {person}", expected, found, _verdict(passed), basis=basis
        )


def _verdict(passed: bool) -> Verdict:
    return "pass" if passed else "deviates"
