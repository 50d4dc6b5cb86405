"""What must be known of a whole batch before the next part can be computed."""

import triton
import triton.language as tl

__all__ = ["finish_gradients", "finish_moments", "sum_norm"]


@triton.jit
def _store_slopes(slopes, o, FILTERS, gamma, scale, d_gamma, d_beta, n_values):
    """Write what takes a gradient through a normalisation, of shape (3, FILTERS).

    From the gradient g after gamma and beta, and the values z before, it is
    ``slopes[0] * g + slopes[1] * (z - mean) + slopes[2]``.
    """
    factor = gamma * scale
    tl.store(slopes + o, factor)
    tl.store(slopes + FILTERS + o, -factor * scale * d_gamma / n_values)
    tl.store(slopes + 2 * FILTERS + o, -factor * d_beta / n_values)


@triton.jit(do_not_specialize=["n_values", "n_programs"])
def finish_moments(
    partial,
    moments,
    running_mean,
    running_var,
    n_batches,
    n_values,
    n_programs,
    PER_PROGRAM: tl.constexpr,
    EPS: tl.constexpr,
    MOMENTUM: tl.constexpr,
    GROUP: tl.constexpr,
):
    """Moments of a filter, one in each program, and its running statistics.

    Parameters
    ----------
    partial : pointer
        Means and squares of the distances from them, of PER_PROGRAM values each, of shape
        (2, n_filters, n_programs).
    moments : pointer
        Means and reciprocal deviations, of shape (2, n_filters), written to.
    running_mean, running_var, n_batches : pointers
        Of the normalisation, updated.
    """
    o, n_filters = tl.program_id(0), tl.num_programs(0)
    group = tl.arange(0, GROUP)
    sums = tl.zeros([GROUP], tl.float64)
    start = 0
    while start < n_programs:
        at = start + group
        count = tl.minimum(PER_PROGRAM, n_values - at * PER_PROGRAM)
        mean = tl.load(partial + o * n_programs + at, mask=at < n_programs, other=0.0)
        sums += tl.where(at < n_programs, mean.to(tl.float64) * count, 0.0)
        start += GROUP
    mean_of_all = tl.sum(sums, 0) / n_values
    squares = tl.zeros([GROUP], tl.float64)
    start = 0
    while start < n_programs:
        at = start + group
        in_range = at < n_programs
        count = tl.minimum(PER_PROGRAM, n_values - at * PER_PROGRAM)
        mean = tl.load(partial + o * n_programs + at, mask=in_range, other=0.0)
        within = tl.load(partial + (n_filters + o) * n_programs + at, mask=in_range, other=0.0)
        centred = mean.to(tl.float64) - mean_of_all
        squares += tl.where(in_range, within.to(tl.float64) + count * centred * centred, 0.0)
        start += GROUP
    variance = tl.sum(squares, 0) / n_values
    tl.store(moments + o, mean_of_all)
    tl.store(moments + n_filters + o, 1.0 / tl.sqrt(variance + EPS))
    before = tl.load(running_mean + o)
    tl.store(running_mean + o, before + MOMENTUM * (mean_of_all - before))
    before = tl.load(running_var + o)
    unbiased = variance * n_values / (n_values - 1)
    tl.store(running_var + o, before + MOMENTUM * (unbiased - before))
    if o == 0:
        tl.store(n_batches, tl.load(n_batches) + 1)


@triton.jit(do_not_specialize=["n_spectra", "n_values"])
def sum_norm(
    gradient,
    normal,
    moments,
    gamma,
    d_gamma,
    d_beta,
    slopes,
    n_spectra,
    n_values,
    POSITIONS: tl.constexpr,
    GROUP: tl.constexpr,
):
    """Gradients of gamma and beta of the last part, one filter in each program, and slopes.

    Parameters
    ----------
    gradient, normal : pointers
        At what `pool` gave, and its values before gamma and beta, of shape
        (n_spectra, n_filters, POSITIONS).
    moments, gamma : pointers
        Of the normalisation.
    d_gamma, d_beta, slopes : pointers
        Written to; see `_store_slopes`.
    n_spectra, n_values : int
        Number of spectra, and of values of a filter before it was pooled.
    """
    o, n_filters = tl.program_id(0), tl.num_programs(0)
    group = tl.arange(0, GROUP)
    by_u = tl.zeros([GROUP], tl.float64)
    plain = tl.zeros([GROUP], tl.float64)
    start = 0
    while start < n_spectra * POSITIONS:
        at = start + group
        in_range = at < n_spectra * POSITIONS
        place = (at // POSITIONS * n_filters + o) * POSITIONS + at % POSITIONS
        g = tl.load(gradient + place, mask=in_range, other=0.0).to(tl.float64)
        by_u += g * tl.load(normal + place, mask=in_range, other=0.0)
        plain += g
        start += GROUP
    of_gamma, of_beta = tl.sum(by_u, 0), tl.sum(plain, 0)
    tl.store(d_gamma + o, of_gamma)
    tl.store(d_beta + o, of_beta)
    scale = tl.load(moments + n_filters + o)
    _store_slopes(slopes, o, n_filters, tl.load(gamma + o), scale, of_gamma, of_beta, n_values)


@triton.jit(do_not_specialize=["n_programs", "n_values"])
def finish_gradients(
    partial,
    weight,
    moments,
    gamma,
    beta,
    d_weight,
    d_bias,
    d_gamma,
    d_beta,
    slopes,
    n_programs,
    n_values,
    FILTERS: tl.constexpr,
    TAPS: tl.constexpr,
    IS_FIRST: tl.constexpr,
    HAS_MASK: tl.constexpr,
    WIDTH: tl.constexpr,
    GROUP: tl.constexpr,
):
    """Gradients of a convolution, one of its rows in each program, and of the part before it.

    The sums for the weights are those that gamma and beta of the part before it need.

    Parameters
    ----------
    partial : pointer
        Of shape (n_programs, n_sums), see `skspectra.neural._cuda.triton.backward`.
    weight : pointer
        Of the convolution, of shape (FILTERS, n_rows, TAPS).
    moments, gamma, beta : pointers
        Of the normalisation of the part before it.
    d_weight, d_bias, d_gamma, d_beta, slopes : pointers
        Written to; the last three belong to the part before it, and are not if IS_FIRST.
    n_values : int
        Values of a row before they were pooled.
    """
    c, n_rows = tl.program_id(0), tl.num_programs(0)
    j = tl.arange(0, WIDTH)
    in_range = j < FILTERS * TAPS
    o = j // TAPS
    weights_at = (o * n_rows + c) * TAPS + j % TAPS
    n_weights = FILTERS * n_rows * TAPS
    n_sums = n_weights * (1 + HAS_MASK) + FILTERS
    rows = tl.arange(0, GROUP)
    by_u = tl.zeros([GROUP, WIDTH], weight.dtype.element_ty)
    by_one = tl.zeros([GROUP, WIDTH], weight.dtype.element_ty)
    by_bias = tl.zeros([GROUP, WIDTH], weight.dtype.element_ty)
    start = 0
    while start < n_programs:
        row = partial + (start + rows)[:, None] * n_sums
        in_block = (start + rows < n_programs)[:, None] & in_range[None, :]
        by_u += tl.load(row + weights_at[None, :], mask=in_block, other=0.0)
        by_bias += tl.load(row + (n_sums - FILTERS + o)[None, :], mask=in_block, other=0.0)
        if HAS_MASK:
            by_one += tl.load(row + (n_weights + weights_at)[None, :], mask=in_block, other=0.0)
        start += GROUP
    of_u, of_bias = tl.sum(by_u, 0), tl.sum(by_bias, 0)
    if c == 0:
        tl.store(d_bias + o, of_bias, mask=in_range & (j % TAPS == 0))
    if IS_FIRST:
        tl.store(d_weight + weights_at, of_u, mask=in_range)
    else:
        of_one = of_bias
        if HAS_MASK:
            of_one = tl.sum(by_one, 0)
        factor = tl.load(gamma + c)
        tl.store(d_weight + weights_at, factor * of_u + tl.load(beta + c) * of_one, mask=in_range)
        w = tl.load(weight + weights_at, mask=in_range, other=0.0)
        of_gamma, of_beta = tl.sum(w * of_u, 0), tl.sum(w * of_one, 0)
        tl.store(d_gamma + c, of_gamma)
        tl.store(d_beta + c, of_beta)
        scale = tl.load(moments + n_rows + c)
        _store_slopes(slopes, c, n_rows, factor, scale, of_gamma, of_beta, n_values)
