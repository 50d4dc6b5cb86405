"""Prediction: batch normalisation folded into the convolutions, spectra in tiles."""

from copy import deepcopy

import numpy as np
import torch

__all__ = ["FoldedModule"]


class FoldedModule:
    """What a module computes, without its batch normalisations.

    In evaluation mode a batch normalisation is a scale and a shift of each filter. They, and the
    one half of the average pooling, are multiplied into the weights of the next convolution; those
    of the last block are applied to the features. A classifier of class maps is one affine map of
    the features averaged over the positions.

    Parameters
    ----------
    layers : ConvLayers
        What `recognize` returns for a module on the CPU, in evaluation mode.

    Raises
    ------
    ImportError
        If numba is missing.
    """

    def __init__(self, layers):
        from skspectra.neural._kernels.compiled import extract

        self._extract = extract
        self._enter = layers.enter
        self._fold(layers.blocks)
        self._averages = layers.maps is not None
        self._classify = layers.classifier
        if self._averages:
            self._classify = self._affine_map(layers.classifier)

    def _fold(self, blocks):
        shapes, weights, biases = [], [], []
        scale, shift = torch.ones(1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
        for block in blocks:
            weight = block.conv.weight.detach().double()
            bias = block.conv.bias.detach().double() + (weight * shift[:, None]).sum((1, 2))
            weights.append(_packed((weight * scale[:, None]).numpy()))
            biases.append(bias.numpy())
            n_filters, n_rows, n_taps = weight.shape
            shapes.append((n_rows, n_filters, n_taps, *block.layout()))
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
