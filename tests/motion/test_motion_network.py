"""Sizes and structure of the stage-1 network."""

import pytest
import torch

from talkpose.config import MotionConfig, parse_config
from talkpose.motion.network import Encoder, MotionNetwork


def paper_config():
    corpora = {"c": {"path": "x", "role": "persons"}}
    return parse_config({"run": "r", "scale": "paper", "corpora": corpora}).motion


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_paper_has_its_parameters():
    network = MotionNetwork(paper_config())
    assert len(network.members) == 1
    assert count(network) / 1e6 == pytest.approx(29.4, abs=0.05)
    dense = network.members[0].encoder.dense
    assert (dense[0].in_features, dense[0].out_features, dense[3].out_features) == (12288, 2048, 256)
    lstm = network.members[0].lstm
    assert (lstm.num_layers, lstm.input_size, lstm.hidden_size, lstm.bidirectional) == (3, 256, 256, False)
    assert not any(
        layer.bias is not None for layer in network.modules() if isinstance(layer, torch.nn.Conv2d)
    )


def test_paper_departs_nowhere():
    config = paper_config()
    assert config.dropout == config.mask == config.average == 0
    assert (config.lambda_pose, config.lambda_pose_smooth, config.lambda_expression_smooth) == (
        0.2,
        0.01,
        1e-4,
    )
    assert (config.normalisation, config.initialisation, config.convolution) == ("batch", "paper", "window")
    assert (config.inference, config.standardise, config.amplitude) == ("carried", False, "predicted")
    weights = MotionNetwork(config).members[0].encoder.dense[0].weight
    assert float(weights.detach().std()) == pytest.approx(0.02, rel=0.01)
    assert float(weights.detach().mean()) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("normalisation", ["batch", "none"])
def test_convolution_once_is_the_same_but_at_window_edges(normalisation):
    torch.manual_seed(0)
    config = MotionConfig(normalisation=normalisation)
    whole = Encoder(config).eval()
    single = Encoder(config.model_copy(update={"convolution": "window"})).eval()
    single.load_state_dict(whole.state_dict())
    rows = torch.randn(2, 4 * 5 + 24, 12)
    with torch.no_grad():
        assert whole(rows).shape == single(rows).shape == (2, 5, config.embedding)
        # one window: no neighbours, so no edges that differ
        torch.testing.assert_close(whole(rows[:, :28]), single(rows[:, :28]))
    # inside a window no edge reaches: compare what both convolutions see in the middle
    with torch.no_grad():
        middle = whole.convolutions(rows[:, None])[:, :, 4 : 4 + 12]  # window of frame 2
        alone = whole.convolutions(rows[:, None, 8:36])
    torch.testing.assert_close(middle[:, :, 3:-3], alone[:, :, 3:-3])


def test_lstm_is_causal_past_the_window():
    torch.manual_seed(0)
    network = MotionNetwork(MotionConfig(convolution="window", members=1)).eval()
    rows = torch.randn(1, 4 * 10 + 24, 12)
    later = rows.clone()
    later[:, 4 * 5 + 24 :] += 1  # heard from frame 5 on
    with torch.no_grad():
        a, b = network(rows), network(later)
    assert a.shape == (1, 1, 10, 70)
    torch.testing.assert_close(a[:, :, :5], b[:, :, :5])
    assert (a[:, :, 5:] - b[:, :, 5:]).abs().max() > 1e-6


def test_seed_alone_decides_the_weights():
    torch.manual_seed(1)
    first = MotionNetwork(MotionConfig(), 7)
    torch.randn(3)
    second, other = MotionNetwork(MotionConfig(), 7), MotionNetwork(MotionConfig(), 8)
    a, b, c = (torch.cat([p.flatten() for p in n.parameters()]) for n in (first, second, other))
    assert torch.equal(a, b) and not torch.equal(a, c)
