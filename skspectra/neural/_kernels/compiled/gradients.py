"""Gradients of a batch normalisation and of the weights of a convolution."""

import numpy as np

from skspectra.neural._kernels.compiled.blocks import affine_of, vector_of, weights_of
from skspectra.neural._kernels.compiled.compilation import inlined
from skspectra.neural._kernels.compiled.convolution import ONE, THREE, TWO
from skspectra.neural._kernels.compiled.simd import LANES, add, add_outer, load, total, zeros

__all__ = ["add_weight_gradients", "finish_gradients", "norm_backward", "write_norm_gradients"]


@inlined
def write_norm_gradients(gradients, block, d_gamma, d_beta):
    """Write the gradients of gamma and beta of a block."""
    gamma, beta = affine_of(gradients, block)
    for o in range(block.filters):
        gamma[o], beta[o] = d_gamma[o], d_beta[o]


@inlined
def norm_backward(theta, gradients, block, means, variances, eps, n_values, n_averaged):
    """Coefficients of the gradient before the normalisation.

    It is ``scale * g + slope * z + offset``, where g is the gradient at what has been normalised,
    after gamma, beta and an average over `n_averaged` positions.
    """
    gamma = vector_of(theta, block, 1)
    d_gamma, d_beta = affine_of(gradients, block)
    scale, slope, offset = np.empty_like(gamma), np.empty_like(gamma), np.empty_like(gamma)
    for o in range(block.filters):
        deviation = np.sqrt(variances[block.filter_at + o] + eps)
        factor = gamma[o] / deviation
        scale[o] = factor / n_averaged
        slope[o] = tilt = -factor * d_gamma[o] / deviation / n_values
        offset[o] = -factor * d_beta[o] / n_values - tilt * means[block.filter_at + o]
    return scale, slope, offset


@inlined
def add_weight_gradients(d, u, block, d_weight, d_bias):
    """Add what a tile gives: d is the gradient at what the convolution of u gives."""
    pairs = block.filters // 2 * 2
    for o in range(0, pairs, 2):
        _add_taps(d, u, block, o, TWO, d_weight)
    for o in range(pairs, block.filters, 1):
        _add_taps(d, u, block, o, ONE, d_weight)
    for o in range(block.filters):
        ((sum_,),) = zeros(d.values, ONE, ONE)
        for p in range(block.outputs):
            sum_ = add(sum_, load(d.values, d.start + o * d.row + p * LANES))
        d_bias[o] += total(sum_)


@inlined
def _add_taps(d, u, block, o, filters, d_weight):
    """Do some filters, from number `o` on, with all rows; three or two taps at once."""
    threes = block.taps // 3
    if block.taps % 3 == 1 and threes > 0:
        threes -= 1  # 4 is 2 + 2
    for c in range(block.rows):
        for k in range(0, 3 * threes, 3):
            _dot(d, u, block, o, c, k, filters, THREE, d_weight)
        for k in range(3 * threes, block.taps - 1, 2):
            _dot(d, u, block, o, c, k, filters, TWO, d_weight)
        if block.taps == 1:
            _dot(d, u, block, o, c, block.taps - 1, filters, ONE, d_weight)


@inlined
def _dot(d, u, block, o, c, k, filters, taps, d_weight):
    group = zeros(d.values, filters, taps)
    at, source = d.start + o * d.row, u.start + c * u.row + k * LANES
    for p in range(block.outputs):
        group = add_outer(group, d.values, at + p * LANES, d.row, u.values, source + p * LANES)
    for i in range(len(filters)):
        for j in range(len(taps)):
            d_weight[o + i, c, k + j] += total(group[i][j])


@inlined
def finish_gradients(theta, gradients, block, before, is_first, d_weight, d_bias):
    """Undo the folding; gradients of this block's convolution and of gamma and beta before it."""
    weight, target = weights_of(theta, block), weights_of(gradients, block)
    bias = vector_of(gradients, block, 0)
    gamma, beta = affine_of(theta, before)
    d_gamma, d_beta = np.zeros(block.rows), np.zeros(block.rows)
    for o in range(block.filters):
        bias[o] = d_bias[o]
        for c in range(block.rows):
            for k in range(block.taps):
                if is_first:
                    target[o, c, k] = d_weight[o, c, k]
                else:
                    target[o, c, k] = gamma[c] * d_weight[o, c, k] + beta[c] * d_bias[o]
                    d_gamma[c] += weight[o, c, k] * d_weight[o, c, k]
                    d_beta[c] += weight[o, c, k] * d_bias[o]
    if not is_first:
        write_norm_gradients(gradients, before, d_gamma, d_beta)
