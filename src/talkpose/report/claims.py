"""Per claim of the paper and check of this run: whether it holds here, and the numbers."""

from collections.abc import Mapping
from typing import Final

import pandas as pd

from talkpose.config import MetricsConfig
from talkpose.metrics.audio_pose import DEFAULT
from talkpose.report.checks import run_checks
from talkpose.report.claim import Claim, Values, Verdict
from talkpose.report.claims_pictures import ablations, near_atvg
from talkpose.report.published import printed, quoted
from talkpose.report.roster import Roster

RIVALS: Final = ("chen2018", "x2face", "yousaidthat", "davs", "atvg")
"""Methods of Table 2 beside Ours-G."""


def judge(
    tables: Mapping[str, pd.DataFrame], config: MetricsConfig, roster: Roster | None = None
) -> tuple[list[Claim], list[Claim]]:
    """Claims of the paper, then checks of this run; `roster` gives the methods' titles.

    A claim of the paper is about an order, such as "above a still head": where this run's own values have it,
    the direction holds. Its numbers are another matter (`verdicts`): they are of another corpus.
    """
    values = Values(tables, roster)
    paper = [
        *(_table2(values), near_atvg(values), *ablations(values), _hs(values), _hs_people(values)),
        *(_table1(values), _appendix_a(values), _appendix_b(values)),
    ]
    return paper, run_checks(values, config)


def _table2(values: Values) -> Claim:
    text = "Ours-G has the best PSNR of six methods on LRW"
    expected = "PSNR {} dB; best other: ATVG, {} dB".format(
        *printed("table2", "Ours-G", "psnr"), *printed("table2", "ATVG", "psnr")
    )
    ours = values.get("table2", "ours-g", "psnr")
    rivals = {name: value for name in RIVALS if (value := values.get("table2", name, "psnr")) is not None}
    if ours is None or not rivals:
        found = "no Ours-G in this run" if ours is None else f"{ours:.2f} dB on this run's clips"
        ended = [
            f"{values.title(name)} {values.roster[name].outcome.text}"
            for name in RIVALS
            if values.roster[name].outcome.lost
        ]
        why = "; ".join(["none of the five other methods has a value in this run", *ended])
        return Claim("Table 2", text, expected, found, "not attempted", why)
    best = max(rivals, key=lambda name: rivals[name])
    found = f"{ours:.2f} dB; best other: {values.title(best)}, {rivals[best]:.2f} dB"
    why = f"order of PSNR among {len(rivals) + 1} of the six methods on this run's clips"
    basis = values.basis("table2", "ours-g", "psnr")
    return Claim("Table 2", text, expected, found, _direction(ours >= rivals[best]), why, basis)


def _hs(values: Values) -> Claim:
    text = "Ours-P's head moves like the person's: mean HS of 15 persons (least to largest)"
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
    shown = ", ".join(f"{values.title(name)} {value:.3f}" for name, value in rivals.items())
    why = (
        f"holds if the mean is above the controls: {shown}; other persons than the paper's, and one reading "
        "of HS: the number is not judged"
    )
    holds = _direction(here > max(rivals.values()))
    return Claim("Section 4.4", text, expected, found, holds, why, values.basis("hs", "ours-p", "mean"))


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
    expected = ", ".join(f"{share}%" for share in printed("table1", "Ours-P", *criteria)) + " of votes"
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
    text = "Distances between MFCC features and between head poses correlate: mean r (least to largest)"
    expected = "{} ({} to {})".format(*printed("appendix_a", "short videos", "mean", "min", "max"))
    mean, null = (values.get("appendix_a", DEFAULT.id, column) for column in ("mean", "null"))
    if mean is None:
        why = "needs the control oracle and the metric of Appendix A over its default of 60 s"
        return Claim("Appendix A", text, expected, "none", "not attempted", why)
    low, high = (values.get("appendix_a", DEFAULT.id, end) for end in ("min", "max"))
    found = f"{mean:.2f} ({low:.2f} to {high:.2f})"
    if null is not None:
        found += f"; permuted poses {null:.2f}"
    why = "holds if positive, and above poses in another order; other videos, and one reading of the appendix"
    holds = _direction(mean > max(null or 0.0, 0.0))
    return Claim(
        "Appendix A", text, expected, found, holds, why, values.basis("appendix_a", DEFAULT.id, "mean")
    )


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
