"""How many units of the data one count is worth, from neighbouring spectra of an image."""

import numpy as np
from scipy.stats import chi2

__all__ = ["gain_of_counts"]

_WIDTHS = (1, 2, 4, 8, 16)
_FEWEST_WINDOWS = 8
_MOST_PAIRS = 10_000
_CORRELATED = 1.15


def gain_of_counts(image):
    r"""Estimate the variance over the mean of counts, in wide windows and in single channels.

    Two neighbouring pixels mostly show the same spectrum, the one brighter than the other. The
    chi-square of their contingency table of two rows is then the gain times its degrees of freedom,
    whatever the spectrum is; the median over the pairs does not see those that lie across a
    boundary. Noise that is correlated along the axis, as interpolation and binned detectors leave
    it, has a greater gain in windows of several channels than in one.

    Parameters
    ----------
    image : ndarray of shape (..., n_channels)
        Non-negative numbers. Of more than 10 000 pairs of pixels some are looked at.

    Returns
    -------
    gain : float
        In windows as wide as the noise is correlated: what a sum over a spectral feature has. That
        of single channels unless wider windows have 15 % more. 1 where there are no two pixels with
        counts beside each other.
    channel_gain : float
        In single channels.
    """
    first, second = _pairs(image)
    if len(first) == 0:
        return 1.0, 1.0
    gains = []
    for width in _WIDTHS:
        n_windows = image.shape[-1] // width
        if width > 1 and n_windows < _FEWEST_WINDOWS:
            break
        shape = (-1, n_windows, width)
        windows = (each[:, : n_windows * width].reshape(shape).sum(2) for each in (first, second))
        gains.append(_median_gain(*windows))
    is_correlated = max(gains) > _CORRELATED * gains[0]
    return max(gains) if is_correlated else gains[0], gains[0]


def _pairs(image):
    """Rows of neighbouring pixels along every axis, the brighter half of them."""
    sides = [[], []]
    for axis in range(image.ndim - 1):
        along = np.moveaxis(image, axis, 0)
        n_pairs = len(along) // 2
        for side, rows in enumerate(sides):
            rows.append(along[side : 2 * n_pairs : 2].reshape(-1, image.shape[-1]))
    first, second = (np.concatenate(rows).astype(float) for rows in sides)
    least = np.minimum(first.sum(1), second.sum(1))
    bright = np.flatnonzero((least > 0) & (least >= (np.median(least) if least.size else 0)))
    bright = bright[:: -(-len(bright) // _MOST_PAIRS) or 1]
    return first[bright], second[bright]


def _median_gain(first, second):
    """Chi-square of the shapes of pairs over that of Poisson counts, in the median."""
    shape = first + second
    share = first.sum(1, keepdims=True) / shape.sum(1, keepdims=True)
    expected = share * (1 - share) * shape
    squares = np.divide(
        (first - share * shape) ** 2, expected, out=np.zeros_like(shape), where=expected > 0
    )
    freedom = (expected > 0).sum(1) - 1
    return float(np.median(squares.sum(1) / chi2.median(freedom.clip(1))))
