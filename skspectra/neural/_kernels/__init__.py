"""Nets on a CPU in kernels that numba compiles, for modules that `recognize` knows.

Whatever goes wrong in a compiler, plain torch goes on, and one line of the log says why.
"""

import logging
import math
from contextlib import contextmanager
from copy import deepcopy

import torch

from skspectra.neural._kernels.predict import FoldedModule
from skspectra.neural._kernels.recognize import recognize
from skspectra.neural._kernels.train import ConvKernels

__all__ = ["accelerate", "predictor"]

# What is shorter is done before kernels are loaded: trainings, by the numbers in the spectra of all
# epochs together, and predictions, by their multiplications.
_PAYS_FROM = 2**23
_PREDICTION_PAYS_FROM = 2**28
_LOGGER = logging.getLogger("skspectra")


@contextmanager
def accelerate(net, data):
    """Train a net in kernels inside, if its module is one that they know and it is worth while."""
    size = net.max_epochs * math.prod(data.X["X"].shape)
    layers = recognize(net.module_) if size >= _PAYS_FROM else None
    if layers is not None:
        net.compute = _training_kernels(net.module_, layers, net.vector)
    try:
        yield
    finally:
        net.compute = None


def predictor(module, size):
    """Return the fastest way to compute a module in evaluation mode for so many numbers in spectra.

    A `FoldedModule` where it can be one and is worth while, else the module.
    """
    at_most = size * sum(parameter.numel() for parameter in module.parameters())
    layers = recognize(module) if at_most >= _PREDICTION_PAYS_FROM else None
    if layers is None or size * layers.multiplications < _PREDICTION_PAYS_FROM:
        return module
    try:
        folded = FoldedModule(layers)
        with torch.inference_mode():
            folded(torch.zeros(1, layers.n_channels))
    except Exception as reason:  # of whatever kind: torch can still predict
        _log("Predicting", reason)
        return module
    return folded


def _training_kernels(module, layers, vector):
    """Kernels of a module, if its copy can be trained by them on two spectra of zeros, or None."""
    try:
        trial = ConvKernels(recognize(deepcopy(module).train()))
        trial(torch.zeros(2, layers.n_channels)).sum().backward()
        return ConvKernels(layers, vector)
    except Exception as reason:  # of whatever kind: torch can still train
        _log("Training", reason)
        return None


def _log(what, reason):
    first_line = str(reason).partition("\n")[0]
    _LOGGER.info("%s without kernels: %s: %s", what, type(reason).__name__, first_line)
