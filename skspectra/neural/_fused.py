"""Training: blocks of convolutions and class maps as one function of autograd, in tiles."""

from contextlib import suppress
from math import prod

import numpy as np
import torch
from torch._utils import _flatten_dense_tensors, _unflatten_dense_tensors
from torch.autograd.function import once_differentiable

from skspectra.neural._folded import has_conv_blocks
from skspectra.neural._modules import dropout_mask

__all__ = ["FusedModule", "fused_module"]

_PAYS_FROM = 2**25  # numbers that are trained on, all epochs together; else numba costs more

_FIELDS = ("rows", "filters", "taps", "length", "outputs", "pairs")
_PLACES = ("theta_at", "filter_at", "tape_at")
_PLAN = np.dtype([(name, np.int64) for name in _FIELDS + _PLACES])


def fused_module(module, size):
    """Return a faster way to compute a module while it is trained, or None.

    Parameters
    ----------
    module : SpectralModule
        The module.
    size : int
        Numbers that are trained on, all epochs together.

    Returns
    -------
    fused : FusedModule or None
        None where it cannot be or is not worth while.
    """
    if size >= _PAYS_FROM and has_conv_blocks(module):
        with suppress(ImportError):
            return FusedModule(module)
    return None


class FusedModule:
    """A module whose convolutions run in the kernels of `skspectra.neural._kernels`.

    It computes what the module computes, with the parameters and statistics of the module, which
    are updated as torch would; only the gradient at the spectra is not to be had.

    Parameters
    ----------
    module : SpectralModule
        On the CPU; its features are blocks of convolutions.

    Raises
    ------
    ImportError
        If numba is missing.
    """

    def __init__(self, module):
        from skspectra.neural import _kernels

        self._kernels = _kernels
        self._classifier = module.classifier
        self._maps = getattr(module.classifier, "class_maps", None)
        parts = [*module.features] if self._maps is None else [*module.features, self._maps]
        self.norms = [part.norm for part in parts]
        self.parameters = [
            parameter
            for part in parts
            for parameter in (part.conv.weight, part.conv.bias, part.norm.weight, part.norm.bias)
        ]
        self._plan, self._tape_size = _plan(module.features, self._maps, _kernels.LANES)
        self._eps = np.array([norm.eps for norm in self.norms])
        self._tapes = []
        last = self._plan[len(module.features) - 1]
        self._features = int(last["filters"]), int(last["pairs"])

    def __call__(self, X):
        """Logits of spectra X, of shape (n_spectra, n_channels)."""
        mask = self._mask(X)
        output = _Kernels.apply(self, X, mask, torch.is_grad_enabled(), *self.parameters)
        if self._maps is not None:
            return output
        return self._classifier(output.view(-1, *self._features))

    def _mask(self, X):
        """Dropout mask of the features of X before class maps; without rows where it is ones."""
        dropout = getattr(self._maps, "dropout", None)
        if dropout is None or not dropout.training or dropout.p == 0:
            return X.new_empty((0, prod(self._features)))
        return dropout_mask((len(X), *self._features), dropout.p, X).flatten(1)

    def take_tape(self, n_spectra, dtype):
        """Memory for a batch: one that was given back, or a new one."""
        n_tiles = -(-n_spectra // self._kernels.LANES)
        tape = self._tapes.pop() if self._tapes else None
        if tape is None or len(tape) < n_tiles or tape.dtype != dtype:
            tape = torch.zeros((n_tiles, self._tape_size), dtype=dtype)
        return tape

    def give_tape(self, tape):
        """Give memory back for the next batch."""
        self._tapes.append(tape)

    def statistics(self):
        """Return running means and variances of all filters, as float64."""
        means = [norm.running_mean for norm in self.norms]
        variances = [norm.running_var for norm in self.norms]
        both = _flatten_dense_tensors([*means, *variances]).double()
        return both[: len(both) // 2], both[len(both) // 2 :]

    def forward(self, X, mask, theta, tape, means, variances):
        """Run the kernel; in training mode, update the statistics of the module too."""
        training = self.norms[0].training
        n_outputs = prod(self._features) if self._maps is None else self._plan["filters"][-1]
        output = theta.new_empty((len(X), n_outputs))
        self._kernels.forward(
            X.numpy(),
            mask.numpy(),
            self._plan,
            self._maps is not None,
            theta.numpy(),
            self._eps,
            training,
            *(tensor.numpy() for tensor in (tape, means, variances, output)),
        )
        if training:
            self._update_statistics(means, variances, len(X))
        return output

    def backward(self, gradient, theta, tape, means, variances):
        """Run the kernel that computes the gradients of all parameters."""
        gradients = torch.empty_like(theta)
        self._kernels.backward(
            gradient.numpy(),
            self._plan,
            self._maps is not None,
            theta.numpy(),
            self._eps,
            *(tensor.numpy() for tensor in (tape, means, variances, gradients)),
        )
        return gradients

    def _update_statistics(self, means, variances, n_spectra):
        """Move the running statistics towards those of a batch, as `BatchNorm1d` does."""
        torch._foreach_add_([norm.num_batches_tracked for norm in self.norms], 1)
        first, filters = self.norms[0], self._plan["filters"]
        share = 1 / int(first.num_batches_tracked) if first.momentum is None else first.momentum
        n_values = torch.from_numpy(np.repeat(n_spectra * self._plan["outputs"], filters))
        unbiased = variances * (n_values / (n_values - 1))
        running = [norm.running_mean for norm in self.norms]
        running += [norm.running_var for norm in self.norms]
        batch = torch.cat([means, unbiased]).to(running[0].dtype).split(2 * filters.tolist())
        torch._foreach_lerp_(running, batch, share)


class _Kernels(torch.autograd.Function):
    @staticmethod
    def forward(ctx, fused, X, mask, for_backward, *parameters):
        theta = _flatten_dense_tensors(parameters)
        means, variances = fused.statistics()
        tape = fused.take_tape(len(X), theta.dtype)
        output = fused.forward(X.contiguous(), mask, theta, tape, means, variances)
        if for_backward:
            ctx.fused, ctx.parameters = fused, parameters
            ctx.saved = theta, tape, means, variances
        else:
            fused.give_tape(tape)
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        if ctx.saved is None:
            raise RuntimeError("The gradient of these spectra was computed already.")
        saved, ctx.saved = ctx.saved, None
        gradients = ctx.fused.backward(gradient.contiguous(), *saved)
        ctx.fused.give_tape(saved[1])
        return None, None, None, None, *_unflatten_dense_tensors(gradients, ctx.parameters)


def _plan(features, maps, n_lanes):
    """Sizes of all blocks and where they find what is theirs; numbers on the tape of a tile."""
    rows = []
    length = features.block_1.unflatten.unflattened_size[1]
    theta_at = filter_at = 0
    tape_at = length * n_lanes
    for part in [*features, maps] if maps is not None else features:
        filters, inputs, taps = part.conv.weight.shape
        outputs = length - taps + 1
        start = tape_at + (taps - 1) * n_lanes
        sizes = (inputs, filters, taps, length, outputs, outputs // 2)
        rows.append((*sizes, theta_at, filter_at, start))
        theta_at += filters * (inputs * taps + 3)
        filter_at += filters
        tape_at += filters * (outputs + 2 * (taps - 1)) * n_lanes
        length = outputs // 2
    plan = np.array(rows, _PLAN)
    last = plan[len(features) - 1]
    return plan, tape_at + int(last["filters"] * last["pairs"]) * n_lanes
