"""Curves: a row is the mean of what was noted since the last one, also across a stop."""

import pytest
import torch

from talkpose.refine.curves import Curves


def test_means_are_of_what_was_noted_since_the_last_row():
    curves = Curves()
    for value in (1.0, 2.0, 6.0):
        curves.note(l1=torch.tensor(value, requires_grad=True), total=torch.tensor(value).bfloat16())
    curves.note(memory=torch.tensor(5.0))  # not every step has every term
    assert curves.means() == {"l1": 3.0, "total": 3.0, "memory": 5.0}
    assert curves.means() == {}
    curves.note(l1=torch.tensor(4.0))
    assert curves.means() == {"l1": 4.0}


def test_a_stop_between_two_rows_loses_nothing():
    whole, first, second = Curves(), Curves(), Curves()
    for value in (0.1, 0.7):
        whole.note(l1=torch.tensor(value))
        first.note(l1=torch.tensor(value))
    first.rows.append({"step": 1.0})
    second.load_state_dict(first.state_dict(), torch.device("cpu"))
    assert second.rows == [{"step": 1.0}]
    for curves in (whole, second):
        curves.note(l1=torch.tensor(0.4))
    assert second.means() == whole.means() == {"l1": pytest.approx(0.4)}
