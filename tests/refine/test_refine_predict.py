"""Refining clips: where windows and identity features come from, and what does not matter."""

import numpy as np
import pytest
import torch
from refine_made import FEATURE, made_clip, shake, tiny, unit

from talkpose.refine.data import from_network, to_network
from talkpose.refine.generator import Generator
from talkpose.refine.memory import Memory
from talkpose.refine.predict import refine_frames, retrieve_features
from talkpose.refine.refiner import build_refiner


def made(identity="memory", **changes):
    """Shaken networks; the memory holds one pair for every other frame of the made clip."""
    config = tiny(identity=identity, **changes)
    generator, memory = shake(Generator(config, FEATURE)), Memory(config, FEATURE).eval()
    frames = to_network(clip()[::2])
    rng = np.random.default_rng(0)
    with torch.no_grad():
        memory.keys[: len(frames)] = memory.queries(memory.encoder(frames))
    memory.values[: len(frames)] = torch.tensor(unit(rng.normal(size=(len(frames), FEATURE))))
    memory.ages[: len(frames)] = 0
    memory.mean.copy_(torch.tensor(unit(rng.normal(size=FEATURE))))
    return generator, memory


def clip(frames=9, seed=3):
    return made_clip("a", seed, frames).rendered


def far_apart(a, b):
    return bool(np.abs(a.attention - b.attention).max() > 1e-4)


@pytest.mark.parametrize("identity", ["memory", "mean", "none"])
def test_shapes_ranges_and_repeats(identity):
    networks, rendered = made(identity), clip()
    refined = refine_frames(*networks, rendered)
    assert refined.frames.shape == rendered.shape and refined.frames.dtype == np.uint8
    assert refined.attention.shape == rendered.shape[:3] and refined.attention.dtype == np.float32
    assert refined.attention.min() >= 0 and refined.attention.max() <= 1
    assert np.abs(refined.frames.astype(int) - rendered).max() > 3
    again = refine_frames(*networks, rendered)
    assert np.array_equal(refined.frames, again.frames)
    assert np.array_equal(refined.attention, again.attention)


@pytest.mark.parametrize("identity", ["memory", "none"])
def test_the_batch_size_does_not_matter(identity):
    networks, rendered = made(identity, smooth_every=4), clip()
    whole = refine_frames(*networks, rendered, batch=64)
    for batch in (1, 4):
        parts = refine_frames(*networks, rendered, batch=batch)
        np.testing.assert_allclose(parts.attention, whole.attention, atol=1e-5)
        assert np.abs(parts.frames.astype(int) - whole.frames).max() <= 1


def test_windows_at_the_start_repeat_frame_0():
    generator, memory = made("mean")
    rendered = clip()
    refined = refine_frames(generator, memory, rendered)
    for frame, window in ((0, [0, 0, 0]), (1, [0, 0, 1]), (5, [3, 4, 5])):
        with torch.no_grad():
            single = generator(to_network(rendered[window])[None].flatten(1, 2), memory.mean[None])
        assert np.abs(from_network(single.image)[0].astype(int) - refined.frames[frame]).max() <= 1
        np.testing.assert_allclose(refined.attention[frame], single.attention[0, 0], atol=1e-5)


def test_a_frame_depends_on_its_window_alone():
    networks, rendered = made("mean"), clip()
    base = refine_frames(*networks, rendered)
    other = rendered.copy()
    other[4] = 255 - other[4]
    changed = refine_frames(*networks, other)
    moved = np.abs(changed.attention - base.attention).max(axis=(1, 2)) > 1e-4
    assert moved.tolist() == [4 <= t <= 6 for t in range(9)]


def test_full_attention_returns_the_rendering():
    config = tiny(identity="none", attention_start=1 - 1e-12)
    rendered = clip()
    refined = refine_frames(Generator(config, FEATURE), Memory(config, FEATURE), rendered)
    np.testing.assert_array_equal(refined.frames, rendered)
    assert refined.attention.min() > 0.999


@pytest.mark.parametrize(("every", "at"), [(4, [0, 4, 8]), (3, [0, 3, 6, 8]), (50, [0, 8]), (1, range(9))])
def test_retrieved_features_are_smoothed(every, at):
    _, memory = made()
    rendered, at = clip(), list(at)
    known = memory.retrieve(to_network(rendered[at])).numpy()
    assert len(np.unique(known, axis=0)) > 1
    expected = np.stack([np.interp(range(9), at, column) for column in known.T], axis=1)
    np.testing.assert_allclose(retrieve_features(memory, rendered, every), expected, atol=1e-5)


def test_the_generator_gets_the_smoothed_features():
    generator, memory = made(smooth_every=4)
    rendered = clip()
    refined = refine_frames(generator, memory, rendered)
    features = torch.from_numpy(retrieve_features(memory, rendered, 4))
    assert not torch.allclose(features, torch.from_numpy(retrieve_features(memory, rendered, 5)), atol=1e-2)
    with torch.no_grad():
        alone = generator(to_network(rendered[1:4])[None].flatten(1, 2), features[3:4]).attention
    np.testing.assert_allclose(refined.attention[3], alone[0, 0], atol=1e-5)


def test_identity_comes_from_the_memory_the_mean_or_nowhere():
    rendered = clip()
    for identity, uses in (("memory", "values"), ("mean", "mean"), ("none", None)):
        generator, memory = made(identity)
        base = refine_frames(generator, memory, rendered)
        for name in ("values", "mean"):
            kept = getattr(memory, name).clone()
            getattr(memory, name).neg_()
            assert far_apart(refine_frames(generator, memory, rendered), base) is (name == uses)
            getattr(memory, name).copy_(kept)


def test_an_untrained_memory_is_no_source():
    refiner = build_refiner(tiny(identity="memory"), FEATURE, 0)
    with pytest.raises(RuntimeError, match="holds nothing"):
        refine_frames(refiner.generator, refiner.memory, clip())


def test_a_generator_left_in_training_mode_is_put_in_eval_mode():
    generator, memory = made("none", dropout=0.5)
    base = refine_frames(generator, memory, clip())
    generator.train()
    assert not far_apart(refine_frames(generator, memory, clip()), base)


def test_one_frame_and_none():
    networks = made()
    assert refine_frames(*networks, clip(1)).frames.shape == (1, 32, 32, 3)
    empty = refine_frames(*networks, clip()[:0])
    assert empty.frames.shape == (0, 32, 32, 3) and empty.attention.shape == (0, 32, 32)
