"""Balance of orders, as a property of every size."""

from collections import Counter
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from talkpose.study.orders import even_starts, position_orders, sequences, williams

sizes = st.integers(2, 7)


def spread(counter: Counter, keys) -> int:
    counts = [counter[key] for key in keys]
    return max(counts) - min(counts)


@given(st.integers(1, 12))
def test_williams_is_latin_and_every_pair_follows_equally_often(n):
    square = williams(n)
    for line in [*square, *square.T]:
        assert sorted(line) == list(range(n))
    rows = square if n % 2 == 0 else np.concatenate([square, square[:, ::-1]])
    pairs = Counter(pair for row in rows.tolist() for pair in pairwise(row))
    assert set(pairs.values()) <= {1 if n % 2 == 0 else 2}
    assert len(pairs) == n * (n - 1)


@given(sizes, st.integers(1, 30))
def test_starts_are_even_in_every_window(n, count):
    hits = Counter(even_starts(n, count))
    for width in range(1, n + 1):
        sums = [sum(hits[(first + k) % n] for k in range(width)) for first in range(n)]
        assert max(sums) - min(sums) <= 1


@settings(max_examples=60, deadline=None)
@given(sizes, st.integers(1, 12), st.integers(1, 17), st.integers(0, 5), st.data())
def test_every_position_of_every_video_to_within_one(n, trials, participants, seed, data):
    orders = position_orders(n, trials, participants, np.random.default_rng(seed))
    assert len(orders) == participants
    assert all(sorted(order) == list(range(n)) for packet in orders for order in packet)
    cells = [(video, place) for video in range(n) for place in range(n)]
    first = data.draw(st.integers(0, trials - 1))
    last = data.draw(st.integers(first + 1, trials))

    def counted(some) -> Counter:
        return Counter((video, place) for order in some for place, video in enumerate(order))

    for packet in orders:
        assert spread(counted(packet[first:last]), cells) <= 1
    for slot in range(trials):
        assert spread(counted([packet[slot] for packet in orders]), cells) <= 1
    assert spread(counted([order for packet in orders for order in packet[first:last]]), cells) <= 1


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(1, 30), st.integers(0, 5))
def test_every_thing_at_every_place_to_within_one(n, participants, seed):
    found = sequences(n, participants, np.random.default_rng(seed))
    assert all(sorted(order) == list(range(n)) for order in found)
    counts = Counter((thing, place) for order in found for place, thing in enumerate(order))
    assert spread(counts, [(a, b) for a in range(n) for b in range(n)]) <= 1


def test_same_seed_same_orders():
    first, second = (position_orders(5, 9, 4, np.random.default_rng(3)) for _ in range(2))
    assert first == second
    assert first != position_orders(5, 9, 4, np.random.default_rng(4))
