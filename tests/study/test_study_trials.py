"""Trials of every design and size: balance, numbering, traps, as a property."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from talkpose.errors import UserError
from talkpose.study.config import Design
from talkpose.study.inventory import Item
from talkpose.study.packets import video_name
from talkpose.study.trials import groups_of, make_packets

DESIGN = TypeAdapter(Design)
METHODS = ["ours-p", "davs", "atvg", "yousaidthat", "still"]


class Names:
    """Names videos as a build does, and remembers whose they are."""

    def __init__(self):
        self.method = {}

    def __call__(self, method: str, item: Item, copy: bool) -> str:
        name = video_name("ab" * 32, "s", method, item.name, copy)
        self.method[name] = method
        return name


@st.composite
def designs(draw):
    kind = draw(st.sampled_from(["best-of-n", "rating", "select-all"]))
    values = {
        "design": kind,
        "participants": draw(st.integers(1, 9)),
        "methods": METHODS[: draw(st.integers(1 if kind == "rating" else 2, 5))],
        "practice": draw(st.booleans()),
        "traps": {"duplicate": draw(st.integers(0, 2)), "broken": draw(st.integers(0, 2))},
    }
    if kind == "best-of-n":
        values["criteria"] = ["a", "b", "c"][: draw(st.integers(1, 3))]
        values["may_choose_real"] = draw(st.booleans())
        values["all_on_one_screen"] = draw(st.booleans())
    return DESIGN.validate_python(values)


def spread(counts: Counter, keys) -> int:
    values = [counts[key] for key in keys]
    return max(values) - min(values)


@settings(max_examples=60, deadline=None)
@given(designs(), st.integers(1, 6), st.integers(0, 9))
def test_every_packet_is_balanced_and_its_traps_can_be_judged(design, n_items, seed):
    names = Names()
    items = [Item(f"person-{i}", "own", "people", "people") for i in range(n_items)]
    groups = groups_of(design, items, 1)
    packets = make_packets(design, groups, groups[-1], seed, names)
    assert packets == make_packets(design, groups, groups[-1], seed, names)
    assert len(packets) == design.participants
    one_screen = design.design != "best-of-n" or design.all_on_one_screen
    passes = 1 if one_screen else len(design.criteria)
    whole: Counter = Counter()
    slots: Counter = Counter()
    for trials in packets:
        counts: Counter = Counter()
        assert [t.trial for t in trials] == [
            f"t{i:04d}" for i in range(not design.practice, len(trials) + 1)
        ][: len(trials)]
        main = [t for t in trials if t.kind == "main"]
        kinds = Counter(t.kind for t in trials)
        assert len(main) == passes * len(groups)
        assert kinds["practice"] == design.practice
        assert (kinds["trap-duplicate"], kinds["trap-broken"]) == (
            design.traps.duplicate,
            design.traps.broken,
        )
        for trial in main:
            counts.update((names.method[video], place) for place, video in enumerate(trial.shown))
            slots.update([(trial.group, tuple(trial.criteria), trial.shown[0])])
            assert len(set(trial.shown)) == len(trial.shown)
        places = range(len(groups[0].entries))
        for method in {m for m, _ in counts}:
            assert spread(counts, [(method, place) for place in places]) <= 1
        whole.update(counts)
        by_id = {t.trial: t for t in trials}
        for trap in (t for t in trials if t.kind.startswith("trap")):
            rules = trap.passes.model_dump(exclude_none=True)
            assert len(rules) == 1
            assert (
                set(rules)
                <= {
                    "best-of-n": {"not_chosen", "same_as"},
                    "rating": {"rating_at_least", "rating_at_most"},
                    "select-all": {"not_chosen", "both_or_neither"},
                }[design.design]
            )
            if "same_as" in rules:
                first = by_id[rules["same_as"]]
                assert first.trial < trap.trial
                assert sorted(first.shown) == sorted(trap.shown)
                assert first.shown != trap.shown
    for method in {m for m, _ in whole}:
        assert spread(whole, [(method, place) for place in places]) <= 1
    # In every slot (group and criterion) every video comes first equally often.
    for group in groups:
        firsts = [names(method, group.item, False) for method in group.entries]
        for criteria in {c for g, c, _ in slots if g == group.id}:
            assert spread(slots, [(group.id, criteria, video) for video in firsts]) <= 1


def test_groups_follow_each_other_in_balanced_orders():
    design = DESIGN.validate_python(
        {
            "design": "select-all",
            "participants": 8,
            "methods": METHODS,
            "traps": {"duplicate": 0, "broken": 0},
        }
    )
    groups = groups_of(design, [Item(f"p{i}", "own", "people", "people") for i in range(4)], 1)
    packets = make_packets(design, groups, groups[-1], 0, Names())
    orders = [[t.group for t in trials if t.kind == "main"] for trials in packets]
    for place in zip(*orders, strict=True):
        assert set(Counter(place).values()) == {2}
    follows = Counter((a, b) for order in orders for a, b in zip(order, order[1:], strict=False))
    assert np.ptp(list(follows.values())) == 0


def test_passes_of_the_criteria_follow_each_other_in_balanced_orders():
    design = DESIGN.validate_python({"design": "best-of-n", "participants": 6, "methods": METHODS})
    groups = groups_of(design, [Item(f"p{i}", "own", "people", "people") for i in range(3)], 1)
    firsts = Counter()
    for trials in make_packets(design, groups, groups[-1], 0, Names()):
        criteria = [t.criteria[0] for t in trials if t.kind == "main"]
        assert [len(set(criteria[i : i + 3])) for i in (0, 3, 6)] == [1, 1, 1]  # a pass each
        firsts[criteria[0]] += 1
    assert set(firsts.values()) == {2}


def test_a_real_video_of_another_sound_is_never_hidden_among_the_others():
    design = DESIGN.validate_python({"design": "rating", "participants": 1})
    foreign = Item("ann", "news", "people", "voices")
    with pytest.raises(UserError, match="gives it away"):
        groups_of(design, [foreign], 1)
