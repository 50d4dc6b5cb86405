"""Blocks of convolutions forwards, while they are trained."""

import numpy as np

from skspectra.neural._kernels._blocks import (
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
from skspectra.neural._kernels._compilation import inlined, kept
from skspectra.neural._kernels._convolution import (
    FOUR,
    ONE,
    Signal,
    convolve_rectify,
    load_tile,
    pack_weights,
)
from skspectra.neural._kernels._simd import LANES, add, fma, load, splat, subtract, total, zeros

__all__ = ["forward"]


@kept
def forward(X, plan, theta, eps, training, tape, means, variances, features):
    """Features of a batch.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels)
        Spectra.
    plan : record array of shape (n_blocks,)
        See `skspectra.neural._fused.Plan`.
    theta : ndarray
        Weights, biases, gammas and betas of each block, one block after another.
    eps : ndarray of shape (n_blocks,), float64
        Added to the variances.
    training : bool
        Whether the moments are those of the batch, else those that are given.
    tape : ndarray of shape (n_tiles, size)
        Written to; all but the zeros at the ends of rows.
    means, variances : ndarray of shape (n_filters_of_all,), float64
        Moments before the normalisation.
    features : ndarray of shape (n_spectra, n_filters, n_positions)
        Written to.
    """
    n_spectra, n_tiles = X.shape[0], count_tiles(X)
    u_memory = np.empty(largest_input(plan), theta.dtype)
    w, b = np.empty(most_weights(plan), theta.dtype), np.empty(most_filters(plan), theta.dtype)
    for number in range(len(plan)):
        block, before = plan[number], plan[max(number - 1, 0)]
        _fold(theta, block, before, number == 0, w, b)
        scale, shift = normalization(before, means, variances, eps[max(number - 1, 0)], theta)
        sums, squares = np.zeros(block.filters), np.zeros(block.filters)
        pivots, zero = np.zeros(block.filters, theta.dtype), np.zeros(block.filters, theta.dtype)
        for tile in range(n_tiles):
            here = tape[tile]
            if number == 0:
                load_tile(X, tile, here)
                u = Signal(here, 0, block.length * LANES)
            else:
                u = Signal(u_memory, 0, block.length * LANES)
                normalize(output_of(here, before), before, scale, shift, u)
            z = output_of(here, block)
            convolve_rectify(u, block.rows, block.taps, w, b, block.filters, z, block.outputs)
            n_used = min(LANES, n_spectra - tile * LANES)
            if training:
                if tile == 0:
                    _set_pivots(z, block, n_used, zero, pivots)
                _fill_lanes(z, block, n_used, pivots)
                _add_moments(z, block, pivots, sums, squares)
            _fill_lanes(z, block, n_used, zero)
        if training:
            _finish_moments(block, pivots, sums, squares, n_spectra, means, variances)
    last = plan[len(plan) - 1]
    scale, shift = normalization(last, means, variances, eps[len(plan) - 1], theta)
    u = Signal(u_memory, 0, last.pairs * LANES)
    gamma, beta = affine_of(theta, last)
    for tile in range(n_tiles):
        normalize(output_of(tape[tile], last), last, scale, shift, u)
        for lane in range(min(LANES, n_spectra - tile * LANES)):
            for o in range(last.filters):
                for p in range(last.pairs):
                    value = u_memory[(o * last.pairs + p) * LANES + lane]
                    features[tile * LANES + lane, o, p] = gamma[o] * value + beta[o]


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


@inlined
def _fill_lanes(z, block, n_used, values):
    """Give the lanes without a spectrum one value for each filter."""
    for o in range(block.filters):
        for lane in range(n_used, LANES):
            for p in range(block.outputs):
                z.values[z.start + o * z.row + p * LANES + lane] = values[o]


@inlined
def _set_pivots(z, block, n_used, zero, pivots):
    """Take the means of a tile as what moments are counted from: it keeps variances exact."""
    sums, squares = np.zeros(block.filters), np.zeros(block.filters)
    _fill_lanes(z, block, n_used, zero)
    _add_moments(z, block, zero, sums, squares)
    for o in range(block.filters):
        pivots[o] = sums[o] / (n_used * block.outputs)


@inlined
def _add_moments(z, block, pivots, sums, squares):
    """Add the sums of the distances from the pivots, and of their squares."""
    for o in range(block.filters):
        pivot = splat(pivots, o)
        at = z.start + o * z.row
        ((s0, s1, q0, q1),) = zeros(pivots, ONE, FOUR)
        for p in range(block.pairs):
            left = subtract(load(z.values, at + 2 * p * LANES), pivot)
            right = subtract(load(z.values, at + (2 * p + 1) * LANES), pivot)
            s0, s1 = add(s0, left), add(s1, right)
            q0, q1 = fma(left, left, q0), fma(right, right, q1)
        if block.outputs % 2:
            left = subtract(load(z.values, at + (block.outputs - 1) * LANES), pivot)
            s0, q0 = add(s0, left), fma(left, left, q0)
        sums[o] += total(add(s0, s1))
        squares[o] += total(add(q0, q1))


@inlined
def _finish_moments(block, pivots, sums, squares, n_spectra, means, variances):
    n_values = n_spectra * block.outputs
    for o in range(block.filters):
        offset = sums[o] / n_values
        means[block.filter_at + o] = pivots[o] + offset
        variances[block.filter_at + o] = max(squares[o] / n_values - offset**2, 0.0)
