"""Training samples: windows, augmentation that keeps a sample aligned, epochs."""

import cv2
import numpy as np
import pytest
import torch
from refine_made import FEATURE, made_clip, tiny, unit

from talkpose.errors import UserError
from talkpose.refine.data import (
    OUTER_LIPS,
    TrainingSet,
    focus_map,
    from_network,
    to_network,
    windows_of,
)
from talkpose.refine.pairs import ClipPairs

MODES = ["resize-crop", "shift", "none"]


def marked(name, frames, first, size=32):
    """Frames that differ by a constant, rendered and real alike; identities that name the sample."""
    ys, xs = np.mgrid[:size, :size]
    base = 40 + 60 * np.exp(-((ys - 9) ** 2 + (xs - 20) ** 2) / 50) + 20 * np.sin(xs / 5) * np.cos(ys / 7)
    video = np.repeat(base[None, ..., None], 3, axis=3) + 5.0 * np.arange(frames)[:, None, None, None]
    angles = 0.1 * (first + np.arange(frames))
    identity = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    video = video.round().astype(np.uint8)
    return ClipPairs(name, video, video.copy(), identity)


def numbers(batch):
    """The sample numbers that the identities of a batch carry."""
    angles = np.arctan2(batch.identity[:, 1].numpy(), batch.identity[:, 0].numpy())
    return np.round(angles / 0.1).astype(int).tolist()


def two_clips():
    return [marked("a", 8, 0), marked("b", 10, 10)]


def test_windows_end_at_the_frame_and_repeat_frame_0():
    frames = np.arange(6, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)
    got = windows_of(frames, np.array([0, 1, 2, 5]), 3)
    assert got.shape == (4, 3, 2, 2, 3)
    assert got[:, :, 0, 0, 0].tolist() == [[0, 0, 0], [0, 0, 1], [0, 1, 2], [3, 4, 5]]


def test_bytes_survive_the_network_range():
    frames = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)
    tensor = to_network(frames)
    assert tensor.shape == (1, 3, 16, 16) and (tensor.min(), tensor.max()) == (-1, 1)
    np.testing.assert_array_equal(from_network(tensor), frames)
    assert from_network(torch.tensor([-3.0, 3]).view(1, 1, 1, 2)).ravel().tolist() == [0, 255]


def test_plain_samples_are_the_clip():
    data = TrainingSet(two_clips(), tiny(window=3), 0, "t")
    batch = data.plain(np.array([[0, 2], [1, 7]]))
    assert batch.window.shape == (2, 9, 32, 32) and batch.real.shape == (2, 3, 32, 32)
    clips = two_clips()
    for sample, (clip, frame) in enumerate([(0, 2), (1, 7)]):
        window = from_network(batch.window[sample].view(3, 3, 32, 32))
        np.testing.assert_array_equal(window, clips[clip].rendered[frame - 2 : frame + 1])
        np.testing.assert_array_equal(from_network(batch.real[sample]), clips[clip].real[frame])
    assert numbers(batch) == [2, 17]


@pytest.mark.parametrize("mode", MODES)
def test_augmentation_moves_window_and_target_alike(mode):
    data = TrainingSet(two_clips(), tiny(augment=mode, flip=True, batch=4), 0, "t")
    means = set()
    for step in range(6):
        batch = data.batch(step)
        assert batch.window.shape == (4, 9, 32, 32)
        window = (batch.window.view(4, 3, 3, 32, 32) + 1) * 127.5
        real = (batch.real + 1) * 127.5
        assert torch.equal(window[:, 2], real)  # the same picture here, so nothing else may move it
        for place in (0, 1):
            gap = real - window[:, place] - 5 * (2 - place)
            assert gap.abs().max() <= 1.01, "another crop or flip would differ by tens"
        assert real.std(dim=(1, 2, 3)).min() > 5
        means |= {round(float((picture - picture.mean())[0, 0, 0]), 1) for picture in real}
    assert len(means) > (1 if mode == "none" else 8)  # the crops do differ


def test_flips_happen_to_about_half_and_only_where_asked():
    clips = two_clips()
    for flip in (True, False):
        data = TrainingSet(clips, tiny(augment="none", flip=flip, batch=4), 0, "t")
        mirrored = []
        for step in range(12):
            batch = data.batch(step)
            for number, picture in zip(numbers(batch), from_network(batch.real), strict=True):
                original = clips[number // 10].real[number % 10]
                mirrored.append(np.array_equal(picture, original[:, ::-1]))
                assert mirrored[-1] or np.array_equal(picture, original)
        assert (10 < sum(mirrored) < 38) if flip else not any(mirrored)


def test_a_fine_tuning_moves_and_flips_as_its_own_keys_say():
    config = tiny(augment="shift", flip=True, personal_flip=False, personal_shift=1 / 32, batch=4)
    clips = two_clips()
    data = TrainingSet(clips, config, 0, "t", personal=True)
    seen = set()
    for step in range(12):
        for number, picture in zip(
            numbers(data.batch(step)), from_network(data.batch(step).real), strict=True
        ):
            padded = np.pad(clips[number // 10].real[number % 10], ((1, 1), (1, 1), (0, 0)), mode="reflect")
            fits = [
                (y, x)
                for y in range(3)
                for x in range(3)
                if np.array_equal(picture, padded[y : y + 32, x : x + 32])
            ]
            assert fits, "flipped, or moved further than a pixel"
            seen |= set(fits)
    assert len(seen) == 9


@pytest.mark.parametrize("mode", ["resize-crop", "shift"])
def test_no_crop_reaches_past_the_picture(mode):
    rendered, real = (np.full((8, 32, 32, 3), level, np.uint8) for level in (200, 90))
    clip = ClipPairs("flat", rendered, real, unit(np.ones((8, 2))))
    data = TrainingSet([clip], tiny(augment=mode, batch=4), 0, "t")
    for step in range(5):
        batch = data.batch(step)
        assert set(from_network(batch.real).ravel()) == {90}
        assert set(from_network(batch.window.view(-1, 3, 32, 32)).ravel()) == {200}


@pytest.mark.parametrize("size", [1, 3, 5])
def test_every_sample_once_an_epoch(size):
    data = TrainingSet(two_clips(), tiny(window=3, validation_frames=4, batch=size), 0, "t")
    # 8 and 10 frames, less two that lack a window and two that are held out
    expected = [*range(2, 6), *range(12, 18)]
    seen = [n for step in range(30 // size) for n in numbers(data.batch(step))]
    epochs = [seen[i : i + 10] for i in (0, 10, 20)]
    assert [sorted(epoch) for epoch in epochs] == [expected] * 3
    assert epochs[0] != epochs[1] and epochs[1] != epochs[2]


def test_held_out_frames_end_every_clip():
    data = TrainingSet(two_clips(), tiny(window=3, validation_frames=4), 0, "t")
    assert data.watch.tolist() == [[0, 6], [0, 7], [1, 8], [1, 9]]
    assert len(data.train) == 10 and data.feature_size == 2
    assert len(TrainingSet(two_clips(), tiny(validation_frames=0), 0, "t").watch) == 0


def test_a_batch_depends_on_seed_axes_and_step_alone():
    def draw(seed=0, axis="t", steps=(7,)):
        data = TrainingSet([made_clip("a", 1), made_clip("b", 2)], tiny(batch=3), seed, axis)
        return [data.batch(step) for step in steps][-1]

    def same(a, b):
        return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))

    base = draw()
    assert same(base, draw(steps=(0, 1, 20, 7)))
    assert (
        not same(base, draw(seed=1)) and not same(base, draw(axis="u")) and not same(base, draw(steps=(8,)))
    )


def test_the_memory_sees_distinct_training_frames():
    data = TrainingSet(two_clips(), tiny(validation_frames=4), 0, "t")
    rows = [data.memory_rows(step, 6) for step in range(4)]
    assert all(len(set(r.tolist())) == 6 and r.max() < len(data.train) for r in rows)
    assert len({tuple(r) for r in rows}) > 1 and np.array_equal(rows[2], data.memory_rows(2, 6))
    assert sorted(data.memory_rows(0, 99).tolist()) == list(range(10))
    picked = data.train[rows[0]]
    assert np.array_equal(data.rendered(picked)[3], two_clips()[picked[3][0]].rendered[picked[3][1]])


def test_mean_identity_is_of_the_training_frames():
    data = TrainingSet(two_clips(), tiny(window=3, validation_frames=4), 0, "t")
    angles = 0.1 * np.array([*range(2, 6), *range(12, 18)])
    expected = unit([np.cos(angles).mean(), np.sin(angles).mean()])
    np.testing.assert_allclose(data.mean_identity(), expected, atol=1e-6)


def test_unusable_clips_are_refused():
    with pytest.raises(UserError, match="no clip"):
        TrainingSet([], tiny(), 0, "t")
    with pytest.raises(UserError, match="one size"):
        TrainingSet([made_clip("a", 1), made_clip("b", 2, size=64)], tiny(), 0, "t")
    short = made_clip("short", 1, frames=4)
    with pytest.raises(UserError, match="short.*4 frames.*at least 5"):
        TrainingSet([short], tiny(window=3, validation_frames=2), 0, "t")
    assert len(TrainingSet([short], tiny(window=3, validation_frames=1), 0, "t").train) == 1
    assert short.identity.shape == (4, FEATURE)


def test_a_drawn_identity_is_of_the_same_clip_and_of_a_training_frame():
    data = TrainingSet(two_clips(), tiny(identity_draw="clip", validation_frames=4, batch=5), 0, "t")
    frames = TrainingSet(two_clips(), tiny(identity_draw="frame", validation_frames=4, batch=5), 0, "t")
    drawn, own = [], []
    for step in range(12):
        a, b = data.batch(step), frames.batch(step)
        assert torch.equal(a.window, b.window) and torch.equal(a.real, b.real)
        drawn += numbers(a)
        own += numbers(b)
    assert [n // 10 for n in drawn] == [n // 10 for n in own] and drawn != own
    assert set(drawn) == {*range(2, 6), *range(12, 18)}


def face(size, seed=0):
    """468 points in an ellipse, those of the lips in a small one below the middle."""
    rng = np.random.default_rng(seed)
    angle, radius = rng.uniform(0, 2 * np.pi, 468), np.sqrt(rng.uniform(0, 1, 468))
    points = size * np.stack(
        [0.5 + 0.2 * radius * np.cos(angle), 0.5 + 0.25 * radius * np.sin(angle)], axis=1
    )
    turn = np.linspace(0, 2 * np.pi, len(OUTER_LIPS), endpoint=False)
    points[OUTER_LIPS] = size * np.stack([0.5 + 0.08 * np.cos(turn), 0.62 + 0.04 * np.sin(turn)], axis=1)
    return points.astype(np.float32)


def test_focus_covers_face_and_mouth():
    size = 64
    points = face(size)
    planes = focus_map(points, size)
    assert planes.shape == (size, size, 3) and set(np.unique(planes)) == {0, 255}
    inside = planes > 0
    x, y = np.floor(points).astype(int).T
    assert inside[y, x, 0].all() and inside[y[OUTER_LIPS], x[OUTER_LIPS], 1].all()
    assert (inside[..., 0] | ~inside[..., 1]).all()
    hull = cv2.convexHull((points - 0.5).round().astype(np.int32))
    far = [abs(cv2.pointPolygonTest(hull, (float(i % size), float(i // size)), True)) for i in range(size**2)]
    away = np.abs(np.array(far).reshape(size, size) - size / 25) > 1.5  # a disc of pixels is no circle
    assert np.array_equal(inside[..., 2][away], (np.array(far).reshape(size, size) < size / 25)[away])
    assert 0.2 < inside[..., 0].mean() < 0.5 and 0.01 < inside[..., 1].mean() < 0.06
    assert not focus_map(points * np.nan, size).any()
    few = np.full((68, 2), size / 2, np.float32)  # iBUG's points: the lips are 48 to 59
    few[48:60] = points[OUTER_LIPS][:12]
    other = focus_map(few, size)[..., 1] > 0
    x, y = np.floor(few[48:60]).astype(int).T
    assert other[y, x].all() and 0.005 < other.mean() < 0.06


def test_weights_follow_the_augmented_picture():
    clip = made_clip("a", 1)
    points = np.stack([face(32, seed) for seed in range(8)])
    seen = np.stack([focus_map(p, 32) for p in points])
    painted = clip._replace(rendered=seen, real=seen, landmarks=points)  # the picture is its own focus
    data = TrainingSet([painted], tiny(focus_face=2.0, focus_mouth=3.0, focus_edge=5.0, batch=4), 0, "t")
    for step in range(4):
        batch = data.batch(step)
        level = (batch.real + 1) / 2
        expected = 1 + 2 * level[:, :1] + 3 * level[:, 1:2] + 5 * level[:, 2:]
        torch.testing.assert_close(batch.weight, expected, atol=1e-4, rtol=0)
        assert batch.weight.max() > 7.9 and batch.weight.min() == 1
    plain = TrainingSet([painted], tiny(focus_face=0.0, focus_mouth=0.0), 0, "t").batch(0)
    assert (plain.weight == 1).all()
    with pytest.raises(UserError, match=r"refine\.focus_face"):
        TrainingSet([clip], tiny(focus_edge=1.0), 0, "t")
