"""Blocks of convolutions backwards: gradients of all parameters."""

import numpy as np

from skspectra.neural._kernels.compiled.blocks import (
    count_tiles,
    largest_input,
    most_filters,
    most_weights,
    normalization,
    normalize,
    output_of,
    top_of,
    weights_of,
)
from skspectra.neural._kernels.compiled.class_maps import maps_backward
from skspectra.neural._kernels.compiled.compilation import cached, inlined
from skspectra.neural._kernels.compiled.convolution import (
    AS_IT_IS,
    ONE,
    TWO,
    Signal,
    convolve,
    load_tile,
    pack_weights,
)
from skspectra.neural._kernels.compiled.gradients import (
    add_weight_gradients,
    finish_gradients,
    norm_backward,
    write_norm_gradients,
)
from skspectra.neural._kernels.compiled.simd import (
    LANES,
    add,
    clip,
    fma,
    load,
    multiply,
    splat,
    store,
    total,
    zeros,
)

__all__ = ["backward"]


@cached
def backward(gradient, plan, has_maps, theta, eps, tape, means, variances, gradients):
    """Gradients of the parameters.

    Parameters
    ----------
    gradient : ndarray of shape (n_spectra, n_classes) or (n_spectra, n_features)
        Gradient at what `forward` gave.
    plan, has_maps, theta, eps, tape, means, variances
        As in `forward`, which filled them. The tape is used up.
    gradients : ndarray
        Gradients in the order of `theta`, written to.
    """
    n_spectra, n_tiles, top = gradient.shape[0], count_tiles(gradient), len(plan) - has_maps - 1
    u_memory = np.empty(largest_input(plan), theta.dtype)
    h_memory = np.zeros_like(u_memory)
    w, b = np.empty(most_weights(plan), theta.dtype), np.zeros(most_filters(plan), theta.dtype)
    if has_maps:
        maps = plan[top + 1]
        maps_backward(gradient, plan[top], maps, theta, eps, tape, means, variances, gradients)
    else:
        for tile in range(n_tiles):
            room = top_of(tape[tile], plan[top])
            load_tile(gradient, tile, room.values[room.start :])
    _top_sums(plan[top], n_tiles, theta, eps[top], tape, means, variances, u_memory, gradients)
    for number in range(top, -1, -1):
        block, before, after = plan[number], plan[max(number - 1, 0)], plan[min(number + 1, top)]
        n_values = n_spectra * block.outputs
        half, slope, offset = norm_backward(
            theta, gradients, block, means, variances, eps[number], n_values, block.stride
        )
        if number < top:
            _fold(theta, after, half, w)
        scale, shift = normalization(before, means, variances, eps[max(number - 1, 0)], theta)
        d_weight = np.zeros((block.filters, block.rows, block.taps))
        d_bias = np.zeros(block.filters)
        h = Signal(h_memory, 0, block.pairs * LANES)
        for tile in range(n_tiles):
            tile_tape = tape[tile]
            if number == top:
                _scale(top_of(tile_tape, block), block, half, h)
            else:
                d = output_of(tile_tape, after)
                padded = Signal(tile_tape, d.start - (after.taps - 1) * LANES, d.row)
                filters, taps, spacing = after.filters, after.taps, after.spacing
                rows, length = after.rows, after.length
                convolve(padded, filters, taps, spacing, w, b, rows, h, length, AS_IT_IS)
            z = output_of(tile_tape, block)
            _through_relu(z, block, h, slope, offset)
            u = Signal(tile_tape, 0, block.length * LANES)
            if number > 0:
                u = Signal(u_memory, 0, block.length * LANES)
                normalize(output_of(tile_tape, before), before, scale, shift, u)
            add_weight_gradients(z, u, block, d_weight, d_bias)
        finish_gradients(theta, gradients, block, before, number == 0, d_weight, d_bias)


@inlined
def _top_sums(last, n_tiles, theta, eps, tape, means, variances, u_memory, gradients):
    """Gradients of gamma and beta of the last block."""
    d_gamma, d_beta = np.zeros(last.filters), np.zeros(last.filters)
    scale, shift = normalization(last, means, variances, eps, theta)
    u = Signal(u_memory, 0, last.pairs * LANES)
    for tile in range(n_tiles):
        normalize(output_of(tape[tile], last), last, scale, shift, u)
        d = top_of(tape[tile], last)
        for o in range(last.filters):
            ((gamma, beta),) = zeros(theta, ONE, TWO)
            for at in range(o * u.row, (o + 1) * u.row, LANES):
                value = load(d.values, d.start + at)
                gamma, beta = fma(value, load(u.values, at), gamma), add(value, beta)
            d_gamma[o] += total(gamma)
            d_beta[o] += total(beta)
    write_norm_gradients(gradients, last, d_gamma, d_beta)


@inlined
def _scale(d, block, half, h):
    """Scale the gradient at the features."""
    for o in range(block.filters):
        factor = splat(half, o)
        for at in range(o * d.row, (o + 1) * d.row, LANES):
            store(h.values, at, multiply(factor, load(d.values, d.start + at)))


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
                place = at + (2 * p + side) * LANES
                value = load(z.values, place)
                store(z.values, place, clip(value, fma(a, value, g)))
        if block.outputs % 2:  # the last position is not pooled
            place = at + (block.outputs - 1) * LANES
            value = load(z.values, place)
            store(z.values, place, clip(value, fma(a, value, b)))
