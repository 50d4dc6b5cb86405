"""Training: blocks of convolutions and class maps in kernels, forwards and backwards."""

from collections import defaultdict
from math import prod
from typing import NamedTuple

import numpy as np
import torch
from torch.autograd.function import once_differentiable
from torch.nn.utils import parameters_to_vector

__all__ = ["ConvKernels"]

_FIELDS = ("rows", "filters", "taps", "spacing", "stride", "length", "outputs", "pairs")
_PLACES = ("theta_at", "filter_at", "tape_at")
_PLAN = np.dtype([(name, np.int64) for name in _FIELDS + _PLACES])


class ConvKernels:
    """A module whose convolutions run in kernels while it is trained.

    It computes what the module computes, with the parameters and statistics of the module, which
    are updated as torch would; only the gradient at the spectra is not to be had. What follows the
    features, if it is no class map, is left to torch.

    Parameters
    ----------
    layers : ConvLayers
        What `recognize` returns for a module on the CPU.
    vector : tensor, default=None
        All parameters of the module, if they and their gradients are views of it and its gradient;
        then gradients are added to that, without a word to autograd.

    Raises
    ------
    ImportError
        If numba is missing.
    """

    def __init__(self, layers, vector=None):
        from skspectra.neural._kernels import compiled

        self._compiled = compiled
        self._layers = layers
        self._norms = [part.norm for part in layers.parts]
        self._parameters = layers.parameters
        self._sizes = [parameter.numel() for parameter in self._parameters]
        size = sum(self._sizes)
        self._vector = None if vector is None else vector.detach()[:size]
        self._gradient = None if vector is None else vector.grad[:size]
        self._eps = np.array([norm.eps for norm in self._norms])
        self._join_statistics()
        self._plans = {}
        self._tapes = defaultdict(list)

    def __call__(self, X):
        """Logits of spectra X, of shape (n_spectra, n_channels)."""
        watched = self._parameters if self._vector is None else self._parameters[:1]
        output = _Function.apply(self, X, torch.is_grad_enabled(), *watched)
        return output if self._layers.maps is not None else self._layers.classifier(output)

    def run(self, X, for_backward):
        """Run spectra X, and keep what the gradients take if they are asked for.

        Returns
        -------
        output : tensor of shape (n_spectra, n_outputs) or (n_spectra, n_filters, n_positions)
            Logits if there are class maps, else features.
        back : callable
            From the gradient there to those of the parameters that autograd watches; once.
        """
        signals = self._layers.signals(X).contiguous()
        plan = self._plan(signals.shape[1])
        mask = self._layers.dropout_mask(signals, plan.features)
        mask = signals.new_empty((0, prod(plan.features))) if mask is None else mask.flatten(1)
        theta = parameters_to_vector(self._parameters) if self._vector is None else self._vector
        theta = theta.numpy()
        moments = self._moments()
        tapes = [self._take_tape(len(X), plan.tape_size, theta.dtype)]
        output = self._forward(signals, mask, plan, theta, tapes[0], moments)
        if not for_backward:
            self._return_tape(tapes.pop())

        def back(d):
            if not tapes:
                raise RuntimeError("The gradient of these spectra was computed already.")
            d = d.flatten(1).contiguous()
            gradients = torch.from_numpy(self._backward(d, plan, theta, tapes[0], moments))
            self._return_tape(tapes.pop())
            if self._gradient is not None:
                self._gradient += gradients
                return (None,)
            return map(torch.Tensor.view_as, gradients.split(self._sizes), self._parameters)

        shape = (-1, *plan.features) if self._layers.maps is None else output.shape
        return output.view(shape), back

    def _plan(self, length):
        """Plan for signals of some length, in the mode that the module is in."""
        key = length, self._layers.enter.training
        if key not in self._plans:
            self._plans[key] = _plan(self._layers, length, self._compiled.LANES)
        return self._plans[key]

    def _take_tape(self, n_spectra, size, dtype):
        """Memory for a batch: what an earlier batch left, or new."""
        n_tiles = -(-n_spectra // self._compiled.LANES)
        tapes = self._tapes[size]
        tape = tapes.pop() if tapes else None
        if tape is None or len(tape) < n_tiles or tape.dtype != dtype:
            tape = np.zeros((n_tiles, size), dtype)
        return tape

    def _return_tape(self, tape):
        """Leave memory to the next batch."""
        self._tapes[tape.shape[1]].append(tape)

    def _join_statistics(self):
        """Let the running statistics of all normalisations be views of few tensors."""
        self._n_batches = torch.stack([norm.num_batches_tracked for norm in self._norms])
        means = [norm.running_mean for norm in self._norms]
        variances = [norm.running_var for norm in self._norms]
        running = torch.stack([torch.cat(means), torch.cat(variances)])
        self._running = running.numpy()
        parts = running.split([len(norm.weight) for norm in self._norms], dim=1)
        for norm, both, count in zip(self._norms, parts, self._n_batches, strict=True):
            norm.running_mean, norm.running_var = both
            norm.num_batches_tracked = count

    def _moments(self):
        """Means and variances of all filters, float64: the running ones, or room for a batch's."""
        if self._norms[0].training:
            return np.empty(self._running.shape)
        return self._running.astype(np.float64)

    def _forward(self, X, mask, plan, theta, tape, moments):
        """Run the kernel; in training mode, update the statistics of the module too."""
        training = self._norms[0].training
        n_outputs = prod(plan.features) if self._layers.maps is None else plan.parts["filters"][-1]
        output = np.empty((len(X), n_outputs), theta.dtype)
        self._compiled.forward(
            X.numpy(),
            mask.numpy(),
            plan.parts,
            self._layers.maps is not None,
            theta,
            self._eps,
            training,
            tape,
            *moments,
            output,
        )
        if training:
            self._update_statistics(moments, plan, len(X))
        return torch.from_numpy(output)

    def _backward(self, gradient, plan, theta, tape, moments):
        """Run the kernel that computes the gradients of all parameters."""
        gradients = np.empty_like(theta)
        self._compiled.backward(
            gradient.numpy(),
            plan.parts,
            self._layers.maps is not None,
            theta,
            self._eps,
            tape,
            *moments,
            gradients,
        )
        return gradients

    def _update_statistics(self, moments, plan, n_spectra):
        """Move the running statistics towards those of a batch, as `BatchNorm1d` does."""
        self._n_batches.add_(1)
        shares = [
            1 / count if norm.momentum is None else norm.momentum
            for norm, count in zip(self._norms, self._n_batches.tolist(), strict=True)
        ]
        shares = np.repeat(shares, plan.parts["filters"])
        self._running += shares * (moments * plan.unbiased(n_spectra) - self._running)


class _Function(torch.autograd.Function):
    @staticmethod
    def forward(ctx, kernels, X, for_backward, *parameters):
        output, ctx.back = kernels.run(X, for_backward)
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        return None, None, None, *ctx.back(gradient)


class _Plan(NamedTuple):
    """What the kernels do."""

    parts: np.ndarray  # sizes of all blocks and class maps, and where their numbers begin
    features: tuple  # filters and positions of the last block
    tape_size: int  # numbers on the tape of a tile
    factors: dict  # what `unbiased` returned, by the number of spectra

    def unbiased(self, n_spectra):
        """Factors of means and variances over so many spectra: 1, and n / (n - 1) of n values."""
        if n_spectra not in self.factors:
            n_values = np.repeat(n_spectra * self.parts["outputs"], self.parts["filters"])
            self.factors[n_spectra] = np.stack([np.ones(n_values.size), n_values / (n_values - 1)])
        return self.factors[n_spectra]


def _plan(layers, length, n_lanes):
    rows = []
    theta_at = filter_at = 0
    tape_at = length * n_lanes
    for part in layers.parts:
        filters, inputs, taps = part.conv.weight.shape
        spacing, stride = part.layout()
        outputs = length - (taps - 1) * spacing
        pairs = (outputs - spacing - 1) // stride + 1
        start = tape_at + (taps - 1) * n_lanes
        sizes = (inputs, filters, taps, spacing, stride, length, outputs, pairs)
        rows.append((*sizes, theta_at, filter_at, start))
        theta_at += filters * (inputs * taps + 3)
        filter_at += filters
        tape_at += filters * (outputs + 2 * (taps - 1)) * n_lanes
        length = pairs
    parts = np.array(rows, _PLAN)
    last = parts[len(layers.blocks) - 1]
    shape = int(last["filters"]), int(last["pairs"])
    return _Plan(parts, shape, tape_at + prod(shape) * n_lanes, {})
