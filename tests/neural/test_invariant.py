import numpy as np
import pytest
import torch

from skspectra.neural import FullyConvClassifier
from skspectra.neural._initialization import standardize_layers
from skspectra.neural._invariant import FixedFilter, InvariantConvModule, _receptive_field
from skspectra.neural._modules import FullyConvModule

PUBLISHED = {
    "n_filters": (2, 2, 4, 8, 12),
    "kernel_sizes": (9, 7, 7, 5, 3),
    "dropout": 0.8,
}


def edges(shift):
    """Two peaks between flat ends, shifted by a number of channels."""
    channel = np.arange(300) - 125 - shift
    peaks = np.exp(-((channel / 6) ** 2)) + 0.5 * np.exp(-(((channel - 50) / 6) ** 2))
    return torch.from_numpy(peaks)[None]


def module(cls, **params):
    """Untrained, every filter alive."""
    torch.manual_seed(0)
    net = cls(300, 3, **(PUBLISHED | params)).double()
    batch = torch.cat([edges(shift) for shift in (-40, 0, 40)])
    standardize_layers(net, batch + 0.1 * torch.randn(3, 300, dtype=torch.float64))
    return net


def test_weights_are_those_of_the_published_graph():
    ours, theirs = (
        {name: p.shape for name, p in module(cls).named_parameters()}
        for cls in (InvariantConvModule, FullyConvModule)
    )
    assert ours == theirs


def test_logits_are_the_same_after_a_shift_of_four_channels():
    net = module(InvariantConvModule)
    with torch.inference_mode():
        start = net(edges(0))
        for shift in (-20, -12, 4, 8, 20):
            torch.testing.assert_close(net(edges(shift)), start, rtol=0, atol=1e-9)
        published = module(FullyConvModule)
        moved = (published(edges(4)) - published(edges(0))).abs().max()
    assert moved > 1e-3


def test_logits_move_little_after_any_shift():
    with torch.inference_mode():
        shifted = torch.cat([edges(shift) for shift in np.arange(-16, 16.5, 0.5)])
        ours, theirs = (
            module(cls)(shifted).std(0).max() for cls in (InvariantConvModule, FullyConvModule)
        )
    assert ours < 0.2 * theirs


def test_receptive_field_is_what_gradients_say():
    net = module(InvariantConvModule, n_filters=(1, 1, 1, 1, 1))
    for parameter in net.parameters():
        parameter.data.fill_(1.0)
    X = torch.ones(1, 300, dtype=torch.float64, requires_grad=True)
    features = net.features(X)
    features[0, 0, features.shape[2] // 2].backward()
    assert int((X.grad != 0).sum()) == _receptive_field(PUBLISHED["kernel_sizes"])


def test_fixed_filter_is_a_convolution_that_is_not_trained():
    smooth = FixedFilter((1, 2, 1), stride=2, dilation=3).double()
    X = torch.randn(2, 3, 20, dtype=torch.float64)
    expected = (X[:, :, :-6] + 2 * X[:, :, 3:-3] + X[:, :, 6:])[:, :, ::2] / 4
    torch.testing.assert_close(smooth(X), expected)
    assert not list(smooth.parameters())


@pytest.mark.parametrize("n_channels", [1, 24, 301])
def test_any_width(n_channels):
    net = InvariantConvModule(n_channels, 2, **PUBLISHED).eval()
    assert net(torch.zeros(2, n_channels)).shape == (2, 2)


def test_classifier_learns_and_holds_against_shifts_it_never_saw():
    rng = np.random.default_rng(0)
    channel = np.arange(200)
    width = np.repeat([4.0, 10.0], 60)[:, None]

    def make(position):
        X = np.exp(-(((channel - position) / width) ** 2) / 2)
        return X + rng.normal(0, 0.02, X.shape)

    y = np.repeat(["narrow", "wide"], 60)
    clf = FullyConvClassifier(graph="invariant", dropout=0.2, max_epochs=30, random_state=0)
    clf.fit(make(100), y)
    assert clf.score(make(100), y) == 1
    for position in (70, 83, 118, 130):
        assert clf.score(make(position), y) > 0.95
    assert list(clf.activations(make(100)))[:2] == ["block_1", "block_2"]
    assert clf.embed(make(100)).shape[0] == 120
