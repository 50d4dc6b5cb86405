"""Training: all blocks of convolutions as one function of autograd, computed in tiles."""

from contextlib import suppress

import numpy as np
import torch
from torch._utils import _flatten_dense_tensors, _unflatten_dense_tensors
from torch.autograd.function import once_differentiable

from skspectra.neural._folded import has_conv_blocks

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
    """A module whose blocks of convolutions run in the kernels of `skspectra.neural._kernels`.

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
        self._module = module
        blocks = list(module.features)
        self.norms = [block.norm for block in blocks]
        self.parameters = [
            parameter
            for block in blocks
            for parameter in (
                block.conv.weight,
                block.conv.bias,
                block.norm.weight,
                block.norm.bias,
            )
        ]
        self._plan, self._tape_size = _plan(module.features, _kernels.LANES)
        self._eps = np.array([norm.eps for norm in self.norms])
        self._tapes = []
        self.shape = int(self._plan["filters"][-1]), int(self._plan["pairs"][-1])

    def __call__(self, X):
        """Logits of spectra X, of shape (n_spectra, n_channels)."""
        features = self.features(X)
        classifier = self._module.classifier
        if hasattr(classifier, "class_maps"):
            return _average_of_class_maps(classifier.class_maps, features)
        return classifier(features)

    def features(self, X):
        """Features of shape (n_spectra, n_filters, n_positions)."""
        return _Features.apply(self, X, torch.is_grad_enabled(), *self.parameters)

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

    def forward(self, X, theta, tape, means, variances, features):
        """Run the kernel; in training mode, update the statistics of the module too."""
        training = self.norms[0].training
        arrays = (tensor.numpy() for tensor in (tape, means, variances, features))
        self._kernels.forward(X.numpy(), self._plan, theta.numpy(), self._eps, training, *arrays)
        if training:
            self._update_statistics(means, variances, len(X))

    def backward(self, gradient, theta, tape, means, variances, gradients):
        """Run the kernel that computes the gradients of all parameters."""
        arrays = (tensor.numpy() for tensor in (tape, means, variances, gradients))
        self._kernels.backward(gradient.numpy(), self._plan, theta.numpy(), self._eps, *arrays)

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


class _Features(torch.autograd.Function):
    @staticmethod
    def forward(ctx, fused, X, for_backward, *parameters):
        theta = _flatten_dense_tensors(parameters)
        means, variances = fused.statistics()
        tape = fused.take_tape(len(X), theta.dtype)
        features = theta.new_empty((len(X), *fused.shape))
        fused.forward(X.contiguous(), theta, tape, means, variances, features)
        if for_backward:
            ctx.fused, ctx.parameters = fused, parameters
            ctx.saved = theta, tape, means, variances
        else:
            fused.give_tape(tape)
        return features

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        if ctx.saved is None:
            raise RuntimeError("The gradient of these features was computed already.")
        saved, ctx.saved = ctx.saved, None
        gradients = torch.empty_like(saved[0])
        ctx.fused.backward(gradient.contiguous(), *saved, gradients)
        ctx.fused.give_tape(saved[1])
        return None, None, None, *_unflatten_dense_tensors(gradients, ctx.parameters)


def _average_of_class_maps(class_maps, features):
    """Logits, with the spectra in a row: many short rows take torch twice the time."""
    n_spectra, n_filters, n_positions = features.shape
    row = class_maps.dropout(features).transpose(0, 1).reshape(1, n_filters, -1)
    maps = class_maps.norm(class_maps.conv(row))
    return maps.view(-1, n_spectra, n_positions).mean(dim=2).t()


def _plan(features, n_lanes):
    """Sizes of all blocks and where they find what is theirs; numbers on the tape of a tile."""
    rows = []
    length = features.block_1.unflatten.unflattened_size[1]
    theta_at = filter_at = 0
    tape_at = length * n_lanes
    for block in features:
        filters, inputs, taps = block.conv.weight.shape
        outputs = length - taps + 1
        start = tape_at + (taps - 1) * n_lanes
        sizes = (inputs, filters, taps, length, outputs, outputs // 2)
        rows.append((*sizes, theta_at, filter_at, start))
        theta_at += filters * (inputs * taps + 3)
        filter_at += filters
        tape_at += filters * (outputs + 2 * (taps - 1)) * n_lanes
        length = outputs // 2
    return np.array(rows, _PLAN), tape_at
