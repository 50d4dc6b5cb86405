"""Training on CUDA: blocks of convolutions and class maps as one function of autograd."""

import logging
from copy import deepcopy

import torch
from torch.autograd.function import once_differentiable

from skspectra.neural._kernels.recognize import recognize
from skspectra.neural._training.random import Generators, give_generator

__all__ = ["TritonKernels", "trusted_kernels"]

_MOST_FILTERS = 64  # of a part; more are what torch's own convolutions are made for
_MOST_NUMBERS = 2**31  # in what a part gives for a batch: kernels count in 32 bits
_N_TRIALS = 3  # before the kernels are trusted: rounding may move a value across a ReLU in one
_N_TRIED = 1000  # spectra in each
_LARGEST_ERROR = 1e-3  # of a logit or gradient then, relative to the largest
_LOGGER = logging.getLogger("skspectra")


def trusted_kernels(module):
    """Return the `TritonKernels` of a module on CUDA, or None.

    They are tried on random spectra first. Where they fail, or never give what torch computes in
    float64, one log line says so.
    """
    try:
        kernels = TritonKernels(module)
        error = min(_error(module, seed) for seed in range(_N_TRIALS))
    except Exception as reason:  # of whatever kind: torch itself can still train
        _LOGGER.info("Training without triton kernels: %s", str(reason).partition("\n")[0])
        return None
    if not error < _LARGEST_ERROR:
        _LOGGER.info("Training without triton kernels: they are off by %.1e.", error)
        return None
    return kernels


def _error(module, seed):
    """Largest error of the outputs and gradients of random spectra, relative to the largest."""
    device = next(module.parameters()).device
    module = deepcopy(module).train()
    exact = deepcopy(module).double()
    n_channels = recognize(module, device.type).n_channels
    results = []
    for run, each in ((TritonKernels(module), module), (exact, exact)):
        each.zero_grad()
        generator = Generators(seed)[device]
        give_generator(each, generator)
        with torch.enable_grad():
            X = torch.randn(_N_TRIED, n_channels, device=device, generator=generator)
            outputs = run(X.to(next(each.parameters()).dtype))
            weights = torch.randn(outputs.shape, device=device, generator=generator)
            (outputs * weights).sum().backward()
        gradients = [p.grad.flatten() for p in each.parameters() if p.requires_grad]
        results.append((outputs.detach(), torch.cat(gradients)))
    return max(
        float((values - expected).abs().max() / expected.abs().max())
        for values, expected in zip(*results, strict=True)
    )


class TritonKernels:
    """A module whose convolutions run in the kernels of `skspectra.neural._cuda.triton`.

    It computes what the module computes, with the parameters and statistics of the module, which
    are updated as torch would; only the gradient at the spectra is not to be had. What is not
    training is left to the module. It never waits for the device, and can be recorded.

    Parameters
    ----------
    module : SpectralModule
        Its features are blocks of convolutions.

    Raises
    ------
    ImportError
        If triton is missing.
    ValueError
        If the module is none that the kernels are made for.
    """

    def __init__(self, module):
        from skspectra.neural._cuda import triton

        self.compiled = triton
        self._module = module
        self._layers = recognize(module, next(module.parameters()).device.type)
        if self._layers is None:
            raise ValueError("a layer is none that the kernels know.")
        parts = self._layers.parts
        self.norms = [part.norm for part in parts]
        if max(part.conv.out_channels for part in parts) > _MOST_FILTERS:
            raise ValueError(f"a part has more than {_MOST_FILTERS} filters.")
        if not all(norm.momentum for norm in self.norms):
            raise ValueError("a batch normalisation has no momentum.")
        self._parameters = self._layers.parameters

    def __call__(self, X):
        """Logits of spectra X, of shape (n_spectra, n_channels)."""
        if not self._module.training:
            return self._module(X)
        signals = self._layers.signals(X).contiguous()
        sizes = self.compiled.sizes_of(self._layers, signals.shape[1])
        if any(len(X) * size.filters * size.outputs >= _MOST_NUMBERS for size in sizes):
            return self._module(X)
        last = sizes[-1]
        mask = self._layers.dropout_mask(signals, (last.rows, last.length))
        output = _Kernels.apply(self, sizes, signals, mask, *self._parameters)
        return (
            output.flatten(1) if self._layers.maps is not None else self._module.classifier(output)
        )


class _Kernels(torch.autograd.Function):
    @staticmethod
    def forward(ctx, kernels, sizes, X, mask, *parameters):
        ctx.compiled, ctx.sizes, ctx.has_mask = kernels.compiled, sizes, mask is not None
        with torch.cuda.device_of(X):
            output, saved = kernels.compiled.forward(sizes, kernels.norms, X, mask, parameters)
        ctx.save_for_backward(X, *([mask] if ctx.has_mask else []), *saved, *parameters)
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        X, *rest = ctx.saved_tensors
        mask = rest.pop(0) if ctx.has_mask else None
        saved, parameters = rest[: -4 * len(ctx.sizes)], rest[-4 * len(ctx.sizes) :]
        gradients = ctx.compiled.backward(
            ctx.sizes, gradient.contiguous(), X, mask, saved, parameters
        )
        return None, None, None, None, *gradients
