"""Training on CUDA: graphs of launches, stacked nets, kernels of triton; each off unless asked for.

None of it has run on the hardware that it is for, so plain torch trains on CUDA unless the
environment variable ``SKSPECTRA_CUDA`` lists what is to be tried, such as ``graphs,stacks,triton``.
"""

import math
import os
from contextlib import contextmanager

import torch

from skspectra.neural._cuda.graphs import graphed_step_of
from skspectra.neural._cuda.stacked_training import fit_side_by_side
from skspectra.neural._cuda.triton_kernels import trusted_kernels
from skspectra.neural._kernels.recognize import recognize

__all__ = ["accelerate", "fit_together"]

# Numbers that are trained on, all epochs together: for fewer, compiling kernels takes longer.
_PAYS_FROM = 2**31


@contextmanager
def accelerate(net, data):
    """Train a net faster inside, in ways that were asked for and that it is made for."""
    X, asked = data.X["X"], _asked_for()
    size = net.max_epochs * math.prod(X.shape)
    if "triton" in asked and size >= _PAYS_FROM and recognize(net.module_, "cuda"):
        net.compute = trusted_kernels(net.module_)
    if "graphs" in asked and isinstance(X, torch.Tensor):
        net.take_step = graphed_step_of(net, data)
    try:
        yield
    finally:
        if net.take_step is not None:
            net.take_step.close()
            net.take_step = None


def fit_together(device):
    """Return what fits several nets on a device in one pass, or None."""
    return fit_side_by_side if device.type == "cuda" and "stacks" in _asked_for() else None


def _asked_for():
    return os.environ.get("SKSPECTRA_CUDA", "").split(",")
