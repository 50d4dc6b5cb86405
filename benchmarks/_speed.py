"""What ``training.py`` and ``prediction.py`` share: graphs, tables, and what the machine can do."""

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from skspectra.neural import ConvDenseClassifier, DenseClassifier, FullyConvClassifier
from skspectra.neural._modules import ConvDenseModule, DenseModule, FullyConvModule
from skspectra.neural._modules.blocks import Dropout

N_CHANNELS, N_CLASSES = 300, 3
_CONVOLUTIONS = {"n_filters": (2, 2, 4, 8, 12), "kernel_sizes": (9, 7, 7, 5, 3)}
NETS = {  # classifier, its module and the parameters of that
    FullyConvClassifier: (FullyConvModule, {**_CONVOLUTIONS, "dropout": 0.8}),
    ConvDenseClassifier: (
        ConvDenseModule,
        {**_CONVOLUTIONS, "hidden_layer_sizes": (8, 4), "dropout": 0.5},
    ),
    DenseClassifier: (DenseModule, {"hidden_layer_sizes": (32, 32), "dropout": 0.5}),
}


def torch_module(classifier):
    """Make the published architecture of layers of torch only, as its users write it."""
    kind, sizes = NETS[classifier]
    module = kind(N_CHANNELS, N_CLASSES, **sizes)
    for block in module.modules():
        for name, layer in block.named_children():
            if isinstance(layer, Dropout):
                setattr(block, name, nn.Dropout(layer.p))
    return module


def simulate(n_spectra, rng, noise=0.15):
    """Pairs of peaks at any place; how far they are apart and how high they are is the class."""
    codes = rng.integers(N_CLASSES, size=n_spectra)
    channel = np.arange(N_CHANNELS, dtype=np.float32)
    first = rng.uniform(60, 140, (n_spectra, 1)).astype(np.float32)
    distance = np.float32([60, 75, 90])[codes][:, None] + rng.normal(0, 3, (n_spectra, 1))
    height = np.float32([0.5, 0.6, 0.7])[codes][:, None]
    X = rng.standard_normal((n_spectra, N_CHANNELS), dtype=np.float32) * np.float32(noise)
    X += np.exp(-(((channel - first) / 8) ** 2) / 2)
    X += height * np.exp(-(((channel - first - distance) / 8) ** 2) / 2)
    return X.astype(np.float32), codes


class Work:
    """Operations and bytes that a net needs for one spectrum.

    Multiplications and additions of convolutions and dense layers, which going backwards come again
    for the weights and, but for the first layer, for the inputs. Bytes are those of the spectrum
    and, in training, of what these layers give, which is written once and read twice.
    """

    def __init__(self, module):
        self.forward = self.first = self.given = 0
        layers = [each for each in module.modules() if isinstance(each, nn.Conv1d | nn.Linear)]
        hooks = [layer.register_forward_hook(self._count) for layer in layers]
        module.eval()(torch.zeros(1, N_CHANNELS))
        for hook in hooks:
            hook.remove()

    def _count(self, layer, inputs, output):
        operations = 2 * layer.weight[0].numel() * output.numel()
        self.first = self.first or operations
        self.forward += operations
        self.given += 4 * output.numel()

    def rates(self, seconds, n_spectra, training):
        """GFLOP/s and GB/s of a pass over so many spectra."""
        operations = 3 * self.forward - self.first if training else self.forward
        n_bytes = 4 * N_CHANNELS + (3 * self.given if training else 4 * N_CLASSES)
        return np.array([operations, n_bytes]) * n_spectra / seconds / 1e9


def peaks(n_rounds=5):
    """GFLOP/s of a large product of matrices and GB/s of a large copy, the best of some rounds."""
    a, b = torch.randn(2, 2048, 2048)
    source = torch.randn(2**26)
    target = torch.empty_like(source)
    product = _shortest(lambda: torch.mm(a, b), n_rounds)
    copy = _shortest(lambda: target.copy_(source), n_rounds)
    return np.array([2 * 2048**3 / product, 2 * 4 * source.numel() / copy]) / 1e9


def _shortest(call, n_rounds):
    taken = []
    for _ in range(n_rounds):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return min(taken)


class Method(NamedTuple):
    """Something that is timed."""

    run: Callable
    compared_to: str  # the method of ours whose time it is divided by
    net: type | None  # classifier whose architecture it computes; None for a forest


def take_turns(methods, n_rounds):
    """Seconds of all methods, round after round, so that a slow spell hits them alike."""
    taken = {name: [] for name in methods}
    for _ in range(n_rounds):
        for name, method in methods.items():
            taken[name].append(method.run())
    return taken


def report(title, methods, taken, n_spectra, training):
    """Print medians, ratios round by round, and what part of the machine was used."""
    n_rounds = len(next(iter(taken.values())))
    print(f"\n{title}, {torch.get_num_threads()} thread(s), {n_rounds} rounds")
    flops, transfer = peaks()
    print(f"Machine: {flops:.0f} GFLOP/s in a product of matrices, {transfer:.1f} GB/s in a copy")
    print(f"{'':38}{'median s':>9}{'ratio':>7}{'least':>7}{'most':>7}{'GFLOP/s':>9}{'GB/s':>7}")
    for name, method in methods.items():
        seconds = np.median(taken[name])
        ratio = np.array(taken[name]) / taken[method.compared_to]
        figures = f"{seconds:9.3f}{np.median(ratio):7.1f}{ratio.min():7.1f}{ratio.max():7.1f}"
        if method.net is not None:
            rates = Work(torch_module(method.net)).rates(seconds, n_spectra, training)
            figures += "{:9.1f}{:7.2f}".format(*rates)
        print(f"{name:38}{figures}", flush=True)
