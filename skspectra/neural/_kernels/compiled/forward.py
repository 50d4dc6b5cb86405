"""Blocks of convolutions forwards, while they are trained."""

import numpy as np

from skspectra.neural._kernels.compiled.blocks import (
    affine_of,
    count_tiles,
    largest_input,
    most_filters,
    most_weights,
    normalization,
    normalize,
    output_of,
    vector_of,
    weights_of,
)
from skspectra.neural._kernels.compiled.class_maps import maps_forward
from skspectra.neural._kernels.compiled.compilation import cached, inlined
from skspectra.neural._kernels.compiled.convolution import (
    RECTIFIED,
    Signal,
    convolve,
    load_tile,
    pack_weights,
)
from skspectra.neural._kernels.compiled.moments import add_tile, fill_lanes, finish_moments
from skspectra.neural._kernels.compiled.simd import LANES

__all__ = ["forward"]


@cached
def forward(X, mask, plan, has_maps, theta, eps, training, tape, means, variances, output):
    """Features or logits of a batch.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels)
        Spectra.
    mask : ndarray of shape (n_spectra, n_features) or (0, n_features)
        What features are multiplied with before they become class maps; empty for ones.
    plan : record array of shape (n_blocks,) or (n_blocks + 1,)
        Sizes and places of each block, and of the class maps if there are any.
    has_maps : bool
        Whether there are class maps after the blocks.
    theta : ndarray
        Weights, biases, gammas and betas of all in the plan, one after another.
    eps : ndarray of the shape of `plan`, float64
        Added to the variances.
    training : bool
        Whether the moments are those of the batch, else those that are given.
    tape : ndarray of shape (n_tiles, size)
        Written to; all but the zeros at the ends of rows.
    means, variances : ndarray of shape (n_filters_of_all,), float64
        Moments before the normalisation.
    output : ndarray of shape (n_spectra, n_classes) or (n_spectra, n_features)
        Logits if there are class maps, else features. Written to.
    """
    n_spectra, n_tiles, n_blocks = X.shape[0], count_tiles(X), len(plan) - has_maps
    u_memory = np.empty(largest_input(plan), theta.dtype)
    w, b = np.empty(most_weights(plan), theta.dtype), np.empty(most_filters(plan), theta.dtype)
    for number in range(n_blocks):
        block, before = plan[number], plan[max(number - 1, 0)]
        _fold(theta, block, before, number == 0, w, b)
        scale, shift = normalization(before, means, variances, eps[max(number - 1, 0)], theta)
        sums, squares = np.zeros(block.filters), np.zeros(block.filters)
        pivots, zero = np.zeros(block.filters, theta.dtype), np.zeros(block.filters, theta.dtype)
        for tile in range(n_tiles):
            tile_tape = tape[tile]
            if number == 0:
                load_tile(X, tile, tile_tape)
                u = Signal(tile_tape, 0, block.length * LANES)
            else:
                u = Signal(u_memory, 0, block.length * LANES)
                normalize(output_of(tile_tape, before), before, scale, shift, u)
            z = output_of(tile_tape, block)
            rows, taps, spacing = block.rows, block.taps, block.spacing
            convolve(u, rows, taps, spacing, w, b, block.filters, z, block.outputs, RECTIFIED)
            n_used = min(LANES, n_spectra - tile * LANES)
            if training:
                add_tile(z, block, tile, n_used, zero, pivots, sums, squares)
            fill_lanes(z, block, n_used, zero)
        if training:
            finish_moments(block, pivots, sums, squares, n_spectra, means, variances)
    last = plan[n_blocks - 1]
    if has_maps:
        maps = plan[n_blocks]
        maps_forward(mask, last, maps, theta, eps, training, tape, means, variances, output)
    else:
        _write_features(last, theta, eps[n_blocks - 1], tape, means, variances, output)


@inlined
def _write_features(last, theta, eps, tape, means, variances, features):
    memory = np.empty(features.shape[1] * LANES, theta.dtype)
    gamma, beta = affine_of(theta, last)
    scale, shift = normalization(last, means, variances, eps, theta)
    for tile in range(count_tiles(features)):
        normalize(
            output_of(tape[tile], last), last, scale, shift, Signal(memory, 0, last.pairs * LANES)
        )
        for lane in range(min(LANES, features.shape[0] - tile * LANES)):
            for o in range(last.filters):
                for at in range(o * last.pairs, (o + 1) * last.pairs):
                    value = gamma[o] * memory[at * LANES + lane] + beta[o]
                    features[tile * LANES + lane, at] = value


@inlined
def _fold(theta, block, before, is_first, w, b):
    """Fold gamma and beta of the block before into the weights; pack them."""
    weight, bias = weights_of(theta, block), vector_of(theta, block, 0)
    gamma, beta = affine_of(theta, before)
    folded = weight.copy()
    for o in range(block.filters):
        b[o] = bias[o]
        if not is_first:
            for c in range(block.rows):
                for k in range(block.taps):
                    folded[o, c, k] *= gamma[c]
                    b[o] += weight[o, c, k] * beta[c]
    pack_weights(folded, w)
