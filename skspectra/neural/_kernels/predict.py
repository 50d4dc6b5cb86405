"""Prediction: batch normalisation folded into the convolutions, spectra in tiles."""

from contextlib import suppress
from copy import deepcopy

import numpy as np
import torch

from skspectra.neural._modules.invariant import PhasedAvgPool1d

__all__ = ["FoldedModule", "has_conv_blocks", "layout", "predictor", "probabilities"]

_PAYS_FROM = 2**23  # numbers in the spectra; fewer are predicted before numba is imported


def predictor(module, size):
    """Return what turns a block of spectra into the outputs of a module, as fast as may be.

    Parameters
    ----------
    module : SpectralModule
        In evaluation mode.
    size : int
        Numbers in all spectra that are to be predicted.

    Returns
    -------
    predict : FoldedModule where it can and is worth while, else `module`
    """
    if size >= _PAYS_FROM and has_conv_blocks(module):
        with suppress(ImportError):
            return FoldedModule(module)
    return module


def probabilities(module, size):
    """Return what turns a block of spectra into the softmax of the outputs; see `predictor`."""
    outputs = predictor(module, size)
    return lambda X: torch.softmax(outputs(X), dim=1)


def has_conv_blocks(module, device="cpu"):
    """Whether the features of a module are blocks of convolutions, on a kind of device."""
    is_there = all(parameter.device.type == device for parameter in module.parameters())
    return is_there and all(
        hasattr(block, "conv") and hasattr(block, "pool") for block in module.features
    )


def layout(block):
    """Return how far taps, and the two positions of a pair, are apart in a block, and the pairs."""
    pool = getattr(block, "pool", None)
    if isinstance(pool, PhasedAvgPool1d) and not pool.training:
        return pool.distance, 1
    return 1, 2


class FoldedModule:
    """What a module computes, without its batch normalisations.

    In evaluation mode a batch normalisation is a scale and a shift of each filter. They, and the
    one half of the average pooling, are multiplied into the weights of the next convolution; those
    of the last block are applied to the features. A classifier of class maps is one affine map of
    the features averaged over the positions.

    Parameters
    ----------
    module : SpectralModule
        In evaluation mode, on the CPU; its features are blocks of convolutions.

    Raises
    ------
    ImportError
        If numba is missing.
    """

    def __init__(self, module):
        from skspectra.neural._kernels.compiled import extract

        self._extract = extract
        self._enter = module.features.block_1[0]
        self._fold(module.features)
        self._averages = hasattr(module.classifier, "class_maps")
        self._classify = module.classifier
        if self._averages:
            self._classify = self._affine_map(module.classifier)

    def _fold(self, features):
        shapes, weights, biases = [], [], []
        scale, shift = torch.ones(1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
        for block in features:
            weight = block.conv.weight.detach().double()
            bias = block.conv.bias.detach().double() + (weight * shift[:, None]).sum((1, 2))
            weights.append(_packed((weight * scale[:, None]).numpy()))
            biases.append(bias.numpy())
            n_filters, n_rows, n_taps = weight.shape
            shapes.append((n_rows, n_filters, n_taps, *layout(block)))
            scale, shift = _scale_and_shift(block.norm)
            scale = scale / 2
        self._shapes = np.array(shapes)
        parts = (np.concatenate(weights), np.concatenate(biases), scale.numpy(), shift.numpy())
        self._parameters = [part.astype(np.float32) for part in parts]

    def _affine_map(self, classifier):
        """Return what a classifier of class maps does to features at one position."""
        units = torch.eye(self._shapes[-1, 1], dtype=torch.float64)
        with torch.inference_mode():
            exact = deepcopy(classifier).double()
            bias = exact(torch.zeros_like(units[:1, :, None]))
            weight = (exact(units[:, :, None]) - bias).float()
        return lambda features: torch.addmm(bias.float(), features.flatten(1), weight)

    def _n_positions(self, length):
        """Positions that a classifier is given of signals of some length."""
        if self._averages:
            return 1
        for _, _, taps, spacing, stride in self._shapes:
            length = (length - taps * spacing - 1) // stride + 1
        return length

    def __call__(self, X):
        """Compute the outputs for spectra X, a float32 tensor of shape (n_spectra, n_channels)."""
        signals = self._enter(X).squeeze(1)
        shape = (len(X), self._shapes[-1, 1], self._n_positions(signals.shape[1]))
        features = torch.empty(shape, dtype=torch.float32)
        self._extract(signals.numpy(), self._shapes, *self._parameters, features.numpy())
        return self._classify(features)


def _scale_and_shift(norm):
    scale = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
    return scale.detach(), (norm.bias.double() - scale * norm.running_mean).detach()


def _packed(weight):
    """Order weights as `pack_weights` of the kernels does."""
    groups = []
    while len(weight):
        together = next(size for size in (4, 2, 1) if size <= len(weight))
        groups.append(weight[:together].transpose(1, 2, 0).ravel())
        weight = weight[together:]
    return np.concatenate(groups)
