"""The training loop of baselines: stopped and resumed, the bytes are those of a training that was not."""

import pytest
import torch
from torch import nn

from talkpose.methods.training import Session


def train(folder, stop=None, identity="same", steps=7):
    """Two phases whose networks and optimisers share their names."""
    torch.manual_seed(0)
    network = nn.Linear(4, 4)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.05)

    def heard(phase, done, total):
        if stop == (phase, done):
            raise KeyboardInterrupt

    session = Session(
        "cpu", "32-true", 3, folder / "c.checkpoint", [identity], heard, log_every=2, checkpoint_every=2
    )

    def step(index):
        x = torch.from_numpy(session.rng().normal(size=(8, 4))).float()
        loss = (nn.functional.dropout(network(x), 0.2) - x.roll(1, 1)).square().mean()
        session.descend(optimizer, loss)
        return {"loss": loss.detach()}

    for phase in ("first", "second"):
        session.run(phase, steps, step, {"net": network}, {"net": optimizer})
    return network.weight.detach().clone(), session.curves


@pytest.mark.parametrize("stop", [("first", 1), ("first", 5), ("second", 4), ("second", 7)])
def test_a_stopped_training_ends_as_one_that_was_not(tmp_path, stop):
    whole, curves = train(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "cut", stop)
    weights, again = train(tmp_path / "cut")
    assert torch.equal(whole, weights)
    assert curves == again


def test_a_checkpoint_of_another_training_is_left_alone(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, ("second", 4), "other")
    assert torch.equal(train(tmp_path)[0], train(tmp_path / "fresh")[0])
