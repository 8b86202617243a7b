"""What each built-in method is, as plain data: readable without importing any network."""

from dataclasses import dataclass
from typing import Literal

from talkpose.errors import UserError

Stage = Literal["motion", "refine"]
Scope = Literal["general", "person"]


@dataclass(frozen=True)
class MethodSpec:
    """A method's declaration (DESIGN.md: Contracts)."""

    name: str
    title: str
    kind: Literal["method", "control", "diagnostic"]
    needs: Literal["image", "video"]
    pose: Literal["predicted", "copied", "fixed"]
    trained: tuple[tuple[Stage, Scope], ...] = ()
    sounds: Literal["all", "own"] = "all"
    """`own`: only where the real video that goes with the sound exists."""
    about: str = ""


_OWN_MODELS: tuple[tuple[Stage, Scope], ...] = (("motion", "person"), ("refine", "person"))

SPECS: dict[str, MethodSpec] = {
    spec.name: spec
    for spec in [
        MethodSpec(
            "ours-g",
            "Ours-G",
            "method",
            "image",
            "predicted",
            (("motion", "general"), ("refine", "general")),
            about="general mapping, first frame of the target as its only image",
        ),
        MethodSpec(
            "ours-p",
            "Ours-P",
            "method",
            "video",
            "predicted",
            _OWN_MODELS,
            about="general mapping fine-tuned on the start of the person's video",
        ),
        MethodSpec(
            "oracle", "Real video", "control", "video", "copied", sounds="own", about="the real frames"
        ),
        MethodSpec("still", "Still", "control", "image", "fixed", about="first frame of the target, held"),
        MethodSpec(
            "pingpong", "Ping-pong", "control", "video", "copied", about="training frames back and forth"
        ),
        MethodSpec(
            "shifted-sound",
            "Ours-P, sound 1 s late",
            "control",
            "video",
            "predicted",
            _OWN_MODELS,
            "own",
            "Ours-P driven by the same sound shifted by 1 s: its mouth must not follow",
        ),
        MethodSpec(
            "rerender",
            "Re-rendered tracks",
            "diagnostic",
            "video",
            "copied",
            (("refine", "person"),),
            "own",
            "held-out tracked coefficients through stage 2 of Ours-P: what rendering and refiner lose",
        ),
    ]
}


def method_spec(name: str) -> MethodSpec:
    """Declaration of a method; raises UserError that lists the known ones."""
    if name not in SPECS:
        raise UserError(f"`methods`: unknown method `{name}`; choose from {', '.join(SPECS)}")
    return SPECS[name]
