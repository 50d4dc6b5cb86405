"""Blocks of convolution, ReLU, batch normalisation and pooling, forwards and backwards.

A batch normalisation needs the statistics of the whole batch, so each block is one pass over all
tiles. What it does is ``gamma * u + beta`` of normalised pairs ``u``; gamma and beta are folded
into the next convolution, whose weight gradients then hold all sums that the backward pass of the
batch normalisation needs.

`tape` holds, tile after tile, the spectra and what each block gives before it is normalised; going
backwards, the gradient takes the place of that. Rows have ``taps - 1`` zeros at both ends, which
makes the transposed convolution an ordinary one. At its top is room for the dropout mask, and then
for the gradient, of the features.
"""

import numpy as np

from skspectra.neural._kernels.compiled.compilation import inlined
from skspectra.neural._kernels.compiled.convolution import Signal
from skspectra.neural._kernels.compiled.simd import LANES, add, fma, load, splat, store

__all__ = [
    "affine_of",
    "count_tiles",
    "largest_input",
    "most_filters",
    "most_weights",
    "normalization",
    "normalize",
    "output_of",
    "top_of",
    "vector_of",
    "weights_of",
]


@inlined
def count_tiles(X):
    """Tiles that hold all rows of X; the last need not be full."""
    return -(-X.shape[0] // LANES)


@inlined
def largest_input(plan):
    """Numbers in the largest signal that a block is given, or that the last one gives."""
    size = 0
    for block in plan:
        size = max(size, block.rows * block.length, block.filters * block.pairs)
    return size * LANES


@inlined
def most_weights(plan):
    """Weights of the block that has most."""
    size = 0
    for block in plan:
        size = max(size, block.rows * block.filters * block.taps)
    return size


@inlined
def most_filters(plan):
    """Most filters of a block, or rows that it is given."""
    size = 0
    for block in plan:
        size = max(size, block.filters, block.rows)
    return size


@inlined
def output_of(tape, block):
    """Signal that a block gives, on the tape of a tile."""
    return Signal(tape, block.tape_at, (block.outputs + 2 * (block.taps - 1)) * LANES)


@inlined
def top_of(tape, last):
    """Signal of the size of the features, at the top of the tape of a tile."""
    row = last.pairs * LANES
    return Signal(tape, tape.size - last.filters * row, row)


@inlined
def weights_of(theta, block):
    """Weights of the convolution of a block, of shape (filter, row, tap)."""
    size = block.filters * block.rows * block.taps
    flat = theta[block.theta_at : block.theta_at + size]
    return flat.reshape(block.filters, block.rows, block.taps)


@inlined
def vector_of(theta, block, number):
    """Bias, gamma or beta of a block: vector 0, 1 or 2 after its weights."""
    size = block.filters * block.rows * block.taps
    start = block.theta_at + size + number * block.filters
    return theta[start : start + block.filters]


@inlined
def affine_of(theta, block):
    """Gamma and beta of a block."""
    return vector_of(theta, block, 1), vector_of(theta, block, 2)


@inlined
def normalization(block, means, variances, eps, like):
    """Scale and shift that turn sums of pairs of a block into normalised averages."""
    scale, shift = np.empty(block.filters, like.dtype), np.empty(block.filters, like.dtype)
    for o in range(block.filters):
        deviation = np.sqrt(variances[block.filter_at + o] + eps)
        scale[o] = 0.5 / deviation
        shift[o] = -means[block.filter_at + o] / deviation
    return scale, shift


@inlined
def normalize(z, block, scale, shift, u):
    """Average pairs of positions of a block's output and normalise them."""
    for o in range(block.filters):
        factor, offset = splat(scale, o), splat(shift, o)
        source, target = z.start + o * z.row, u.start + o * u.row
        for p in range(block.pairs):
            left = load(z.values, source + block.stride * p * LANES)
            right = load(z.values, source + (block.stride * p + block.spacing) * LANES)
            store(u.values, target + p * LANES, fma(add(left, right), factor, offset))
