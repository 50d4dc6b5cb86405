"""Blocks and class maps backwards: gradients of what a convolution gives, and of its weights.

A program writes a row of `partial`, which `finish_gradients` adds up: sums of products of the
gradient with the normalised signals for each weight, then, where a mask is on the signals, sums of
the gradient times the mask for each weight, then sums of the gradient for each filter.
"""

import triton
import triton.language as tl

from skspectra.neural._cuda.triton.signals import moments_of, signal

__all__ = ["block_backward", "maps_backward"]


@triton.jit(do_not_specialize=["n_spectra"])
def maps_backward(
    gradient,
    output,
    output_moments,
    slopes,
    source,
    moments,
    dropped,
    d_output,
    partial,
    n_spectra,
    ROWS: tl.constexpr,
    FILTERS: tl.constexpr,
    LENGTH: tl.constexpr,
    SOURCE: tl.constexpr,
    HAS_MASK: tl.constexpr,
    WIDTH: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Class maps backwards.

    Parameters
    ----------
    gradient : pointer
        At their means, of shape (n_spectra, FILTERS).
    output, output_moments : pointers
        What `convolve` gave, of shape (n_spectra, FILTERS, LENGTH), and its moments.
    slopes : pointer
        See `sum_norm`.
    source, moments, dropped : pointers
        As in `convolve`.
    d_output : pointer
        Gradient at `output`, written to.
    partial : pointer
        See above.
    """
    program = tl.program_id(0)
    at = program * BLOCK + tl.arange(0, BLOCK)
    used = at < n_spectra * LENGTH
    n, p = at // LENGTH, at % LENGTH
    o = tl.arange(0, WIDTH)
    in_filters = o < FILTERS
    in_block = in_filters[:, None] & used[None, :]
    filters = n[None, :] * FILTERS + o[:, None]
    g = tl.load(gradient + filters, mask=in_block, other=0.0)
    z = tl.load(output + filters * LENGTH + p[None, :], mask=in_block, other=0.0)
    factor = tl.load(slopes + o, mask=in_filters, other=0.0)[:, None] / LENGTH
    slope = tl.load(slopes + FILTERS + o, mask=in_filters, other=0.0)[:, None]
    offset = tl.load(slopes + 2 * FILTERS + o, mask=in_filters, other=0.0)[:, None]
    middle = tl.load(output_moments + o, mask=in_filters, other=0.0)[:, None]
    d = factor * g + slope * (z - middle) + offset
    d = tl.where(in_block, d, 0.0)
    tl.store(d_output + filters * LENGTH + p[None, :], d, mask=in_block)
    sums = partial + program * (FILTERS * (ROWS * (1 + HAS_MASK) + 1))
    for c in range(ROWS):
        mean, scale = moments_of(moments, c, ROWS, False)
        u = signal(source, n, c, p, used, mean, scale, ROWS, LENGTH, SOURCE, False)
        if HAS_MASK:
            m = tl.load(dropped + (n * ROWS + c) * LENGTH + p, mask=used, other=0.0)
            u *= m
            tl.store(sums + (FILTERS + o) * ROWS + c, tl.sum(d * m[None, :], 1), mask=in_filters)
        tl.store(sums + o * ROWS + c, tl.sum(d * u[None, :], 1), mask=in_filters)
    tl.store(sums + FILTERS * ROWS * (1 + HAS_MASK) + o, tl.sum(d, 1), mask=in_filters)


@triton.jit(do_not_specialize=["n_spectra"])
def block_backward(
    gradient,
    next_weight,
    dropped,
    output,
    output_moments,
    slopes,
    source,
    moments,
    d_output,
    partial,
    n_spectra,
    ROWS: tl.constexpr,
    FILTERS: tl.constexpr,
    TAPS: tl.constexpr,
    LENGTH: tl.constexpr,
    SOURCE: tl.constexpr,
    OUTPUTS: tl.constexpr,
    IS_FIRST: tl.constexpr,
    IS_LAST: tl.constexpr,
    NEXT_FILTERS: tl.constexpr,
    NEXT_TAPS: tl.constexpr,
    HAS_MASK: tl.constexpr,
    WIDTH: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Block backwards; a program does all filters at BLOCK of the pairs of all spectra.

    Parameters
    ----------
    gradient : pointer
        At what the next part gives before its normalisation, of shape
        (n_spectra, NEXT_FILTERS, n_pairs - NEXT_TAPS + 1); if IS_LAST, that at the features.
    next_weight, dropped : pointers
        Of the next part; `dropped` is used if HAS_MASK.
    output, output_moments, slopes, source, moments, d_output, partial
        As in `maps_backward`; the first block writes no `d_output`.
    """
    PAIRS: tl.constexpr = OUTPUTS // 2
    HALVES: tl.constexpr = (OUTPUTS + 1) // 2  # the last position may have no partner
    NEXT_OUTPUTS: tl.constexpr = PAIRS - NEXT_TAPS + 1
    program = tl.program_id(0)
    at = program * BLOCK + tl.arange(0, BLOCK)
    used = at < n_spectra * HALVES
    n, q = at // HALVES, at % HALVES
    o = tl.arange(0, WIDTH)
    in_filters = o < FILTERS
    pooled = in_filters[:, None] & (used & (q < PAIRS))[None, :]
    signals = (n[None, :] * FILTERS + o[:, None]) * PAIRS + q[None, :]
    if IS_LAST:
        h = tl.load(gradient + signals, mask=pooled, other=0.0)
    else:
        h = tl.zeros([WIDTH, BLOCK], output.dtype.element_ty)
        for o2 in range(NEXT_FILTERS):
            for k in tl.static_range(NEXT_TAPS):
                inside = used & (q >= k) & (q - k < NEXT_OUTPUTS)
                before = gradient + (n * NEXT_FILTERS + o2) * NEXT_OUTPUTS + q - k
                d = tl.load(before, mask=inside, other=0.0)
                w = tl.load(
                    next_weight + (o2 * FILTERS + o) * NEXT_TAPS + k, mask=in_filters, other=0.0
                )
                h += w[:, None] * d[None, :]
        if HAS_MASK:
            h *= tl.load(dropped + signals, mask=pooled, other=0.0)
    h *= 0.5 * tl.load(slopes + o, mask=in_filters, other=0.0)[:, None]
    slope = tl.load(slopes + FILTERS + o, mask=in_filters, other=0.0)[:, None]
    offset = tl.load(slopes + 2 * FILTERS + o, mask=in_filters, other=0.0)[:, None]
    middle = tl.load(output_moments + o, mask=in_filters, other=0.0)[:, None]
    places = (n[None, :] * FILTERS + o[:, None]) * OUTPUTS + 2 * q[None, :]
    left_used, right_used = in_filters[:, None] & used[None, :], pooled
    left = tl.load(output + places, mask=left_used, other=0.0)
    right = tl.load(output + places + 1, mask=right_used, other=0.0)
    d_left = tl.where(left > 0, h + slope * (left - middle) + offset, 0.0)
    d_right = tl.where(right > 0, h + slope * (right - middle) + offset, 0.0)
    if not IS_FIRST:
        tl.store(d_output + places, d_left, mask=left_used)
        tl.store(d_output + places + 1, d_right, mask=right_used)
    sums = partial + program * (FILTERS * (ROWS * TAPS + 1))
    for c in range(ROWS):
        mean, scale = moments_of(moments, c, ROWS, IS_FIRST)
        u = signal(source, n, c, 2 * q, used, mean, scale, ROWS, LENGTH, SOURCE, IS_FIRST)
        for k in tl.static_range(TAPS):
            place = 2 * q + k + 1
            inside = used & (place < LENGTH)
            after = signal(source, n, c, place, inside, mean, scale, ROWS, LENGTH, SOURCE, IS_FIRST)
            total = tl.sum(d_left * u[None, :] + d_right * after[None, :], 1)
            tl.store(sums + (o * ROWS + c) * TAPS + k, total, mask=in_filters)
            u = after
    tl.store(sums + FILTERS * ROWS * TAPS + o, tl.sum(d_left + d_right, 1), mask=in_filters)
