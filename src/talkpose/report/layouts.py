"""How each table is shown: title, what to know about it, and its columns in order."""

from dataclasses import dataclass

REGION = "psnr-<region>"
"""Metric of a column whose rows are regions: which one, the protocol tells."""


@dataclass(frozen=True)
class Layout:
    """How one table of tables.py is shown: columns as (column, metric, label)."""

    title: str
    about: str
    head: str
    columns: tuple[tuple[str, str, str], ...]


_QUALITY = tuple((metric, metric, "") for metric in ("psnr", "ssim", "lmd", "lmd-normalised", "mouth"))

LAYOUTS = {
    "table2": Layout(
        "Image quality and lip movement (as Table 2)",
        "Each clip of the test corpus by methods that need one image: its first frame and its own sound. "
        "Without a test corpus: every method on the persons' held-out frames. Mean over clips. "
        "The paper's numbers stand apart: other corpus, other protocol, not comparable.",
        "Method",
        _QUALITY,
    ),
    "heldout": Layout(
        "Image quality and lip movement, persons",
        "Every method on the persons' held-out frames with their own sound: mean over persons.",
        "Method",
        _QUALITY,
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
}

GROUP_LABELS = {
    "method": "Methods, computed here",
    "baseline": "Baselines, computed here",
    "ablation": "Ablations and training lengths, computed here",
    "control": "Controls, computed here: known answers that bound the metrics",
    "diagnostic": "Diagnostics, computed here",
    "lost": "Named in the configuration, but without numbers in this run",
    "quoted": "Quoted from the paper: other corpus, other protocol, not comparable",
}
