"""What a part of a net is given: pairs of the part before it, averaged and normalised."""

import triton
import triton.language as tl

__all__ = ["moments_of", "signal"]


@triton.jit
def moments_of(moments, c, ROWS, IS_FIRST):
    """Mean and reciprocal deviation of row c, from moments of shape (2, ROWS)."""
    if IS_FIRST:
        mean, scale = 0.0, 1.0
    else:
        mean, scale = tl.load(moments + c), tl.load(moments + ROWS + c)
    return mean, scale


@triton.jit
def signal(source, n, c, at, used, mean, scale, ROWS, LENGTH, SOURCE, IS_FIRST):
    """Row c of the signals of spectra n at positions `at`; 0 where there are none.

    The source has the shape (n_spectra, ROWS, SOURCE), before its normalisation; spectra have the
    shape (n_spectra, LENGTH), and are taken as they are.
    """
    if IS_FIRST:
        u = tl.load(source + n * LENGTH + at, mask=used, other=0.0)
    else:
        place = source + (n * ROWS + c) * SOURCE + 2 * at
        pair = tl.load(place, mask=used, other=0.0) + tl.load(place + 1, mask=used, other=0.0)
        u = tl.where(used, (0.5 * pair - mean) * scale, 0.0)
    return u
