"""Training: a module as one function, forwards and backwards, without a graph of autograd."""

from contextlib import suppress

import torch
from torch.autograd.function import once_differentiable

from skspectra.neural._cuda.fused import fused_on_cuda
from skspectra.neural._kernels.dense import FusedDense, are_dense
from skspectra.neural._kernels.predict import has_conv_blocks
from skspectra.neural._kernels.train import FusedConv

__all__ = ["FusedModule", "FusedStep", "fused_module"]

_PAYS_FROM = 2**23  # numbers that are trained on, all epochs together; else numba costs more
_PAYS_FROM_ON_CUDA = 2**31  # likewise; else triton, which compiles some 20 kernels, costs more


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
    fused : FusedModule or CudaFusedModule or None
        None where it cannot be or is not worth while.
    """
    if size >= _PAYS_FROM_ON_CUDA and has_conv_blocks(module, "cuda"):
        return fused_on_cuda(module)
    if next(module.parameters()).device.type != "cpu":
        return None
    if are_dense([*module.features, *module.classifier]) or (
        size >= _PAYS_FROM and has_conv_blocks(module)
    ):
        with suppress(ImportError):
            return FusedModule(module)
    return None


class FusedModule:
    """What a module computes while it is trained.

    It uses the parameters and statistics of the module, which are updated as torch would; only the
    gradient at the spectra is not to be had.

    Parameters
    ----------
    module : SpectralModule
        On the CPU; its features are blocks of convolutions, or all of it is dense.

    Raises
    ------
    ImportError
        If there are convolutions and numba is missing.
    """

    def __init__(self, module):
        self._conv = self._dense = None
        blocks = [*module.features, *module.classifier]
        if has_conv_blocks(module):
            self._conv, blocks = FusedConv(module), [*module.classifier]
        if are_dense(blocks):
            self._dense = FusedDense(blocks, is_first=self._conv is None)
        self.parameters = [
            parameter
            for part in (self._conv, self._dense)
            if part is not None
            for parameter in part.parameters
        ]

    def __call__(self, X):
        """Logits of spectra X, of shape (n_spectra, n_channels)."""
        return _Function.apply(self, X, torch.is_grad_enabled(), *self.parameters)

    def run(self, X, for_backward=True):
        """Run spectra X outside of autograd.

        Parameters
        ----------
        X : tensor of shape (n_spectra, n_channels)
            Spectra.
        for_backward : bool, default=True
            Whether to keep what it takes to go back.

        Returns
        -------
        logits : tensor of shape (n_spectra, n_outputs)
        back : callable
            From the gradient at the logits to a list of those of all parameters.
        """
        if self._conv is None:
            logits, back = self._dense.run(X)
            return logits, lambda d: back(d)[1]
        features, through_conv = self._conv.run(X, for_backward)
        if self._dense is None:
            return features, through_conv
        logits, through_dense = self._dense.run(features)

        def back(d):
            d, gradients = through_dense(d)
            return [*through_conv(d), *gradients]

        return logits, back


class _Function(torch.autograd.Function):
    @staticmethod
    def forward(ctx, fused, X, for_backward, *parameters):
        logits, ctx.back = fused.run(X, for_backward)
        return logits

    @staticmethod
    @once_differentiable
    def backward(ctx, d):
        return None, None, None, *ctx.back(d)


class FusedStep:
    """A training step of a net whose module is fused, with autograd for the loss only.

    It is what skorch does for a batch, without what callbacks might want to see of it.

    Parameters
    ----------
    net : SpectralNet
        Ready to be trained, with all of its parameters.
    """

    def __init__(self, net):
        self._net = net

    def __call__(self, rows, batches):
        """Train on the rows of a batch; return its loss."""
        net = self._net
        X, y = batches.take(rows)
        net._set_training(True)
        with torch.no_grad():
            logits, back = net.fused.run(X["X"])
        loss = net.get_loss(logits.requires_grad_(), y, X=X, training=True)
        loss.backward()
        with torch.no_grad():
            gradients = back(logits.grad)
        for parameter, gradient in zip(net.fused.parameters, gradients, strict=True):
            parameter.grad = gradient
        net.optimizer_.step()
        return loss.detach()

    def close(self):
        """Let go of the gradients."""
        self._net.optimizer_.zero_grad()
