"""Nets that are trained in kernels, and what it takes to run those of triton without a GPU."""

import importlib.util
import os
from functools import partial

import pytest
import torch
from skorch.callbacks import Callback

from skspectra.neural import ConvDenseClassifier, FullyConvClassifier
from skspectra.neural._kernels.recognize import recognize
from skspectra.neural._kernels.train import ConvKernels
from skspectra.neural._modules import ConvDenseModule, FullyConvModule
from skspectra.neural._modules.invariant import InvariantConvModule

BLOCKS = {"n_filters": (4, 3), "kernel_sizes": (5, 2)}
HIDDEN = {
    FullyConvModule: {},
    InvariantConvModule: {},
    ConvDenseModule: {"hidden_layer_sizes": (8, 4)},
}
TRITON = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None or os.environ.get("TRITON_INTERPRET") != "1",
    reason="without CUDA it takes triton, and TRITON_INTERPRET=1, to run its kernels",
)
CLASSIFIERS = {
    "published": FullyConvClassifier,
    "invariant": partial(FullyConvClassifier, architecture="invariant", dropout=0.3),
    "conv + dense": ConvDenseClassifier,
}


def random_module(module_class, n_channels, dtype=torch.float32, **sizes):
    """Module in training mode whose batch normalisations differ, also by sign."""
    torch.manual_seed(0)
    sizes = HIDDEN.get(module_class, {}) | {"dropout": 0.0} | sizes
    module = module_class(n_channels, 3, **sizes)
    for layer in module.modules():
        if isinstance(layer, torch.nn.BatchNorm1d):
            torch.nn.init.uniform_(layer.weight, -2, 2)
            torch.nn.init.uniform_(layer.bias, -2, 2)
    return module.to(dtype).train()


def in_kernels(module):
    return ConvKernels(recognize(module))


class SeeGradients(Callback):
    norms = []

    def on_grad_computed(self, net, named_parameters, **kwargs):
        self.norms.append(sum(float(p.grad.square().sum()) for _, p in named_parameters))
