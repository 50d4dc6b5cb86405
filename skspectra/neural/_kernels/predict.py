"""Prediction: batch normalisation folded into the convolutions, spectra in tiles."""

from copy import deepcopy

import numpy as np
import torch
from torch import nn

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
        self._signals = layers.signals
        self._averages = layers.maps is not None
        self._classify = layers.classifier
        self._fold(layers)

    def _fold(self, layers):
        shapes, weights, biases = [], [], []
        scale, shift = torch.ones(1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)

        def append(weight, bias):
            biases.append((bias + (weight * shift[:, None]).sum((1, 2))).numpy())
            weights.append(_packed((weight * scale[:, None]).numpy()))

        for block in layers.blocks:
            weight, bias = block.conv.weight.detach().double(), block.conv.bias.detach().double()
            append(weight, bias)
            n_filters, n_rows, n_taps = weight.shape
            shapes.append((n_rows, n_filters, n_taps, *block.layout()))
            scale, shift = _scale_and_shift(block.norm)
            scale = scale / 2
        if self._averages:
            append(*_affine_map(layers.classifier, n_filters))
            scale, shift = torch.ones(len(biases[-1])), torch.zeros(len(biases[-1]))
            self._classify = nn.Flatten()
        self._shapes = np.array(shapes)
        parts = (np.concatenate(weights), np.concatenate(biases), scale.numpy(), shift.numpy())
        self._parameters = [part.astype(np.float32) for part in parts]

    def _n_positions(self, length):
        """Positions that a classifier is given of signals of some length."""
        if self._averages:
            return 1
        for _, _, taps, spacing, stride in self._shapes:
            length = (length - taps * spacing - 1) // stride + 1
        return length

    def __call__(self, X):
        """Compute the outputs for spectra X, a float32 tensor of shape (n_spectra, n_channels)."""
        signals = self._signals(X).contiguous()
        n_features = len(self._parameters[-1])
        shape = (len(X), n_features, self._n_positions(signals.shape[1]))
        features = torch.empty(shape, dtype=torch.float32)
        self._extract(signals.numpy(), self._shapes, *self._parameters, features.numpy())
        return self._classify(features)


def _scale_and_shift(norm):
    scale = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
    return scale.detach(), (norm.bias.double() - scale * norm.running_mean).detach()


def _affine_map(classifier, n_features):
    """Weight and bias of a convolution of one tap that does what a classifier of class maps does.

    To features averaged over the positions.
    """
    units = torch.eye(n_features, dtype=torch.float64)[:, :, None]
    with torch.inference_mode():
        exact = deepcopy(classifier).double()
        bias = exact(torch.zeros_like(units[:1]))[0]
        return (exact(units) - bias).T[:, :, None], bias


def _packed(weight):
    """Order weights as `pack_weights` of the kernels does."""
    groups = []
    while len(weight):
        together = next(size for size in (4, 2, 1) if size <= len(weight))
        groups.append(weight[:together].transpose(1, 2, 0).ravel())
        weight = weight[together:]
    return np.concatenate(groups)
