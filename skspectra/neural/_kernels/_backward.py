"""Blocks of convolutions backwards: gradients of all parameters."""

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
from skspectra.neural._kernels._convolution import ONE, THREE, TWO, Signal, convolve, pack_weights
from skspectra.neural._kernels._simd import (
    LANES,
    add,
    add_outer,
    clip,
    fma,
    load,
    splat,
    store,
    total,
    zeros,
)

__all__ = ["backward"]


@kept
def backward(gradient, plan, theta, eps, tape, means, variances, gradients):
    """Gradients of the parameters.

    Parameters
    ----------
    gradient : ndarray of shape (n_spectra, n_filters, n_positions)
        Gradient at the features.
    plan, theta, eps, tape, means, variances
        As in `forward`, which filled them. The tape is used up.
    gradients : ndarray
        Gradients in the order of `theta`, written to.
    """
    n_spectra, n_tiles = gradient.shape[0], count_tiles(gradient)
    u_memory = np.empty(largest_input(plan), theta.dtype)
    h_memory = np.zeros_like(u_memory)
    w, b = np.empty(most_weights(plan), theta.dtype), np.zeros(most_filters(plan), theta.dtype)
    top = len(plan) - 1
    _top_sums(gradient, plan[top], means, variances, eps[top], tape, u_memory, gradients)
    for number in range(top, -1, -1):
        block, before, after = plan[number], plan[max(number - 1, 0)], plan[min(number + 1, top)]
        n_values = n_spectra * block.outputs
        half, slope, offset = _norm_backward(
            theta, gradients, block, means, variances, eps[number], n_values
        )
        if number < top:
            _fold(theta, after, half, w)
        scale, shift = normalization(before, means, variances, eps[max(number - 1, 0)], theta)
        d_weight = np.zeros((block.filters, block.rows, block.taps))
        d_bias = np.zeros(block.filters)
        h = Signal(h_memory, 0, block.pairs * LANES)
        for tile in range(n_tiles):
            here = tape[tile]
            if number == top:
                _load_gradient(gradient, tile, half, h)
            else:
                d = output_of(here, after)
                padded = Signal(here, d.start - (after.taps - 1) * LANES, d.row)
                convolve(padded, after.filters, after.taps, w, b, after.rows, h, after.length)
            z = output_of(here, block)
            _through_relu(z, block, h, slope, offset)
            u = Signal(here, 0, block.length * LANES)
            if number > 0:
                u = Signal(u_memory, 0, block.length * LANES)
                normalize(output_of(here, before), before, scale, shift, u)
            _add_weight_gradients(z, u, block, d_weight, d_bias)
        _finish_gradients(theta, gradients, block, before, number == 0, d_weight, d_bias)


@inlined
def _load_gradient(gradient, tile, half, h):
    """Transpose and scale the gradient of a tile; lanes without a spectrum are not used."""
    for lane in range(min(LANES, gradient.shape[0] - tile * LANES)):
        for o in range(gradient.shape[1]):
            for p in range(gradient.shape[2]):
                value = gradient[tile * LANES + lane, o, p] * half[o]
                h.values[h.start + o * h.row + p * LANES + lane] = value


@inlined
def _top_sums(gradient, block, means, variances, eps, tape, u_memory, gradients):
    """Gradients of gamma and beta of the last block."""
    d_gamma, d_beta = np.zeros(block.filters), np.zeros(block.filters)
    scale, shift = normalization(block, means, variances, eps, gradients)
    u = Signal(u_memory, 0, block.pairs * LANES)
    for tile in range(count_tiles(gradient)):
        normalize(output_of(tape[tile], block), block, scale, shift, u)
        for lane in range(min(LANES, gradient.shape[0] - tile * LANES)):
            for o in range(block.filters):
                for p in range(block.pairs):
                    value = np.float64(gradient[tile * LANES + lane, o, p])
                    d_beta[o] += value
                    d_gamma[o] += value * u_memory[(o * block.pairs + p) * LANES + lane]
    _keep_norm(gradients, block, d_gamma, d_beta)


@inlined
def _keep_norm(gradients, block, d_gamma, d_beta):
    gamma, beta = affine_of(gradients, block)
    for o in range(block.filters):
        gamma[o], beta[o] = d_gamma[o], d_beta[o]


@inlined
def _norm_backward(theta, gradients, block, means, variances, eps, n_values):
    """Coefficients of the gradient before the normalisation and the pooling.

    It is ``half * g + slope * z + offset``, where g is the gradient at the normalised pairs after
    gamma and beta.
    """
    gamma = vector_of(theta, block, 1)
    d_gamma, d_beta = affine_of(gradients, block)
    half, slope, offset = np.empty_like(gamma), np.empty_like(gamma), np.empty_like(gamma)
    for o in range(block.filters):
        deviation = np.sqrt(variances[block.filter_at + o] + eps)
        scale = gamma[o] / deviation
        tilt = -scale * d_gamma[o] / deviation / n_values
        half[o] = scale / 2
        slope[o] = tilt
        offset[o] = -scale * d_beta[o] / n_values - tilt * means[block.filter_at + o]
    return half, slope, offset


@inlined
def _fold(theta, after, half, w):
    """Pack the transposed and flipped weights of the next block, times `half` of this one."""
    weight = weights_of(theta, after)
    flipped = np.empty((after.rows, after.filters, after.taps), theta.dtype)
    for o in range(after.filters):
        for c in range(after.rows):
            for k in range(after.taps):
                flipped[c, o, after.taps - 1 - k] = weight[o, c, k] * half[c]
    pack_weights(flipped, w)


@inlined
def _through_relu(z, block, h, slope, offset):
    """Put the gradient before the ReLU in the place of what was behind it."""
    for o in range(block.filters):
        a, b = splat(slope, o), splat(offset, o)
        at, source = z.start + o * z.row, h.start + o * h.row
        for p in range(block.pairs):
            g = add(load(h.values, source + p * LANES), b)
            for side in range(2):
                here = at + (2 * p + side) * LANES
                value = load(z.values, here)
                store(z.values, here, clip(value, fma(a, value, g)))
        if block.outputs % 2:  # the last position is not pooled
            here = at + (block.outputs - 1) * LANES
            value = load(z.values, here)
            store(z.values, here, clip(value, fma(a, value, b)))


@inlined
def _add_weight_gradients(d, u, block, d_weight, d_bias):
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
def _finish_gradients(theta, gradients, block, before, is_first, d_weight, d_bias):
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
        _keep_norm(gradients, before, d_gamma, d_beta)
