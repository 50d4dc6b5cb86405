import copy

import pytest
import torch
from kernel_modules import (
    BLOCKS,
    HIDDEN,
    TRITON,
    in_kernels,
    random_module,
)

from skspectra.neural._cuda.triton_kernels import TritonKernels
from skspectra.neural._modules import ConvDenseModule, FullyConvModule
from skspectra.neural._modules.initialization import settle_statistics
from skspectra.neural._modules.invariant import InvariantConvModule

PUBLISHED = {"n_filters": (2, 2, 4, 8, 12), "kernel_sizes": (9, 7, 7, 5, 3)}


KERNELS = [
    pytest.param(in_kernels, id="numba"),
    pytest.param(TritonKernels, id="triton", marks=TRITON),
]


N_SPECTRA = {in_kernels: (33, 16, 5), TritonKernels: (7,)}  # what is interpreted is slow


def relative(value, expected):
    """Largest difference, relative to the largest of what is expected."""
    return float((value - expected).abs().max() / expected.abs().max())


def gradients_of(module, run, X, direction, seed=0):
    module.zero_grad()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        output = run(X)
    (output * direction).sum().backward()
    return output.detach(), [parameter.grad.clone() for parameter in module.parameters()]


SIZES = [
    (300, *PUBLISHED.values()),
    (301, *PUBLISHED.values()),
    (140, *PUBLISHED.values()),
    (83, (3, 7, 6), (4, 1, 2)),
    (2, (1,), (1,)),
    (7, (5, 2), (2, 1)),
    (40, (9,), (11,)),
]


@pytest.mark.parametrize("kernels_class", KERNELS)
@pytest.mark.parametrize("module_class", [FullyConvModule, InvariantConvModule])
@pytest.mark.parametrize("has_maps", [True, False])
@pytest.mark.parametrize(("n_channels", "n_filters", "kernel_sizes"), SIZES)
def test_gradients_in_float32(
    kernels_class, module_class, has_maps, n_channels, n_filters, kernel_sizes
):
    if has_maps and n_channels == 2:
        pytest.skip("a second normalisation of one filter leaves rounding errors for gradients")
    sizes = {"n_filters": n_filters, "kernel_sizes": kernel_sizes}
    module = random_module(module_class, n_channels, **sizes)
    if not has_maps:
        module.classifier = torch.nn.Sequential(torch.nn.Identity())
    exact = copy.deepcopy(module).double()
    kernels = kernels_class(module)
    for n_spectra in N_SPECTRA[kernels_class]:
        X = torch.randn(n_spectra, n_channels)
        direction = torch.randn(module(X).shape)
        values, gradients = gradients_of(module, kernels, X, direction)
        expected, exact_gradients = gradients_of(exact, exact, X.double(), direction.double())
        assert relative(values, expected) < 1e-5
        largest = max(gradient.abs().max() for gradient in exact_gradients)
        for gradient, reference in zip(gradients, exact_gradients, strict=True):
            assert (gradient - reference).abs().max() < 3e-5 * largest


@pytest.mark.parametrize("kernels_class", KERNELS)
@pytest.mark.parametrize("module_class", HIDDEN)
@pytest.mark.parametrize(("n_channels", "n_filters", "kernel_sizes"), SIZES)
def test_logits_gradients_and_statistics_in_float64(
    kernels_class, module_class, n_channels, n_filters, kernel_sizes
):
    sizes = {"n_filters": n_filters, "kernel_sizes": kernel_sizes}
    module = random_module(module_class, n_channels, torch.float64, **sizes)
    other = copy.deepcopy(module)
    kernels = kernels_class(module)
    for n_spectra in N_SPECTRA[kernels_class]:
        X = torch.randn(n_spectra, n_channels, dtype=torch.float64)
        direction = torch.randn(n_spectra, 3)
        logits, gradients = gradients_of(module, kernels, X, direction)
        expected, other_gradients = gradients_of(other, other, X, direction)
        assert relative(logits, expected) < 1e-10
        for gradient, reference in zip(gradients, other_gradients, strict=True):
            largest = max(other.abs().max() for other in other_gradients)
            assert (gradient - reference).abs().max() < 1e-10 * largest
    for name, value in other.state_dict().items():
        torch.testing.assert_close(module.state_dict()[name], value, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("kernels_class", KERNELS)
def test_filters_far_from_zero_keep_their_variance(kernels_class):
    module = random_module(FullyConvModule, 300, **PUBLISHED)
    for norm in module.modules():
        if isinstance(norm, torch.nn.BatchNorm1d):
            norm.eps = 1e-6
    with torch.no_grad():
        module.features.block_1.conv.bias.add_(300)
    exact = copy.deepcopy(module).double()
    X = torch.randn(50, 300)
    assert relative(kernels_class(module)(X).detach(), exact(X.double()).detach()) < 1e-3


@pytest.mark.parametrize("kernels_class", KERNELS)
@pytest.mark.parametrize("module_class", HIDDEN)
def test_dropout_and_evaluation_are_those_of_the_module(kernels_class, module_class):
    module = random_module(module_class, 60, torch.float64, **BLOCKS | {"dropout": 0.5})
    other = copy.deepcopy(module)
    kernels, X = kernels_class(module), torch.randn(21, 60, dtype=torch.float64)
    direction = torch.randn(21, 3)
    for seed in range(3):
        logits, gradients = gradients_of(module, kernels, X, direction, seed)
        expected, other_gradients = gradients_of(other, other, X, direction, seed)
        torch.testing.assert_close(logits, expected)
        torch.testing.assert_close(gradients, other_gradients, rtol=1e-9, atol=1e-11)
    module.eval()
    torch.testing.assert_close(kernels(X), module(X), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kernels_class", KERNELS)
@pytest.mark.parametrize("module_class", HIDDEN)
def test_settled_statistics_are_those_of_torch(kernels_class, module_class):
    module = random_module(module_class, 60, **BLOCKS)
    other = copy.deepcopy(module)
    kernels = kernels_class(module)
    batches = [(torch.randn(n_spectra, 60), None) for n_spectra in (20, 19, 20)]
    settle_statistics(module, batches, kernels)
    settle_statistics(other, batches, other)
    for name, value in other.state_dict().items():
        torch.testing.assert_close(module.state_dict()[name], value, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("module_class", [FullyConvModule, ConvDenseModule])
def test_statistics_of_each_normalisation_move_by_its_momentum(module_class):
    module = random_module(module_class, 60, **BLOCKS)
    norms = [layer for layer in module.modules() if isinstance(layer, torch.nn.BatchNorm1d)]
    for number, norm in enumerate(norms):
        norm.momentum = (0.1, None, 0.4)[number % 3]
    other = copy.deepcopy(module)
    kernels = in_kernels(module)
    for n_spectra in (20, 19):
        X = torch.randn(n_spectra, 60)
        kernels(X), other(X)
    for name, value in other.state_dict().items():
        torch.testing.assert_close(module.state_dict()[name], value, rtol=1e-5, atol=1e-6)


def test_batches_do_not_disturb_each_other():
    module = random_module(FullyConvModule, 60, **BLOCKS)
    kernels = in_kernels(module)
    first, second = torch.randn(40, 60), torch.randn(17, 60)
    alone = [gradients_of(module, kernels, X, torch.ones(3))[1] for X in (first, second)]
    module.zero_grad()
    logits = kernels(first), kernels(second)
    kernels(torch.full((40, 60), torch.nan)).sum().backward()
    module.zero_grad()
    logits[0].sum().backward(retain_graph=True)
    logits[1].sum().backward()
    for parameter, *expected in zip(module.parameters(), *alone, strict=True):
        torch.testing.assert_close(parameter.grad, sum(expected), rtol=1e-4, atol=1e-4)
    with pytest.raises(RuntimeError, match="was computed already"):
        logits[0].sum().backward()
