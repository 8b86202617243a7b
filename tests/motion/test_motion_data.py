"""Windows, batches and scales of stage 1's training data."""

import numpy as np
import pytest

from talkpose.config import MotionConfig
from talkpose.errors import UserError
from talkpose.motion.data import TrainingSet, clip_arrays
from talkpose.speech.mfcc import speech_windows


def test_an_epoch_shows_every_window_once(clips):
    config = MotionConfig(batch=4, standardise=False, tz_offset=0.5)
    data = TrainingSet(clips[:2], config, 0, "test")
    assert len(data.windows) == 2 * (75 - 16 + 1)
    seen = []
    for step in range(len(data.windows) // 4):
        rows, motion = data.batch(step)
        assert rows.shape == (4, 88, 12) and motion.shape == (4, 16, 70)
        seen += [tuple(first.tolist()) for first in motion[:, 0, :3]]
    assert len(set(seen)) == len(data.windows)
    again = data.batch(len(data.windows) // 4)[1]
    assert tuple(again[0, 0, :3].tolist()) in seen


def test_a_batch_holds_the_frames_it_says(clips):
    clip = clips[0]
    data = TrainingSet([clip], MotionConfig(standardise=False, batch=8, tz_offset=0.5), 3, "test")
    rows, motion = data.batch(0)
    windows = speech_windows(clip.audio)
    for row, part in zip(rows.numpy(), motion.numpy(), strict=True):
        start = int(np.abs(clip.expression - part[0, :64]).sum(axis=1).argmin())
        np.testing.assert_array_equal(part[:, :64], clip.expression[start : start + 16])
        np.testing.assert_allclose(part[:, 69], clip.pose[start : start + 16, 5] - 0.5, atol=1e-6)
        np.testing.assert_array_equal(row[4 * 7 : 4 * 7 + 28], windows[start + 7])


def test_batches_depend_on_seed_axes_and_step_alone(clips):
    def take(seed, axis, steps):
        data = TrainingSet(clips, MotionConfig(), seed, axis)
        return [data.batch(step)[0] for step in steps][-1]

    assert (take(0, "a", range(9)) == take(0, "a", [8])).all()
    assert not (take(0, "a", [8]) == take(1, "a", [8])).all()
    assert not (take(0, "a", [8]) == take(0, "b", [8])).all()


def test_invalid_frames_are_never_learnt_from(make_clip):
    valid = np.ones(75, bool)
    valid[30] = False
    clip = make_clip("gap", 0, valid=valid)
    clip.expression[30] = np.nan
    data = TrainingSet([clip], MotionConfig(batch=1), 0, "test")
    starts = set(data.windows[:, 1].tolist())
    assert starts == set(range(15)) | set(range(31, 60))
    assert all(np.isfinite(data.batch(step)[1].numpy()).all() for step in range(len(starts)))


def test_standardising_takes_out_each_clips_mean_and_scale(clips):
    data = TrainingSet(clips, MotionConfig(pose_spread=0.2), 0, "test")
    scales = data.scales()
    for part in data.parts:
        np.testing.assert_allclose(part.motion.mean(axis=0), 0, atol=1e-5)
    motion = np.concatenate([part.motion for part in data.parts]) / scales["output_scale"]
    assert motion[:, :64].var(axis=0).mean() == pytest.approx(1, rel=1e-4)
    np.testing.assert_allclose(motion[:, 64:].std(axis=0), 0.2, rtol=1e-4)
    rows = np.concatenate(
        [(part.rows[12:-12] - scales["input_mean"]) / scales["input_scale"] for part in data.parts]
    )
    np.testing.assert_allclose(rows.std(axis=0), 1, rtol=1e-3)
    rule = np.random.default_rng(99).normal(size=64)
    assert abs(scales["axis"] @ rule) / np.linalg.norm(rule) > 0.99


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"audio": np.zeros(640 * 74, np.float32)}, "need 48000 samples"),
        ({"pose": np.zeros((74, 6), np.float32)}, "shapes"),
        ({"expression": np.full((75, 64), np.nan, np.float32)}, "not finite"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(clips, change, message):
    with pytest.raises(UserError, match=message):
        clip_arrays(clips[0]._replace(**change))


def test_no_window_is_told(clips):
    with pytest.raises(UserError, match="no 16 frames in a row"):
        TrainingSet([clips[0]._replace(valid=np.arange(75) % 10 > 0)], MotionConfig(), 0)
    with pytest.raises(UserError, match="no 16 frames in a row"):
        TrainingSet([], MotionConfig(), 0)
