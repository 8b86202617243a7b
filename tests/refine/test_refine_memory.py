"""Memory: the update rule by hand, retrieval and triplet loss against plain NumPy."""

import numpy as np
import pytest
import torch
from refine_made import draws, tiny, unit

from talkpose.refine.memory import Memory


def made(slots=4, key=2, feature=2, **changes):
    config = tiny(memory_size=slots, memory_key=key, memory_threshold=0.98, **changes)
    return Memory(config, feature).eval()


def fill(memory, keys, values, ages):
    n = len(ages)
    memory.keys[:n], memory.values[:n] = torch.as_tensor(keys), torch.as_tensor(values)
    memory.ages[:n] = torch.as_tensor(ages)


def write(memory, query, value, seed=0):
    rng = np.random.default_rng(seed)
    return memory.update(torch.tensor([query]).float(), torch.tensor([value]).float(), rng)


def test_a_new_identity_takes_an_empty_slot_and_the_others_age():
    memory = made()
    assert memory.filled == 0
    assert write(memory, [1, 0], [1, 0]) == 1
    assert write(memory, [0, 1], [0, 1]) == 1
    assert memory.filled == 2 and memory.ages.tolist() == [1, 0, -1, -1]
    assert memory.keys[:2].tolist() == [[1, 0], [0, 1]] and memory.values[:2].tolist() == [[1, 0], [0, 1]]


def test_a_match_moves_the_key_and_nothing_else():
    memory = made()
    fill(memory, [[1.0, 0], [0, 1]], [[1.0, 0], [0, 1]], [7, 3])
    value = [np.cos(0.1), np.sin(0.1)]  # cosine 0.995 to the first value
    assert write(memory, [0.8, 0.6], value) == 0
    np.testing.assert_allclose(memory.keys[0].numpy(), np.array([1.8, 0.6]) / np.sqrt(3.6), atol=1e-6)
    assert memory.keys[1].tolist() == [0, 1] and memory.values[:2].tolist() == [[1, 0], [0, 1]]
    assert memory.ages.tolist() == [0, 4, -1, -1]


def test_only_the_nearest_key_can_match():
    memory = made()
    fill(memory, [[1.0, 0], [0, 1]], [[1.0, 0], [0, 1]], [7, 3])
    assert write(memory, [1, 0], [0, 1]) == 1  # the second slot has this value, but its key is far
    assert memory.keys[2].tolist() == [1, 0] and memory.values[2].tolist() == [0, 1]
    assert memory.ages.tolist() == [8, 4, 0, -1]


def test_the_threshold_divides_match_from_new():
    for angle, new in ((0.19, 0), (0.21, 1)):  # cosines 0.982 and 0.978
        memory = made()
        fill(memory, [[1.0, 0]], [[1.0, 0]], [0])
        assert write(memory, [1, 0], [np.cos(angle), np.sin(angle)]) == new


def test_a_full_memory_gives_up_its_oldest_pairs_first():
    memory = made(feature=8)
    fill(memory, np.tile([1.0, 0], (4, 1)), np.eye(8)[:4], [10, 40, 0, 25])
    hit = []
    for i in range(3):
        before = memory.values.clone()
        assert write(memory, [0, 1], np.eye(8)[4 + i].tolist(), seed=i) == 1
        hit += (memory.values != before).any(1).nonzero().ravel().tolist()
    assert hit == [1, 3, 0] and memory.filled == 4
    assert memory.ages.tolist() == [0, 2, 3, 1]


def test_the_draw_breaks_ties_and_reaches_no_farther_than_eight():
    hits, memory = {"tie": set(), "near": set(), "far": set()}, made(feature=8)
    for seed in range(40):
        for name, ages in (("tie", [5] * 4), ("near", [5, 11, 5, 5]), ("far", [5, 14, 5, 5])):
            fill(memory, np.tile([1.0, 0], (4, 1)), np.eye(8)[:4], ages)
            write(memory, [0, 1], np.eye(8)[4].tolist(), seed)
            hits[name].add(int(memory.values[:, 4].argmax()))
    assert hits["tie"] == {0, 1, 2, 3} and hits["far"] == {1}
    assert 1 in hits["near"] and len(hits["near"]) > 1


def test_a_batch_is_written_one_pair_after_the_other():
    queries = torch.tensor(unit([[1, 0], [0.9, 0.1], [0, 1]]))
    values = torch.tensor(unit([[1, 0], [1, 0], [0, 1]]))
    together, apart = made(), made()
    assert together.update(queries, values, np.random.default_rng(0)) == 2
    rng = np.random.default_rng(0)
    for query, value in zip(queries, values, strict=True):
        apart.update(query[None], value[None], rng)
    for name in ("keys", "values", "ages"):
        assert torch.equal(getattr(together, name), getattr(apart, name))
    assert together.ages.tolist() == [1, 0, -1, -1]


def test_the_same_draws_give_the_same_memory():
    states = []
    for _ in range(2):
        memory = made(slots=8, key=4, feature=4)
        rng = np.random.default_rng(3)
        for step in range(6):
            pairs = [torch.tensor(unit(draws(step + s, 5, 4).numpy())) for s in (0, 100)]
            memory.update(*pairs, rng)
        states.append([memory.keys, memory.values, memory.ages])
        assert memory.filled == 8
        np.testing.assert_allclose(memory.keys.norm(dim=1).numpy(), 1, atol=1e-5)
    assert all(torch.equal(a, b) for a, b in zip(*states, strict=True))


def test_clear_forgets():
    memory = made()
    write(memory, [1, 0], [1, 0])
    memory.clear()
    assert memory.filled == 0
    with pytest.raises(RuntimeError, match="holds nothing"):
        memory.retrieve(torch.zeros(1, 3, 32, 32))


def test_queries_are_unit_vectors_of_the_projection():
    memory, pool = made(key=8), draws(1, 3, 512)
    weight, bias = memory.project.weight.detach().numpy(), memory.project.bias.detach().numpy()
    expected = unit(pool.numpy() @ weight.T + bias)
    np.testing.assert_allclose(memory.queries(pool).detach().numpy(), expected, atol=1e-5)


def test_retrieval_equals_brute_force():
    torch.manual_seed(1)  # a network that tells these frames apart
    memory = made(slots=16, key=8, feature=5)
    frames = draws(1, 6, 3, 32, 32)
    with torch.no_grad():
        queries = memory.queries(memory.encoder(frames)).numpy()
    rng = np.random.default_rng(0)
    keys = unit(queries[rng.integers(0, 6, 12)] + 0.3 * rng.normal(size=(12, 8)))
    values = unit(rng.normal(size=(12, 5)))
    fill(memory, keys, values, list(range(12)))
    memory.keys[12:] = torch.tensor(queries[:4])  # left in empty slots: nearest, yet not held
    got = memory.retrieve(frames).numpy()
    nearest = [max(range(12), key=lambda k: float(np.dot(query, keys[k]))) for query in queries]
    assert len(set(nearest)) > 1
    np.testing.assert_array_equal(got, values[nearest])


def triplet(queries, values, keys, held_values, top_k, threshold, margin):
    total = 0.0
    for query, value in zip(queries, values, strict=True):
        order = np.argsort(-(keys @ query), kind="stable")[:top_k]
        same = [k for k in order if held_values[k] @ value > threshold]
        other = [k for k in order if held_values[k] @ value <= threshold]
        if same and other:
            total += max(0.0, float(query @ keys[other[0]] - query @ keys[same[0]] + margin))
    return total / len(queries)


@pytest.mark.parametrize(("top_k", "threshold", "margin"), [(4, 0.98, 0.3), (12, 0.5, 0.1), (12, 0.9, 1.0)])
def test_triplet_loss_equals_its_definition(top_k, threshold, margin):
    rng = np.random.default_rng(1)
    people = unit(rng.normal(size=(3, 5)))
    keys, queries = unit(rng.normal(size=(12, 8))), unit(rng.normal(size=(7, 8)))
    held = unit(people[rng.integers(0, 3, 12)] + 0.02 * rng.normal(size=(12, 5)))
    values = unit(people[rng.integers(0, 3, 7)] + 0.02 * rng.normal(size=(7, 5)))
    memory = Memory(
        tiny(memory_key=8, memory_top_k=top_k, memory_threshold=threshold, memory_margin=margin), 5
    )
    fill(memory, keys, held, [0] * 12)
    got = float(memory.triplet_loss(torch.tensor(queries), torch.tensor(values)))
    expected = triplet(queries, values, keys, held, top_k, threshold, margin)
    assert expected > 0.01
    assert got == pytest.approx(expected, abs=1e-5)


def test_triplet_loss_by_hand():
    memory = made(memory_top_k=4, memory_margin=0.3)
    fill(memory, [[1.0, 0], [0, 1]], [[1.0, 0], [0, 1]], [0, 0])
    query = torch.tensor([[0.6, 0.8]], requires_grad=True)
    loss = memory.triplet_loss(query, torch.tensor([[1.0, 0]]))
    assert float(loss.detach()) == pytest.approx(0.8 - 0.6 + 0.3)
    loss.backward()
    np.testing.assert_allclose(query.grad.numpy(), [[-1, 1]])  # towards its own, away from the other
    far = memory.triplet_loss(torch.tensor([[1.0, 0]]), torch.tensor([[1.0, 0]]))
    assert float(far) == 0  # farther apart than the margin


def test_triplet_loss_needs_a_positive_and_a_negative():
    query, mine, other = torch.tensor([[0.6, 0.8]]), torch.tensor([[1.0, 0]]), torch.tensor([[0, 1.0]])
    memory = made()
    assert float(memory.triplet_loss(query, mine)) == 0  # empty
    fill(memory, [[1.0, 0], [0, 1]], [[1.0, 0], [1, 0]], [0, 0])
    assert float(memory.triplet_loss(query, mine)) == 0 and float(memory.triplet_loss(query, other)) == 0
    only_nearest = made(memory_top_k=1)
    fill(only_nearest, [[1.0, 0], [0, 1]], [[1.0, 0], [0, 1]], [0, 0])
    assert float(only_nearest.triplet_loss(query, mine)) == 0
