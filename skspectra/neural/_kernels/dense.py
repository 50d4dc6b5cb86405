"""Training: dense blocks in a few calls of torch, forwards and backwards."""

import torch
from torch import nn

from skspectra.neural._modules.blocks import dropout_mask

__all__ = ["FusedDense", "are_dense"]

_batch_norm_backward = torch.ops.aten.native_batch_norm_backward


def are_dense(blocks):
    """Whether all blocks are dense layers with their normalisation, and the last a linear layer."""
    *hidden, last = blocks
    return isinstance(last, nn.Linear) and all(hasattr(block, "linear") for block in hidden)


class FusedDense:
    """Dense blocks and the linear layer after them, with their backward pass written out.

    It calls what the layers would call, with their parameters and statistics, and leaves out what
    torch does around that, which takes as long where batches are small.

    Parameters
    ----------
    blocks : iterable of nn.Module
        As `are_dense` asks for, on the CPU.
    is_first : bool
        Whether they are given spectra, so that nobody asks for the gradient there.
    """

    def __init__(self, blocks, is_first):
        *self._hidden, self._last = blocks
        self._is_first = is_first
        self.parameters = [
            parameter
            for block in self._hidden
            for layer in (block.linear, block.norm)
            for parameter in (layer.weight, layer.bias)
        ]
        self.parameters += [self._last.weight, self._last.bias]

    def run(self, X):
        """Run X, of shape (n_spectra, ...), and keep what it takes to go back.

        Returns
        -------
        logits : tensor of shape (n_spectra, n_outputs)
        back : callable
            From the gradient at the logits to that at X, if it is wanted, and a list of those of
            all parameters.
        """
        X, records = X.flatten(1), []
        for block in self._hidden:
            X, record = _forward(block, X)
            records.append(record)
        last = self._last

        def back(d):
            gradients = [torch.mm(d.t(), X), d.sum(0)]
            d = torch.mm(d, last.weight)
            for record in reversed(records):
                wanted = not self._is_first or record is not records[0]
                d, own = _backward(*record, d, wanted)
                gradients = own + gradients
            return d, gradients

        return torch.addmm(last.bias, X, last.weight.t()), back


def _forward(block, X):
    linear, norm, mask = block.linear, block.norm, None
    if block.dropout.training and block.dropout.p > 0:
        mask = dropout_mask(X.shape, block.dropout.p, X)
        X = X * mask
    z = torch.addmm(linear.bias, X, linear.weight.t()).clamp_min_(0)
    share = 0.0
    if norm.training:
        norm.num_batches_tracked += 1
        share = 1 / int(norm.num_batches_tracked) if norm.momentum is None else norm.momentum
    given = norm.weight, norm.bias, norm.running_mean, norm.running_var
    u, *moments = torch.native_batch_norm(z, *given, norm.training, share, norm.eps)
    return u, (block, X, mask, z, moments)


def _backward(block, X, mask, z, moments, d, wanted):
    linear, norm = block.linear, block.norm
    running = norm.weight, norm.running_mean, norm.running_var
    d, d_gamma, d_beta = _batch_norm_backward(
        d, z, *running, *moments, norm.training, norm.eps, [True] * 3
    )
    d = torch.ops.aten.threshold_backward(d, z, 0)
    gradients = [torch.mm(d.t(), X), d.sum(0), d_gamma, d_beta]
    if not wanted:
        return None, gradients
    d = torch.mm(d, linear.weight)
    return d if mask is None else d.mul_(mask), gradients
