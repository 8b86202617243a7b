"""How each table is shown: title, what to know about it, and its columns in order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

REGION = "psnr-<region>"
"""Metric of a column whose rows are regions: which one, the protocol tells."""


@dataclass(frozen=True)
class Layout:
    """How one table is shown: columns as (column, metric, label), in order; others follow them."""

    title: str
    about: str
    head: str
    columns: tuple[tuple[str, str, str], ...]
    groups: Literal["", "kinds", "first part"] = ""
    """rows grouped by the kind of their method, or by what stands before ` / `"""
    metrics: tuple[str, ...] = ()
    """metrics that its protocols belong to, where the column's name is no metric"""
    rows_have_protocols: bool = False
    """a row is a protocol, not a column"""
    hidden: tuple[str, ...] = ()
    """ends of the names of columns that only the downloads have"""
    split: bool = False
    """a part of its page for each group: their columns differ"""
    closed: bool = False
    """its columns are a choice: others are in the downloads alone"""
    quoted_digits: Mapping[str, int] = field(default_factory=dict)
    """digits behind the point that the paper prints in a column, where not 2"""


_QUALITY = tuple((metric, metric, "") for metric in ("psnr", "ssim", "lmd", "lmd-normalised", "mouth"))

LAYOUTS = {
    "table2": Layout(
        "Image quality and lip movement (as Table 2)",
        "Each clip of the test corpus by methods that need one image: its first frame and its own sound. "
        "Without a test corpus: every method on the persons' held-out frames. Mean over clips. "
        "The paper's numbers stand apart: other corpus, other protocol, not comparable.",
        "Method",
        _QUALITY,
        groups="kinds",
    ),
    "heldout": Layout(
        "Image quality and lip movement, persons",
        "Every method on the persons' held-out frames with their own sound: mean over persons.",
        "Method",
        _QUALITY,
        groups="kinds",
    ),
    "ablations": Layout(
        "Ablations (section 4.2, Figures 5 and 6)",
        "Ours-P without pose prediction, without identity feature and memory, with the mean identity "
        "feature. The paper shows pictures and prints no number.",
        "Method",
        (*_QUALITY, ("hs", "hs", "HS")),
    ),
    "lengths": Layout(
        "Training length (Appendix B, Figure 9)",
        "Ours-P fine-tuned on the first N frames. The paper asks people which result is best.",
        "Frames",
        (*_QUALITY, ("hs", "hs", "HS")),
    ),
    "hs": Layout(
        "Head-pose similarity HS (Eq. 6)",
        "Poses are tracked anew in the generated frames. Reference: the person's held-out frames; the column "
        "“training” compares with the frames that the model was trained on. HS ignores temporal order and "
        "is high for heads that hardly move: read it beside the controls.",
        "Method",
        (
            ("mean", "hs", "HS, own sound"),
            ("min", "hs", "least"),
            ("max", "hs", "largest"),
            ("foreign", "hs", "HS, foreign sound"),
            ("training", "hs-train", "HS, training"),
        ),
        groups="kinds",
    ),
    "stage1": Layout(
        "Stage 1: does the mouth follow the sound?",
        "Correlation of mouth opening with the real one in the held-out frames, beside the controls: a still "
        "mouth, and Ours-P driven by the sound shifted by 1 s.",
        "Person",
        (
            ("ours-p", "mouth", ""),
            ("shifted-sound", "mouth", ""),
            ("still", "mouth", ""),
            ("ours-g", "mouth", ""),
            ("oracle", "mouth", ""),
            ("ours-p mouth-lag", "mouth-lag", "Ours-P: best lag"),
            ("ours-p mouth-best", "mouth-best", "r there"),
        ),
        closed=True,
    ),
    "stage2": Layout(
        "Stage 2: what does refinement add?",
        "Real tracked coefficients of held-out frames, rendered, then refined by Ours-P.",
        "Person, region",
        (
            ("rendered", REGION, "rendered"),
            ("refined", REGION, "refined"),
            ("gain", REGION, "gain"),
        ),
    ),
    "persons": Layout(
        "Per person",
        "One clip a row: the person's held-out frames with their own sound.",
        "Person",
        tuple((metric, metric, "") for metric in ("psnr", "ssim", "lmd", "lmd-normalised", "mouth", "hs")),
        groups="first part",
    ),
    "table1": Layout(
        "User study (Table 1)",
        "Percent of votes for the best of four methods.",
        "Method",
        (
            ("image quality", "", "Image quality"),
            ("lip synchronization", "", "Lip synchronization"),
            ("natural", "", "Natural"),
        ),
    ),
    "comparisons": Layout(
        "Paired tests",
        "Each method less a chosen one on the same clips: mean difference with its interval, p of a paired "
        "permutation of signs, and p after Holm's correction over the methods of the column. Wilcoxon's p "
        "and the least p that so few clips can give are in the downloads.",
        "Difference",
        (*_QUALITY, ("hs", "hs", "")),
        groups="first part",
        split=True,
        hidden=(" wilcoxon p", " least p"),
    ),
    "hs_variants": Layout(
        "HS by variant, with controls",
        "HS of persons' own sound by every reading of Eq. 6, a column each. The last rows say what a variant "
        "is worth: the person's own poses of another time (ping-pong) less another person's and less a still "
        "head, the share of persons for whom the former are above, and whether it tells a person from "
        "another (yes: it does so for every person, and the interval of the difference is above zero).",
        "Method",
        (),
        groups="kinds",
        metrics=("hs", "hs-generated"),
    ),
    "hs_sensitivity": Layout(
        "HS by bins and range",
        "HS of the poses as generated, by the number of bins and what they cover.",
        "Method",
        (),
        groups="kinds",
        metrics=("hs-sensitivity",),
    ),
    "dynamics": Layout(
        "How heads move",
        "Distances of angular velocity, of acceleration and of spectra from those of the person's held-out "
        "frames: HS ignores the order of frames, so that a shuffled head does well there and badly here.",
        "Method",
        (),
        groups="kinds",
    ),
    "hs_study": Layout(
        "Head poses as people rate them (section 4.4)",
        "Ratings of how alike two videos' head poses are, from 1 (not similar) to 5 (similar).",
        "Method",
        (),
        quoted_digits={
            "similar or maybe (4, 5)": 1,
            "not or maybe not (1, 2)": 1,
        },
    ),
    "appendix_a": Layout(
        "Correlation of sound and head pose (Appendix A)",
        "In the persons' real videos, by every reading of the appendix: mean, least and largest over "
        "persons; the mean under the null, blocks of the pose in another order; the share of persons with "
        "p at most 0.05. The first row is the reading that other pages use.",
        "Reading",
        (
            ("mean", "appendix-a", "mean"),
            ("min", "appendix-a", "least"),
            ("max", "appendix-a", "largest"),
            ("null", "appendix-a-null", "null"),
            ("p <= 0.05", "appendix-a-p", "p ≤ 0.05"),
        ),
        metrics=("appendix-a", "appendix-a-null", "appendix-a-p"),
        rows_have_protocols=True,
    ),
    "appendix_b": Layout(
        "Training length as people see it (Appendix B)",
        "Percent of people who chose the result as best; several could be chosen.",
        "Frames",
        (("chosen as best", "", "chosen as best"),),
        quoted_digits={"chosen as best": 1},
    ),
}

GROUP_LABELS = {
    "method": "Methods, computed here",
    "baseline": "Baselines, computed here",
    "ablation": "Ablations and training lengths, computed here",
    "control": "Controls, computed here: known answers that bound the metrics",
    "diagnostic": "Diagnostics, computed here",
    "others": "What the rows above say, computed here",
    "lost": "Named in the configuration, but without numbers in this run",
    "quoted": "Quoted from the paper: other corpus, other protocol, not comparable",
}
