"""Training curves as a page shows them: models, variants and quantities by names that a reader knows."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from talkpose.layout import BASE
from talkpose.report import plots
from talkpose.report.grids import Label
from talkpose.report.roster import Roster
from talkpose.report.source import Curve

STAGES = {
    "motion": "Stage 1: sound to expression and pose",
    "refine": "Stage 2: refinement",
    "baseline": "Baseline",
}
"""Stages in the order of the page."""

VARIANTS = {"expression-only": "ours-p-fixed-pose"}
"""Method that uses a variant of a model, where its name does not say so."""

QUANTITIES = {
    "watch_correlation": "Mouth r, held out",
    "psnr_refined": "PSNR refined, held out, dB",
    "psnr_rendered": "PSNR rendered, held out, dB",
    "watch_attention": "Mean attention, held out",
    "mean_attention": "Mean attention, training",
    "total": "Total loss",
    "expression": "Expression loss",
    "pose": "Pose loss",
    "expression_smooth": "Expression smoothness loss",
    "pose_smooth": "Pose smoothness loss",
    "l1": "L1 loss",
    "gan": "Adversarial loss",
    "discriminator": "Discriminator loss",
    "attention": "Attention loss",
    "tv": "Total variation loss",
    "memory": "Memory loss",
    "memory_new": "New memory entries a step",
}
"""Titles of the quantities of stages 1 and 2, in the order of the page; others follow by name."""

MODEL_COLUMNS: dict[str, Label] = {
    "model": "model",
    "steps": "steps",
    "clips": "clips",
    "parameters": "parameters",
    "listens": "listens",
    "listening_least_difference": "difference",
    "listening_spread_ratio": "spread",
    "listening_reason": "why not",
}
"""Columns of the table of models that come first; the page tells what they mean."""

HIDDEN = ("stage",)
"""Facts that a model's title has told."""

WORDS = {"at": "AT-net", "vg": "VG-net", "l1": "L1", "mse": "MSE"}
"""Words of baselines' quantities that are written otherwise."""


def model_title(name: str, roster: Roster) -> str:
    """How pages call the models of `<stage>[ <variant>], <model>`."""
    known, _, model = name.partition(", ")
    stage, _, variant = known.partition(" ")
    if stage == "baseline":
        return roster[model].title
    short = STAGES.get(stage, stage).partition(":")[0]
    return f"{short}{f', {variant_title(variant, roster)}' if variant else ''}: {model}"


def method_of(variant: str) -> str:
    """Method that a variant of the models is for."""
    return VARIANTS.get(variant, f"ours-p-{variant}")


def variant_title(variant: str, roster: Roster) -> str:
    """A variant of Ours-P by the title of its method, where there is one."""
    name = method_of(variant)
    title = roster[name].title if name in roster.cards else variant.replace("-", " ")
    return title.removeprefix("Ours-P, ")


def quantity_title(quantity: str) -> str:
    """A quantity's title; of a baseline the network's part, then the term."""
    if quantity in QUANTITIES:
        return QUANTITIES[quantity]
    words = [WORDS.get(word, word) for word in quantity.replace("_", " ").split()]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])


def training_panels(curves: Iterable[Curve], roster: Roster) -> list[dict[str, Any]]:
    """Stages with a panel a quantity and a line a model; variants and baselines apart, to be folded."""
    parts: dict[tuple[str, str], list[Curve]] = {}
    for curve in curves:
        apart = curve.model if curve.stage == "baseline" else curve.variant
        parts.setdefault((curve.stage, apart), []).append(curve)
    places = {stage: i for i, stage in enumerate(STAGES)}
    methods = {name: i for i, name in enumerate(roster.cards)}

    def place(part: tuple[str, str]) -> tuple[Any, ...]:
        stage, apart = part
        method = apart if stage == "baseline" else method_of(apart)
        return places.get(stage, len(places)), stage, apart != BASE, methods.get(method, len(methods)), apart

    return [_stage(*part, parts[part], roster) for part in sorted(parts, key=place)]


def _stage(stage: str, apart: str, curves: list[Curve], roster: Roster) -> dict[str, Any]:
    models = plots.series_order(curves)
    rank = {name: i for i, name in enumerate(QUANTITIES)}
    panels = []
    for i, quantity in enumerate(
        sorted({c.quantity for c in curves}, key=lambda q: (rank.get(q, len(rank)), q))
    ):
        shown = [curve for curve in curves if curve.quantity == quantity]
        if np.ptp(np.concatenate([curve.values for curve in shown])) == 0:
            continue  # a constant, such as a width, is no curve
        svg = plots.panel(shown, models, f"{stage}-{apart}-{i}")
        panels.append({"name": quantity_title(quantity), "svg": svg})
    title = STAGES.get(stage, stage)
    if stage == "baseline":
        title = f"{title}: {roster[apart].title}"
    elif apart != BASE:
        title = f"{title}, {variant_title(apart, roster)}"
    return {
        "title": title,
        "main": apart == BASE,
        "models": [_legend(i, name) for i, name in enumerate(models)],
        "panels": panels,
    }


def _legend(place: int, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "colour": place % len(plots.SERIES) + 1,
        "dash": plots.LEGEND_DASHES[place // len(plots.SERIES) % 4],
    }
