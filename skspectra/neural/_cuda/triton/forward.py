"""Blocks and class maps forwards, while they are trained."""

import triton
import triton.language as tl

from skspectra.neural._cuda.triton.signals import moments_of, signal

__all__ = ["convolve", "pool"]


@triton.jit(do_not_specialize=["n_spectra"])
def convolve(
    source,
    moments,
    gamma,
    beta,
    dropped,
    weight,
    bias,
    output,
    partial,
    n_spectra,
    ROWS: tl.constexpr,
    FILTERS: tl.constexpr,
    TAPS: tl.constexpr,
    LENGTH: tl.constexpr,
    SOURCE: tl.constexpr,
    OUTPUTS: tl.constexpr,
    IS_FIRST: tl.constexpr,
    IS_MAPS: tl.constexpr,
    HAS_MASK: tl.constexpr,
    WIDTH: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Convolve, and rectify unless these are class maps; also moments of what comes out.

    A program does all filters at BLOCK of the positions of all spectra. It keeps the mean of each
    filter, and the squares of the distances from it, in `partial` of shape
    (2, FILTERS, n_programs).

    Parameters
    ----------
    source, moments : pointers
        What the part before gave and its moments, or spectra; see `signal`.
    gamma, beta : pointers
        Of the normalisation of `source`.
    dropped : pointer
        What the signals are multiplied with if HAS_MASK, of shape (n_spectra, ROWS, LENGTH).
    weight, bias : pointers
        Of this convolution.
    output : pointer
        Of shape (n_spectra, FILTERS, OUTPUTS), written to.
    """
    program = tl.program_id(0)
    at = program * BLOCK + tl.arange(0, BLOCK)
    used = at < n_spectra * OUTPUTS
    n, p = at // OUTPUTS, at % OUTPUTS
    o = tl.arange(0, WIDTH)
    in_filters = o < FILTERS
    z = tl.zeros([WIDTH, BLOCK], output.dtype.element_ty)
    z += tl.load(bias + o, mask=in_filters, other=0.0)[:, None]
    for c in range(ROWS):
        mean, scale = moments_of(moments, c, ROWS, IS_FIRST)
        offset = 0.0
        if not IS_FIRST:
            scale *= tl.load(gamma + c)
            offset = tl.load(beta + c)
        for k in tl.static_range(TAPS):
            y = signal(source, n, c, p + k, used, mean, scale, ROWS, LENGTH, SOURCE, IS_FIRST)
            y += offset
            if HAS_MASK:
                y *= tl.load(dropped + (n * ROWS + c) * LENGTH + p + k, mask=used, other=0.0)
            w = tl.load(weight + (o * ROWS + c) * TAPS + k, mask=in_filters, other=0.0)
            z += w[:, None] * y[None, :]
    if not IS_MAPS:
        z = tl.where(z < 0, 0.0, z)  # what is no number stays so
    places = (n[None, :] * FILTERS + o[:, None]) * OUTPUTS + p[None, :]
    tl.store(output + places, z, mask=in_filters[:, None] & used[None, :])
    count = tl.minimum(BLOCK, n_spectra * OUTPUTS - program * BLOCK)
    mean = tl.sum(tl.where(used[None, :], z, 0.0), 1) / count
    centred = tl.where(used[None, :], z - mean[:, None], 0.0)
    n_programs = tl.num_programs(0)
    sums = partial + o * n_programs + program
    tl.store(sums, mean, mask=in_filters)
    tl.store(sums + FILTERS * n_programs, tl.sum(centred * centred, 1), mask=in_filters)


@triton.jit(do_not_specialize=["n_spectra"])
def pool(
    source,
    moments,
    gamma,
    beta,
    normal,
    output,
    n_spectra,
    FILTERS: tl.constexpr,
    SOURCE: tl.constexpr,
    POSITIONS: tl.constexpr,
    WINDOW: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Normalise the means of WINDOW positions: what the last part of a net gives.

    Parameters
    ----------
    source, moments : pointers
        What the part gave before its normalisation, of shape (n_spectra, FILTERS, SOURCE), and its
        means and reciprocal deviations.
    gamma, beta : pointers
        Of its normalisation.
    normal, output : pointers
        Of shape (n_spectra, FILTERS, POSITIONS), written to: before and after gamma and beta.
    """
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    used = at < n_spectra * (FILTERS * POSITIONS)
    o = at // POSITIONS % FILTERS
    place = source + at // POSITIONS * SOURCE + at % POSITIONS * WINDOW
    mean = tl.load(moments + o, mask=used, other=0.0)
    centred = tl.zeros([BLOCK], output.dtype.element_ty)
    for w in tl.static_range(WINDOW):
        centred += tl.load(place + w, mask=used, other=0.0) - mean
    u = centred / WINDOW * tl.load(moments + FILTERS + o, mask=used, other=0.0)
    tl.store(normal + at, u, mask=used)
    y = tl.load(gamma + o, mask=used, other=0.0) * u + tl.load(beta + o, mask=used, other=0.0)
    tl.store(output + at, y, mask=used)
