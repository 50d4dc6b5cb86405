"""Features of spectra, when weights and statistics do not change any more."""

import numpy as np

from skspectra.neural._kernels._compilation import inlined, kept
from skspectra.neural._kernels._convolution import Signal, convolve_rectify_pool, load_tile
from skspectra.neural._kernels._simd import LANES

__all__ = ["extract"]


@kept
def extract(X, shapes, weights, biases, scale, shift, features):
    """Features of spectra: convolutions, each with a ReLU and a pooling of pairs, tile by tile.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels)
        Spectra.
    shapes : ndarray of shape (n_blocks, 4)
        Rows, filters, taps and length that each block takes.
    weights, biases : ndarray
        Those of all blocks, one after another, as `pack_weights` writes them. Each block is given
        sums of pairs.
    scale, shift : ndarray of shape (n_filters,)
        From the sums of pairs of the last block to its features.
    features : ndarray of shape (n_spectra, n_filters, n_positions)
        Where they are written.
    """
    here = np.zeros(_largest(shapes), X.dtype)
    there = np.zeros_like(here)
    for tile in range(-(-X.shape[0] // LANES)):
        load_tile(X, tile, here)
        weight = bias = 0
        for rows, filters, taps, length in shapes:
            pairs = (length - taps + 1) // 2
            x, y = Signal(here, 0, length * LANES), Signal(there, 0, pairs * LANES)
            w, b = weights[weight:], biases[bias:]
            convolve_rectify_pool(x, rows, taps, w, b, filters, y, 2 * pairs)
            weight += rows * filters * taps
            bias += filters
            here, there = there, here
        _unload_tile(here, scale, shift, tile, features)


@inlined
def _largest(shapes):
    """Numbers in the largest signal of a tile, of those that blocks take and give."""
    size = 0
    for rows, filters, taps, length in shapes:
        size = max(size, rows * length, filters * (length - taps + 1))
    return size * LANES


@inlined
def _unload_tile(y, scale, shift, tile, features):
    """Scale, shift and transpose the signal of a tile into its rows of `features`."""
    first = tile * LANES
    n_filters, n_positions = features.shape[1:]
    for lane in range(min(LANES, features.shape[0] - first)):
        for o in range(n_filters):
            for p in range(n_positions):
                value = y[(o * n_positions + p) * LANES + lane]
                features[first + lane, o, p] = scale[o] * value + shift[o]
