"""What each method is, as plain data: readable without importing any network."""

import re
from dataclasses import dataclass
from typing import Literal

from talkpose.config import RunConfig
from talkpose.errors import UserError
from talkpose.layout import BASE
from talkpose.methods.discovery import all_baselines, find_baseline
from talkpose.methods.manifest import Manifest
from talkpose.methods.variants import Stage

Scope = Literal["general", "person"]


@dataclass(frozen=True)
class Trained:
    """A model that a method needs."""

    stage: Stage | Literal["baseline"]
    scope: Scope
    variant: str = BASE
    """of a baseline: its name"""


@dataclass(frozen=True)
class MethodSpec:
    """A method's declaration (DESIGN.md: Contracts)."""

    name: str
    title: str
    kind: Literal["method", "ablation", "baseline", "control", "diagnostic"]
    needs: Literal["image", "video"]
    pose: Literal["predicted", "copied", "fixed"]
    trained: tuple[Trained, ...] = ()
    sounds: Literal["all", "own"] = "all"
    """`own`: only the person's own sound, for which a real video exists"""
    about: str = ""
    frames: int | None = None
    """training frames of the person's video; None: the run's"""
    others: bool = False
    """it looks at another person's video too"""
    run: Literal["built-in", "in_process", "command", "frames"] = "built-in"
    """how it runs; all but `built-in` lie in baselines/<name>/"""

    @property
    def takes_words(self) -> bool:
        """Whether it can speak the clips of a test corpus: one image, or the real frames themselves."""
        return self.needs == "image" or self.name == "oracle"


def _ours_p(motion: str = BASE, refine: str = BASE) -> tuple[Trained, ...]:
    return (Trained("motion", "person", motion), Trained("refine", "person", refine))


_SPECS = [
    MethodSpec(
        "ours-g", "Ours-G", "method", "image", "predicted",
        (Trained("motion", "general"), Trained("refine", "general")),
        about="general mapping, first frame of the target as its only image",
    ),
    MethodSpec(
        "ours-p", "Ours-P", "method", "video", "predicted", _ours_p(),
        about="general mapping fine-tuned on the start of the person's video",
    ),
    MethodSpec(
        "ours-p-fixed-pose", "Ours-P, no pose", "ablation", "video", "fixed", _ours_p("expression-only"),
        "own", "section 4.2: stage 1 predicts the expression alone; the head stays still",
    ),
    MethodSpec(
        "ours-p-no-identity", "Ours-P, no identity, no memory", "ablation", "video", "predicted",
        _ours_p(refine="no-identity"), "own",
        "section 4.2: the generator sees no identity feature, and there is no memory",
    ),
    MethodSpec(
        "ours-p-mean-identity", "Ours-P, mean identity", "ablation", "video", "predicted",
        _ours_p(refine="mean-identity"), "own",
        "section 4.2: the mean of the identity features in place of the memory",
    ),
    MethodSpec("oracle", "Real video", "control", "video", "copied", (), "own", "the real frames"),
    MethodSpec("still", "Still", "control", "image", "fixed", about="first frame of the target, held"),
    MethodSpec("pingpong", "Ping-pong", "control", "video", "copied", about="training frames back and forth"),
    MethodSpec(
        "shuffled", "Shuffled", "control", "video", "copied", (), "own", "training frames in random order"
    ),
    MethodSpec(
        "other-person", "Other person", "control", "video", "copied", (), "own",
        "the next person's training frames back and forth", others=True,
    ),
    MethodSpec(
        "shifted-sound", "Ours-P, sound 1 s late", "control", "video", "predicted", _ours_p(), "own",
        "Ours-P driven by the same sound shifted by 1 s: its mouth must not follow",
    ),
    MethodSpec(
        "rerender", "Re-rendered tracks", "diagnostic", "video", "copied",
        (Trained("refine", "person"),), "own",
        "held-out tracked coefficients through stage 2 of Ours-P: what rendering and refiner lose",
    ),
]  # fmt: skip
SPECS: dict[str, MethodSpec] = {spec.name: spec for spec in _SPECS}


def method_spec(name: str, config: RunConfig | None = None) -> MethodSpec:
    """Declaration of a method: built in, `ours-p-n<N>` for Ours-P trained on N frames, or a baseline's.

    Without `config` baselines are looked for where they lie by default. Raises UserError that lists the known
    ones.
    """
    if match := re.fullmatch(r"ours-p-n(\d+)", name):
        length = f"n{match[1]}"
        return MethodSpec(
            name, f"Ours-P, {match[1]} frames", "ablation", "video", "predicted",
            _ours_p(length, length), "own",
            f"Appendix B: Ours-P fine-tuned on {match[1]} frames", int(match[1]),
        )  # fmt: skip
    if name in SPECS:
        return SPECS[name]
    found = find_baseline(name, config)
    if found is None:
        known = [*SPECS, *all_baselines(config)]
        raise UserError(f"`methods`: unknown method `{name}`; choose from {', '.join(known)}")
    return baseline_spec(found.manifest)


def baseline_spec(manifest: Manifest) -> MethodSpec:
    """Declaration of a baseline from its method.yaml."""
    run = manifest.run
    trained = (Trained("baseline", "general", manifest.name),)
    return MethodSpec(
        manifest.name, manifest.title, manifest.kind, manifest.needs, manifest.pose,
        trained if run.kind == "in_process" and run.trained else (),
        manifest.sounds, manifest.about, run=run.kind,
    )  # fmt: skip
