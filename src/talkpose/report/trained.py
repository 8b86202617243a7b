"""Checks of the run's own networks: the sound reaches the mouth, and the attention mask is not stuck."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from talkpose.layout import BASE
from talkpose.report.claim import Claim
from talkpose.report.source import Curve

SATURATED: Final = 0.99
"""Mean attention from which on hardly a pixel is the network's own; below 1 less this, hardly one the
rendering's."""

ATTENTION: Final = "watch_attention"
"""Curve of stage 2: mean attention on held-out frames."""


def networks(facts: Mapping[str, Mapping[str, Any]], curves: Iterable[Curve]) -> list[Claim]:
    """One check a kind of network that the run trained; those that fail are named."""
    return [*_listening(facts), *_attention(curves)]


def _listening(facts: Mapping[str, Mapping[str, Any]]) -> Iterator[Claim]:
    """Two different sounds must give clearly different mouths (the collapse that training can end in)."""
    told = {name: known for name, known in facts.items() if "listens" in known}
    if not told:
        return
    deaf = [name for name, known in told.items() if known["listens"] == "NO"]
    unsure = [name for name, known in told.items() if known["listens"] not in ("yes", "NO")]
    text = "Stage 1's networks listen: two sounds give clearly different mouths"
    found = f"{len(told) - len(deaf) - len(unsure)} of {len(told)} networks listen"
    if deaf:
        reasons = [f"{name}: {told[name].get('listening_reason') or 'does not listen'}" for name in deaf]
        yield Claim("Stage 1", text, "all listen", found, "deviates", "; ".join(reasons))
    elif len(unsure) == len(told):
        why = str(told[unsure[0]].get("listening_reason", ""))
        yield Claim("Stage 1", text, "all listen", found, "not attempted", why)
    else:
        why = f"not checked: {', '.join(unsure)}" if unsure else ""
        yield Claim("Stage 1", text, "all listen", found, "pass", why)


def _attention(curves: Iterable[Curve]) -> Iterator[Claim]:
    """Attention at an end of its range means that a network leaves all or nothing of the rendering."""
    last = {
        f"{curve.stage}, {curve.model}" + ("" if curve.variant == BASE else f" ({curve.variant})"): float(
            curve.values[-1]
        )
        for curve in curves
        if curve.quantity == ATTENTION and len(curve.values)
    }
    if not last:
        return
    low, high = min(last.values()), max(last.values())
    stuck = [f"{name} {value:.3f}" for name, value in last.items() if not 1 - SATURATED < value < SATURATED]
    text = "Stage 2's attention is not saturated: its mean on held-out frames after training"
    expected = f"between {1 - SATURATED:.2f} and {SATURATED:.2f}"
    found = f"{low:.2f} to {high:.2f} over {len(last)} networks"
    why = f"stuck: {', '.join(stuck)}" if stuck else ""
    yield Claim("Stage 2", text, expected, found, "deviates" if stuck else "pass", why)
