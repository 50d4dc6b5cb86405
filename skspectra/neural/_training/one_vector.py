"""All parameters of a net as one vector, which its optimizer steps at once."""

from contextlib import contextmanager

import torch
from torch import nn

from skspectra.neural._modules.blocks import SpectralModule
from skspectra.neural._training.callbacks import watching
from skspectra.neural._training.optimizer import FUSED_OPTIMIZERS

__all__ = ["as_one_vector"]


@contextmanager
def as_one_vector(net):
    """Let the optimizer of a net on the CPU see one parameter in place of all inside.

    What treats every number by itself comes to the same weights, and small nets spend less time on
    their many parameters, which become views of the one. Inside, `net.vector` is that parameter;
    it stays None for other optimizers, for modules that may leave a parameter without a gradient,
    and where a callback may look at them.

    Parameters
    ----------
    net : SpectralNet
        Ready to be trained.
    """
    joined = _joined_state(net) if _can_be_joined(net) else None
    if joined is None:
        yield
        return
    optimizer, parameters = net.optimizer_, [*net.module_.parameters()]
    vector = nn.Parameter(_join(parameters))
    vector.grad = torch.zeros_like(vector)
    _give(parameters, _divide(vector.detach(), parameters), _divide(vector.grad, parameters))
    optimizer.state.clear()
    optimizer.state[vector] = joined
    optimizer.param_groups[0]["params"] = [vector]
    net.vector = vector
    try:
        yield
    finally:
        values = [value.clone() for value in _divide(vector.detach(), parameters)]
        _give(parameters, values, [None] * len(parameters))
        optimizer.param_groups[0]["params"] = parameters
        _divide_state(optimizer, vector, parameters)
        net.vector = None


def _can_be_joined(net):
    module, optimizer = net.module_, net.optimizer_
    parameters = [*module.parameters()]
    return (
        isinstance(module, SpectralModule)
        and type(module).forward is SpectralModule.forward
        and type(optimizer) in FUSED_OPTIMIZERS
        and len(optimizer.param_groups) == 1
        and [*map(id, optimizer.param_groups[0]["params"])] == [*map(id, parameters)]
        and {(each.dtype, each.device.type, each.requires_grad) for each in parameters}
        == {(torch.float32, "cpu", True)}
        and watching(net.callbacks_) is None
    )


def _joined_state(net):
    """State of an optimizer for one parameter; None if not all were stepped alike before."""
    states = [net.optimizer_.state.get(each, {}) for each in net.module_.parameters()]
    if any(state.keys() != states[0].keys() for state in states):
        return None
    joined = {}
    for name, value in states[0].items():
        values = [state[name] for state in states]
        if _has_numbers(value):
            joined[name] = _join(values)
        elif any(other != value for other in values):
            return None
        else:
            joined[name] = value
    return joined


def _divide_state(optimizer, vector, parameters):
    state = optimizer.state.pop(vector, {})
    for name, value in state.items():
        values = _divide(value, parameters) if _has_numbers(value) else [value] * len(parameters)
        for each, part in zip(parameters, values, strict=True):
            part = part.clone() if isinstance(part, torch.Tensor) else part
            optimizer.state[each][name] = part


def _has_numbers(value):
    """Whether a value of a state is an array of one number for each of a parameter."""
    return isinstance(value, torch.Tensor) and value.dim() > 0


def _join(tensors):
    return torch.cat([each.detach().flatten() for each in tensors])


def _divide(vector, parameters):
    parts = vector.split([each.numel() for each in parameters])
    return [part.view(each.shape) for part, each in zip(parts, parameters, strict=True)]


def _give(parameters, values, gradients):
    for each, value, gradient in zip(parameters, values, gradients, strict=True):
        each.data, each.grad = value, gradient
