import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view

from skspectra.neural._modules import ConvDenseModule, DenseModule, FullyConvModule
from skspectra.neural._modules.blocks import Dropout, dropout_mask, least_channels

PUBLISHED = {"n_filters": (2, 2, 4, 8, 12), "kernel_sizes": (9, 7, 7, 5, 3)}
MODULES = {
    "fully_conv": (FullyConvModule, {**PUBLISHED, "dropout": 0.8}),
    "conv_dense": (ConvDenseModule, {**PUBLISHED, "hidden_layer_sizes": (8, 4), "dropout": 0.5}),
    "dense": (DenseModule, {"hidden_layer_sizes": (32, 32), "dropout": 0.5}),
}


def make(name, n_channels=300, n_outputs=3, **params):
    """Module in evaluation mode whose weights and statistics are all drawn at random."""
    module_class, published = MODULES[name]
    torch.manual_seed(0)
    module = module_class(n_channels, n_outputs, **(published | params)).double().eval()
    for layer in module.modules():
        if isinstance(layer, torch.nn.BatchNorm1d):
            for values in (layer.weight, layer.bias, layer.running_mean, layer.running_var):
                torch.nn.init.uniform_(values, 0.5, 2)
    return module


def n_weights(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fully_conv", 578 + 56 + 39 + 6),
        ("conv_dense", 578 + 56 + 584 + 16 + 36 + 8 + 15),
        ("dense", 9632 + 64 + 1056 + 64 + 99),
    ],
)
def test_count_of_weights(name, expected):
    assert n_weights(make(name)) == expected


def test_counts_are_near_the_published_ones():
    published = {"fully_conv": 650, "conv_dense": 1100, "dense": 11_000}
    for name, count in published.items():
        assert n_weights(make(name)) == pytest.approx(count, rel=0.18)


@pytest.mark.parametrize("name", MODULES)
def test_batch_normalisation_is_keras(name):
    norms = [m for m in make(name).modules() if isinstance(m, torch.nn.BatchNorm1d)]
    assert norms
    assert {(norm.eps, norm.momentum) for norm in norms} == {(1e-3, 0.01)}


@pytest.mark.parametrize(("name", "rates"), [("fully_conv", [0.8]), ("dense", [0.5, 0.5])])
def test_dropout_rates(name, rates):
    module = make(name)
    assert [m.p for m in module.modules() if isinstance(m, torch.nn.Dropout)] == rates


@pytest.mark.parametrize("p", [0.2, 0.5, 0.8, 1e-6, 1 - 1e-6])
def test_dropout_mask_has_its_share_of_zeros_and_mean_one(p):
    mask = dropout_mask((500, 401), p, torch.ones(()), torch.Generator().manual_seed(0))
    n, share = mask.numel(), float((mask == 0).double().mean())
    assert share == pytest.approx(p, abs=5 * (p * (1 - p) / n) ** 0.5 + 2**-16)
    kept = max(1, round((1 - p) * 2**16)) / 2**16
    assert set(mask.unique().tolist()) <= {0.0, float(np.float32(1 / kept))}


@pytest.mark.parametrize("p", [0.3, 0.5])
def test_numbers_of_a_dropout_mask_are_independent(p):
    mask = dropout_mask((40_000,), p, torch.ones((), dtype=torch.float64))
    zeros = (mask == 0).double()
    for lag in (1, 2, 3, 4, 5, 8, 625, 2500, 2504, 10_000):
        both = float((zeros[lag:] * zeros[:-lag]).mean())
        assert both == pytest.approx(p**2, abs=5 * (p**2 * (1 - p**2) / (40_000 - lag)) ** 0.5)


def test_dropout_scales_gradients_as_values_and_ends_with_training():
    layer, X = Dropout(0.5), torch.ones(30, 7, requires_grad=True)
    output = layer(X)
    output.sum().backward()
    torch.testing.assert_close(X.grad, output.detach())
    assert layer.eval()(X) is X
    assert Dropout(0.0).train()(X) is X


def test_shapes_of_the_blocks():
    X = torch.rand(4, 300, dtype=torch.float64)
    extractor = {
        "block_1": (4, 2, 146),
        "block_2": (4, 2, 70),
        "block_3": (4, 4, 32),
        "block_4": (4, 8, 14),
        "block_5": (4, 12, 6),
    }
    dense = {"dense_1": (4, 32), "dense_2": (4, 32), "logits": (4, 3)}
    expected = {
        "fully_conv": extractor | {"class_maps": (4, 3, 6), "logits": (4, 3)},
        "conv_dense": extractor | {"dense_1": (4, 8), "dense_2": (4, 4), "logits": (4, 3)},
        "dense": dense,
    }
    for name, shapes in expected.items():
        module = make(name)
        outputs = module.activations(X)
        assert {key: tuple(value.shape) for key, value in outputs.items()} == shapes
        assert list(outputs) == list(shapes)
        torch.testing.assert_close(outputs["logits"], module(X), rtol=0, atol=0)
        last_feature = [key for key in shapes if key.startswith("block")] or ["dense_2"]
        features = outputs[last_feature[-1]].flatten(1)
        torch.testing.assert_close(module.embed(X), features, rtol=0, atol=0)


def weights_of(module):
    return {name: value.numpy() for name, value in module.state_dict().items()}


def norm(x, weights, prefix):
    shape = (-1, *[1] * (x.ndim - 2))
    gamma, beta, mean, var = (
        weights[f"{prefix}.{part}"].reshape(shape)
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    return gamma * (x - mean) / np.sqrt(var + 1e-3) + beta


def conv(x, weights, prefix):
    kernel, bias = weights[f"{prefix}.weight"], weights[f"{prefix}.bias"]
    windows = sliding_window_view(x, kernel.shape[2], axis=2)
    return np.einsum("ncpk,fck->nfp", windows, kernel) + bias[:, None]


def extract(x, weights):
    x = x[:, None]
    for block in (f"features.block_{number}" for number in range(1, 6)):
        x = norm(np.maximum(conv(x, weights, f"{block}.conv"), 0), weights, f"{block}.norm")
        even = 2 * (x.shape[2] // 2)
        x = (x[:, :, 0:even:2] + x[:, :, 1:even:2]) / 2
    return x


def dense(x, weights, prefix):
    hidden = x @ weights[f"{prefix}.linear.weight"].T + weights[f"{prefix}.linear.bias"]
    return norm(np.maximum(hidden, 0), weights, f"{prefix}.norm")


def by_numpy(name, x, weights):
    if name == "fully_conv":
        maps = conv(extract(x, weights), weights, "classifier.class_maps.conv")
        return norm(maps, weights, "classifier.class_maps.norm").mean(axis=2)
    part = "features" if name == "dense" else "classifier"
    x = x if name == "dense" else extract(x, weights).reshape(len(x), -1)
    for number in (1, 2):
        x = dense(x, weights, f"{part}.dense_{number}")
    return x @ weights["classifier.logits.weight"].T + weights["classifier.logits.bias"]


@pytest.mark.parametrize("n_channels", [300, 301, 167])
@pytest.mark.parametrize("name", MODULES)
def test_forward_is_the_published_graph(name, n_channels):
    module = make(name, n_channels, n_outputs=4)
    X = np.random.default_rng(0).normal(size=(5, n_channels))
    with torch.no_grad():
        logits = module(torch.as_tensor(X)).numpy()
    expected = by_numpy(name, X, weights_of(module))
    np.testing.assert_allclose(logits, expected, rtol=1e-12, atol=1e-12)


def test_least_width_is_the_one_at_which_a_position_is_left():
    assert least_channels((9, 7, 7, 5, 3)) == 140
    for name in ("fully_conv", "conv_dense"):
        X = torch.rand(2, 140, dtype=torch.float64)
        assert make(name, 140).embed(X).shape == (2, 12)
        with pytest.raises(ValueError, match=r"139 channels .* at least 140 channels"):
            make(name, 139)
    assert make("fully_conv", 2, n_filters=(3,), kernel_sizes=(1,)).embed(X[:, :2]).shape == (2, 3)


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("fully_conv", {"n_filters": (2, 2)}, "of one length, got 2 and 5"),
        ("fully_conv", {"n_filters": (), "kernel_sizes": ()}, "n_filters must hold positive"),
        ("fully_conv", {"kernel_sizes": (9, 7, 7, 5, 0)}, "kernel_sizes must hold positive"),
        ("conv_dense", {"n_filters": (2, 2, 4, 8, 1.5)}, "n_filters must hold positive"),
        ("dense", {"hidden_layer_sizes": ()}, "hidden_layer_sizes must hold positive"),
    ],
)
def test_sizes_that_make_no_net(name, params, message):
    with pytest.raises(ValueError, match=message):
        make(name, **params)
