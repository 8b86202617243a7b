"""What each participant sees, in which order: balanced slots, shuffled passes, a practice trial and traps."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from talkpose.errors import UserError
from talkpose.seeds import numpy_rng
from talkpose.study.config import REAL, BestOfN, Design, Rating
from talkpose.study.inventory import Item
from talkpose.study.orders import position_orders, sequences
from talkpose.study.schema import GroupKey, Passes, TrialKey

BROKEN = "broken"
Namer = Callable[[str, Item, bool], str]
"""(method, item, copy) -> name of the video; a copy is the same file under a second name"""


@dataclass(frozen=True)
class Group:
    """One comparison group: `entries` are the methods whose videos take turns in its places."""

    id: str
    item: Item
    entries: list[str]


def groups_of(design: Design, items: list[Item], first: int) -> list[Group]:
    """Groups of a design, numbered from `first`; of a rating one for each method and item."""
    if isinstance(design, Rating):
        made = [(item, [REAL, method]) for method in design.methods for item in items]
    else:
        with_real = isinstance(design, BestOfN) and design.may_choose_real
        made = [(item, [*([REAL] if with_real else []), *design.methods]) for item in items]
    foreign = [item for item, entries in made if REAL in entries and item.audio != "own"]
    if foreign:
        raise UserError(
            f"{design.name}: the real video speaks another sound than the others of {foreign[0].name}, which "
            "gives it away; set `sounds: own`"
            + (", or `may_choose_real: false`" if isinstance(design, BestOfN) else "")
        )
    return [Group(f"g{first + i:03d}", item, entries) for i, (item, entries) in enumerate(made)]


def group_key(design: Design, group: Group, name_of: Namer) -> GroupKey:
    """What the key says of a group."""
    item = group.item
    methods = group.entries if REAL in group.entries else [REAL, *group.entries]
    videos = {method: name_of(method, item, False) for method in methods}
    return GroupKey(
        name=design.name,
        item=item.name,
        person=item.person,
        audio=item.audio,
        corpus=item.corpus,
        videos=videos,
    )


def make_packets(
    design: Design, groups: list[Group], practice: Group, seed: int, name_of: Namer
) -> list[list[TrialKey]]:
    """[participant] -> trials in the order of presentation, numbered from t0000 (practice) or t0001."""
    return _Maker(design, groups, practice, seed, name_of).packets()


class _Maker:
    def __init__(
        self, design: Design, groups: list[Group], practice: Group, seed: int, name_of: Namer
    ) -> None:
        self.design, self.groups, self.practice, self.name_of = design, groups, practice, name_of
        self.rng = lambda *axes: numpy_rng(seed, "study", design.name, *axes)
        if isinstance(design, BestOfN):
            self.passes = [design.criteria] if design.all_on_one_screen else [[c] for c in design.criteria]
        else:
            self.passes = [[design.criterion]]

    def packets(self) -> list[list[TrialKey]]:
        count, n_groups = self.design.participants, len(self.groups)
        n = len(self.groups[0].entries)
        places = position_orders(n, len(self.passes) * n_groups, count, self.rng("places"))
        passes = sequences(len(self.passes), count, self.rng("passes"))
        # In each pass a group has another slot, so that its order changes from pass to pass.
        slots = [self._slots(self.rng("slots", str(p))) for p in range(len(self.passes))]
        walks = [sequences(n_groups, count, self.rng("walk", str(p))) for p in range(len(self.passes))]
        made = []
        for participant in range(count):
            trials: list[TrialKey] = []
            for number in passes[participant]:
                part = []
                for g in walks[number][participant]:
                    order = places[participant][number * n_groups + slots[number][g]]
                    group = self.groups[g]
                    part.append(self._trial("main", group, [group.entries[k] for k in order], number))
                trials += part
            rng = self.rng("traps", str(participant))
            self._add_traps(trials, rng)
            if self.design.practice:
                entries = [self.practice.entries[k] for k in rng.permutation(n)]
                trials.insert(0, self._trial("practice", self.practice, entries, passes[participant][0]))
            made.append(_numbered(trials, first=0 if self.design.practice else 1))
        return made

    def _slots(self, rng: np.random.Generator) -> list[int]:
        """Slot of each group in a pass: a run of slots for the groups of the same methods."""
        sets = [group.entries for group in self.groups]
        slots: list[int] = []
        while len(slots) < len(sets):
            alike = sum(entries == sets[len(slots)] for entries in sets)
            slots += [len(slots) + int(k) for k in rng.permutation(alike)]
        return slots

    def _trial(self, kind: str, group: Group, entries: list[str], number: int) -> TrialKey:
        shown = [self.name_of(method, group.item, False) for method in entries]
        return self._made(kind, group, shown, self.passes[number], None)

    def _made(
        self, kind: str, group: Group, shown: list[str], criteria: list[str], passes: Passes | None
    ) -> TrialKey:
        reference = None if REAL in group.entries else self.name_of(REAL, group.item, False)
        return TrialKey.model_validate(
            {
                "trial": "t0000",
                "kind": kind,
                "group": group.id,
                "criteria": criteria,
                "reference": reference,
                "shown": shown,
                "passes": passes,
            }
        )

    def _add_traps(self, trials: list[TrialKey], rng: np.random.Generator) -> None:
        for _ in range(self.design.traps.broken):
            trials.insert(int(rng.integers(0, len(trials) + 1)), self._broken(rng))
        for _ in range(self.design.traps.duplicate):
            if isinstance(self.design, BestOfN):
                self._repeat(trials, rng)
            else:
                trials.insert(int(rng.integers(0, len(trials) + 1)), self._twice(rng))

    def _broken(self, rng: np.random.Generator) -> TrialKey:
        """A frozen, noisy video in the place of one of the others."""
        group = self._trap_group(rng)
        entries = [group.entries[k] for k in rng.permutation(len(group.entries))]
        spoilt = self.name_of(BROKEN, group.item, False)
        if isinstance(self.design, Rating):
            out, passes = entries.index(next(e for e in entries if e != REAL)), Passes(rating_at_most=2)
        else:
            out, passes = int(rng.integers(len(entries))), Passes(not_chosen=[spoilt])
        shown = [self.name_of(method, group.item, False) for method in entries]
        shown[out] = spoilt
        return self._made(
            "trap-broken", group, shown, self.passes[int(rng.integers(len(self.passes)))], passes
        )

    def _twice(self, rng: np.random.Generator) -> TrialKey:
        """The same video under two names: rated as similar; chosen both or neither."""
        group = self._trap_group(rng)
        if isinstance(self.design, Rating):
            pair = [self.name_of(REAL, group.item, copy) for copy in (False, True)]
            shown, passes = pair, Passes(rating_at_least=4)
        else:
            method = group.entries[int(rng.integers(len(group.entries)))]
            pair = [self.name_of(method, group.item, copy) for copy in (False, True)]
            shown = [self.name_of(m, group.item, False) for m in group.entries if m != method] + pair
            passes = Passes(both_or_neither=(pair[0], pair[1]))
        shown = [shown[k] for k in rng.permutation(len(shown))]
        return self._made("trap-duplicate", group, shown, self.passes[0], passes)

    def _repeat(self, trials: list[TrialKey], rng: np.random.Generator) -> None:
        """An earlier question once more, later in its pass, in another order."""
        main = [i for i, trial in enumerate(trials) if trial.kind == "main"]
        criteria = trials[main[int(rng.integers(len(main)))]].criteria
        own = [i for i in main if trials[i].criteria == criteria]
        first = own[int(rng.integers((len(own) + 1) // 2))]
        place = int(rng.integers(min(first + max(len(own) // 2, 1), own[-1] + 1), own[-1] + 2))
        asked = trials[first]
        order = rng.permutation(len(asked.shown))
        if order.tolist() == sorted(order.tolist()):
            order = np.roll(order, 1)
        again = asked.model_copy(
            update={
                "kind": "trap-duplicate",
                "shown": [asked.shown[k] for k in order],
                # The number of the trial that it repeats is known once all are numbered.
                "passes": _Same(asked),
            }
        )
        trials.insert(place, again)

    def _trap_group(self, rng: np.random.Generator) -> Group:
        # A few groups alone, so that few videos are made for traps.
        return self.groups[int(rng.integers(min(len(self.groups), 4)))]


@dataclass(frozen=True)
class _Same:
    trial: TrialKey


def _numbered(trials: list[TrialKey], first: int) -> list[TrialKey]:
    names = {id(trial): f"t{number:04d}" for number, trial in enumerate(trials, first)}
    done = []
    for trial in trials:
        passes = trial.passes
        if isinstance(passes, _Same):
            passes = Passes(same_as=names[id(passes.trial)])
        done.append(trial.model_copy(update={"trial": names[id(trial)], "passes": passes}))
    return done
