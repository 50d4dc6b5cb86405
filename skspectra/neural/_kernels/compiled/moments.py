"""Means and variances of a batch, tile by tile."""

import numpy as np

from skspectra.neural._kernels.compiled.compilation import inlined
from skspectra.neural._kernels.compiled.convolution import FOUR, ONE
from skspectra.neural._kernels.compiled.simd import (
    LANES,
    add,
    fma,
    load,
    splat,
    subtract,
    total,
    zeros,
)

__all__ = ["add_tile", "fill_lanes", "finish_moments"]


@inlined
def fill_lanes(z, block, n_used, values):
    """Give the lanes without a spectrum one value for each filter."""
    for o in range(block.filters):
        for lane in range(n_used, LANES):
            for p in range(block.outputs):
                z.values[z.start + o * z.row + p * LANES + lane] = values[o]


@inlined
def add_tile(z, block, tile, n_used, zero, pivots, sums, squares):
    """Add the moments of a tile; the first one sets the pivots."""
    if tile == 0:
        _set_pivots(z, block, n_used, zero, pivots)
    fill_lanes(z, block, n_used, pivots)
    _add_moments(z, block, pivots, sums, squares)


@inlined
def _set_pivots(z, block, n_used, zero, pivots):
    """Take the means of a tile as what moments are counted from: it keeps variances exact."""
    sums, squares = np.zeros(block.filters), np.zeros(block.filters)
    fill_lanes(z, block, n_used, zero)
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
        for p in range(block.outputs // 2):
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
def finish_moments(block, pivots, sums, squares, n_spectra, means, variances):
    """Write means and variances of a block."""
    n_values = n_spectra * block.outputs
    for o in range(block.filters):
        offset = sums[o] / n_values
        means[block.filter_at + o] = pivots[o] + offset
        variances[block.filter_at + o] = max(squares[o] / n_values - offset**2, 0.0)
