"""Made-up answers, marked as such: to plan a study, and to test all that comes after it.

Every file says `simulated: true`, and so does every table and page that it reaches.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import yaml
from pydantic import Field, ValidationError

from talkpose import __version__
from talkpose.config import Section
from talkpose.errors import UserError
from talkpose.files import write_json
from talkpose.seeds import numpy_rng
from talkpose.study.import_step import load_key
from talkpose.study.schema import Answers, AnswerTrial, Key, PacketKey, Passes, Screen, TrialKey

BROKEN_WORTH = -6.0
Worth = dict[str, float]


class Preferences(Section):
    """What the simulated participants like; methods that are not named are worth 0."""

    seed: int = Field(0, ge=0)
    worth: Worth = Field(
        {}, description="by method, log scale: e times as often chosen a step (Plackett-Luce)"
    )
    criteria: dict[str, Worth] = Field({}, description="by criterion, added to `worth`")
    similar: Worth = Field({}, description="by method, mean rating from 1 to 5; default 3")
    rating_spread: float = Field(0.9, ge=0, description="deviation of one rating")
    chosen: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        {}, description="by method, chance of being selected; default 0.3"
    )
    people_spread: float = Field(0.5, ge=0, description="deviation of a person's own tastes, log scale")
    groups_spread: float = Field(0.3, ge=0, description="deviation of a group's own worths, log scale")
    careless: float = Field(0.05, ge=0, le=1, description="share of participants who answer at random")
    left_early: float = Field(0.03, ge=0, le=1, description="share who hand back a partial file")


def load_preferences(path: Path | None) -> Preferences:
    """Read a YAML file of preferences; the defaults without one. UserError names the wrong key."""
    if path is None:
        return Preferences()
    if not path.is_file():
        raise UserError(f"{path}: no such file of preferences")
    try:
        return Preferences.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except (yaml.YAMLError, ValidationError) as error:
        raise UserError(f"{path}: {error}") from error


def simulate_answers(folder: Path, preferences: Preferences, out: Path) -> list[Path]:
    """Write one answers file a packet of the study in results/<run>/study into `out`; returns them."""
    key = load_key(folder)
    written = []
    for answers in simulate(key, preferences):
        path = out / f"talkpose-{key.study}-{answers.packet}-simulated.json"
        write_json(path, answers.model_dump(mode="json"))
        written.append(path)
    return written


def simulate(key: Key, preferences: Preferences) -> Iterator[Answers]:
    """Answers of one simulated participant for every packet of a study."""
    for packet, known in key.packets.items():
        yield _Participant(key, packet, known, preferences).answers()


class _Participant:
    def __init__(self, key: Key, packet: str, known: PacketKey, preferences: Preferences):
        self.key, self.packet, self.known, self.preferences = key, packet, known, preferences
        self.rng = numpy_rng(preferences.seed, "study", "simulate", key.study, packet)
        self.careless = bool(self.rng.random() < preferences.careless)
        self.taste = {
            method: float(value)
            for names in key.methods.values()
            for method, value in zip(
                names, self.rng.normal(0, preferences.people_spread, len(names)), strict=True
            )
        }
        self.given: dict[tuple[str, str], list[str]] = {}

    def answers(self) -> Answers:
        trials = self.known.trials
        partial = len(trials) > 2 and self.rng.random() < self.preferences.left_early
        if partial:
            trials = trials[: int(self.rng.integers(1, len(trials)))]
        rows = [row for trial in trials for row in self._answer(trial)]
        return seal(
            key=self.key, packet=self.packet, rows=rows, complete=not partial, session=self._session()
        )

    def _session(self) -> str:
        return self.rng.bytes(8).hex()

    def _answer(self, trial: TrialKey) -> Iterator[AnswerTrial]:
        for criterion in trial.criteria:
            chosen, rating = self._decide(trial, criterion)
            self.given[trial.trial, criterion] = chosen
            yield answer_row(trial, criterion, chosen, rating, int(self.rng.gamma(4, 3000)) + 1500)

    def _decide(self, trial: TrialKey, criterion: str) -> tuple[list[str], int | None]:
        design, rng = self.known.design, self.rng
        if design == "rating":
            return [], self._rate(trial)
        if design == "select-all":
            chances = [0.5 if self.careless else self._chance(video) for video in trial.shown]
            chosen = [v for v, chance in zip(trial.shown, chances, strict=True) if rng.random() < chance]
            return self._as_a_pair(chosen, trial.passes), None
        rule = trial.passes
        if rule is not None and rule.same_as and not self.careless and rng.random() < 0.8:
            before = self.given.get((rule.same_as, criterion), [])
            if before:
                return [video for video in trial.shown if video in before], None
        worth = np.array([0.0 if self.careless else self._worth(v, trial, criterion) for v in trial.shown])
        return [trial.shown[int(np.argmax(worth + rng.gumbel(size=len(worth))))]], None

    def _as_a_pair(self, chosen: list[str], rule: Passes | None) -> list[str]:
        """Who looks sees that two videos are one."""
        if rule is None or rule.both_or_neither is None or self.careless:
            return chosen
        first, second = rule.both_or_neither
        return [v for v in chosen if v != second] + ([second] if first in chosen else [])

    def _worth(self, video: str, trial: TrialKey, criterion: str) -> float:
        method = self.key.videos[video].method
        if method == "broken":
            return BROKEN_WORTH
        group = numpy_rng(self.preferences.seed, "study", "simulate", "group", trial.group, method)
        own = self.preferences.criteria.get(criterion, {}).get(method, 0.0)
        spread = float(group.normal(0, self.preferences.groups_spread))
        return self.preferences.worth.get(method, 0.0) + own + self.taste.get(method, 0.0) + spread

    def _chance(self, video: str) -> float:
        method = self.key.videos[video].method
        return 0.02 if method == "broken" else self.preferences.chosen.get(method, 0.3)

    def _rate(self, trial: TrialKey) -> int:
        if self.careless:
            return int(self.rng.integers(1, 6))
        methods = [self.key.videos[video].method for video in trial.shown]
        mean = 3.0
        if "broken" in methods:
            mean = 1.0
        elif methods.count("real") == 2:
            mean = 5.0
        else:
            mean = self.preferences.similar.get(next(m for m in methods if m != "real"), 3.0)
            group = numpy_rng(self.preferences.seed, "study", "simulate", "pair", trial.group)
            mean += float(group.normal(0, self.preferences.groups_spread))
        return int(np.clip(round(mean + self.rng.normal(0, self.preferences.rating_spread)), 1, 5))


def answer_row(
    trial: TrialKey, criterion: str, chosen: list[str], rating: int | None, rt_ms: int
) -> AnswerTrial:
    """An answer to one question of a trial, as the page would have written it."""
    videos = [*trial.shown, *([trial.reference] if trial.reference else [])]
    chosen = [video for video in trial.shown if video in chosen]
    return AnswerTrial(
        trial=trial.trial,
        kind="practice" if trial.kind == "practice" else "main",
        group=trial.group,
        criterion=criterion,
        reference=trial.reference,
        shown=trial.shown,
        chosen=chosen,
        rating=rating,
        position=[trial.shown.index(video) + 1 for video in chosen],
        rt_ms=rt_ms,
        plays=dict.fromkeys(videos, 1),
        replays=dict.fromkeys(videos, 0),
        played_to_end=True,
        at="2000-01-01T00:00:00.000Z",
    )


def seal(key: Key, packet: str, rows: list[AnswerTrial], complete: bool, session: str) -> Answers:
    """Simulated answers with their checksum."""
    known = key.packets[packet]
    fields: dict[str, Any] = {
        "study": key.study,
        "design": known.design,
        "name": known.name,
        "packet": packet,
        "packet_hash": known.hash,
        "language": "en",
        "status": "complete" if complete else "partial",
        "simulated": True,
        "consent": True,
        "participant": {},
        "screen": Screen(
            width=0, height=0, window_width=0, window_height=0, pixel_ratio_percent=100, touch=False
        ),
        "app": f"simulate {__version__}",
        "session": session,
        "resumed": 0,
        "started": "2000-01-01T00:00:00.000Z",
        "finished": "2000-01-01T00:30:00.000Z" if complete else None,
        "trials": rows,
    }
    unsealed = Answers(**fields, checksum="0" * 64)
    return unsealed.model_copy(update={"checksum": unsealed.expected_checksum()})
