"""The methods of a run, as they describe themselves on disk."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from talkpose.files import read_json
from talkpose.report.outcomes import Outcome, read_outcome

KINDS = ("method", "baseline", "ablation", "control", "diagnostic")


@dataclass(frozen=True)
class Card:
    """What a reader should know of one method."""

    name: str
    title: str
    kind: str = "method"
    needs: str = ""
    pose: str = ""
    about: str = ""
    outcome: Outcome = Outcome()


@dataclass(frozen=True)
class Roster:
    """Cards by method's name, in the order of the configuration."""

    cards: Mapping[str, Card] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Card:
        """Card of a method; one that left no description goes by its name."""
        return self.cards.get(name) or Card(name, name)

    def in_order(self, names: Iterable[str]) -> list[str]:
        """Names without repeats: the configuration's order, others last."""
        place = {name: i for i, name in enumerate(self.cards)}
        return sorted(set(names), key=lambda name: (place.get(name, len(place)), name))


def read_roster(videos: Path, names: Iterable[str]) -> Roster:
    """Cards of the named methods, from the key `spec` of their receipts videos/<method>/*.json."""
    return Roster({name: _with_outcome(_card(name, videos / name), videos / name) for name in names})


def _with_outcome(card: Card, folder: Path) -> Card:
    """The card that also says how the method ended, where there is something to say."""
    outcome = read_outcome(folder)
    about = "; ".join(text for text in (outcome.text, card.about) if text)
    return replace(card, about=about, outcome=outcome)


def _card(name: str, folder: Path) -> Card:
    for path in sorted(folder.glob("*.json")):
        spec: dict[str, Any] = read_json(path).get("spec", {})
        if spec:
            kind, needs, pose, about = (
                str(spec.get(key, default))
                for key, default in (("kind", "method"), ("needs", ""), ("pose", ""), ("about", ""))
            )
            return Card(name, str(spec.get("title", name)), kind, needs, pose, about)
    return Card(name, name)
