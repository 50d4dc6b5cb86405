import numpy as np
import pytest
import torch

from skspectra.neural import FullyConvClassifier
from skspectra.neural._modules import FullyConvModule
from skspectra.neural._modules.initialization import standardize_layers
from skspectra.neural._modules.invariant import InvariantConvModule, receptive_field

PUBLISHED = {
    "n_filters": (2, 2, 4, 8, 12),
    "kernel_sizes": (9, 7, 7, 5, 3),
    "dropout": 0.0,
}


def edges(shift, n_channels=300):
    """Two peaks between flat ends, shifted by a number of channels."""
    channel = np.arange(n_channels) - 0.4 * n_channels - shift
    peaks = np.exp(-((channel / 6) ** 2)) + 0.5 * np.exp(-(((channel - 50) / 6) ** 2))
    return torch.from_numpy(0.3 + np.where(peaks > 1e-6, peaks, 0))[None]


def module(cls, n_channels=300, **params):
    """Untrained, every filter alive."""
    torch.manual_seed(0)
    net = cls(n_channels, 3, **(PUBLISHED | params)).double()
    batch = torch.cat([edges(shift, n_channels) for shift in (-40, 0, 40)])
    standardize_layers(net, batch + 0.1 * torch.randn(batch.shape, dtype=torch.float64))
    return net


def test_weights_are_those_of_the_published_graph():
    ours, theirs = (
        {name: value.shape for name, value in module(cls).state_dict().items()}
        for cls in (InvariantConvModule, FullyConvModule)
    )
    assert ours == theirs


def test_logits_are_the_same_after_a_shift_by_any_number_of_channels():
    net, published = module(InvariantConvModule), module(FullyConvModule)
    with torch.inference_mode():
        start = net(edges(0))
        for shift in (-27, -8, 1, 3, 16, 32, 41, 105):
            torch.testing.assert_close(net(edges(shift)), start, rtol=0, atol=1e-12)
            assert shift == 32 or (published(edges(shift)) - published(edges(0))).abs().max() > 1e-3
        single = net.float()(edges(0).float())
        torch.testing.assert_close(net(edges(7).float()), single, rtol=0, atol=1e-5)
        torch.testing.assert_close(net.embed(edges(7).float()), net.embed(edges(0).float()))


def test_logits_move_little_after_a_shift_by_half_a_channel():
    with torch.inference_mode():
        shifted = torch.cat([edges(shift) for shift in np.arange(-16, 16.5, 0.5)])
        ours, theirs = (
            module(cls)(shifted).std(0).max() for cls in (InvariantConvModule, FullyConvModule)
        )
    assert ours < 0.05 * theirs


@pytest.mark.parametrize("n_channels", [300, 256, 41])
def test_logits_are_the_mean_over_the_phases_that_are_trained(n_channels, monkeypatch):
    net = module(InvariantConvModule, n_channels)
    X = torch.randn(5, n_channels, dtype=torch.float64)
    with torch.inference_mode():
        expected = net(X)
        net.train()
        for layer in net.modules():
            if isinstance(layer, torch.nn.BatchNorm1d):
                layer.eval()
        logits = []
        for phase in range(32):

            def draw(n, *args, phase=phase, **kwargs):  # nothing is hidden
                return torch.tensor([phase if n == 32 else 0])

            monkeypatch.setattr(torch, "randint", draw)
            logits.append(net(X))
    assert torch.stack(logits).std(0).max() > 1e-3
    torch.testing.assert_close(torch.stack(logits).mean(0), expected, rtol=0, atol=1e-12)


def test_a_trained_phase_is_the_published_graph():
    net = module(InvariantConvModule).train()
    first = net.features.block_1.phases
    torch.manual_seed(3)
    seen = first(edges(5)).squeeze(1)
    published = FullyConvModule(seen.shape[1], 3, **PUBLISHED).double()
    published.load_state_dict(net.state_dict())
    torch.manual_seed(3)
    torch.testing.assert_close(net(edges(5)), published(seen), rtol=0, atol=1e-12)


def test_phases_and_ends_are_drawn_for_every_batch():
    phases = module(InvariantConvModule).features.block_1.phases.train()
    torch.manual_seed(0)
    drawn = set()
    for _ in range(1000):
        seen = phases(torch.arange(300)[None])[0, 0]
        first, last = int(seen[0]), int(seen[-1])
        second = int((seen == first + 1).int().argmax())
        torch.testing.assert_close(
            seen[second:], torch.arange(first + 1, 600)[: len(seen) - second].clamp(max=last)
        )
        drawn.add((71 + first - second, first, 299 - last))
    phase, front, back = map(set, zip(*drawn, strict=True))
    assert phase == set(range(32))
    assert front == back == set(range(51))


def test_receptive_field_is_what_gradients_say():
    net = module(InvariantConvModule, n_filters=(1, 1, 1, 1, 1))
    for parameter in net.parameters():
        parameter.data.fill_(1.0)
    X = torch.ones(1, 300, dtype=torch.float64, requires_grad=True)
    features = net.features(X)
    features[0, 0, features.shape[2] // 2].backward()
    assert int((X.grad != 0).sum()) == receptive_field(PUBLISHED["kernel_sizes"]) == 140


@pytest.mark.parametrize("n_channels", [1, 24, 301])
@pytest.mark.parametrize("training", [False, True])
def test_any_width(n_channels, training):
    net = InvariantConvModule(n_channels, 2, **PUBLISHED).train(training)
    assert net(torch.zeros(2, n_channels)).shape == (2, 2)
    assert net.embed(torch.zeros(2, n_channels)).shape == (2, 12)


def test_dropout_of_each_graph():
    for architecture, p in [("published", 0.8), ("invariant", 0.2)]:
        for given, expected in [(None, p), (0.3, 0.3), (0.0, 0.0)]:
            clf = FullyConvClassifier(architecture=architecture, dropout=given, max_epochs=1)
            clf.fit(np.eye(6, 150), [0, 1] * 3)
            assert clf.net_.module_.classifier.class_maps.dropout.p == expected


def test_classifier_learns_and_holds_against_shifts_it_never_saw():
    rng = np.random.default_rng(0)
    channel = np.arange(200)
    width = np.repeat([4.0, 10.0], 60)[:, None]

    def make(position):
        X = np.exp(-(((channel - position) / width) ** 2) / 2)
        return X + rng.normal(0, 0.02, X.shape)

    y = np.repeat(["narrow", "wide"], 60)
    clf = FullyConvClassifier(architecture="invariant", max_epochs=30, random_state=0)
    clf.fit(make(100), y)
    assert clf.score(make(100), y) == 1
    for position in (70, 83, 118, 130):
        assert clf.score(make(position), y) > 0.95
    activations = clf.activations(make(100))
    assert [block.shape[2] for block in activations.values() if block.ndim == 3][-1] == 288
    assert clf.embed(make(100)).shape == (120, 12)
