"""The paper's claims that it makes of pictures: section 4.2's ablations, and Table 2's closeness to ATVG."""

from collections.abc import Iterator
from typing import Final

from talkpose.report.claim import Claim, Values, Verdict
from talkpose.report.published import quoted

WORSE: Final = (
    ("ours-p-no-identity", "Without the identity feature and the memory, pictures are worse"),
    ("ours-p-mean-identity", "With the mean identity in place of the memory, pictures are worse"),
)


def near_atvg(values: Values) -> Claim:
    """SSIM and LMD of Ours-G "comparable" to ATVG's: no further behind it than in the paper's own Table 2."""
    known = {(q.row, q.column): q.value for q in quoted("table2")}
    ssim, lmd = (known["Ours-G", column] / known["ATVG", column] for column in ("ssim", "lmd"))
    text = "SSIM and LMD of Ours-G are comparable with ATVG's"
    expected = f"SSIM at least {ssim:.2f} of ATVG's, LMD at most {lmd:.2f} of it, as printed"
    found = [
        (values.get("table2", "ours-g", column), values.get("table2", "atvg", column))
        for column in ("ssim", "lmd")
    ]
    ratios = [ours / theirs for ours, theirs in found if ours is not None and theirs]
    if len(ratios) < len(found):
        why = _lacking(values, "atvg" if found[0][0] is not None else "ours-g", "SSIM and LMD")
        return Claim("Table 2", text, expected, "none", "not attempted", why)
    shown = f"SSIM {ratios[0]:.2f}, LMD {ratios[1]:.2f} of ATVG's"
    why = "ratios, because LMD in pixels depends on the picture's size"
    holds = _direction(ratios[0] >= ssim and ratios[1] <= lmd)
    return Claim("Table 2", text, expected, shown, holds, why, values.basis("table2", "ours-g", "lmd"))


def ablations(values: Values) -> Iterator[Claim]:
    """Section 4.2: what each part of the method adds; the paper shows pictures, here numbers must do."""
    yield _fixed_pose(values)
    for name, text in WORSE:
        expected = f"{values.title('ours-p')} above {values.title(name)} in PSNR and SSIM"
        pairs = [
            (values.get("ablations", "ours-p", column), values.get("ablations", name, column))
            for column in ("psnr", "ssim")
        ]
        known = [(ours, other) for ours, other in pairs if ours is not None and other is not None]
        if len(known) < len(pairs):
            yield Claim("Section 4.2", text, expected, "none", "not attempted", _lacking(values, name, ""))
            continue
        (psnr, other_psnr), (ssim, other_ssim) = known
        found = f"PSNR {psnr:.2f} and {other_psnr:.2f} dB, SSIM {ssim:.3f} and {other_ssim:.3f}"
        holds = _direction(psnr > other_psnr and ssim > other_ssim)
        why = "the paper judges teeth, cheeks and wrinkles by eye: look at Figures 5 and 6"
        basis = values.basis("ablations", "ours-p", "psnr")
        yield Claim("Section 4.2", text, expected, found, holds, why, basis)


def _fixed_pose(values: Values) -> Claim:
    name, text = (
        "ours-p-fixed-pose",
        "Without pose in stage 1 lips still follow the sound, but the head is rigid",
    )
    expected = f"HS of {values.title('ours-p')} above {values.title(name)}, whose mouth r is above 0"
    heads = [values.get("ablations", method, "hs") for method in ("ours-p", name)]
    lips = values.get("ablations", name, "mouth")
    if heads[0] is None or heads[1] is None or lips is None:
        return Claim("Section 4.2", text, expected, "none", "not attempted", _lacking(values, name, "HS"))
    found = f"HS {heads[0]:.3f} and {heads[1]:.3f}, mouth r {lips:.2f}"
    holds = _direction(heads[0] > heads[1] and lips > 0)
    basis = values.basis("ablations", name, "hs")
    return Claim("Section 4.2", text, expected, found, holds, basis=basis)


def _lacking(values: Values, method: str, what: str) -> str:
    """Why nothing was computed: how the method ended, or that it is not in this run."""
    outcome = values.roster[method].outcome
    if outcome.lost:
        return f"{values.title(method)} {outcome.text}"
    if method in values.roster.cards and what:
        return f"{what} of {values.title(method)} were not measured"
    return f"{values.title(method)} is not in this run"


def _direction(holds: bool) -> Verdict:
    return "direction holds" if holds else "deviates"
