"""Class maps: dropout, a convolution of one tap, batch normalisation, mean over the positions."""

import numpy as np

from skspectra.neural._kernels.compiled.blocks import (
    affine_of,
    count_tiles,
    normalization,
    normalize,
    output_of,
    top_of,
    vector_of,
    weights_of,
)
from skspectra.neural._kernels.compiled.compilation import inlined
from skspectra.neural._kernels.compiled.convolution import (
    AS_IT_IS,
    ONE,
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
from skspectra.neural._kernels.compiled.moments import add_tile, fill_lanes, finish_moments
from skspectra.neural._kernels.compiled.simd import (
    LANES,
    add,
    fma,
    load,
    multiply,
    splat,
    store,
    total,
    zeros,
)

__all__ = ["maps_backward", "maps_forward"]


@inlined
def maps_forward(mask, last, maps, theta, eps, training, tape, means, variances, logits):
    """Logits, from what the last block left on the tape; see `forward` for the parameters.

    The mask of a tile goes to the top of its tape.
    """
    n_spectra, n_tiles = logits.shape[0], count_tiles(logits)
    memory = np.empty(last.filters * last.pairs * LANES, theta.dtype)
    w, b = np.empty(maps.filters * maps.rows, theta.dtype), vector_of(theta, maps, 0)
    pack_weights(weights_of(theta, maps), w)
    gamma, beta = affine_of(theta, last)
    scale, shift = normalization(last, means, variances, eps[-2], theta)
    sums, squares = np.zeros(maps.filters), np.zeros(maps.filters)
    pivots, zero = np.zeros(maps.filters, theta.dtype), np.zeros(maps.filters, theta.dtype)
    for tile in range(n_tiles):
        tile_tape, f = tape[tile], Signal(memory, 0, last.pairs * LANES)
        normalize(output_of(tile_tape, last), last, scale, shift, f)
        dropout = top_of(tile_tape, last)
        _load_mask(mask, tile, last, dropout)
        _drop(f, dropout, last, gamma, beta)
        z = output_of(tile_tape, maps)
        convolve(
            f, maps.rows, maps.taps, maps.spacing, w, b, maps.filters, z, maps.outputs, AS_IT_IS
        )
        if training:
            n_used = min(LANES, n_spectra - tile * LANES)
            add_tile(z, maps, tile, n_used, zero, pivots, sums, squares)
    if training:
        finish_moments(maps, pivots, sums, squares, n_spectra, means, variances)
    _write_logits(maps, theta, eps, tape, means, variances, logits)


@inlined
def _load_mask(mask, tile, last, dropout):
    if mask.shape[0] > 0:
        load_tile(mask, tile, dropout.values[dropout.start :])
    else:
        for at in range(dropout.start, dropout.start + last.filters * dropout.row):
            dropout.values[at] = 1


@inlined
def _drop(f, dropout, last, gamma, beta):
    """Apply gamma, beta and the mask to normalised features, in place."""
    for o in range(last.filters):
        factor, offset = splat(gamma, o), splat(beta, o)
        for at in range(o * f.row, (o + 1) * f.row, LANES):
            value = fma(factor, load(f.values, at), offset)
            store(f.values, at, multiply(value, load(dropout.values, dropout.start + at)))


@inlined
def _write_logits(maps, theta, eps, tape, means, variances, logits):
    gamma, beta = affine_of(theta, maps)
    scale, shift = _mean_normalization(maps, means, variances, eps[-1], theta)
    memory = np.empty(maps.filters * LANES, theta.dtype)
    for tile in range(count_tiles(logits)):
        _load_means(output_of(tape[tile], maps), maps, scale, shift, memory)
        for lane in range(min(LANES, logits.shape[0] - tile * LANES)):
            for k in range(maps.filters):
                value = gamma[k] * memory[k * LANES + lane] + beta[k]
                logits[tile * LANES + lane, k] = value


@inlined
def _mean_normalization(maps, means, variances, eps, like):
    """Scale and shift that turn sums over the positions into normalised averages."""
    scale, shift = normalization(maps, means, variances, eps, like)
    for k in range(maps.filters):
        scale[k] *= 2 / maps.outputs
    return scale, shift


@inlined
def _load_means(z, maps, scale, shift, memory):
    """Normalised means over the positions of each map."""
    for k in range(maps.filters):
        ((sum_,),) = zeros(memory, ONE, ONE)
        for p in range(maps.outputs):
            sum_ = add(sum_, load(z.values, z.start + k * z.row + p * LANES))
        store(memory, k * LANES, fma(sum_, splat(scale, k), splat(shift, k)))


@inlined
def maps_backward(gradient, last, maps, theta, eps, tape, means, variances, gradients):
    """Gradients of the class maps; that at the features takes the place of the mask.

    See `backward` for the parameters.
    """
    n_spectra, n_tiles = gradient.shape[0], count_tiles(gradient)
    f_memory = np.empty(last.filters * last.pairs * LANES, theta.dtype)
    d_memory = np.empty_like(f_memory)
    g = np.empty(maps.filters * LANES, theta.dtype)
    w, b = np.empty(maps.filters * maps.rows, theta.dtype), np.zeros(last.filters, theta.dtype)
    zero = np.zeros(maps.filters, theta.dtype)
    pack_weights(weights_of(theta, maps).transpose(1, 0, 2), w)
    _norm_sums(gradient, maps, theta, eps, tape, means, variances, gradients, g)
    scale, slope, offset = norm_backward(
        theta, gradients, maps, means, variances, eps[-1], n_spectra * maps.outputs, maps.outputs
    )
    gamma, beta = affine_of(theta, last)
    last_scale, last_shift = normalization(last, means, variances, eps[-2], theta)
    d_weight, d_bias = np.zeros((maps.filters, maps.rows, maps.taps)), np.zeros(maps.filters)
    for tile in range(n_tiles):
        tile_tape = tape[tile]
        load_tile(gradient, tile, g)
        z = output_of(tile_tape, maps)
        _through_norm(z, maps, g, scale, slope, offset)
        fill_lanes(z, maps, min(LANES, n_spectra - tile * LANES), zero)
        f = Signal(f_memory, 0, last.pairs * LANES)
        normalize(output_of(tile_tape, last), last, last_scale, last_shift, f)
        dropout = top_of(tile_tape, last)
        _drop(f, dropout, last, gamma, beta)
        add_weight_gradients(z, f, maps, d_weight, d_bias)
        d = Signal(d_memory, 0, last.pairs * LANES)
        convolve(
            z, maps.filters, maps.taps, maps.spacing, w, b, maps.rows, d, maps.outputs, AS_IT_IS
        )
        for at in range(0, d_memory.size, LANES):
            top = dropout.start + at
            store(tile_tape, top, multiply(load(d_memory, at), load(tile_tape, top)))
    finish_gradients(theta, gradients, maps, maps, np.bool_(1), d_weight, d_bias)


@inlined
def _norm_sums(gradient, maps, theta, eps, tape, means, variances, gradients, g):
    """Gradients of gamma and beta of the class maps."""
    d_gamma, d_beta = np.zeros(maps.filters), np.zeros(maps.filters)
    scale, shift = _mean_normalization(maps, means, variances, eps[-1], theta)
    memory = np.empty_like(g)
    for tile in range(count_tiles(gradient)):
        load_tile(gradient, tile, g)
        _load_means(output_of(tape[tile], maps), maps, scale, shift, memory)
        for k in range(maps.filters):
            value = load(g, k * LANES)
            d_beta[k] += total(value)
            d_gamma[k] += total(multiply(value, load(memory, k * LANES)))
    write_norm_gradients(gradients, maps, d_gamma, d_beta)


@inlined
def _through_norm(z, maps, g, scale, slope, offset):
    """Put the gradient at the maps in their place."""
    for k in range(maps.filters):
        at = z.start + k * z.row
        tilt, same = splat(slope, k), fma(splat(scale, k), load(g, k * LANES), splat(offset, k))
        for place in range(at, at + maps.outputs * LANES, LANES):
            store(z.values, place, fma(tilt, load(z.values, place), same))
