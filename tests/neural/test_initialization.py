import numpy as np
import pytest
import torch

from skspectra.neural import FullyConvClassifier
from skspectra.neural._modules import ConvDenseModule, DenseModule, FullyConvModule
from skspectra.neural._modules.initialization import settle_statistics, standardize_layers

SEEDS = range(20)
EXTRACTOR = {"n_filters": (2, 2, 4, 8, 12), "kernel_sizes": (9, 7, 7, 5, 3)}


def edges(n_spectra, n_channels=300, seed=0):
    """Two peaks of one of two distances at any position, with noise; the distance is the class."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_spectra) % 2
    channel = np.arange(n_channels)
    position = rng.uniform(0.25, 0.45, (n_spectra, 1)) * n_channels
    distance = np.where(y, 30, 60)[:, None]
    peaks = [np.exp(-(((channel - at) / 8) ** 2) / 2) for at in (position, position + distance)]
    X = peaks[0] + 0.6 * peaks[1] + rng.normal(0, 0.05, (n_spectra, n_channels))
    return X.astype(np.float32), y


def make(module_class, seed, X):
    torch.manual_seed(seed)
    sizes = {} if module_class is DenseModule else EXTRACTOR
    if module_class is not FullyConvModule:
        sizes = sizes | {"hidden_layer_sizes": (8, 4)}
    return module_class(X.shape[1], 3, dropout=0.5, **sizes)


def before_relu(module, X):
    """Outputs of all convolutions and dense layers."""
    outputs = []
    hooks = [
        layer.register_forward_hook(lambda layer, inputs, output: outputs.append(output))
        for layer in module.modules()
        if isinstance(layer, torch.nn.Conv1d | torch.nn.Linear)
    ]
    with torch.no_grad():
        module.eval()(X)
    for hook in hooks:
        hook.remove()
    return [output.transpose(0, 1).flatten(1) for output in outputs]


@pytest.mark.parametrize("module_class", [FullyConvModule, ConvDenseModule, DenseModule])
def test_every_filter_is_alive_from_every_seed(module_class):
    X = torch.as_tensor(edges(64)[0])
    for seed in SEEDS:
        module = make(module_class, seed, X)
        standardize_layers(module, X)
        for output in before_relu(module, X):
            torch.testing.assert_close(output.mean(1), torch.zeros(len(output)), atol=1e-4, rtol=0)
            torch.testing.assert_close(output.std(1), torch.ones(len(output)), atol=1e-2, rtol=0)
            assert (output > 0).float().mean(1).min() > 0.03


def test_torch_alone_starts_with_dead_filters():
    """The reason for all this: were it not so, the test above would show nothing."""
    X = torch.as_tensor(edges(64)[0])
    outputs = [before_relu(make(FullyConvModule, seed, X), X) for seed in SEEDS]
    dead = [any((layer <= 0).all(1).any() for layer in layers) for layers in outputs]
    assert sum(dead) >= 5


def test_statistics_of_the_batch_normalisations_start_from_the_batch():
    X = torch.as_tensor(edges(64)[0]) + 3
    module = make(FullyConvModule, 0, X)
    standardize_layers(module, X)
    for name, output in module.activations(X).items():
        if name != "logits":
            norm = output.transpose(0, 1).flatten(1)
            torch.testing.assert_close(norm.mean(1), torch.zeros(len(norm)), atol=1e-3, rtol=0)


def test_start_does_not_depend_on_the_scale_of_the_spectra():
    X = torch.as_tensor(edges(64)[0])
    logits = []
    for scale, offset in [(1, 0), (1e4, 1e4), (1e-4, 0)]:
        module = make(FullyConvModule, 0, X)
        standardize_layers(module, scale * X + offset)
        logits.append(module(scale * X + offset))
    torch.testing.assert_close(logits[1], logits[0], rtol=0, atol=0.02)
    torch.testing.assert_close(logits[2], logits[0], rtol=0, atol=5e-3)


def test_spectra_that_are_all_the_same_leave_finite_weights():
    module = make(DenseModule, 0, torch.ones(8, 30))
    standardize_layers(module, torch.ones(8, 30))
    assert all(parameter.isfinite().all() for parameter in module.parameters())


def test_settled_statistics_are_those_of_the_spectra():
    X = torch.as_tensor(edges(90)[0])
    module = make(ConvDenseModule, 0, X)
    standardize_layers(module, X[:20])
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape))
    weights = [parameter.clone() for parameter in module.parameters()]
    batches = [({"X": part}, None) for part in X.split(30)]
    settle_statistics(module, batches, lambda batch: module(batch["X"]))
    norm = module.features.block_1.norm
    inputs = module.features.block_1.relu(module.features.block_1.conv(X[:, None]))
    parts = inputs.transpose(0, 1).flatten(1).split(30 * inputs.shape[2], dim=1)
    mean, variance = (
        torch.stack(m).mean(0) for m in zip(*[(p.mean(1), p.var(1)) for p in parts], strict=True)
    )
    torch.testing.assert_close(norm.running_mean, mean)
    torch.testing.assert_close(norm.running_var, variance)
    assert norm.momentum == 0.01
    assert not any(layer.training for layer in module.modules())
    assert all(map(torch.equal, module.parameters(), weights))


def test_every_seed_learns():
    X, y = edges(192, n_channels=160)
    X_new, y_new = edges(200, n_channels=160, seed=1)
    net = FullyConvClassifier(dropout=0.2, max_epochs=6, batch_size=16, lr=0.02)
    scores = [net.set_params(random_state=seed).fit(X, y).score(X_new, y_new) for seed in SEEDS]
    assert min(scores) > 0.9, scores
