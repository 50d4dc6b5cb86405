"""Convolutions of tiles of spectra.

A tile is `LANES` spectra. A signal lies in it as ``[row][position][lane]``, so that each tap of a
convolution is the same memory shifted by `LANES`, and one register holds one position of all
spectra.
"""

from collections import namedtuple

import numpy as np

from skspectra.neural._kernels.compiled.compilation import inlined
from skspectra.neural._kernels.compiled.simd import (
    LANES,
    add_weighted,
    pool,
    rectify,
    repeat,
    store_group,
    transpose,
)

__all__ = [
    "Signal",
    "convolve",
    "convolve_pool",
    "load_tile",
    "pack_weights",
]

ONE, TWO, THREE, FOUR = (
    (0,),
    (0, 0),
    (0, 0, 0),
    (0, 0, 0, 0),
)  # their lengths tell how much is done at once

AS_IT_IS, RECTIFIED = np.bool_(0), np.bool_(1)  # numba compiles anew for a literal of Python

Signal = namedtuple("Signal", ["values", "start", "row"])
Signal.__doc__ = "Signal of a tile in a flat array: where it starts, how far rows are apart."


@inlined
def _write(group, y, start, position, rectified):
    if rectified:
        group = rectify(group)
    store_group(group, y.values, start + position * LANES, y.row)


@inlined
def _write_pooled(group, y, start, position, rectified):
    if rectified:
        group = rectify(group)
    store_group(pool(group), y.values, start + position // 2 * LANES, y.row)


def _convolution(write, few):
    """Compile a convolution; `few` positions are done at once where there are less than four."""

    @inlined
    def sweep(x, n_rows, n_taps, spacing, w, b, o, y, length, rectified, positions, filters):
        """Do some filters, from number `o` on, over all positions."""
        start = y.start + o * y.row
        p = 0
        while p < length:
            p = min(p, length - len(positions))  # the last positions may be done twice
            group = repeat(b, o, positions, filters)
            weight = o * n_rows * n_taps
            for c in range(n_rows):
                for k in range(n_taps):
                    at = x.start + c * x.row + (p + k * spacing) * LANES
                    group = add_weighted(group, x.values, at, w, weight)
                    weight += len(filters)
            write(group, y, start, p, rectified)
            p += len(positions)

    @inlined
    def sweeps(x, n_rows, n_taps, spacing, w, b, starts, y, length, rectified, filters):
        for o in starts:
            if length >= len(FOUR):
                sweep(x, n_rows, n_taps, spacing, w, b, o, y, length, rectified, FOUR, filters)
            else:
                sweep(x, n_rows, n_taps, spacing, w, b, o, y, length, rectified, few, filters)

    @inlined
    def convolution(x, n_rows, n_taps, spacing, w, b, n_filters, y, length, rectified):
        fours, twos = n_filters // 4 * 4, n_filters // 2 * 2
        sweeps(x, n_rows, n_taps, spacing, w, b, range(0, fours, 4), y, length, rectified, FOUR)
        sweeps(x, n_rows, n_taps, spacing, w, b, range(fours, twos, 2), y, length, rectified, TWO)
        sweeps(
            x, n_rows, n_taps, spacing, w, b, range(twos, n_filters, 1), y, length, rectified, ONE
        )

    return convolution


# y[o, p] = b[o] + sum_ck w[o, c, k] x[c, p + k * spacing] for positions p < length of a tile;
# then max(y, 0) where rectified; then, of the second, the sums of pairs of that. The weights come
# from `pack_weights`.
convolve = _convolution(_write, ONE)
convolve_pool = _convolution(_write_pooled, TWO)


@inlined
def pack_weights(w, packed):
    """Write weights (filter, row, tap) in the order in which a convolution reads them."""
    n_filters, n_rows, n_taps = w.shape
    o = at = 0
    while o < n_filters:
        left = n_filters - o
        together = 4 if left >= 4 else 2 if left >= 2 else 1
        for c in range(n_rows):
            for k in range(n_taps):
                for each in range(o, o + together):
                    packed[at] = w[each, c, k]
                    at += 1
        o += together


@inlined
def load_tile(X, tile, x):
    """Transpose the spectra of a tile, of X (n_spectra, n_channels), to ``x[position][lane]``.

    Lanes without a spectrum become zeros.
    """
    first, n_channels = tile * LANES, X.shape[1]
    n_used = min(LANES, X.shape[0] - first)
    if n_used == LANES and n_channels >= LANES:
        values = X.reshape(-1)
        position = 0
        while position < n_channels:
            position = min(position, n_channels - LANES)  # the last positions may be done twice
            transpose(values, first * n_channels + position, n_channels, x, position * LANES)
            position += LANES
        return
    for lane in range(n_used):
        for position in range(n_channels):
            x[position * LANES + lane] = X[first + lane, position]
    for lane in range(n_used, LANES):
        for position in range(n_channels):
            x[position * LANES + lane] = 0
