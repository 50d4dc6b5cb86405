"""Features of spectra, when weights and statistics do not change any more."""

import numpy as np

from skspectra.neural._kernels.compiled.compilation import cached, inlined
from skspectra.neural._kernels.compiled.convolution import (
    AS_IT_IS,
    ONE,
    RECTIFIED,
    Signal,
    convolve,
    convolve_pool,
    load_tile,
)
from skspectra.neural._kernels.compiled.simd import LANES, add, fma, load, splat, store, zeros

__all__ = ["extract"]


@cached
def extract(X, shapes, weights, biases, scale, shift, features):
    """Features of spectra: convolutions, each with a ReLU and a pooling of pairs, tile by tile.

    Where weights are left after those of the blocks, they are of maps of the features: of one tap,
    and without a ReLU.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels)
        Spectra.
    shapes : ndarray of shape (n_blocks, 5)
        Rows, filters and taps of each block; the distance between its taps, which is that of the
        two positions of a pair; and that between pairs, 1 or 2.
    weights, biases : ndarray
        Those of all blocks, one after another, as `pack_weights` writes them. Each block, and the
        maps, are given sums of pairs.
    scale, shift : ndarray of shape (n_filters,)
        From the sums of pairs of the last block, or from the maps, to features.
    features : ndarray of shape (n_spectra, n_filters, n_positions) or (n_spectra, n_filters, 1)
        Where they, or their means over the positions, are written.
    """
    source = np.zeros(max(_most_rows(shapes) * X.shape[1], len(scale)) * LANES, X.dtype)
    target = np.zeros_like(source)
    for tile in range(-(-X.shape[0] // LANES)):
        load_tile(X, tile, source)
        weight = bias = 0
        length = X.shape[1]
        row = length * LANES
        for rows, filters, taps, spacing, stride in shapes:
            x, w, b = Signal(source, 0, row), weights[weight:], biases[bias:]
            outputs = length - (taps - 1) * spacing
            if stride == 2:
                length = outputs // 2
                y = Signal(target, 0, length * LANES)
                convolve_pool(x, rows, taps, spacing, w, b, filters, y, 2 * length, RECTIFIED)
            else:
                length = outputs - spacing
                y = Signal(target, 0, outputs * LANES)
                convolve(x, rows, taps, spacing, w, b, filters, y, outputs, RECTIFIED)
                _add_pairs(y, filters, spacing, length)
            weight += rows * filters * taps
            bias += filters
            row = y.row
            source, target = target, source
        if features.shape[2] < length:
            _average(Signal(source, 0, row), shapes[-1, 1], length)
        if weight < len(weights):
            x, w, b = Signal(source, 0, row), weights[weight:], biases[bias:]
            y = Signal(target, 0, features.shape[2] * LANES)
            convolve(x, shapes[-1, 1], 1, 1, w, b, len(scale), y, features.shape[2], AS_IT_IS)
            row = y.row
            source, target = target, source
        _unload_tile(Signal(source, 0, row), scale, shift, tile, features)


@inlined
def _most_rows(shapes):
    """Most rows or filters of a block."""
    size = 0
    for rows, filters, _, _, _ in shapes:
        size = max(size, rows, filters)
    return size


@inlined
def _add_pairs(y, filters, spacing, length):
    """Add to each position of a signal the one that lies so far behind."""
    for o in range(filters):
        for p in range(length):
            at = y.start + o * y.row + p * LANES
            store(y.values, at, add(load(y.values, at), load(y.values, at + spacing * LANES)))


@inlined
def _average(y, filters, length):
    """Put the mean over the positions of a signal in the place of the first."""
    share = np.full(1, 1 / length, y.values.dtype)
    for o in range(filters):
        ((sum_,),) = zeros(y.values, ONE, ONE)
        for p in range(length):
            sum_ = fma(splat(share, 0), load(y.values, y.start + o * y.row + p * LANES), sum_)
        store(y.values, y.start + o * y.row, sum_)


@inlined
def _unload_tile(y, scale, shift, tile, features):
    """Scale, shift and transpose the signal of a tile into its rows of `features`."""
    first = tile * LANES
    n_filters, n_positions = features.shape[1:]
    for lane in range(min(LANES, features.shape[0] - first)):
        for o in range(n_filters):
            for p in range(n_positions):
                value = y.values[y.start + o * y.row + p * LANES + lane]
                features[first + lane, o, p] = scale[o] * value + shift[o]
