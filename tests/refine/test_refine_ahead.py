"""Draws ahead of need are those that would have been made one by one."""

import threading
import time

import numpy as np
import pytest
from refine_made import made_clip, tiny

from talkpose.refine.ahead import Ahead
from talkpose.refine.data import TrainingSet


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_every_step_once_and_in_order(workers):
    drawn = []

    def draw(step):
        time.sleep(0.002 * (step % 3))  # later steps may be ready first
        drawn.append(step)
        return 10 * step

    with Ahead(draw, 12, workers) as draws:
        assert [draws(step) for step in range(4, 12)] == list(range(40, 120, 10))
    assert sorted(drawn) == list(range(4, 12)), "none twice, none past the end"


def test_it_draws_while_its_asker_is_busy():
    at, two_ahead = [], threading.Event()

    def draw(step):
        at.append(threading.current_thread())
        if step == 2:
            two_ahead.set()
        return step

    with Ahead(draw, 9, 1) as draws:
        draws(0)
        assert two_ahead.wait(5)
    assert threading.main_thread() not in at


def test_an_error_is_raised_where_its_step_is_asked_for():
    with Ahead(lambda step: 1 / (step - 1), 3, 2) as draws:
        assert draws(0) == -1
        with pytest.raises(ZeroDivisionError):
            draws(1)
    with Ahead(lambda step: step, 9, 2) as draws, pytest.raises(ValueError, match="step 5 .* step 1"):
        draws(0)
        draws(5)


def test_batches_do_not_depend_on_who_draws_them():
    """Several threads cross the ends of epochs together."""
    config = tiny(augment="shift", flip=True, batch=4)
    clips = [made_clip("a", 1), made_clip("b", 2)]
    alone = TrainingSet(clips, config, 0, "t")
    with Ahead(TrainingSet(clips, config, 0, "t").draw, 60, 4) as draws:
        for step in range(60):
            for one, other in zip(alone.draw(step), draws(step), strict=True):
                np.testing.assert_array_equal(one, other)
